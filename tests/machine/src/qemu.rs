// SPDX-License-Identifier: GPL-2.0-only

//! The QEMU process.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use crate::{Error, Result};

/// A running QEMU. It ends when dropped, and with the process that started it.
#[derive(Debug)]
pub(crate) struct Qemu {
    child: Mutex<Child>,
}

impl Qemu {
    /// Starts QEMU, by a program and its arguments, in `folder`; its messages go to `qemu.log` there.
    pub(crate) fn start(folder: &Path, line: &[String]) -> Result<Self> {
        let messages = folder.join("qemu.log");
        let log = File::create(&messages).map_err(Error::io_at("making", &messages))?;
        let errors = log
            .try_clone()
            .map_err(Error::io_at("opening", &messages))?;
        // End QEMU with this process, even when it is killed.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .args(line)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        let child = spawn_for_good(command).map_err(Error::io("starting QEMU"))?;
        Ok(Self {
            child: Mutex::new(child),
        })
    }

    /// Returns QEMU's exit status, if it has ended.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    /// Returns QEMU's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child().id()
    }

    /// Returns the run time of each virtual CPU's thread, in hundredths of a second.
    pub(crate) fn processor_times(&self) -> Result<Vec<u64>> {
        let threads = PathBuf::from(format!("/proc/{}/task", self.id()));
        let failed = || Error::io_at("reading", &threads);
        let mut times = Vec::new();
        for entry in fs::read_dir(&threads).map_err(failed())? {
            let stat = entry.map_err(failed())?.path().join("stat");
            // Threads may end meanwhile.
            if let Some(time) = fs::read_to_string(stat)
                .ok()
                .and_then(|text| run_time(&text))
            {
                times.push(time);
            }
        }
        Ok(times)
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let mut child = self.child();
        // Both fail only if the process has ended.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Returns user plus system time from the `stat` of a virtual CPU's thread, which QEMU names "CPU
/// 0/TCG" or similar.
fn run_time(stat: &str) -> Option<u64> {
    let (before, fields) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once('(')?;
    name.strip_prefix("CPU ")?;
    let mut fields = fields.split(' ').skip(11);
    let mut field = || fields.next()?.parse::<u64>().ok();
    Some(field()? + field()?)
}

type Order = (Command, Sender<io::Result<Child>>);

/// Starts a command from a thread that lasts as long as the process: the parent-death signal is
/// sent when the starting *thread* ends, and a test's thread ends with its test.
fn spawn_for_good(command: Command) -> io::Result<Child> {
    static ORDERS: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, reply) in inbox {
                // The requester may have ended.
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (reply, child) = mpsc::channel();
    let orders = orders.lock().unwrap_or_else(PoisonError::into_inner);
    orders.send((command, reply)).map_err(io::Error::other)?;
    child.recv().map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_threads_of_virtual_cpus_are_counted() {
        let stat = |name: &str| format!("12 ({name}) S 1 2 3 4 5 6 7 8 9 10 100 23 0 0 20 0");
        assert_eq!(run_time(&stat("CPU 1/TCG")), Some(123));
        assert_eq!(run_time(&stat("qemu-system-x86")), None);
        assert_eq!(run_time("12 (CPU 1/TCG) S 1"), None);
    }
}
