// SPDX-License-Identifier: GPL-2.0-only

//! What is kept of a request and its response until the line is rendered.

use super::{
    format::LogFormat,
    request_head::{
        value,
        RequestHead, //
    }, //
};
use crate::tls::TlsParameters;
use core::net::Ipv6Addr;

/// The end of a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// TCP has taken all of the response.
    Complete,
    /// The connection ended before.
    Broken,
    /// A process has taken over the connection with the request.
    HandedOver,
}

impl Ending {
    /// Returns the word of the log.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Broken => "broken",
            Self::HandedOver => "handed-over",
        }
    }
}

/// A point in time, by two clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// Nanoseconds since the beginning of 1970, UTC.
    pub real_nanoseconds: u64,
    /// Nanoseconds of a clock that is never set.
    pub monotonic_nanoseconds: u64,
}

/// A text of a record.
#[derive(Clone, Copy)]
pub(super) enum RecordText {
    Line,
    Host,
    Referer,
    UserAgent,
}

impl RecordText {
    /// Room for each text in bytes.
    const ROOM: [usize; 4] = [480, 80, 160, 200];

    /// Returns the room for the text in bytes.
    #[inline]
    const fn room(self) -> usize {
        let [line, host, referer, user_agent] = Self::ROOM;
        match self {
            Self::Line => line,
            Self::Host => host,
            Self::Referer => referer,
            Self::UserAgent => user_agent,
        }
    }
}

impl RecordText {
    /// Returns this text of a head; empty if it has none.
    fn of(self, head: RequestHead<'_>) -> &[u8] {
        let name: &[u8] = match self {
            Self::Line => return head.line(),
            Self::Host => b"host",
            Self::Referer => b"referer",
            Self::UserAgent => b"user-agent",
        };
        head.field(name).unwrap_or_default()
    }
}

/// Room for all texts in bytes.
pub(super) const TEXT_ROOM: usize = {
    let [line, host, referer, user_agent] = RecordText::ROOM;
    line.wrapping_add(host)
        .wrapping_add(referer)
        .wrapping_add(user_agent)
};

/// The numbers of a record.
#[derive(Clone, Copy)]
pub(super) struct RecordNumbers {
    /// Nanoseconds of the monotonic clock at the first byte of the head; 0 if unknown.
    pub(super) begin: u64,
    /// Time of the end.
    pub(super) end: Moment,
    /// Bytes of earlier responses that leave together with this one.
    offset: u64,
    /// Length of the head of the response in bytes.
    head_length: u64,
    /// Length of its body in bytes.
    body_length: u64,
    /// Bytes of both that were sent.
    sent: u64,
    /// Address of the client; one of IPv4 is mapped.
    pub(super) client: Ipv6Addr,
    pub(super) port: u16,
    /// Status; 0 without a response.
    pub(super) status: u16,
    pub(super) ending: Ending,
    pub(super) tls: Option<TlsParameters>,
}

impl RecordNumbers {
    const EMPTY: Self = Self {
        begin: 0,
        end: Moment {
            real_nanoseconds: 0,
            monotonic_nanoseconds: 0,
        },
        offset: 0,
        head_length: 0,
        body_length: 0,
        sent: 0,
        client: Ipv6Addr::UNSPECIFIED,
        port: 0,
        status: 0,
        ending: Ending::Broken,
        tls: None,
    };
}

/// A line of the access log before it is rendered.
///
/// It has a copy of the head, in which the reader that renders the line finds the texts. Of a head
/// that is too long it has the texts alone, one behind the other. The bytes behind them are left from
/// earlier requests.
///
/// # Examples
///
/// ```
/// use protocol::log::{Ending, LogFormat, LogRecord, Moment, RequestHead};
/// use std::net::Ipv4Addr;
///
/// let mut record = LogRecord::EMPTY;
/// let head = RequestHead::new(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
/// record.begin(head, LogFormat::Common);
/// record.set_client(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped(), 50_000);
/// record.set_begin(1_000_000);
/// record.set_response(200, 150, 1000);
/// let now = Moment {
///     real_nanoseconds: 784_111_777_000_000_000,
///     monotonic_nanoseconds: 3_000_000,
/// };
/// record.finish(Ending::Complete, record.end_offset(), now);
/// assert_eq!(
///     record.to_string(),
///     "192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a HTTP/1.1\" 200 1000\n",
/// );
/// ```
#[repr(C, align(64))]
#[derive(Clone)]
pub struct LogRecord {
    pub(super) numbers: RecordNumbers,
    /// Length of the head that `text` is; 0 if it consists of texts.
    head_length: u16,
    /// End of each text, in the order of [`RecordText`].
    ends: [u16; RecordText::ROOM.len()],
    format: LogFormat,
    pub(super) is_truncated: [bool; RecordText::ROOM.len()],
    text: [u8; TEXT_ROOM],
}

/// A record has 1 KiB.
const _: [(); 1024] = [(); size_of::<LogRecord>()];

impl LogRecord {
    /// A record without a line.
    pub const EMPTY: Self = Self {
        numbers: RecordNumbers::EMPTY,
        head_length: 0,
        ends: [0; RecordText::ROOM.len()],
        format: LogFormat::Off,
        is_truncated: [false; RecordText::ROOM.len()],
        text: [0; TEXT_ROOM],
    };

    /// Begins a line in this format with the head of a request. Of one that is too long it takes what
    /// the format needs, and truncates each text that is still too long. All else is forgotten.
    #[inline]
    pub fn begin(&mut self, head: RequestHead<'_>, format: LogFormat) {
        self.numbers = RecordNumbers::EMPTY;
        self.format = format;
        self.is_truncated = [false; RecordText::ROOM.len()];
        let bytes = head.as_bytes();
        // `TEXT_ROOM` is less.
        self.head_length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        match self.text.get_mut(..bytes.len()) {
            Some([]) | None => self.pick(head, format),
            Some(room) => room.copy_from_slice(bytes),
        }
    }

    /// Takes the texts that the format needs.
    #[inline(never)]
    fn pick(&mut self, head: RequestHead<'_>, format: LogFormat) {
        self.head_length = 0;
        let [mut host, mut referer, mut user_agent]: [&[u8]; 3] = [&[]; 3];
        let (request_line, lines) = head.split();
        if format.has_fields() {
            for line in lines {
                // The first letter excludes nearly all other fields.
                match line {
                    [b'H' | b'h', ..] => host = value(line, b"host:").unwrap_or(host),
                    [b'R' | b'r', ..] => referer = value(line, b"referer:").unwrap_or(referer),
                    [b'U' | b'u', ..] => {
                        user_agent = value(line, b"user-agent:").unwrap_or(user_agent);
                    }
                    [..] => {}
                }
            }
        }
        let mut end = self.put(RecordText::Line, 0, request_line);
        end = self.put(RecordText::Host, end, host);
        end = self.put(RecordText::Referer, end, referer);
        self.put(RecordText::UserAgent, end, user_agent);
    }

    /// Sets the address of the client, which is mapped if it is one of IPv4, and the port.
    #[inline]
    pub fn set_client(&mut self, address: Ipv6Addr, port: u16) {
        self.numbers.client = address;
        self.numbers.port = port;
    }

    /// Sets the parameters of the connection's TLS; none without it.
    #[inline]
    pub fn set_tls(&mut self, tls: Option<TlsParameters>) {
        self.numbers.tls = tls;
    }

    /// Sets the status of the response, and the lengths of its head and its body in bytes.
    #[inline]
    pub fn set_response(&mut self, status: u16, head_length: u64, body_length: u64) {
        self.numbers.status = status;
        self.numbers.head_length = head_length;
        self.numbers.body_length = body_length;
    }

    /// Sets the number of bytes of earlier responses that leave together with this one.
    #[inline]
    pub fn set_offset(&mut self, offset: u64) {
        self.numbers.offset = offset;
    }

    /// Sets the time at which the first byte of the request arrived, in nanoseconds of the
    /// monotonic clock, unless it was set before.
    #[inline]
    pub fn set_begin(&mut self, monotonic_nanoseconds: u64) {
        if self.numbers.begin == 0 {
            self.numbers.begin = monotonic_nanoseconds;
        }
    }

    /// Returns the number of bytes that leave up to the end of the response, head and body: those of
    /// earlier responses that leave together with it, and its own.
    #[inline]
    pub fn end_offset(&self) -> u64 {
        let numbers = &self.numbers;
        let start = numbers.offset.saturating_add(numbers.head_length);
        start.saturating_add(numbers.body_length)
    }

    /// Ends the line: `sent` bytes, which those of earlier responses are among, were sent up to `now`.
    #[inline]
    pub fn finish(&mut self, ending: Ending, sent: u64, now: Moment) {
        self.numbers.ending = ending;
        self.numbers.sent = sent.saturating_sub(self.numbers.offset);
        self.numbers.end = now;
    }

    /// Returns the time of the end, in nanoseconds of the monotonic clock.
    #[inline]
    pub fn end(&self) -> u64 {
        self.numbers.end.monotonic_nanoseconds
    }

    /// Returns the format.
    #[inline]
    pub fn format(&self) -> LogFormat {
        self.format
    }

    /// Returns the number of bytes of the body that were sent.
    pub(super) fn body_sent(&self) -> u64 {
        let numbers = &self.numbers;
        let sent = numbers.sent.saturating_sub(numbers.head_length);
        sent.min(numbers.body_length)
    }

    /// Returns a text; empty if the request has none.
    pub(super) fn text(&self, text: RecordText) -> &[u8] {
        if let Some(head @ [_, ..]) = self.text.get(..usize::from(self.head_length)) {
            return text.of(RequestHead::new(head));
        }
        let [line, host, referer, user_agent] = self.ends.map(usize::from);
        let range = match text {
            RecordText::Line => 0..line,
            RecordText::Host => line..host,
            RecordText::Referer => host..referer,
            RecordText::UserAgent => referer..user_agent,
        };
        self.text.get(range).unwrap_or_default()
    }

    /// Returns whether a text is shorter than the request has it.
    pub(super) fn is_truncated(&self, text: RecordText) -> bool {
        self.is_truncated.get(text as usize) == Some(&true)
    }

    /// Puts a text behind the others, which end at `start`. Returns its end.
    #[inline]
    fn put(&mut self, text: RecordText, start: usize, bytes: &[u8]) -> usize {
        let (kept, is_truncated) = match bytes.split_at_checked(text.room()) {
            Some((kept, [_, ..])) => (kept, true),
            Some((_, [])) | None => (bytes, false),
        };
        let mut end = start;
        if !kept.is_empty() {
            let free = self.text.get_mut(start..).unwrap_or_default();
            if let Some(room) = free.get_mut(..kept.len()) {
                room.copy_from_slice(kept);
                end = start.saturating_add(kept.len());
            }
        }
        if let Some(known) = self.is_truncated.get_mut(text as usize) {
            *known = is_truncated;
        }
        if let Some(known) = self.ends.get_mut(text as usize) {
            // `TEXT_ROOM` is less.
            *known = u16::try_from(end).unwrap_or(u16::MAX);
        }
        end
    }
}

#[cfg(test)]
mod tests;
