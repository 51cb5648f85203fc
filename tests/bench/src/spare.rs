// SPDX-License-Identifier: GPL-2.0-only

//! The spare time of the guest's CPU, which a program of the lowest priority uses up.

use std::env;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use machine::{Builder, Error, Machine, Process, Result};

/// Runs the program `spare` of this crate with the lowest priority.
const COMMAND: &str = "exec chrt --idle 0 /root/spare";

/// Time without other work, in which the length of a turn is measured.
const REST: Duration = Duration::from_secs(2);

/// Time limit for an answer of the program.
const LIMIT: Duration = Duration::from_secs(60);

/// The running program.
pub(crate) struct Spare {
    process: Process,
    turn: f64,
}

/// Counts since the program's start.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Counts {
    nanoseconds: f64,
    turns: f64,
}

impl Spare {
    /// Adds the program to the machine.
    pub(crate) fn furnish(builder: Builder) -> Result<Builder> {
        let path = env::current_exe().map_err(Error::io("finding this program"))?;
        let path = path.with_file_name("spare");
        let program = fs::read(&path).map_err(Error::io(format!("reading {}", path.display())))?;
        Ok(builder.file("/root/spare", 0o755, program))
    }

    /// Starts the program, and measures the length of its turns while the machine is idle.
    pub(crate) fn start(machine: &Machine) -> Result<Self> {
        let process = machine.spawn(COMMAND)?;
        let mut spare = Self { process, turn: 0.0 };
        let before = spare.counts()?;
        thread::sleep(REST);
        let passed = spare.counts()?.since(before);
        spare.turn = passed.nanoseconds / passed.turns;
        Ok(spare)
    }

    /// Returns the result of `f`, and the nanoseconds that the program lost meanwhile.
    pub(crate) fn lost<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
        let before = self.counts()?;
        let found = f()?;
        let passed = self.counts()?.since(before);
        Ok((found, passed.nanoseconds - passed.turns * self.turn))
    }

    fn counts(&self) -> Result<Counts> {
        let begin = Instant::now();
        let known = self.process.stdout_so_far().len();
        self.process.write_input(b"\n")?;
        loop {
            let said = self.process.stdout_so_far();
            if let Some(counts) = said.get(known..).and_then(Counts::parse) {
                return Ok(counts);
            }
            if !self.process.is_running() || begin.elapsed() > LIMIT {
                return Err(Error::Setup(format!("`{COMMAND}` does not answer")));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Counts {
    /// Parses a complete line.
    fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let (nanoseconds, turns) = line.split_once(' ')?;
        Some(Self {
            nanoseconds: nanoseconds.parse().ok()?,
            turns: turns.parse().ok()?,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            nanoseconds: self.nanoseconds - before.nanoseconds,
            turns: self.turns - before.turns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_a_complete_line() {
        let counts = Counts {
            nanoseconds: 12.0,
            turns: 3.0,
        };
        assert_eq!(Counts::parse(b"12 3\n"), Some(counts));
        assert_eq!(Counts::parse(b"12 3"), None);
        assert_eq!(Counts::parse(b""), None);
    }
}
