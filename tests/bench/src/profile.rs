// SPDX-License-Identifier: GPL-2.0-only

//! Instructions per function: for a while the emulator logs each instruction.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use machine::{Builder, Error, Machine, Result};
use serde_json::{json, Value};

use crate::case::Case;
use crate::instructions;
use crate::server::Server;

/// QEMU's monitor socket, in the private /tmp of the tool-chain root.
const MONITOR: &str = "/tmp/monitor";

/// QEMU's log of executed instructions.
const TRACE: &str = "/tmp/trace";

/// Sufficient size of the log in bytes; an instruction takes about a hundred.
const TRACED: u64 = 200_000_000;

/// Functions with fewer instructions per request are omitted.
const SHOWN: f64 = 20.0;

/// The first kernel address.
const KERNEL: u64 = 1 << 63;

/// Time limit for a command of QEMU.
const LIMIT: Duration = Duration::from_secs(10);

/// Configures a machine with a monitor.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    Ok(instructions::builder(floor)?
        .argument("-qmp")
        .argument(&format!("unix:{MONITOR},server=on,wait=off"))
        .argument("-D")
        .argument(TRACE))
}

/// Prints the instructions per request of each function, callees excluded.
pub(crate) fn show(machine: &Machine, case: &Case, server: Server) -> Result {
    let each = instructions::measure(machine, case, server, None)?.instructions;
    let symbols = Symbols::read(machine)?;
    server.begin_log(machine, case)?;
    let load = instructions::endless(machine, case, server)?;
    thread::sleep(Duration::from_secs(2));
    let traced = trace()?;
    drop(load);
    server.end_log(machine)?;
    let mut found: HashMap<&str, u32> = HashMap::new();
    let mut all = 0;
    for line in BufReader::new(traced).lines() {
        let line = line.map_err(Error::io(format!("reading {TRACE}")))?;
        if let Some(address) = executed(&line) {
            *found.entry(symbols.name(address)).or_default() += 1;
            all += 1;
        }
    }
    println!(
        "{} {}: {each:.0} instructions, of which",
        case.name,
        server.name()
    );
    let mut functions: Vec<_> = found.into_iter().collect();
    functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (name, count) in functions {
        let instructions = f64::from(count) * each / f64::from(all);
        if instructions >= SHOWN {
            println!("{instructions:8.0} {name}");
        }
    }
    Ok(())
}

/// Makes QEMU append executed instructions to its log, until there are enough.
fn trace() -> Result<File> {
    let doing = || Error::io(format!("reading {TRACE}"));
    let mut file = File::open(TRACE).map_err(doing())?;
    let begin = file.seek(SeekFrom::End(0)).map_err(doing())?;
    let mut monitor = Monitor::connect()?;
    monitor.say("one-insn-per-tb on")?;
    monitor.say("log exec,nochain")?;
    while file.metadata().map_err(doing())?.len() < begin + TRACED {
        thread::sleep(Duration::from_millis(20));
    }
    monitor.say("log none")?;
    monitor.say("one-insn-per-tb off")?;
    Ok(file)
}

/// Parses the address in a line of the log: `Trace 0: HOST [BASE/ADDRESS/FLAGS/FLAGS] NAME`.
fn executed(line: &str) -> Option<u64> {
    let place = line.strip_prefix("Trace ")?.split_once('[')?.1;
    u64::from_str_radix(place.split('/').nth(1)?, 16).ok()
}

/// A connection to QEMU's monitor.
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

    /// Sends a command of the human monitor.
    fn say(&mut self, words: &str) -> Result {
        let said = self.command(&json!({
            "execute": "human-monitor-command",
            "arguments": { "command-line": words },
        }))?;
        match said.as_str() {
            Some("") => Ok(()),
            _ => Err(Error::Setup(format!(
                "QEMU responds to {words:?} with {said}"
            ))),
        }
    }

    fn command(&mut self, command: &Value) -> Result<Value> {
        let doing = || Error::io("talking to QEMU's monitor");
        writeln!(self.stream, "{command}").map_err(doing())?;
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).map_err(doing())?;
            let mut said: Value = serde_json::from_str(&line)
                .map_err(|error| Error::Setup(format!("QEMU's monitor said {line:?}: {error}")))?;
            // Other lines are events.
            if let Some(answer) = said.get_mut("return") {
                return Ok(answer.take());
            }
        }
    }
}

/// Functions of the guest's kernel and its modules.
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

    fn name(&self, address: u64) -> &str {
        if address < KERNEL {
            return "(user space)";
        }
        let below = self.0.range(..=address).next_back();
        below.map_or("(unknown)", |(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::executed;

    #[test]
    fn address_is_parsed_from_a_line_of_the_log() {
        let line = "Trace 0: 0x7f1 [0000000000000000/ffffffff81000010/0040c0b3/ff020201] tcp_ack";
        assert_eq!(executed(line), Some(0xffff_ffff_8100_0010));
        assert_eq!(executed("Stopped execution of TB chain before 0x7f1"), None);
    }
}
