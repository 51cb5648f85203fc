// SPDX-License-Identifier: GPL-2.0-only

//! The guest's kernel log: its lines, and the problems that it reports.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// A line of the kernel log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Level, 0 (emergency) to 7 (debug); [`None`] for output from outside the kernel's log.
    pub level: Option<u8>,
    /// Time since boot.
    pub time: Option<Duration>,
    /// Text.
    pub text: String,
}

impl Line {
    /// Parses a line in the format of `console_msg_format=syslog`: `<6>[    1.234567] text`.
    pub fn parse(raw: &str) -> Self {
        Self::parse_prefixed(raw).unwrap_or_else(|| Self {
            level: None,
            time: None,
            text: raw.to_owned(),
        })
    }

    fn parse_prefixed(raw: &str) -> Option<Self> {
        let (number, rest) = raw.strip_prefix('<')?.split_once(">[")?;
        let (time, text) = rest.split_once(']')?;
        // The lower three bits are the level, the others the facility.
        let number: u32 = number.parse().ok()?;
        let level = u8::try_from(number % 8).ok()?;
        let (seconds, microseconds) = time.trim().split_once('.')?;
        let time = Duration::from_secs(seconds.parse().ok()?)
            + Duration::from_micros(microseconds.parse().ok()?);
        let text = text.strip_prefix(' ').unwrap_or(text);
        // With CONFIG_PRINTK_CALLER the task or CPU precedes the text.
        let text = match text
            .strip_prefix('[')
            .and_then(|text| text.split_once("] "))
        {
            Some((caller, text)) if is_caller(caller.trim()) => text,
            _ => text,
        };
        Some(Self {
            level: Some(level),
            time: Some(time),
            text: text.to_owned(),
        })
    }
}

fn is_caller(text: &str) -> bool {
    text.strip_prefix(['T', 'C'])
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(time) = self.time {
            write!(f, "[{:5}.{:06}] ", time.as_secs(), time.subsec_micros())?;
        }
        f.write_str(&self.text)
    }
}

/// A position in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(usize);

/// A snapshot of the log.
#[derive(Clone, Debug, Default)]
pub struct KernelLog {
    lines: Vec<Line>,
}

/// The kind of problem in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `WARN_ON` and similar.
    Warning,
    /// A violated invariant of the kernel: `BUG`, a bad page, a corrupted list.
    Bug,
    /// An oops, a fault in kernel mode, or a panic, in Rust too.
    Oops,
    /// KASAN, KFENCE or UBSAN.
    Sanitizer,
    /// A data race found by KCSAN.
    Race,
    /// A report of lockdep: possible deadlock, or RCU without its lock.
    Lock,
    /// Sleeping in atomic context.
    Sleep,
    /// A CPU or task without progress: RCU stall, soft or hard lockup, hung task.
    Stall,
    /// A leak of memory, of an object or of a reference.
    Leak,
    /// An allocation failure or the OOM killer.
    Memory,
    /// A failed KUnit test.
    Test,
}

/// A report in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Kind of problem.
    pub kind: Kind,
    /// First line of the report and following lines; for a KUnit test, diagnostics and result.
    pub lines: Vec<Line>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:", self.kind)?;
        self.lines
            .iter()
            .try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Number of lines in a report.
const REPORT_LINES: usize = 24;

/// Beginnings of the first line of a report. The first match counts.
const AT_START: &[(&str, Kind)] = &[
    ("WARNING: possible circular locking", Kind::Lock),
    ("WARNING: possible recursive locking", Kind::Lock),
    ("WARNING: possible irq lock inversion", Kind::Lock),
    ("WARNING: inconsistent lock state", Kind::Lock),
    ("WARNING: suspicious RCU usage", Kind::Lock),
    ("WARNING: bad unlock balance", Kind::Lock),
    ("WARNING: held lock freed", Kind::Lock),
    ("WARNING: lock held when returning", Kind::Lock),
    ("WARNING: nested lock was not taken", Kind::Lock),
    ("WARNING:", Kind::Warning),
    ("DEBUG_LOCKS_WARN_ON", Kind::Lock),
    ("INFO: possible", Kind::Lock),
    ("INFO: trying to register non-static key", Kind::Lock),
    ("INFO: task", Kind::Stall),
    ("BUG: Invalid wait context", Kind::Lock),
    ("BUG: sleeping function", Kind::Sleep),
    ("BUG: scheduling while atomic", Kind::Sleep),
    ("BUG: KASAN", Kind::Sanitizer),
    ("BUG: KFENCE", Kind::Sanitizer),
    ("BUG: KCSAN", Kind::Race),
    ("BUG: kernel NULL pointer", Kind::Oops),
    ("BUG: unable to handle", Kind::Oops),
    ("BUG: soft lockup", Kind::Stall),
    ("BUG: workqueue lockup", Kind::Stall),
    ("BUG: memory leak", Kind::Leak),
    ("BUG", Kind::Bug),
    ("UBSAN:", Kind::Sanitizer),
    ("Oops:", Kind::Oops),
    ("Kernel panic", Kind::Oops),
    ("general protection fault", Kind::Oops),
    ("stack segment", Kind::Oops),
    ("divide error", Kind::Oops),
    ("invalid opcode", Kind::Oops),
    ("kernel BUG at", Kind::Bug),
    ("rcu: INFO:", Kind::Stall),
    ("watchdog:", Kind::Stall),
    ("unreferenced object", Kind::Leak),
    ("refcount_t:", Kind::Bug),
    ("ODEBUG:", Kind::Bug),
    ("huh, entered softirq", Kind::Bug),
    ("pagealloc:", Kind::Bug),
    ("list_add corruption", Kind::Bug),
    ("list_del corruption", Kind::Bug),
    ("Out of memory:", Kind::Memory),
    ("not ok ", Kind::Test),
];

/// Parts of the first line of a report.
const ANYWHERE: &[(&str, Kind)] = &[
    ("rust_kernel: panicked at", Kind::Oops),
    ("page allocation failure", Kind::Memory),
    ("SLUB: Unable to allocate", Kind::Memory),
    ("new suspected memory leaks", Kind::Leak),
    ("Objects remaining", Kind::Leak),
    ("still has objects", Kind::Leak),
    ("unregister_netdevice: waiting for", Kind::Leak),
    ("kernel stack is corrupted", Kind::Bug),
    ("Bad page state", Kind::Bug),
    ("Bad rss-counter", Kind::Bug),
    ("Attempt to release", Kind::Bug),
    ("blocked for more than", Kind::Stall),
    ("# not ok", Kind::Test),
];

fn kind_of(line: &Line) -> Option<Kind> {
    // KUnit subtests are indented, and so are repeated headers between rulers. Some lockdep headers
    // are in brackets.
    let text = line.text.trim_start_matches(['[', ' ']);
    // Ignore output of user programs.
    line.level?;
    let starts = AT_START
        .iter()
        .find(|(pattern, _)| text.starts_with(pattern));
    let found = starts.or_else(|| ANYWHERE.iter().find(|(pattern, _)| text.contains(pattern)));
    found.map(|(_, kind)| *kind)
}

/// Tells whether a line is a ruler; KCSAN prints one before and after a report.
fn is_ruler(line: &Line) -> bool {
    line.text.starts_with("==========")
}

/// Tells whether a line of KTAP is a result, a plan or a header, and not a diagnostic.
fn is_ktap_structure(line: &Line) -> bool {
    let text = line.text.trim_start();
    ["ok ", "not ok ", "1..", "KTAP version", "# Subtest: "]
        .iter()
        .any(|beginning| text.starts_with(beginning))
}

impl KernelLog {
    /// Parses the console's output.
    pub fn parse(raw: &str) -> Self {
        let lines = raw
            .lines()
            .map(|line| Line::parse(line.trim_end_matches('\r')));
        Self {
            lines: lines.collect(),
        }
    }

    /// Returns all lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns the current end of the log.
    pub fn mark(&self) -> Mark {
        Mark(self.lines.len())
    }

    /// Returns the log after a mark of an earlier snapshot.
    pub fn since(&self, mark: Mark) -> Self {
        Self {
            lines: self.lines.get(mark.0..).unwrap_or_default().to_vec(),
        }
    }

    /// Finds the lines that contain `pattern`.
    pub fn containing<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines
            .iter()
            .filter(move |line| line.text.contains(pattern))
    }

    /// Finds all reports. A line within a report does not begin another one of the same kind.
    /// Reports before the first process are ignored: they concern the kernel and the emulator only.
    pub fn trouble(&self) -> Vec<Trouble> {
        let begin = self
            .lines
            .iter()
            .position(|line| line.text.ends_with(" as init process"))
            .unwrap_or(0);
        let mut found: Vec<Trouble> = Vec::new();
        let mut shown_to = 0;
        for (at, line) in self.lines.iter().enumerate().skip(begin) {
            let Some(kind) = kind_of(line) else { continue };
            if at < shown_to
                && kind != Kind::Test
                && found.last().is_some_and(|last| last.kind == kind)
            {
                continue;
            }
            let mut shown_from = at;
            shown_to = match kind {
                Kind::Test => {
                    shown_from = self.first_diagnostic(at);
                    at + 1
                }
                Kind::Race => self.next_ruler(at),
                _ => self.lines.len().min(at + REPORT_LINES),
            };
            let lines = self.lines.get(shown_from..shown_to);
            let lines = lines.unwrap_or_default().to_vec();
            found.push(Trouble { kind, lines });
        }
        found
    }

    /// Finds the first diagnostic of the KUnit test whose result is at `at`.
    fn first_diagnostic(&self, at: usize) -> usize {
        let before = self.lines.iter().take(at).rev();
        at - before.take_while(|line| !is_ktap_structure(line)).count()
    }

    /// Removes data races outside of khttpd: those with no function of khttpd in either stack.
    pub(crate) fn without_races_of_others(&self) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        let mut left_out_to = 0;
        for (at, line) in self.lines.iter().enumerate() {
            let kind = kind_of(line);
            if kind == Some(Kind::Race) && !self.names_khttpd(at..self.next_ruler(at)) {
                if lines.last().is_some_and(is_ruler) {
                    lines.pop();
                }
                left_out_to = self.next_ruler(at) + 1;
            }
            // Another CPU may report a problem in between.
            let other = kind.is_some_and(|kind| kind != Kind::Race);
            if at >= left_out_to || other {
                lines.push(line.clone());
            }
        }
        Self { lines }
    }

    fn names_khttpd(&self, report: Range<usize>) -> bool {
        let lines = self.lines.get(report).unwrap_or_default();
        lines.iter().any(|line| line.text.contains("[khttpd]"))
    }

    /// Finds the next ruler; the end of the log if the report is incomplete.
    fn next_ruler(&self, at: usize) -> usize {
        let rest = self.lines.iter().skip(at);
        at + rest.take_while(|line| !is_ruler(line)).count()
    }

    /// Formats the last `count` lines.
    pub(crate) fn tail(&self, count: usize) -> Vec<String> {
        let from = self.lines.len().saturating_sub(count);
        self.lines.iter().skip(from).map(Line::to_string).collect()
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
