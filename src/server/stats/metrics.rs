// SPDX-License-Identifier: GPL-2.0-only

//! The page of metrics: the statistics in Prometheus' text format, version 0.0.4.

use super::{
    super::{
        config::ActiveConfig,
        conn::{
            AdoptedConnection,
            AdoptedSet,
            ConnPhase,
            Connection,
            ConnectionPool, //
        },
        site_snapshot::SiteSnapshot, //
    },
    connections,
    counters::Counters,
    families::{
        Family,
        BY_REASON,
        SINGLE, //
    },
    status_text::VERSION, //
};
use kernel::{
    fmt,
    prelude::*, //
};
use protocol::http::Status;

/// The part of the configuration that is shown, so that its lock is not held meanwhile.
pub(crate) struct ConfigNumbers {
    listeners: usize,
    /// Number of old sites, and their memory in bytes.
    old_sites: (usize, usize),
    load_milliseconds: i64,
    watched: usize,
}

impl ConfigNumbers {
    /// Takes the numbers from `config`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn new(config: &ActiveConfig) -> Self {
        let acceptors = config.acceptors.iter();
        Self {
            listeners: acceptors.filter(|acceptor| acceptor.listens()).count(),
            old_sites: config.old_sites.usage(),
            load_milliseconds: config.load_milliseconds,
            watched: config.watch.as_ref().map_or(0, |watch| watch.directories()),
        }
    }
}

/// The statistics of a server, as it shows them to Prometheus.
pub(crate) struct MetricsText<'a> {
    pub(crate) pool: &'a ConnectionPool<Connection>,
    pub(crate) adopted: &'a AdoptedSet<AdoptedConnection>,
    pub(crate) numbers: ConfigNumbers,
    pub(crate) site: &'a SiteSnapshot,
    /// The second since 1970 in which the server was created.
    pub(crate) start_seconds: u64,
}

impl fmt::Display for MetricsText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_server(f)?;
        self.write_connections(f)?;
        let counters = &self.pool.core.counters;
        write_counters(counters, f)?;
        write_responses(counters, f)?;
        self.write_log(f)?;
        self.write_hosts(f)?;
        self.write_site(f)
    }
}

impl MetricsText<'_> {
    /// Writes the build and the beginning of the server.
    fn write_server(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BUILD: Family = Family::gauge("khttpd_build_info", "Version of the module.");
        const START: Family = Family::gauge(
            "khttpd_start_time_seconds",
            "Time at which the server was created, in seconds since 1970.",
        );
        const LISTENERS: Family = Family::gauge("khttpd_listeners", "Sockets that listen.");
        BUILD.write_labelled(f, "version", [(VERSION.as_bytes(), 1)])?;
        START.write(f, self.start_seconds)?;
        LISTENERS.write(f, self.numbers.listeners)
    }

    /// Writes the numbers of connections, by phase.
    fn write_connections(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const STATES: Family = Family::gauge("khttpd_connections", "Connections.");
        const MAX: Family = Family::gauge("khttpd_connections_max", "Bound of the connections.");
        const MEMORY: Family = Family::gauge(
            "khttpd_connections_memory_bytes",
            "Memory of connections, without that of TCP.",
        );
        let counts = connections::by_phase(self.pool, self.adopted);
        let names = ConnPhase::ALL.iter().map(|(_, name)| name.as_bytes());
        STATES.write_labelled(f, "state", names.zip(counts))?;
        MAX.write(f, self.pool.core.settings.max_connections.get())?;
        MEMORY.write(f, self.pool.table.len() * size_of::<Connection>())
    }

    /// Writes the number of lines that the access log has lost.
    fn write_log(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LOST: Family = Family::counter(
            "khttpd_log_lost_lines_total",
            "Lines of the access log that found no room.",
        );
        LOST.write(f, self.pool.core.log.lost())
    }

    /// Writes the responses by host, if the site has several roots.
    fn write_hosts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOSTS: Family = Family::counter(
            "khttpd_host_responses_total",
            "Responses that were begun, by hosts of a root and class of status.",
        );
        if !self.site.counts_hosts() {
            return Ok(());
        }
        HOSTS.begin(f)?;
        for (host, replies) in self.site.replies() {
            // khttpd sends no 1xx.
            for (class, responses) in (1..).zip(replies.by_class()).skip(1) {
                write!(f, "{}{{host=\"", HOSTS.name)?;
                write_label_value(host, f)?;
                writeln!(f, "\",class=\"{class}xx\"}} {responses}")?;
            }
        }
        Ok(())
    }

    /// Writes the size of the site and of those before it.
    fn write_site(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ENTRIES: Family = Family::gauge("khttpd_site_entries", "Entries of the site.");
        const MEMORY: Family = Family::gauge("khttpd_site_memory_bytes", "Memory of the site.");
        const SKIPPED: Family = Family::gauge(
            "khttpd_site_skipped_files",
            "Files and directories below the roots that are not served.",
        );
        const LOAD: Family = Family::gauge(
            "khttpd_site_load_seconds",
            "Time that it took to load the site.",
        );
        const WATCHED: Family = Family::gauge(
            "khttpd_watched_directories",
            "Directories whose changes have the site loaded again.",
        );
        const OLD: Family = Family::gauge(
            "khttpd_old_sites",
            "Sites that were replaced and that responses still use.",
        );
        const OLD_MEMORY: Family = Family::gauge(
            "khttpd_old_sites_memory_bytes",
            "Memory of old sites; what they share counts for each.",
        );
        let (old_sites, old_memory) = self.numbers.old_sites;
        let milliseconds = self.numbers.load_milliseconds;
        let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
        ENTRIES.write(f, self.site.len())?;
        MEMORY.write(f, self.site.footprint())?;
        SKIPPED.write(f, self.site.skipped())?;
        LOAD.write(f, format_args!("{seconds}.{rest:03}"))?;
        WATCHED.write(f, self.numbers.watched)?;
        OLD.write(f, old_sites)?;
        OLD_MEMORY.write(f, old_memory)
    }
}

/// Writes the counters of events.
fn write_counters(counters: &Counters, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (family, count) in &SINGLE {
        family.write(f, counters.total(*count))?;
    }
    for (family, reasons) in &BY_REASON {
        let samples = reasons.iter();
        family.write_labelled(
            f,
            "reason",
            samples.map(|(reason, count)| (reason.as_bytes(), counters.total(*count))),
        )?;
    }
    Ok(())
}

/// Writes the responses by status code.
fn write_responses(counters: &Counters, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const RESPONSES: Family = Family::counter(
        "khttpd_responses_total",
        "Responses that were begun, by status code.",
    );
    RESPONSES.begin(f)?;
    for status in Status::ALL {
        let (code, responses) = (status.code(), counters.responses(*status));
        writeln!(f, "{}{{code=\"{code}\"}} {responses}", RESPONSES.name)?;
    }
    Ok(())
}

impl Family {
    /// Writes the lines before the samples.
    fn begin(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, help, kind } = self;
        writeln!(f, "# HELP {name} {help}\n# TYPE {name} {kind}")
    }

    /// Writes the only sample.
    fn write(&self, f: &mut fmt::Formatter<'_>, value: impl core::fmt::Display) -> fmt::Result {
        self.begin(f)?;
        writeln!(f, "{} {value}", self.name)
    }

    /// Writes the samples for some values of a label.
    fn write_labelled<'v, V: core::fmt::Display>(
        &self,
        f: &mut fmt::Formatter<'_>,
        label: &str,
        samples: impl IntoIterator<Item = (&'v [u8], V)>,
    ) -> fmt::Result {
        self.begin(f)?;
        samples.into_iter().try_for_each(|(value, sample)| {
            write!(f, "{}{{{label}=\"", self.name)?;
            write_label_value(value, f)?;
            writeln!(f, "\"}} {sample}")
        })
    }
}

/// Writes the value of a label, as it stands between quotation marks.
fn write_label_value(value: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in value.utf8_chunks() {
        for piece in chunk.valid().split_inclusive(['\\', '"', '\n']) {
            let (last, special) = match piece.as_bytes() {
                [.., b'\\'] => ("\\\\", 1),
                [.., b'"'] => ("\\\"", 1),
                [.., b'\n'] => ("\\n", 1),
                _ => ("", 0),
            };
            f.write_str(piece.get(..piece.len() - special).unwrap_or_default())?;
            f.write_str(last)?;
        }
        if !chunk.invalid().is_empty() {
            f.write_str("\u{fffd}")?;
        }
    }
    Ok(())
}

#[kunit_tests(khttpd_metrics)]
mod tests {
    use super::*;
    use crate::sys::text;

    /// The value of a label.
    struct Value<'a>(&'a [u8]);

    impl fmt::Display for Value<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_label_value(self.0, f)
        }
    }

    #[test]
    fn values_of_labels_are_escaped() -> Result {
        for (value, expected) in [
            (&b"a\\b\"c\nd\"\"e"[..], "a\\\\b\\\"c\\nd\\\"\\\"e"),
            (b"*.\xc3\xa4.example", "*.\u{e4}.example"),
            (b"\xff\\", "\u{fffd}\\\\"),
            (b"", ""),
        ] {
            let text = text::render(fmt!("{}", Value(value)))?;
            assert!(text[..] == *expected.as_bytes());
        }
        Ok(())
    }
}
