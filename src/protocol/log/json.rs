// SPDX-License-Identifier: GPL-2.0-only

//! The JSON format (RFC 8259).

use super::{
    record::{
        LogRecord,
        RecordText, //
    },
    request_head::LineWords, //
};
use crate::{
    http::Timestamp,
    tls::TlsParameters, //
};
use core::{
    fmt,
    str, //
};

/// Writes a line, without its end. What is unknown is null.
pub(super) fn write_object(record: &LogRecord, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let numbers = &record.numbers;
    write_time(numbers.end.real_nanoseconds, f)?;
    write!(
        f,
        ",\"client\":\"{}\",\"port\":{}",
        numbers.client.to_canonical(),
        numbers.port
    )?;
    write_request(record, f)?;
    write_text("host", record, RecordText::Host, f)?;
    match numbers.status {
        0 => f.write_str(",\"status\":null")?,
        status => write!(f, ",\"status\":{status}")?,
    }
    write!(f, ",\"bytes\":{},\"duration\":", record.body_sent())?;
    write_duration(record, f)?;
    write!(f, ",\"end\":\"{}\"", numbers.ending.word())?;
    write_text("referer", record, RecordText::Referer, f)?;
    write_text("user_agent", record, RecordText::UserAgent, f)?;
    if let Some(TlsParameters { version, cipher }) = numbers.tls {
        let (version, cipher) = (version.word(), cipher.word());
        write!(f, ",\"tls\":\"{version}\",\"cipher\":\"{cipher}\"")?;
    }
    f.write_str(if record.is_truncated.contains(&true) {
        ",\"truncated\":true}"
    } else {
        "}"
    })
}

/// Writes the beginning of an object, with the time in milliseconds.
pub(super) fn write_time(real_nanoseconds: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let seconds = Timestamp(real_nanoseconds.wrapping_div(1_000_000_000));
    let milliseconds = real_nanoseconds.wrapping_div(1_000_000).wrapping_rem(1000);
    let date = seconds.render_rfc3339();
    let date = str::from_utf8(&date).unwrap_or_default();
    write!(f, "{{\"time\":\"{date}.{milliseconds:03}Z\"")
}

/// Writes the seconds from the first byte of the request to the end, with milliseconds.
fn write_duration(record: &LogRecord, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if record.numbers.begin == 0 {
        return f.write_str("null");
    }
    let nanoseconds = record.end().saturating_sub(record.numbers.begin);
    let milliseconds = nanoseconds.wrapping_div(1_000_000);
    let (seconds, rest) = (
        milliseconds.wrapping_div(1000),
        milliseconds.wrapping_rem(1000),
    );
    write!(f, "{seconds}.{rest:03}")
}

/// Writes the words of the request line.
fn write_request(record: &LogRecord, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let words = LineWords::of(record.text(RecordText::Line));
    let is_truncated = record.is_truncated(RecordText::Line);
    write_string("method", words.method, is_truncated, f)?;
    write_string("target", words.target, is_truncated, f)?;
    write_string("protocol", words.protocol, is_truncated, f)
}

/// Writes a text of the record.
fn write_text(
    name: &str,
    record: &LogRecord,
    text: RecordText,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write_string(name, record.text(text), record.is_truncated(text), f)
}

/// Writes a string; null if it is empty. U+FFFD stands for bytes that are no UTF-8, except for part
/// of a character at the end of a truncated string.
fn write_string(
    name: &str,
    bytes: &[u8],
    is_truncated: bool,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, ",\"{name}\":")?;
    if bytes.is_empty() {
        return f.write_str("null");
    }
    f.write_str("\"")?;
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        write_escaped(chunk.valid(), f)?;
        let is_cut = is_truncated && chunks.peek().is_none();
        if !chunk.invalid().is_empty() && !is_cut {
            f.write_str("\u{fffd}")?;
        }
    }
    f.write_str("\"")
}

/// Writes quotes, backslashes and control characters as escapes, all else as it is.
fn write_escaped(mut text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is_special = |character: char| matches!(character, '"' | '\\') || character.is_control();
    loop {
        let end = text.find(is_special).unwrap_or(text.len());
        let (plain, rest) = text.split_at_checked(end).unwrap_or_default();
        f.write_str(plain)?;
        let mut rest = rest.chars();
        match rest.next() {
            None => return Ok(()),
            Some(escaped @ ('"' | '\\')) => write!(f, "\\{escaped}")?,
            Some(control) => write!(f, "\\u{:04x}", u32::from(control))?,
        }
        text = rest.as_str();
    }
}
