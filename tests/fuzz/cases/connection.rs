// SPDX-License-Identifier: GPL-2.0-only

//! Connections and chunked bodies, which arrive in pieces.

use super::fixture::{self, Memory, Received, WithMetrics, NOW};
use super::lines_are_clean;
use protocol::http::{
    BodyDrain, Clock, Deferral, Disposition, DrainProgress, Framing, Request, Scratch, Session,
    HEAD_MAX, REQUESTS_MAX,
};
use std::sync::OnceLock;

/// Splits all lines but the first into pieces. Each byte of the first line is the length of a
/// piece; lengths repeat. Without any there is one piece.
fn pieces(bytes: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let lengths = bytes[..end].iter().map(|b| usize::from(*b).max(1));
    let whole = bytes.get(end + 1..).unwrap_or_default();
    let mut lengths = lengths.cycle();
    let mut pieces = Vec::new();
    let mut rest = whole;
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(rest.len()).min(rest.len());
        let (piece, after) = rest.split_at(length);
        pieces.push(piece);
        rest = after;
    }
    (whole, pieces)
}

/// Checks a chunked body in pieces.
pub fn chunked(bytes: &[u8]) {
    let (whole, pieces) = pieces(bytes);
    let begin = || BodyDrain::new(Framing::Chunked).expect("chunked is a body");
    let outcome = begin().take(whole);
    if let DrainProgress::End(end) = outcome {
        assert_eq!(end_of_chunked(whole), Some(end));
    }
    let mut discard = begin();
    let mut taken = 0;
    let mut split = DrainProgress::More;
    for piece in pieces {
        split = match discard.take(piece) {
            DrainProgress::End(count) => DrainProgress::End(taken + count),
            other => other,
        };
        if split != DrainProgress::More {
            break;
        }
        taken += piece.len();
    }
    assert_eq!(split, outcome);
}

/// Finds the end of a well-formed chunked body, without any checks.
fn end_of_chunked(bytes: &[u8]) -> Option<usize> {
    let line = |at: usize| {
        let rest = bytes.get(at..)?;
        let length = rest.windows(2).position(|pair| pair == b"\r\n")?;
        Some((&rest[..length], at + length + 2))
    };
    let mut at = 0;
    loop {
        let (size, after) = line(at)?;
        let digits = size.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let size = std::str::from_utf8(&size[..digits]).ok()?;
        at = after + usize::from_str_radix(size, 16).ok()?;
        if at == after {
            break;
        }
        let (nothing, after) = line(at)?;
        assert!(nothing.is_empty(), "data after a chunk");
        at = after;
    }
    loop {
        let (trailer, after) = line(at)?;
        at = after;
        if trailer.is_empty() {
            return Some(at);
        }
    }
}

/// Checks a whole connection in pieces.
pub fn session(bytes: &[u8]) {
    static SITE: OnceLock<Memory> = OnceLock::new();
    let site = SITE.get_or_init(fixture::site);
    let (whole, mut pieces) = pieces(bytes);
    // An unfinished malformed line is rejected at once only if it arrives in one piece, so that
    // slow heads are not parsed again and again. Here each line ends.
    pieces.push(END);
    let Served {
        responses, broken, ..
    } = connection(site, &[whole, END]);
    let split = connection(site, &pieces);
    assert_eq!(split.broken, broken);
    assert_same(&split.responses, &responses);
    responses.iter().for_each(check_response);
    let persistent = responses
        .iter()
        .take_while(|response| response.disposition == Disposition::KeepAlive);
    assert!(
        persistent.count() + 1 >= responses.len(),
        "a response after the last"
    );
}

/// Checks a whole connection in pieces that a process takes over: the process reads exactly what
/// follows the requests that received a response.
pub fn hand_over(bytes: &[u8]) {
    static SITES: OnceLock<[Memory; 2]> = OnceLock::new();
    let [alone, beside_process] = SITES.get_or_init(|| {
        let mut beside_process = fixture::site();
        beside_process.rules += "hand-over * 8000\nhand-over /dir/* 8001 always\n";
        [fixture::site(), beside_process]
    });
    let (whole, mut pieces) = pieces(bytes);
    pieces.push(END);
    let served = connection(beside_process, &[whole, END]);
    let split = connection(beside_process, &pieces);
    assert_eq!(split.broken, served.broken);
    assert_same(&split.responses, &served.responses);
    assert_eq!(split.handed_over, served.handed_over);

    let whole = [whole, END].concat();
    let handed_over = served.handed_over.unwrap_or_default();
    let before = whole
        .strip_suffix(handed_over.as_slice())
        .expect("the end of what was sent");
    // What comes before is the same without a process.
    let before = connection(alone, &[before]);
    assert_same(&before.responses, &served.responses);
    assert_eq!(before.broken, served.broken);
    if !handed_over.is_empty() {
        assert!(!handed_over.starts_with(END));
        assert_eq!(Request::new().parse(&handed_over), Ok(()));
        assert_eq!(before.left, 0);
        let kept = |response: &Received| response.disposition == Disposition::KeepAlive;
        assert!(!served.broken && served.responses.iter().all(kept));
    }
}

/// The end of a line.
const END: &[u8] = b"\r\n";

/// Checks that responses are the same. Lingering depends on the bytes received when the connection
/// ended.
fn assert_same(responses: &[Received], expected: &[Received]) {
    assert_eq!(responses.len(), expected.len());
    for (response, expected) in responses.iter().zip(expected) {
        assert_eq!(
            (&response.head, &response.body),
            (&expected.head, &expected.body)
        );
    }
}

/// The result of a connection.
struct Served {
    responses: Vec<Received>,
    broken: bool,
    /// Bytes that the process reads to which the connection was handed over.
    handed_over: Option<Vec<u8>>,
    /// Number of bytes that were not consumed.
    left: usize,
}

/// Serves a connection on which some pieces arrive.
fn connection(site: &Memory, pieces: &[&[u8]]) -> Served {
    let clock = Clock::new(NOW);
    let mut scratch = Box::new(Scratch::new());
    let mut session = Session::new(REQUESTS_MAX);
    let rendered = WithMetrics(site);
    let (mut responses, mut broken) = (Vec::new(), false);
    let mut buffer = Vec::new();
    let mut pieces = pieces.iter();
    while let Some(piece) = pieces.next() {
        buffer.extend_from_slice(piece);
        // Each pass but the last consumes a byte at least.
        for _ in 0..=buffer.len() {
            let step = session.receive(&buffer, site, &clock, &mut scratch.room());
            let consumed = step.consumed;
            let received = step
                .response
                .map(|response| fixture::receive(site, &response));
            assert!(consumed <= buffer.len() && (received.is_none() || consumed > 0));
            assert!(!(step.broken && received.is_some()));
            if let Some(request) = step.deferred {
                assert!(received.is_none() && !step.broken);
                buffer.drain(..consumed);
                let again = session.receive(&buffer, site, &clock, &mut scratch.room());
                assert_eq!((again.consumed, again.deferred), (0, Some(request)));
                if let Deferral::Metrics(_) = request.to {
                    let page = session.receive(&buffer, &rendered, &clock, &mut scratch.room());
                    let response = page.response.map(|page| fixture::receive(site, &page));
                    assert!(page.consumed > 0 && response.is_some());
                    responses.extend(response);
                    buffer.drain(..page.consumed);
                    continue;
                }
                buffer.extend(pieces.flat_map(|piece| piece.iter().copied()));
                return Served {
                    responses,
                    broken,
                    handed_over: Some(buffer),
                    left: 0,
                };
            }
            let ended = responses
                .last()
                .is_some_and(|a: &Received| a.disposition != Disposition::KeepAlive);
            assert!(!(broken || ended) || (received.is_none() && consumed == buffer.len()));
            broken |= step.broken;
            responses.extend(received);
            buffer.drain(..consumed);
            if consumed == 0 || buffer.is_empty() {
                break;
            }
        }
        assert!(buffer.len() < HEAD_MAX, "more than a head is kept");
    }
    Served {
        responses,
        broken,
        handed_over: None,
        left: buffer.len(),
    }
}

/// Checks the properties of every response.
fn check_response(response: &Received) {
    let head = &response.head;
    assert!(head.starts_with("HTTP/1.1 ") && lines_are_clean(head.as_bytes()));
    assert!(head.is_ascii() && !head.contains('\t'), "{head}");
    let mut names: Vec<_> = head.split("\r\n").skip(1).collect();
    names.retain(|line| !line.is_empty());
    names.iter_mut().for_each(|line| {
        let (name, value) = line.split_once(": ").expect("a field line");
        assert!(!value.is_empty() && value.trim() == value, "{line}");
        *line = name;
    });
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{head}");
    assert!(names.contains(&"Date"), "{head}");

    let length = response
        .field("Content-Length")
        .map(|text| text.parse::<usize>());
    match (response.status, length) {
        (304, length) => assert!(length.is_none() && response.body.is_empty()),
        // A response to HEAD has the same head.
        (_, Some(Ok(length))) => assert!(response.body.is_empty() || response.body.len() == length),
        (_, length) => panic!("Content-Length: {length:?}"),
    }
    let close = response.field("Connection") == Some("close");
    assert_eq!(
        close,
        response.disposition != Disposition::KeepAlive,
        "{head}"
    );
    let redirect_response = matches!(response.status, 301 | 302 | 307 | 308);
    assert_eq!(response.field("Location").is_some(), redirect_response);
    if let Some(location) = response.field("Location") {
        let ours = location.starts_with('/') && !location.starts_with("//");
        let by_rule = ["http://other.example/?q=1", "https://other.example/"];
        assert!(
            ours || by_rule.iter().any(|rule| location.starts_with(rule)),
            "{location}"
        );
    }
}
