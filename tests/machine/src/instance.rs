// SPDX-License-Identifier: GPL-2.0-only

//! A running machine.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::builder::Builder;
use crate::channel::Channel;
use crate::console::Console;
use crate::folder::Folder;
use crate::network::Network;
use crate::qemu::Qemu;
use crate::wire::Exec;
use crate::{Accelerator, Error, KernelLog, Output, Process, Result};

/// Default time limit for a command, and for the log to reach the console. It ends a test that
/// hangs, and says nothing about speed: a busy host may be slow.
const COMMAND_LIMIT: Duration = Duration::from_secs(1200);

/// The prefix of a line that [`Machine::log`] adds to the log and hides.
const MARK: &str = "machine: mark ";

/// A virtual machine. Dropping it ends it.
#[derive(Debug)]
pub struct Machine {
    // Declaration order: QEMU ends before the resources that it uses.
    qemu: Qemu,
    accelerator: Accelerator,
    console: Console,
    marks: AtomicU64,
    network: Network,
    folder: Folder,
}

impl Machine {
    /// Configures a machine with the kernel, agent and module from the environment.
    pub fn builder() -> Result<Builder> {
        Builder::from_environment()
    }

    pub(crate) fn start(
        folder: Folder,
        network: Network,
        accelerator: Accelerator,
        line: &[String],
        limit: Duration,
        cancel: &AtomicBool,
    ) -> Result<Self> {
        let machine = Self {
            qemu: Qemu::start(folder.path(), line)?,
            accelerator,
            console: Console::new(folder.console()),
            marks: AtomicU64::new(0),
            network,
            folder,
        };
        let deadline = Instant::now() + limit;
        let doing = "booting the machine";
        Channel::open(machine.folder.path(), || {
            machine.check_alive(doing)?;
            if cancel.load(Ordering::Relaxed) {
                return Err(Error::Setup(format!("{doing}: given up")));
            }
            machine.check_time(doing, deadline, limit)
        })?;
        Ok(machine)
    }

    /// Runs a shell command in the guest and waits for its end, for 20 minutes at most.
    pub fn exec(&self, command: &str) -> Result<Output> {
        self.exec_within(command, COMMAND_LIMIT)
    }

    /// Runs a shell command in the guest and waits for its end, for `limit` at most.
    pub fn exec_within(&self, command: &str, limit: Duration) -> Result<Output> {
        let process = self.spawn(command)?;
        process.end_input()?;
        process.wait(limit)
    }

    /// Runs a shell command and returns its standard output; a failure is an error.
    pub fn exec_ok(&self, command: &str) -> Result<String> {
        let output = self.exec(command)?;
        if !output.status.success() {
            return Err(Error::failed(command, &output));
        }
        Ok(output.stdout_text().into_owned())
    }

    /// Starts a shell command in the guest.
    pub fn spawn(&self, command: &str) -> Result<Process> {
        self.spawn_program(&["/bin/sh", "-c", command], command)
    }

    fn spawn_program(&self, arguments: &[&str], shown: &str) -> Result<Process> {
        let doing = format!("starting `{shown}` in the guest");
        let deadline = Instant::now() + COMMAND_LIMIT;
        let channel = Channel::open(self.folder.path(), || {
            self.check_alive(&doing)?;
            self.check_time(&doing, deadline, COMMAND_LIMIT)
        })?;
        let exec = Exec {
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            terminal: None,
        };
        Process::start(channel, exec, shown, self.console.clone())
    }

    /// Writes a file in the guest.
    pub fn put_file(&self, path: &str, permissions: u32, content: &[u8]) -> Result {
        let command = r#"cat >"$0" && chmod "$1" "$0""#;
        let shown = format!("writing {path}");
        let permissions = format!("{permissions:o}");
        let process =
            self.spawn_program(&["/bin/sh", "-c", command, path, &permissions], &shown)?;
        process.write_input(content)?;
        process.end_input()?;
        let output = process.wait(COMMAND_LIMIT)?;
        if !output.status.success() {
            return Err(Error::failed(&shown, &output));
        }
        Ok(())
    }

    /// Reads a file in the guest.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        let process = self.spawn_program(&["/bin/cat", path], &format!("cat {path}"))?;
        process.end_input()?;
        let output = process.wait(COMMAND_LIMIT)?;
        if !output.status.success() {
            return Err(Error::failed(&format!("cat {path}"), &output));
        }
        Ok(output.stdout)
    }

    /// Returns the host's address of a forwarded TCP port of the guest.
    pub fn address(&self, guest_port: u16) -> Result<SocketAddr> {
        let found = self
            .network
            .addresses
            .iter()
            .find(|(port, _)| *port == guest_port);
        found
            .map(|(_, address)| *address)
            .ok_or_else(|| Error::Setup(format!("port {guest_port} of the guest is not forwarded")))
    }

    /// Returns the host's address of the first forwarded port, usually khttpd's.
    pub fn http_address(&self) -> Result<SocketAddr> {
        let first = self.network.addresses.first();
        first
            .map(|(_, address)| *address)
            .ok_or_else(|| Error::Setup("no port of the guest is forwarded".into()))
    }

    /// Returns the kernel log so far, complete, without data races outside of khttpd.
    pub fn log(&self) -> Result<KernelLog> {
        let number = self.marks.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{MARK}{number}.");
        let text = self.console_up_to(&mark)?;
        let lines: String = text
            .lines()
            .filter(|line| !line.contains(MARK))
            .flat_map(|line| [line, "\n"])
            .collect();
        Ok(KernelLog::parse(&lines).without_races_of_others())
    }

    /// Writes `mark` into the kernel log and waits for it on the console.
    fn console_up_to(&self, mark: &str) -> Result<String> {
        let doing = "reading the kernel's log";
        self.exec_ok(&format!("echo '<7>{mark}' >/dev/kmsg"))?;
        let deadline = Instant::now() + COMMAND_LIMIT;
        loop {
            let text = self.console.text()?;
            if text.contains(mark) {
                return Ok(text);
            }
            self.check_alive(doing)?;
            self.check_time(doing, deadline, COMMAND_LIMIT)?;
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the last lines of the console, to explain a failure.
    pub fn last_lines(&self) -> Vec<String> {
        self.console.tail()
    }

    /// Returns the accelerator.
    pub fn accelerator(&self) -> Accelerator {
        self.accelerator
    }

    /// Tells whether QEMU is running.
    pub fn is_running(&self) -> bool {
        self.qemu.ended().is_none()
    }

    /// Returns QEMU's process id, to measure its resources.
    pub fn qemu_id(&self) -> u32 {
        self.qemu.id()
    }

    /// Returns the run time of each virtual CPU on the host, in hundredths of a second.
    pub fn processor_times(&self) -> Result<Vec<u64>> {
        self.qemu.processor_times()
    }

    fn check_alive(&self, doing: &str) -> Result {
        let Some(status) = self.qemu.ended() else {
            return Ok(());
        };
        let said = std::fs::read_to_string(self.folder.path().join("qemu.log")).unwrap_or_default();
        Err(Error::Gone {
            doing: doing.to_owned(),
            what: format!("the machine ended ({status}) {}", said.trim())
                .trim_end()
                .to_owned(),
            log: self.console.tail(),
        })
    }

    fn check_time(&self, doing: &str, deadline: Instant, limit: Duration) -> Result {
        if Instant::now() < deadline {
            return Ok(());
        }
        Err(Error::Late {
            doing: doing.to_owned(),
            limit,
            log: self.console.tail(),
        })
    }
}
