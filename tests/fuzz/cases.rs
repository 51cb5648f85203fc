// SPDX-License-Identifier: GPL-2.0-only

//! What must hold for all input: one function for each fuzz target.
//!
//! The fuzz targets call them with what the fuzzer makes up, `cargo test -p protocol --test corpus`
//! with every file of `corpus/`. So a crash that was found once is a test from then on.

#![allow(missing_docs, unreachable_pub)]

#[path = "../../src/protocol/tests/fixture/mod.rs"]
mod fixture;

use fixture::{Memory, Received, NOW};
use protocol::control::command::Command;
use protocol::control::line::{split_complete_lines, Lines};
use protocol::control::rule::{Rule, VALUE_MAX};
use protocol::cpio::Archive;
use protocol::http::{
    choose_coding, encode_path, evaluate_preconditions, parse_range, BodyDrain, Clock, Coding,
    Codings, Disposition, DrainProgress, EntityTags, FieldName, Framing, Outcome, ParseError, Path,
    PathBuffer, RangeResult, Request, Scratch, Session, SliceWriter, TargetForm, Timestamp,
    Validators, HEAD_MAX, RANGES_MAX, REQUESTS_MAX, TARGET_MAX,
};
use std::sync::OnceLock;

/// HeadOffsets the lines behind the first into pieces: each byte of the first line is the length of one,
/// and after the last it begins anew. Without any there is one piece.
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

/// A head, as a session gives it: empty lines in front were taken off.
pub fn head(bytes: &[u8]) {
    let bytes = bytes.trim_ascii_start();
    let mut request = Request::new();
    match request.parse(bytes) {
        Ok(()) => {
            let head = &bytes[..request.length];
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            assert_eq!(end, request.length.checked_sub(4), "it ends elsewhere");
            assert!(request.target.len() <= TARGET_MAX);
            assert!(lines_are_clean(head));
            // What follows does not matter, and nothing less is enough.
            assert_eq!(Request::new().parse(head), Ok(()));
            for part in [head.len() - 1, head.len() / 2, head.len() / 3] {
                let outcome = Request::new().parse(&head[..part]);
                assert_eq!(outcome, Err(ParseError::Partial), "{part}");
            }
        }
        Err(ParseError::Partial) => assert!(!bytes.windows(4).any(|four| four == b"\r\n\r\n")),
        Err(ParseError::Rejected(refusal)) => {
            let status = refusal.status.code();
            assert!(matches!(status, 400 | 413 | 414 | 431 | 501 | 505));
        }
    }
}

/// Each line ends with CRLF, and beside that there are no control bytes but tabs.
fn lines_are_clean(head: &[u8]) -> bool {
    let crlf = head.windows(2).filter(|pair| pair == b"\r\n").count();
    let control = head.iter().filter(|b| b.is_ascii_control() && **b != b'\t');
    head.ends_with(b"\r\n") && control.count() == 2 * crlf
}

/// What is written to the control node. However it is cut, the same commands arrive.
pub fn command(bytes: &[u8]) {
    let parsed = |text: &[u8]| -> Vec<String> {
        Lines::new(text)
            .map(|line| match Command::parse(line) {
                Ok(Command::Listen(addresses)) => {
                    assert!(addresses.clone().count() > 0);
                    format!("{:?}", addresses.collect::<Vec<_>>())
                }
                Ok(command) => format!("{command:?}"),
                Err(error) => format!("{:?}: {}", error.word, error.reason),
            })
            .collect()
    };
    let whole = parsed(bytes);
    for at in [1, bytes.len() / 3, bytes.len() / 2] {
        let (first, second) = bytes.split_at(at.min(bytes.len()));
        let (lines, rest) = split_complete_lines(first);
        let mut cut = parsed(lines);
        cut.extend(parsed(&[rest, second].concat()));
        assert_eq!(cut, whole, "{at}");
    }
}

/// A request target.
pub fn target(bytes: &[u8]) {
    let Ok(TargetForm::Path(target)) = TargetForm::parse(bytes) else {
        return;
    };
    let mut buffer = PathBuffer::new();
    let parsed = Path::parse(target.path, &mut buffer);

    // A dot segment in front is taken away, whichever way the rest is decoded.
    let dotted = [b"/.", target.path].concat();
    let mut other = PathBuffer::new();
    assert_eq!(parsed, Path::parse(&dotted, &mut other));

    let Ok(Some(path)) = parsed else { return };
    let path = path.as_bytes();
    assert_eq!(path, resolve(target.path));
    assert!(path.starts_with(b"/") && path.len() <= target.path.len());
    assert!(!path.iter().any(u8::is_ascii_control));
    let mut segments = path.split(|b| *b == b'/');
    assert!(segments.all(|segment| segment != b"." && segment != b".."));

    let mut room = vec![0; 3 * path.len()];
    let mut writer = SliceWriter::new(&mut room);
    assert_eq!(encode_path(path, &mut writer), Ok(()));
    let length = writer.length();
    let mut again = PathBuffer::new();
    let decoded = Path::parse(&room[..length], &mut again);
    assert_eq!(decoded.map(|path| path.map(Path::as_bytes)), Ok(Some(path)));
}

/// The path that a well-formed one comes to (RFC 3986 section 5.2.4), step by step.
fn resolve(raw: &[u8]) -> Vec<u8> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut segments = raw.split(|b| *b == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let mut name = Vec::new();
        let mut rest = segment;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if *byte != b'%' {
                name.push(*byte);
                continue;
            }
            let digits = std::str::from_utf8(&rest[..2]).expect("digits");
            name.push(u8::from_str_radix(digits, 16).expect("digits"));
            rest = &rest[2..];
        }
        match name.as_slice() {
            b"." => {}
            b".." => drop(names.pop()),
            _ => {
                names.push(name);
                continue;
            }
        }
        if segments.peek().is_none() {
            names.push(Vec::new());
        }
    }
    [b"/".as_slice(), &names.join(&b'/')].concat()
}

/// Field lines with preconditions.
pub fn conditional(bytes: &[u8]) {
    let now = Timestamp(NOW);
    assert!(EntityTags::new(bytes).count() <= bytes.len());
    if let Some(time) = Timestamp::parse(bytes, now) {
        assert_eq!(Timestamp::parse(&time.render(), now), Some(time));
    }

    let head = [b"GET / HTTP/1.1\r\nHost: x\r\n", bytes, b"\r\n\r\n"].concat();
    let mut request = Request::new();
    if request.parse(&head).is_err() {
        return;
    }
    let outcome = |modified| {
        let current = Validators {
            etag: b"\"tag\"",
            modified: Timestamp(modified),
        };
        evaluate_preconditions(&request.fields, current, now)
    };
    let has = |name| request.fields.has(name);
    let (old, new) = (outcome(fixture::MODIFIED), outcome(NOW - 1));
    let may_fail = has(FieldName::IfMatch) || has(FieldName::IfUnmodifiedSince);
    let may_be_unmodified = has(FieldName::IfNoneMatch) || has(FieldName::IfModifiedSince);
    for outcome in [old, new] {
        assert!(outcome != Outcome::Failed || may_fail);
        assert!(outcome != Outcome::NotModified || may_be_unmodified);
    }
    // Where tags are compared, dates count for nothing.
    let dates = [
        (FieldName::IfMatch, FieldName::IfUnmodifiedSince),
        (FieldName::IfNoneMatch, FieldName::IfModifiedSince),
    ];
    if dates.iter().all(|(tag, date)| has(*tag) || !has(*date)) {
        assert_eq!(old, new);
    }
    // What has become newer fails no less often, and is unmodified no more often.
    assert!(old != Outcome::Failed || new == Outcome::Failed);
    assert!(new != Outcome::NotModified || old == Outcome::NotModified);
}

/// The length of a representation in decimal, and on the next line a `Range`.
pub fn range(bytes: &[u8]) {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (length, value) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let length = std::str::from_utf8(length).unwrap_or_default();
    let length = length.parse().unwrap_or(u64::MAX);
    let ranges = match parse_range(value, length) {
        RangeResult::Whole | RangeResult::Unsatisfiable => return,
        RangeResult::One(range) => vec![range],
        RangeResult::Several(ranges) => ranges.as_slice().to_vec(),
    };
    assert!((1..=RANGES_MAX).contains(&ranges.len()));
    for (n, range) in ranges.iter().enumerate() {
        assert!(range.first() <= range.last() && range.last() < length);
        assert_eq!(range.length() - 1, range.last() - range.first());
        let mut others = ranges[n + 1..].iter();
        assert!(others.all(|o| range.last() < o.first() || o.last() < range.first()));
    }
}

/// A letter that tells which codings there are, and lines of `Accept-Encoding`.
pub fn negotiation(bytes: &[u8]) {
    let Some((letter, value)) = bytes.split_first() else {
        return;
    };
    let is_there = |coding: &Coding| (letter >> (*coding as u8)) & 1 == 1;
    let available = Coding::ALL.into_iter().filter(is_there);
    let available = available.fold(Codings::default(), Codings::with);
    let chosen = choose_coding(value.split(|b| *b == b'\n'), available);
    match chosen {
        Some(coding) => assert!(available.contains(coding)),
        // The identity is excluded by a weight of 0 only.
        None => assert!(!available.contains(Coding::Identity) || value.contains(&b';')),
    }
    // Several lines mean the same as one list (RFC 9110 section 5.3).
    let lines: Vec<_> = value.split(|b| *b == b'\n').collect();
    let joined = lines.join(&b',');
    let once = choose_coding([joined.as_slice()].into_iter(), available);
    assert_eq!(once, chosen);
}

/// A chunked body in pieces.
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

/// Where a chunked body ends for a reader that trusts everybody.
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
        assert!(nothing.is_empty(), "data behind a chunk");
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

/// A whole connection in pieces.
pub fn session(bytes: &[u8]) {
    static SITE: OnceLock<Memory> = OnceLock::new();
    let site = SITE.get_or_init(fixture::site);
    let (whole, mut pieces) = pieces(bytes);
    // A malformed line that has not ended is refused at once only if it came in one piece, so that
    // slow heads are not read again and again. Here each line ends.
    const END: &[u8] = b"\r\n";
    pieces.push(END);
    let (responses, broken) = connection(site, &[whole, END]);
    let (split_responses, split_broken) = connection(site, &pieces);
    assert_eq!(split_broken, broken);
    assert_eq!(split_responses.len(), responses.len());
    for (split, response) in split_responses.iter().zip(&responses) {
        // Whether a connection lingers depends on what had come when it ended.
        assert_eq!((&split.head, &split.body), (&response.head, &response.body));
        check_response(response);
    }
    let persistent = responses
        .iter()
        .take_while(|response| response.disposition == Disposition::KeepAlive);
    assert!(
        persistent.count() + 1 >= responses.len(),
        "a reply after the last"
    );
}

/// The replies to some pieces, and whether the connection broke.
fn connection(site: &Memory, pieces: &[&[u8]]) -> (Vec<Received>, bool) {
    let clock = Clock::new(NOW);
    let mut scratch = Box::new(Scratch::new());
    let mut session = Session::new(REQUESTS_MAX);
    let (mut responses, mut broken) = (Vec::new(), false);
    let mut buffer = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        // Each turn but the last consumes a byte at least.
        for _ in 0..=buffer.len() {
            let step = session.receive(&buffer, site, &clock, &mut scratch);
            let consumed = step.consumed;
            let received = step.response.map(|reply| fixture::receive(site, &reply));
            assert!(consumed <= buffer.len() && (received.is_none() || consumed > 0));
            assert!(!(step.broken && received.is_some()));
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
    (responses, broken)
}

/// What holds for every reply.
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

    let length = response.field("Content-Length").map(|text| text.parse());
    match (response.status, length) {
        (304, length) => assert!(length.is_none() && response.body.is_empty()),
        // HEAD has the same head.
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

/// An archive.
pub fn archive(bytes: &[u8]) {
    let within = |part: &[u8]| bytes.as_ptr_range().contains(&part.as_ptr()) || part.is_empty();
    let mut archive = Archive::new(bytes);
    let mut count = 0;
    while let Some(Ok(entry)) = archive.next() {
        count += 1;
        assert!(within(entry.name) && within(entry.content));
        assert!(entry.name.len() + entry.content.len() <= bytes.len());
        assert!(!entry.name.contains(&0));
        assert!(!(entry.is_file() && entry.is_directory()));
    }
    assert!(count <= bytes.len() / 110 && archive.next().is_none());
}

/// Rules of a site, a file of them.
pub fn rule(bytes: &[u8]) {
    let mut last = 0;
    for line in Lines::new(bytes) {
        assert!(line.number() > last);
        last = line.number();
        let rule = match Rule::parse(line) {
            Ok(Some(rule)) => rule,
            Ok(None) => continue,
            Err(error) => {
                let shown = error.to_string();
                assert!(shown.is_ascii() && shown.len() < 500, "{shown}");
                assert!(shown.starts_with(&format!("line {last}: ")), "{shown}");
                continue;
            }
        };
        let shown = rule.to_string();
        // What has a name that is not UTF-8 is shown escaped, and that is stable.
        let again = Lines::new(shown.as_bytes()).next().expect("a line");
        let parsed = Rule::parse(again).expect("a rule").expect("a rule");
        assert_eq!(parsed.to_string(), shown);
        assert!(
            !shown.chars().any(|c| c.is_control() && c != '\t'),
            "{shown}"
        );
        check_rule(&rule);
    }
}

/// What a rule puts into a head cannot end its line, and what it says of files can be asked.
fn check_rule(rule: &Rule<'_>) {
    let (files, value) = match rule {
        Rule::CacheControl { files, value } | Rule::MediaType { files, value } => {
            (files, value.as_bytes())
        }
        Rule::Field { files, name, value } => {
            assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()));
            (files, value.as_bytes())
        }
        Rule::Redirect { from, to, .. } => (from, to.as_bytes()),
        _ => return,
    };
    assert!((1..=VALUE_MAX).contains(&value.len()));
    assert!(value
        .iter()
        .all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\t'));
    assert!(!matches!(rule, Rule::Redirect { .. }) || !value.starts_with(b"//"));
    let _ = files.matches(b"/a/b.html");
}
