// SPDX-License-Identifier: GPL-2.0-only

//! Code that the machine tests share: a machine with the module, the files of `www/`, the programs
//! of `guest/`, and a client that sees every byte.

// Each test crate uses a part of this.
#![allow(dead_code)]

pub(crate) mod memory;
pub(crate) mod program;
pub(crate) mod random;
pub(crate) mod requirements;
pub(crate) mod shared;

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use machine::{Builder, KernelLog, Machine};

pub(crate) use program::put_guest;
pub(crate) use shared::Shared;

/// Limit that ends a test which hangs. It says nothing about speed: a busy host may be slow. The
/// limits of the Python programs in the guest are shorter, because their messages say more.
pub(crate) const HANG: Duration = Duration::from_secs(1200);

/// Seconds for `timeout idle` and the other timeouts that no test reaches.
pub(crate) const NEVER: u32 = 86_400;

/// Command that runs a Python program, on a [`Shared`] machine in a child of an interpreter which
/// runs there already. The program has the rights, limits, control group, environment and namespaces
/// of that interpreter, and of signals it gets only SIGKILL, when the command ends: where these
/// matter, use python3.
pub(crate) const PYTHON: &str = "/usr/lib/khttpd/agent python";

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Configures a machine that has not loaded the module, for one test alone.
pub(crate) fn machine() -> Result<Builder> {
    Ok(Machine::builder()?.cpus(2))
}

/// Returns a machine that serves `www/` at port 8080.
pub(crate) fn serving() -> Result<Shared> {
    let machine = Shared::take()?;
    machine.exec_ok("insmod khttpd.ko")?;
    Ok(machine)
}

/// Unloads the module, and asserts that the kernel's log is quiet.
pub(crate) fn unload(machine: &Machine) -> Result {
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(machine)
}

/// Returns a machine with the site of the protocol's own tests, which [`LOAD_WIRED`] serves. The
/// files that tests/tools/lib/wire.sh has prepared are at `/share`.
pub(crate) fn wired() -> Result<Builder> {
    let folder = std::env::var_os("KHTTPD_WIRE")
        .ok_or("KHTTPD_WIRE is not set; run this by make test-machine")?;
    Ok(machine()?.share(folder))
}

/// Command that loads the module so that it serves that site.
pub(crate) const LOAD_WIRED: &str =
    "insmod khttpd.ko root=/share/site commands='root /share/site/.hosts/other.example for other.example'";

/// Factor by which a kernel with sanitizers or other checks is slower than the plain one.
fn slowness() -> u32 {
    match flavour() {
        Some(flavour) if flavour != "plain" && flavour != "debian" => 10,
        _ => 1,
    }
}

/// Returns the memory, in MiB, that leaves as much as `plain` leaves on the plain kernel.
pub(crate) fn scaled_memory(plain: u32) -> u32 {
    match slowness() {
        1 => plain,
        _ => plain * 2,
    }
}

/// Returns the name of the kernel's configuration, `plain` if it has no checks.
pub(crate) fn flavour() -> Option<OsString> {
    std::env::var_os("KHTTPD_FLAVOUR")
}

/// Returns the time that corresponds to `plain` on the plain kernel.
pub(crate) fn scaled_time(plain: Duration) -> Duration {
    plain * slowness()
}

/// Returns the number of operations that take as long as `plain` on the plain kernel.
pub(crate) fn scaled_count(plain: u32) -> u32 {
    plain / slowness()
}

/// Returns the number of rounds of a test that repeats something to meet a rare order of events:
/// `all` by `make test-long`, a tenth of them otherwise, on a slow kernel as many as take as long.
pub(crate) fn rounds(all: u32) -> u32 {
    match std::env::var_os("KHTTPD_ALL_ROUNDS") {
        None if slowness() == 1 => all.div_ceil(10),
        _ => scaled_count(all),
    }
}

/// Asserts that the kernel has reported no trouble; returns its log.
pub(crate) fn assert_no_trouble(machine: &Machine) -> Result<KernelLog> {
    check_kmemleak(machine)?;
    let log = machine.log()?;
    let trouble = log.trouble();
    assert!(trouble.is_empty(), "the kernel's log: {trouble:#?}");
    Ok(log)
}

/// Asserts that the kernel has reported no trouble, and that nothing but khttpd has logged a line
/// since the module was first loaded.
pub(crate) fn assert_quiet(machine: &Machine) -> Result {
    let log = assert_no_trouble(machine)?;
    let foreign: Vec<_> = since_first_load(&log)
        .filter(|text| !is_expected(text))
        .collect();
    assert!(
        foreign.is_empty(),
        "lines that are not from khttpd: {foreign:#?}"
    );
    Ok(())
}

/// Asserts that kmemleak, if the kernel has it, finds nothing. It ignores objects younger than 5 s,
/// and an object that one scan finds may have been on its way from one list to another.
pub(crate) fn check_kmemleak(machine: &Machine) -> Result {
    if flavour().is_some_and(|flavour| flavour == "leak") {
        let said = machine.exec_ok(
            "set -e; cd /sys/kernel/debug; for i in 1 2; do sleep 6; echo scan > kmemleak; done; cat kmemleak",
        )?;
        assert!(said.is_empty(), "{said}");
    }
    Ok(())
}

/// Returns a report of trouble, or a line that is not from khttpd, if the kernel has logged any.
fn first_noise(log: &KernelLog) -> Option<String> {
    let trouble = log.trouble().first().map(ToString::to_string);
    trouble.or_else(|| {
        let mut lines = since_first_load(log);
        lines.find(|text| !is_expected(text)).map(str::to_owned)
    })
}

fn since_first_load(log: &KernelLog) -> impl Iterator<Item = &str> {
    log.lines()
        .iter()
        .map(|line| line.text.as_str())
        .skip_while(|text| !text.starts_with("khttpd: "))
}

/// Returns whether the line is khttpd's, or one that a test may cause: reports of a parameter that
/// is too long, KUnit's results, the emulated clock, stack usage of a task, a CPU or the emulated
/// network card that had to wait for a busy host, writes to `drop_caches`, and a program that has
/// precedence over all other tasks.
fn is_expected(text: &str) -> bool {
    const EXPECTED: [&str; 17] = [
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
        "Ext server disabled on CPU 0",
        "Fair server disabled on CPU 0",
        "NETDEV WATCHDOG",
        "virtio_net ",
        "TCP: request_sock_TCP: Possible SYN flooding",
    ];
    text.is_empty()
        || text.ends_with("drop_caches: 3")
        || text.contains(" used greatest stack depth: ")
        || EXPECTED.iter().any(|start| text.starts_with(start))
}

/// Mounts the control groups; returns whether the kernel has those of memory.
pub(crate) fn mount_groups(machine: &Machine) -> Result<bool> {
    let controllers = machine
        .exec_ok("mount -t cgroup2 none /sys/fs/cgroup; cat /sys/fs/cgroup/cgroup.controllers")?;
    let has_memory = controllers.contains("memory");
    // These kernels must have them.
    let must = flavour().is_some_and(|flavour| flavour == "sanitize" || flavour == "full");
    assert!(has_memory || !must, "{controllers}");
    Ok(has_memory)
}

/// Runs a case of `guest/charged.py` on a kernel with memory control groups, after `prepare`.
pub(crate) fn check_charged(prepare: &str, case: &str) -> Result {
    let machine = Shared::take()?;
    if !mount_groups(&machine)? {
        println!("skipped: this kernel has no memory control groups");
        machine.exec_ok("umount /sys/fs/cgroup")?;
        return Ok(());
    }
    put_guest(&machine, &["charged.py"])?;
    machine.exec_ok(&format!(
        "insmod khttpd.ko; echo +memory > /sys/fs/cgroup/cgroup.subtree_control; mkdir /sys/fs/cgroup/writer; {prepare}"
    ))?;
    let said = machine.exec_ok(&format!("python3 /tmp/charged.py {case}"))?;
    print!("{said}");
    machine.exec_ok("rmmod khttpd")?;
    // The kernel logs a report when it kills a process for its memory.
    if said.contains("killed") {
        assert_no_trouble(&machine).map(drop)
    } else {
        assert_quiet(&machine)
    }
}

/// Returns path and content of each file of `www/`.
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
    assert!(files.len() > 5, "www/ is missing");
    Ok(files)
}

/// A connection to the server, on which bytes are sent as they are.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A response as received.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Returns the value of a field.
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

    /// Receives the next response. `head_only`: the request was HEAD, so that no content follows.
    pub(crate) fn response(&mut self, head_only: bool) -> Result<Response> {
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
        let mut response = Response {
            status,
            head,
            body: Vec::new(),
        };
        if !head_only && status != 304 {
            let length = response
                .field("Content-Length")
                .ok_or("no Content-Length")?
                .parse()?;
            while self.received.len() < length {
                self.fill()?;
            }
            response.body = self.received.drain(..length).collect();
        }
        Ok(response)
    }

    /// Waits until the server sends or closes; returns whether it closed without sending.
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

/// Returns whether nothing was received within [`HANG`].
fn is_late(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Sets all timeouts so that the server outwaits every delay of a busy host.
pub(crate) fn never_time_out(machine: &Machine) -> Result {
    machine.exec_ok(&format!(
        "for name in idle head send stop; do echo timeout $name {NEVER}; done > /dev/khttpd"
    ))?;
    Ok(())
}

/// Returns a number that the control node shows.
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

/// Waits until a shell command in the guest succeeds; prints the server's state if it never does.
pub(crate) fn wait_until(machine: &Machine, condition: &str) -> Result {
    machine.exec_ok(&format!(
        "for i in $(seq 6000); do {condition} && exit 0; sleep 0.1; done
         exec >&2; echo 'never:'; cat /dev/khttpd; ss -tane; exit 1"
    ))?;
    Ok(())
}

/// Returns the bytes of a simple request.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: khttpd\r\n\r\n")
}
