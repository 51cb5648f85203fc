// SPDX-License-Identifier: GPL-2.0-only

//! The metrics that are counters of events.

use super::counters::Count;

/// A metric with one sample, or several that differ by the value of a label.
pub(super) struct Family {
    /// Name; by convention that of a counter ends with `_total`.
    pub(super) name: &'static str,
    /// Description, which follows the name in the text.
    pub(super) help: &'static str,
    /// Type: `counter` or `gauge`.
    pub(super) kind: &'static str,
}

impl Family {
    /// Creates a number that only grows, until the counters begin anew.
    pub(super) const fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind: "counter",
        }
    }

    /// Creates a number that grows and falls.
    pub(super) const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind: "gauge",
        }
    }
}

/// Counters, each of a family of its own.
pub(super) const SINGLE: [(Family, Count); 14] = [
    (
        Family::counter("khttpd_accepted_connections_total", "Accepted connections."),
        Count::Accepted,
    ),
    (
        Family::counter(
            "khttpd_accept_errors_total",
            "Connections that could not be accepted because a resource was short.",
        ),
        Count::AcceptErrors,
    ),
    (
        Family::counter(
            "khttpd_full_total",
            "Times that connections had to wait in a backlog because max-connections were connected.",
        ),
        Count::Full,
    ),
    (
        Family::counter(
            "khttpd_expired_connections_total",
            "Connections whose time was up.",
        ),
        Count::Expired,
    ),
    (
        Family::counter(
            "khttpd_shed_connections_total",
            "Connections with an unfinished head that were reset because TCP was short of memory.",
        ),
        Count::Shed,
    ),
    (
        Family::counter(
            "khttpd_handed_over_connections_total",
            "Connections that a process took over.",
        ),
        Count::HandedOver,
    ),
    (
        Family::counter(
            "khttpd_refused_tls_connections_total",
            "Connections of TLS listeners that were closed because the TLS agent could not have them.",
        ),
        Count::TlsRefused,
    ),
    (
        Family::counter(
            "khttpd_adopted_connections_total",
            "Connections that a process gave to khttpd.",
        ),
        Count::Adopted,
    ),
    (
        Family::counter(
            "khttpd_adopted_tls_connections_total",
            "Connections with TLS that a process gave to khttpd.",
        ),
        Count::AdoptedTls,
    ),
    (
        Family::counter(
            "khttpd_returned_connections_total",
            "Adopted connections that went back to a process.",
        ),
        Count::Returned,
    ),
    (
        Family::counter(
            "khttpd_blocked_responses_total",
            "Times that responses had to wait because the send buffer was full.",
        ),
        Count::Blocked,
    ),
    (
        Family::counter(
            "khttpd_sent_bytes_total",
            "Bytes of responses that TCP took.",
        ),
        Count::Bytes,
    ),
    (
        Family::counter(
            "khttpd_watch_loads_total",
            "Loads of the site because its files had changed.",
        ),
        Count::WatchLoads,
    ),
    (
        Family::counter(
            "khttpd_watch_failures_total",
            "Loads of changed files that have failed; the old site is served.",
        ),
        Count::WatchFailures,
    ),
];

/// Counters of a family, by reason.
pub(super) const BY_REASON: [(Family, &[(&str, Count)]); 2] = [
    (
        Family::counter(
            "khttpd_deferred_polls_total",
            "Polls of a connection that softirq left to the worker.",
        ),
        &[
            ("owned", Count::Owned),
            ("budget", Count::Spent),
            ("memory", Count::Short),
        ],
    ),
    (
        Family::counter(
            "khttpd_refused_hand_overs_total",
            "Connections that a process could not have.",
        ),
        &[
            ("no-listener", Count::NoListener),
            ("queue-full", Count::QueueFull),
            ("kernel-socket", Count::KernelSocket),
            ("wrong-family", Count::WrongFamily),
            ("wrong-user", Count::WrongUser),
            ("closing", Count::HandOverClosing),
            ("no-memory", Count::HandOverShort),
            ("no-reader", Count::NoReader),
        ],
    ),
];
