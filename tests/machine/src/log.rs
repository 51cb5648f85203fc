// SPDX-License-Identifier: GPL-2.0-only

//! The guest's kernel log: its lines, and the trouble that stands in it.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// One line of the kernel log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The level, 0 (emergency) to 7 (debug); [`None`] for what did not come through the kernel's log.
    pub level: Option<u8>,
    /// The time since boot.
    pub time: Option<Duration>,
    /// The text.
    pub text: String,
}

impl Line {
    /// Reads a line as the console prints it with `console_msg_format=syslog`: `<6>[    1.234567] text`.
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
        // The level is in the lower three bits, the facility above.
        let number: u32 = number.parse().ok()?;
        let level = u8::try_from(number % 8).ok()?;
        let (seconds, microseconds) = time.trim().split_once('.')?;
        let time = Duration::from_secs(seconds.parse().ok()?)
            + Duration::from_micros(microseconds.parse().ok()?);
        let text = text.strip_prefix(' ').unwrap_or(text);
        // CONFIG_PRINTK_CALLER puts the task or processor before the text.
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

/// A place in the log, to ask later what came after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(usize);

/// The log as it was at one moment.
#[derive(Clone, Debug, Default)]
pub struct KernelLog {
    lines: Vec<Line>,
}

/// What a report in the log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `WARN_ON` and its kin.
    Warning,
    /// `BUG`, a bad page, a corrupted list: an invariant of the kernel is broken.
    Bug,
    /// An oops, a fault in kernel mode or a panic, Rust's included.
    Oops,
    /// KASAN, KFENCE or UBSAN.
    Sanitizer,
    /// KCSAN: two who use the same memory at the same time.
    Race,
    /// Lockdep: locks in an order or a context that can deadlock, RCU used without its lock.
    Lock,
    /// Sleeping where one may not.
    Sleep,
    /// A processor or a task that does not get on: RCU stall, soft or hard lockup, hung task.
    Stall,
    /// Memory, an object or a reference that was not given back.
    Leak,
    /// Memory ran out.
    Memory,
    /// A KUnit test that failed.
    Test,
}

/// One report found in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What it is about.
    pub kind: Kind,
    /// The line that says so, and some that follow it.
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

/// How many lines of a report are shown.
const REPORT_LINES: usize = 24;

/// What stands at the start of a line that begins a report. The first that fits counts.
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

/// What stands anywhere in a line that begins a report.
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
    // Subtests of KUnit are indented, and so is what repeats a header between rulers. Some of lockdep's are in brackets.
    let text = line.text.trim_start_matches(['[', ' ']);
    // What a user program prints on the console is not the kernel's.
    line.level?;
    let starts = AT_START
        .iter()
        .find(|(pattern, _)| text.starts_with(pattern));
    let found = starts.or_else(|| ANYWHERE.iter().find(|(pattern, _)| text.contains(pattern)));
    found.map(|(_, kind)| *kind)
}

/// KCSAN has one before and one after a report.
fn is_ruler(line: &Line) -> bool {
    line.text.starts_with("==========")
}

impl KernelLog {
    /// Reads a log as the console has printed it.
    pub fn parse(raw: &str) -> Self {
        let lines = raw
            .lines()
            .map(|line| Line::parse(line.trim_end_matches('\r')));
        Self {
            lines: lines.collect(),
        }
    }

    /// All lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The end of the log as it is now.
    pub fn mark(&self) -> Mark {
        Mark(self.lines.len())
    }

    /// The log after a mark taken from an earlier one.
    pub fn since(&self, mark: Mark) -> Self {
        Self {
            lines: self.lines.get(mark.0..).unwrap_or_default().to_vec(),
        }
    }

    /// The lines whose text has `pattern` in it.
    pub fn containing<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines
            .iter()
            .filter(move |line| line.text.contains(pattern))
    }

    /// All reports of trouble. Lines that belong to a report already found begin no new one of the same kind. What the
    /// kernel meets with before there is a process is its own affair, and the emulator's.
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
            shown_to = match kind {
                Kind::Test => at + 1,
                Kind::Race => self.next_ruler(at),
                _ => self.lines.len().min(at + REPORT_LINES),
            };
            let lines = self.lines.get(at..shown_to).unwrap_or_default().to_vec();
            found.push(Trouble { kind, lines });
        }
        found
    }

    /// The log without the data races that the kernel has of its own: those that have no function of khttpd in either stack.
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
            // Meanwhile another processor may report something else.
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

    /// Where the next ruler is. A report that is not complete has none.
    fn next_ruler(&self, at: usize) -> usize {
        let rest = self.lines.iter().skip(at);
        at + rest.take_while(|line| !is_ruler(line)).count()
    }

    /// The last `count` lines, to be shown.
    pub(crate) fn tail(&self, count: usize) -> Vec<String> {
        let from = self.lines.len().saturating_sub(count);
        self.lines.iter().skip(from).map(Line::to_string).collect()
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
