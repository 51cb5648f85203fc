// SPDX-License-Identifier: GPL-2.0-only

//! What a server is set to, as commands, and what it does, as comments.

use super::{
    config::Config,
    counters::Count,
    exchange::Phase,
    Server, //
};
use kernel::fmt;
use protocol::control::command::Timeout;

/// A server as it is shown, with the locks that it takes to be one picture.
pub(super) struct Status<'a> {
    pub(super) server: &'a Server,
    pub(super) config: &'a Config,
}

impl Status<'_> {
    /// What makes another server do the same.
    fn commands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.server.settings;
        f.write_str("clear\n")?;
        fmt::Display::fmt(&self.config.sources, f)?;
        f.write_str("unlisten\n")?;
        for address in &self.config.listen {
            writeln!(f, "listen {address}")?;
        }
        writeln!(f, "max-connections {}", settings.max_connections.get())?;
        for timeout in Timeout::ALL {
            let seconds = settings.timeout(timeout).get();
            writeln!(f, "timeout {} {seconds}", timeout.word())?;
        }
        writeln!(f, "relay {}", self.config.relay)?;
        f.write_str(match self.config.started {
            true => "start\n",
            false => "stop\n",
        })
    }

    /// How many connections are in each phase.
    fn phases(&self) -> [usize; Phase::ALL.len()] {
        let mut counts = [0; Phase::ALL.len()];
        self.server.registry.for_each(|connection| {
            let phases = Phase::ALL.iter().zip(&mut counts);
            phases
                .filter(|((phase, _), _)| connection.is_in(*phase))
                .for_each(|(_, count)| *count += 1);
        });
        counts
    }

    fn comments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = &self.server.counters;
        let edition = self.server.edition();
        let acceptors = self.config.acceptors.iter();
        let listeners = acceptors.filter(|acceptor| acceptor.listens()).count();
        writeln!(f, "# listeners {listeners}")?;
        writeln!(f, "# connections {}", self.server.registry.len())?;
        for (count, (_, name)) in self.phases().iter().zip(Phase::ALL) {
            writeln!(f, "# connections-{name} {count}")?;
        }
        let counts = [
            ("accepted", Count::Accepted),
            ("accept-errors", Count::AcceptErrors),
            ("full", Count::Full),
            ("expired", Count::Expired),
            ("blocked", Count::Blocked),
            ("short-of-memory", Count::Short),
            ("turns-owned", Count::Owned),
            ("turns-crowded", Count::Crowded),
            ("turns-spent", Count::Spent),
            ("replies-1xx", Count::Informational),
            ("replies-2xx", Count::Successful),
            ("replies-3xx", Count::Redirection),
            ("replies-4xx", Count::ClientError),
            ("replies-5xx", Count::ServerError),
            ("bytes", Count::Bytes),
        ];
        for (name, count) in counts {
            writeln!(f, "# {name} {}", counters.total(count))?;
        }
        fmt::Display::fmt(&self.server.stopwatch, f)?;
        writeln!(f, "# requests {}", counters.replies())?;
        writeln!(f, "# entries {}", edition.len())?;
        writeln!(f, "# left-out {}", edition.left_out())?;
        writeln!(f, "# memory {}", edition.footprint())?;
        writeln!(f, "# load-milliseconds {}", self.config.load_milliseconds)?;
        if let Some(progress) = &*self.server.loading.lock() {
            writeln!(f, "# loading-files {}", progress.files())?;
            writeln!(f, "# loading-bytes {}", progress.bytes())?;
        }
        match core::str::from_utf8(&self.config.refusal) {
            Ok(refusal) if !refusal.is_empty() => write!(f, "# refused {refusal}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# khttpd {}", crate::VERSION)?;
        self.commands(f)?;
        self.comments(f)
    }
}
