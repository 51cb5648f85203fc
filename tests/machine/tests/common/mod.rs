// SPDX-License-Identifier: GPL-2.0-only

//! What the machine tests share: a machine with the module in it, the files of `www/`, and a client that sees every
//! byte.

// Each test crate uses a part of it.
#![allow(dead_code)]

pub(crate) mod memory;
pub(crate) mod random;

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use machine::{Builder, KernelLog, Machine};

/// Ends a test that hangs. It is longer than any wait may take on a busy host, and than the limits of the Python programs in the
/// guest, which say more.
pub(crate) const HANG: Duration = Duration::from_secs(1200);

/// Seconds for `timeout idle` and its like that no wait of a test reaches.
pub(crate) const NEVER: u32 = 86_400;

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// A machine that has not loaded the module.
pub(crate) fn machine() -> Result<Builder> {
    Ok(Machine::builder()?.cpus(2))
}

/// A machine that serves `www/` at port 8080.
pub(crate) fn serving() -> Result<Machine> {
    let machine = machine()?.boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    Ok(machine)
}

/// A machine with the site of the protocol's own tests, which [`LOAD_WIRED`] serves. What tests/tools/lib/wire.sh has prepared is
/// at `/share`.
pub(crate) fn wired() -> Result<Builder> {
    let folder = std::env::var_os("KHTTPD_WIRE")
        .ok_or("KHTTPD_WIRE is not set; run this by make test-machine")?;
    Ok(machine()?.share(folder))
}

/// Loads the module so that it serves that site.
pub(crate) const LOAD_WIRED: &str =
    "insmod khttpd.ko root=/share/site commands='root /share/site/.hosts/other.example for other.example'";

/// How many times slower than the plain kernel one is that looks for mistakes.
fn slowness() -> u32 {
    match flavour() {
        Some(flavour) if flavour != "plain" => 10,
        _ => 1,
    }
}

/// The memory, in MiB, that leaves as much as `plain` does on the plain kernel.
pub(crate) fn roomy(plain: u32) -> u32 {
    match slowness() {
        1 => plain,
        _ => plain * 2,
    }
}

/// Which kernel it is; nothing for the plain one.
pub(crate) fn flavour() -> Option<OsString> {
    std::env::var_os("KHTTPD_FLAVOUR")
}

/// As long as `quick` is on the plain kernel.
pub(crate) fn patience(quick: Duration) -> Duration {
    quick * slowness()
}

/// What can be done in the time that `many` take on the plain kernel.
pub(crate) fn fewer(many: u32) -> u32 {
    many / slowness()
}

/// Fails if the kernel has complained of anything.
pub(crate) fn assert_untroubled(machine: &Machine) -> Result<KernelLog> {
    look_for_leaks(machine)?;
    let log = machine.log()?;
    let trouble = log.trouble();
    assert!(trouble.is_empty(), "the kernel's log: {trouble:#?}");
    Ok(log)
}

/// Fails if the kernel has complained of anything, or somebody but khttpd has said anything since boot.
pub(crate) fn assert_quiet(machine: &Machine) -> Result {
    let log = assert_untroubled(machine)?;
    let foreign: Vec<_> = since_first_load(&log)
        .filter(|text| !is_expected(text))
        .collect();
    assert!(foreign.is_empty(), "not khttpd's lines: {foreign:#?}");
    Ok(())
}

/// Where there is kmemleak, it tells the log of memory that nothing refers to any more. What is younger than 5 s it does not
/// look at, and what a scan finds may be on its way from one list to another.
pub(crate) fn look_for_leaks(machine: &Machine) -> Result {
    if flavour().is_some_and(|flavour| flavour == "leak") {
        let said = machine.exec_ok(
            "set -e; cd /sys/kernel/debug; for i in 1 2; do sleep 6; echo scan > kmemleak; done; cat kmemleak",
        )?;
        assert!(said.is_empty(), "{said}");
    }
    Ok(())
}

fn since_first_load(log: &KernelLog) -> impl Iterator<Item = &str> {
    log.lines()
        .iter()
        .map(|line| line.text.as_str())
        .skip_while(|text| !text.starts_with("khttpd: "))
}

/// khttpd's own lines, what the kernel says of a parameter that is too long, what KUnit says of a module with tests, the emulated
/// clock's, what a kernel with DEBUG_STACK_USAGE says of a task that ends, that a processor or the emulated network card had to wait
/// for a busy host, and the tests' own doing.
fn is_expected(text: &str) -> bool {
    const EXPECTED: [&str; 15] = [
        "khttpd",
        "commands: string doesn't fit in 2047 chars.",
        "KTAP",
        "1..",
        "kunit:",
        "    ",
        "ok ",
        "# ",
        "clocksource",
        "tsc:",
        "sched: DL replenish lagged too much",
        "hrtimer: interrupt took",
        "NETDEV WATCHDOG",
        "virtio_net ",
        "TCP: request_sock_TCP: Possible SYN flooding",
    ];
    text.is_empty()
        || text.ends_with("drop_caches: 3")
        || text.contains(" used greatest stack depth: ")
        || EXPECTED.iter().any(|start| text.starts_with(start))
}

/// The files of `www/`: the path to ask for, and the content.
pub(crate) fn www() -> Result<Vec<(String, Vec<u8>)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path: PathBuf = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(&root)?
                    .to_str()
                    .ok_or("a name that is not UTF-8")?;
                files.push((format!("/{name}"), fs::read(&path)?));
            }
        }
    }
    files.sort();
    assert!(files.len() > 5, "www/ is not there");
    Ok(files)
}

/// A connection on which bytes are written as they are.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A reply as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a field, if it is there.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANG))?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result {
        Ok(self.stream.write_all(bytes.as_ref())?)
    }

    /// The next reply; `head_only`: it answers HEAD.
    pub(crate) fn reply(&mut self, head_only: bool) -> Result<Reply> {
        let end = loop {
            if let Some(at) = self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                break at + 4;
            }
            self.fill()?;
        };
        let head = String::from_utf8(self.received.drain(..end).collect())?;
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        let mut reply = Reply {
            status,
            head,
            body: Vec::new(),
        };
        if !head_only && status != 304 {
            let length = reply
                .field("Content-Length")
                .ok_or("no Content-Length")?
                .parse()?;
            while self.received.len() < length {
                self.fill()?;
            }
            reply.body = self.received.drain(..length).collect();
        }
        Ok(reply)
    }

    /// Whether the server closes now, having sent nothing more.
    pub(crate) fn is_closed(&mut self) -> Result<bool> {
        match self.fill() {
            Ok(()) => Ok(false),
            Err(error) if is_late(error.as_ref()) => Err(error),
            Err(_) => Ok(self.received.is_empty()),
        }
    }

    fn fill(&mut self) -> Result {
        let mut piece = [0; 65536];
        match self.stream.read(&mut piece)? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            count => {
                self.received.extend_from_slice(&piece[..count]);
                Ok(())
            }
        }
    }
}

/// Whether nothing came within [`HANG`].
fn is_late(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Has the server wait for peers as long as the test does, however long the host keeps it waiting.
pub(crate) fn never_time_out(machine: &Machine) -> Result {
    machine.exec_ok(&format!(
        "for name in idle head send stop; do echo timeout $name {NEVER}; done > /dev/khttpd"
    ))?;
    Ok(())
}

/// A number that the control node shows.
pub(crate) fn number(machine: &Machine, key: &str) -> Result<u64> {
    let text = machine.exec_ok("cat /dev/khttpd")?;
    let wanted = format!("# {key} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&wanted));
    Ok(line
        .ok_or_else(|| format!("no {key} in {text}"))?
        .trim()
        .parse()?)
}

/// Waits until the control node shows this number.
pub(crate) fn wait_for(machine: &Machine, key: &str, number: u64) -> Result {
    wait_until(machine, &format!("grep -qx '# {key} {number}' /dev/khttpd"))
}

/// Waits until a shell command in the guest succeeds; fails, and shows the state, if it never does.
pub(crate) fn wait_until(machine: &Machine, condition: &str) -> Result {
    machine.exec_ok(&format!(
        "for i in $(seq 6000); do {condition} && exit 0; sleep 0.1; done
         exec >&2; echo 'never:'; cat /dev/khttpd; ss -tane; exit 1"
    ))?;
    Ok(())
}

/// A plain request.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: khttpd\r\n\r\n")
}
