// SPDX-License-Identifier: GPL-2.0-only

//! The counters of the status page.

use super::{
    counters::Count,
    Counters, //
};
use protocol::http::{
    Full,
    Metric,
    Sink, //
};

/// The counters that the status page shows.
const COUNTS: [(Metric, Count); 9] = [
    (
        Metric::counter("khttpd_accepted_connections_total", "Accepted connections."),
        Count::Accepted,
    ),
    (
        Metric::counter(
            "khttpd_accept_errors_total",
            "Connections that could not be accepted because a resource was short.",
        ),
        Count::AcceptErrors,
    ),
    (
        Metric::counter(
            "khttpd_expired_connections_total",
            "Connections whose time was up.",
        ),
        Count::Expired,
    ),
    (
        Metric::counter(
            "khttpd_shed_connections_total",
            "Connections with an unfinished head that were reset because TCP was short of memory.",
        ),
        Count::Shed,
    ),
    (
        Metric::counter(
            "khttpd_handed_over_connections_total",
            "Connections that a process took over.",
        ),
        Count::HandedOver,
    ),
    (
        Metric::counter(
            "khttpd_adopted_connections_total",
            "Connections that a process gave to khttpd.",
        ),
        Count::Adopted,
    ),
    (
        Metric::counter(
            "khttpd_client_error_responses_total",
            "Responses with a status of 4xx.",
        ),
        Count::ClientError,
    ),
    (
        Metric::counter(
            "khttpd_server_error_responses_total",
            "Responses with a status of 5xx.",
        ),
        Count::ServerError,
    ),
    (
        Metric::counter(
            "khttpd_sent_bytes_total",
            "Bytes of responses that TCP took.",
        ),
        Count::Bytes,
    ),
];

const RESPONSES: Metric = Metric::counter(
    "khttpd_responses_total",
    "Responses that were begun, of any status.",
);

impl Counters {
    /// Appends the counters of the status page.
    ///
    /// # Context
    ///
    /// Any context.
    ///
    /// # Errors
    ///
    /// [`Full`] if the sink has no room for them.
    pub(crate) fn put_metrics(&self, sink: &mut impl Sink) -> Result<(), Full> {
        for (metric, count) in COUNTS {
            metric.put(self.total(count), sink)?;
        }
        RESPONSES.put(self.responses(), sink)
    }
}
