// SPDX-License-Identifier: GPL-2.0-only

//! Numbers for monitoring, in Prometheus' text format.

use super::sink::{
    Full,
    Sink, //
};

/// Media type of Prometheus' text format.
pub(super) const MEDIA_TYPE: &[u8] = b"text/plain; version=0.0.4; charset=utf-8";

/// A number that a server shows.
///
/// # Examples
///
/// ```
/// use protocol::http::{Full, Metric, SliceWriter};
///
/// let mut room = [0; 128];
/// let mut text = SliceWriter::new(&mut room);
/// Metric::gauge("khttpd_site_entries", "Entries of the site.").put(3, &mut text)?;
/// let length = text.length();
/// assert!(room.starts_with(b"# HELP khttpd_site_entries Entries of the site.\n"));
/// assert!(room[..length].ends_with(b" khttpd_site_entries gauge\nkhttpd_site_entries 3\n"));
/// # Ok::<(), Full>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
}

impl Metric {
    /// Creates a number that only grows, until the counters begin anew. By convention its name ends
    /// with `_total`.
    pub const fn counter(name: &'static str, help: &'static str) -> Metric {
        Metric {
            name,
            help,
            kind: "counter",
        }
    }

    /// Creates a number that grows and falls.
    pub const fn gauge(name: &'static str, help: &'static str) -> Metric {
        Metric {
            name,
            help,
            kind: "gauge",
        }
    }

    /// Appends the number with what it means.
    ///
    /// # Errors
    ///
    /// [`Full`] if the sink has no room for it.
    pub fn put(&self, value: u64, sink: &mut impl Sink) -> Result<(), Full> {
        for word in ["# HELP ", self.name, " ", self.help, "\n# TYPE "] {
            sink.put(word.as_bytes())?;
        }
        for word in [self.name, " ", self.kind, "\n", self.name, " "] {
            sink.put(word.as_bytes())?;
        }
        sink.put_decimal(value)?;
        sink.put(b"\n")
    }
}
