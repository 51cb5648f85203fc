// SPDX-License-Identifier: GPL-2.0-only

//! The common and the combined format.

use super::record::{
    LogRecord,
    RecordText, //
};
use crate::http::Timestamp;
use core::{
    fmt,
    str, //
};

/// Writes a line of the common format, without its end:
/// `192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] "GET / HTTP/1.1" 200 1000`.
pub(super) fn write_common(record: &LogRecord, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let numbers = &record.numbers;
    let seconds = numbers.end.real_nanoseconds.wrapping_div(1_000_000_000);
    let date = Timestamp(seconds).render_log();
    let date = str::from_utf8(&date).unwrap_or_default();
    write!(f, "{} - - [{date}] ", numbers.client.to_canonical())?;
    write_quoted(record, RecordText::Line, f)?;
    match numbers.status {
        0 => f.write_str(" -")?,
        status => write!(f, " {status:03}")?,
    }
    match record.body_sent() {
        0 => f.write_str(" -"),
        bytes => write!(f, " {bytes}"),
    }
}

/// Writes what the combined format appends to the common one.
pub(super) fn write_fields(record: &LogRecord, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(" ")?;
    write_quoted(record, RecordText::Referer, f)?;
    f.write_str(" ")?;
    write_quoted(record, RecordText::UserAgent, f)
}

/// Writes a text in quotes; `"-"` without one, and `...` behind one that is truncated.
fn write_quoted(record: &LogRecord, text: RecordText, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let bytes = record.text(text);
    f.write_str("\"")?;
    if bytes.is_empty() {
        f.write_str("-")?;
    }
    write_escaped(bytes, f)?;
    f.write_str(if record.is_truncated(text) {
        "...\""
    } else {
        "\""
    })
}

/// Writes a text as nginx does: quotes, backslashes, and all but printable ASCII as `\xXX`.
fn write_escaped(mut bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    loop {
        let end = bytes.iter().position(|byte| !is_plain(*byte));
        let (plain, rest) = bytes
            .split_at_checked(end.unwrap_or(bytes.len()))
            .unwrap_or_default();
        f.write_str(str::from_utf8(plain).unwrap_or_default())?;
        let [first, rest @ ..] = rest else {
            return Ok(());
        };
        write!(f, "\\x{first:02X}")?;
        bytes = rest;
    }
}

/// Returns whether a byte needs no escape.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}
