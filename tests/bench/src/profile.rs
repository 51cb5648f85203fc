// SPDX-License-Identifier: GPL-2.0-only

//! Where the instructions of a request go: the guest is stopped again and again, and the function it is in is counted.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use machine::{Builder, Error, Machine, Result};
use serde_json::{json, Value};

use crate::case::Case;
use crate::instructions;
use crate::server::Server;

/// QEMU's socket for commands, in the private /tmp of the tool-chain root.
const MONITOR: &str = "/tmp/monitor";

/// How often the guest is stopped.
const SAMPLES: u32 = 20_000;

/// Less than this much of a request is not shown, in instructions.
const SHOWN: f64 = 50.0;

/// Where kernel addresses begin.
const KERNEL: u64 = 1 << 63;

/// How long a command of QEMU may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A machine that can be stopped.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    Ok(instructions::builder(floor)?
        .argument("-qmp")
        .argument(&format!("unix:{MONITOR},server=on,wait=off")))
}

/// Prints how many instructions of a request each function takes by itself.
pub(crate) fn show(machine: &Machine, case: &Case, server: Server) -> Result {
    let all = instructions::measure(machine, case, server, None)?.instructions;
    let mut monitor = Monitor::connect()?;
    let load = instructions::endless(machine, case, server)?;
    std::thread::sleep(Duration::from_secs(2));
    let symbols = Symbols::read(machine)?;
    let mut found: HashMap<String, u32> = HashMap::new();
    for _ in 0..SAMPLES {
        *found.entry(symbols.name(monitor.sample()?)).or_default() += 1;
    }
    drop(load);
    println!(
        "{} {}: {all:.0} instructions, of which",
        case.name,
        server.name()
    );
    let mut functions: Vec<_> = found.into_iter().collect();
    functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (name, count) in functions {
        let instructions = f64::from(count) * all / f64::from(SAMPLES);
        if instructions >= SHOWN {
            println!("{instructions:8.0} {name}");
        }
    }
    Ok(())
}

/// QEMU's socket for commands.
struct Monitor {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Monitor {
    fn connect() -> Result<Self> {
        let doing = || Error::io("connecting to QEMU's monitor");
        let stream = UnixStream::connect(MONITOR).map_err(doing())?;
        stream.set_read_timeout(Some(LIMIT)).map_err(doing())?;
        let lines = BufReader::new(stream.try_clone().map_err(doing())?);
        let mut monitor = Self { stream, lines };
        monitor.command(&json!({ "execute": "qmp_capabilities" }))?;
        Ok(monitor)
    }

    /// The address of the instruction that comes next.
    fn sample(&mut self) -> Result<u64> {
        let registers = json!({
            "execute": "human-monitor-command",
            "arguments": { "command-line": "info registers" },
        });
        self.command(&json!({ "execute": "stop" }))?;
        let said = self.command(&registers)?;
        self.command(&json!({ "execute": "cont" }))?;
        let text = said.as_str().unwrap_or_default();
        text.split_once("RIP=")
            .and_then(|(_, rest)| u64::from_str_radix(rest.split(' ').next()?, 16).ok())
            .ok_or_else(|| Error::Setup(format!("no RIP in the registers: {text}")))
    }

    fn command(&mut self, command: &Value) -> Result<Value> {
        let doing = || Error::io("talking to QEMU's monitor");
        writeln!(self.stream, "{command}").map_err(doing())?;
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).map_err(doing())?;
            let mut said: Value = serde_json::from_str(&line)
                .map_err(|error| Error::Setup(format!("QEMU's monitor said {line:?}: {error}")))?;
            // What else comes are events.
            if let Some(answer) = said.get_mut("return") {
                return Ok(answer.take());
            }
        }
    }
}

/// The functions of the guest's kernel and its modules.
struct Symbols(BTreeMap<u64, String>);

impl Symbols {
    fn read(machine: &Machine) -> Result<Self> {
        let text = machine.exec_ok("cat /proc/kallsyms")?;
        let symbol = |line: &str| {
            let mut words = line.split_whitespace();
            let address = u64::from_str_radix(words.next()?, 16).ok()?;
            words
                .next()?
                .eq_ignore_ascii_case("t")
                .then(|| Some((address, words.collect::<Vec<_>>().join(" "))))?
        };
        Ok(Self(text.lines().filter_map(symbol).collect()))
    }

    fn name(&self, address: u64) -> String {
        if address < KERNEL {
            return "(user space)".into();
        }
        let below = self.0.range(..=address).next_back();
        below.map_or("(unknown)".into(), |(_, name)| name.clone())
    }
}
