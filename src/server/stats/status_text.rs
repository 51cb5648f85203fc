// SPDX-License-Identifier: GPL-2.0-only

//! The text of the control node: the configuration as a transaction, the statistics as comments.

use super::{
    super::{
        config::ActiveConfig,
        conn::{
            AdoptedConnection,
            AdoptedSet,
            ConnPhase,
            Connection,
            ConnectionPool, //
        }, //
    },
    connections,
    counters::Count, //
};
use crate::site::load::LoadProgress;
use kernel::fmt;
use protocol::control::command::Timeout;

/// The version of the module. Kbuild reads it from Cargo.toml.
pub(super) const VERSION: &str = env!("KHTTPD_VERSION");

/// The counters that are shown, by their names.
const COUNTS: [(&str, Count); 24] = [
    ("accepted", Count::Accepted),
    ("accept-errors", Count::AcceptErrors),
    ("full", Count::Full),
    ("expired", Count::Expired),
    ("shed", Count::Shed),
    ("blocked", Count::Blocked),
    ("short-of-memory", Count::Short),
    ("deferred-owned", Count::Owned),
    ("deferred-budget", Count::Spent),
    ("handed-over", Count::HandedOver),
    ("hand-over-no-listener", Count::NoListener),
    ("hand-over-queue-full", Count::QueueFull),
    ("hand-over-kernel-socket", Count::KernelSocket),
    ("hand-over-wrong-family", Count::WrongFamily),
    ("hand-over-wrong-user", Count::WrongUser),
    ("hand-over-closing", Count::HandOverClosing),
    ("hand-over-no-memory", Count::HandOverShort),
    ("hand-over-no-reader", Count::NoReader),
    ("tls-refused", Count::TlsRefused),
    ("adopted", Count::Adopted),
    ("adopted-tls", Count::AdoptedTls),
    ("returned", Count::Returned),
    ("watch-loads", Count::WatchLoads),
    ("watch-failures", Count::WatchFailures),
];

/// A server as it is shown. The locks of the borrowed parts make it one picture.
pub(crate) struct StatusText<'a> {
    pub(crate) pool: &'a ConnectionPool<Connection>,
    pub(crate) adopted: &'a AdoptedSet<AdoptedConnection>,
    pub(crate) config: &'a ActiveConfig,
    /// The progress of a site that is being loaded.
    pub(crate) loading: Option<&'a LoadProgress>,
}

impl StatusText<'_> {
    /// Writes the commands that configure another server alike.
    fn write_commands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.pool.core.settings;
        f.write_str("clear\n")?;
        fmt::Display::fmt(&self.config.sources, f)?;
        f.write_str("unlisten\n")?;
        self.write_tls_agent(f)?;
        for listen in &self.config.listen {
            writeln!(f, "listen {listen}")?;
        }
        writeln!(f, "max-connections {}", settings.max_connections.get())?;
        writeln!(f, "min-rate {}", settings.min_rate.get())?;
        writeln!(f, "max-old-sites {}", settings.max_old_sites.get())?;
        let policy = settings.request_policy();
        writeln!(f, "max-head-bytes {}", policy.head_max)?;
        writeln!(f, "if-modified-since {}", policy.if_modified_since.word())?;
        writeln!(f, "merge-slashes {}", policy.slashes.word())?;
        for timeout in Timeout::ALL {
            let seconds = settings.timeout(timeout).get();
            writeln!(f, "timeout {} {seconds}", timeout.word())?;
        }
        fmt::Display::fmt(&self.config.log_policy, f)?;
        writeln!(f, "relay {}", self.config.relay)?;
        f.write_str(if self.config.started {
            "start\n"
        } else {
            "stop\n"
        })
    }

    /// Writes the command that sets the TLS agent.
    fn write_tls_agent(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(agent) = self.pool.core.tls_agent.address() else {
            return f.write_str("tls-agent off\n");
        };
        write!(f, "tls-agent {agent}")?;
        if let Some(uid) = agent.uid {
            write!(f, " uid {uid}")?;
        }
        f.write_str("\n")
    }

    /// Writes the statistics.
    fn write_comments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = &self.pool.core.counters;
        self.write_connections(f)?;
        for (name, count) in COUNTS {
            writeln!(f, "# {name} {}", counters.total(count))?;
        }
        for class in 1..=5 {
            let responses = counters.sum(|status| status.code() / 100 == class);
            writeln!(f, "# responses-{class}xx {responses}")?;
        }
        writeln!(f, "# bytes {}", counters.total(Count::Bytes))?;
        writeln!(f, "# log-lost {}", self.pool.core.log.lost())?;
        fmt::Display::fmt(&self.pool.core.latency, f)?;
        writeln!(f, "# requests {}", counters.sum(|_| true))?;
        self.write_site(f)?;
        match core::str::from_utf8(&self.config.refusal) {
            Ok(refusal) if !refusal.is_empty() => write!(f, "# refused {refusal}"),
            _ => Ok(()),
        }
    }

    /// Writes the numbers of listeners and of connections, by phase.
    fn write_connections(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acceptors = self.config.acceptors.iter();
        let listeners = acceptors.filter(|acceptor| acceptor.listens()).count();
        writeln!(f, "# listeners {listeners}")?;
        writeln!(f, "# connections {}", self.pool.table.len())?;
        for (count, (_, name)) in connections::by_phase(self.pool, self.adopted)
            .iter()
            .zip(ConnPhase::ALL)
        {
            writeln!(f, "# connections-{name} {count}")?;
        }
        Ok(())
    }

    /// Writes the size of the site, and how far the loading of another has come.
    fn write_site(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let site = self.pool.core.snapshot();
        writeln!(f, "# entries {}", site.len())?;
        writeln!(f, "# skipped {}", site.skipped())?;
        writeln!(f, "# memory {}", site.footprint())?;
        let (old_sites, old_memory) = self.config.old_sites.usage();
        writeln!(f, "# old-sites {old_sites}")?;
        writeln!(f, "# old-memory {old_memory}")?;
        writeln!(f, "# load-milliseconds {}", self.config.load_milliseconds)?;
        if let Some(watch) = &self.config.watch {
            writeln!(f, "# watched {}", watch.directories())?;
        }
        if let Ok(failure) = core::str::from_utf8(&self.config.watch_failure) {
            if !failure.is_empty() {
                writeln!(f, "# watch-failed {failure}")?;
            }
        }
        if let Some(progress) = self.loading {
            writeln!(f, "# loading-files {}", progress.files())?;
            writeln!(f, "# loading-bytes {}", progress.bytes())?;
            writeln!(f, "# loading-compressed {}", progress.compressed())?;
        }
        Ok(())
    }
}

impl fmt::Display for StatusText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# khttpd {}", VERSION)?;
        f.write_str("begin\n")?;
        self.write_commands(f)?;
        f.write_str("commit\n")?;
        self.write_comments(f)
    }
}
