// SPDX-License-Identifier: GPL-2.0-only

//! Properties that hold for all input.

mod fixture;

use fixture::{absolute, converse, converse_in_pieces};
use proptest::prelude::*;
use protocol::http::{
    choose_coding, encode_path, parse_range, BodyDrain, ByteRange, Codings, Disposition,
    DrainProgress, EntityTags, Framing, Host, Path, PathBuffer, RangeResult, Ranges, Request,
    Scheme, Slashes, TargetForm, Timestamp, HEAD_MAX, RANGES_MAX,
};

/// Length of the blocks that ranges consist of, each enough for a part.
const SCALE: u64 = 20_000;

/// Complete requests, some with bodies, some with errors after which the connection persists.
const REQUESTS: &[&str] = &[
    "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n",
    "\r\nHEAD /range.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
    "GET /range.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9,20-29\r\nIf-Range: \"x\"\r\n\r\n",
    "GET /range.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9,20-29\r\n\r\n",
    "GET /style.css HTTP/1.7\r\nHost: x\r\nIf-None-Match: *\r\n\r\n",
    "POST /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "GET /nope HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
        5;a=b\r\nGET /\r\n0\r\nA: b\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    "GET /dir?a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET http://other.example/%2e%2e/hello.txt HTTP/1.1\r\nHost: x\r\n\r\n",
];

/// The end of a stream: nothing, or a request that ends the connection or is not complete.
const LAST: &[&str] = &[
    "",
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nConte",
    "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello",
    "PRI * HTTP/2.0\r\n\r\n",
];

fn stream() -> impl Strategy<Value = String> {
    let requests = prop::collection::vec(prop::sample::select(REQUESTS), 0..6);
    (requests, prop::sample::select(LAST)).prop_map(|(requests, last)| {
        let text = requests.concat() + last;
        text.replace("http://", &absolute(""))
    })
}

/// Generates bytes, most of which have a meaning.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let words: &[&[u8]] = &[
        b"GET ",
        b"HEAD ",
        b"/",
        b"*",
        b"..",
        b"%2e",
        b"%00",
        b" HTTP/1.1\r\n",
        b" HTTP/1.3\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"Host: x\r\n",
        b"Range: bytes=",
        b"0-",
        b"-1",
        b"Content-Length: ",
        b"5",
        b"18446744073709551616",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b":",
        b",",
        b"\"",
        b"\0",
        b"\xff",
        b"If-None-Match: ",
        b"If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT\r\n",
        b"0\r\n\r\n",
        b"http://x/",
        b"Accept-Encoding: gzip;q=0.5\r\n",
        b";",
        b"bytes=",
    ];
    let piece = prop_oneof![
        4 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        1 => prop::sample::select(REQUESTS).prop_map(|request| request.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Generates the name of a file.
fn segment() -> impl Strategy<Value = String> {
    "[^/\\x00-\\x1f\\x7f]{1,12}".prop_filter("a dot segment", |name| name != "." && name != "..")
}

/// Splits bytes at some offsets.
fn pieces<'b>(bytes: &'b [u8], offsets: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut at: Vec<_> = offsets
        .iter()
        .map(|offset| offset.index(bytes.len() + 1))
        .collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// Returns the number of cases for each property; fewer if each is a TCP connection.
fn cases() -> u32 {
    if fixture::server().is_some() {
        50
    } else {
        2000
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn responses_do_not_depend_on_the_split_of_a_stream(
        stream in stream(),
        offsets in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let whole = converse(stream.as_bytes());
        let pieces = pieces(stream.as_bytes(), &offsets);
        let split = converse_in_pieces(&fixture::site(), 10_000, &pieces);
        prop_assert_eq!(split.statuses(), whole.statuses());
        prop_assert_eq!(split.broken, whole.broken);
        for (split, whole) in split.responses.iter().zip(&whole.responses) {
            prop_assert_eq!((&split.head, &split.body), (&whole.head, &whole.body));
        }
    }

    #[test]
    fn arbitrary_streams_do_not_panic(
        bytes in noise(),
        offsets in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let conversation = converse_in_pieces(&fixture::site(), 10_000, &pieces(&bytes, &offsets));
        prop_assert!(conversation.left < HEAD_MAX);
        for response in &conversation.responses[..conversation.responses.len().saturating_sub(1)] {
            prop_assert_eq!(response.disposition, Disposition::KeepAlive);
        }
    }

    #[test]
    fn parser_consumes_exactly_one_head(bytes in noise()) {
        // The session skips empty lines before a head.
        let bytes = bytes.trim_ascii_start();
        let mut request = Request::new();
        if request.parse(bytes).is_ok() {
            let length = request.length;
            prop_assert!(bytes[..length].ends_with(b"\r\n\r\n"));
            let first = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            prop_assert_eq!(first.map(|at| at + 4), Some(length));
        }
    }

    #[test]
    fn encoded_path_is_parsed_to_the_same_path(segments in prop::collection::vec(segment(), 0..8)) {
        let path = format!("/{}", segments.join("/"));
        let mut raw = heapless::Vec::<u8, 2048>::new();
        prop_assert_eq!(encode_path(path.as_bytes(), &mut raw), Ok(()));
        let mut buffer = PathBuffer::new();
        let decoded = Path::parse(&raw, &mut buffer, Slashes::Keep).ok().flatten();
        prop_assert_eq!(decoded.map(|path| path.as_bytes()), Some(path.as_bytes()));
    }

    #[test]
    fn path_has_no_dot_segments_and_no_control_bytes(
        raw in "/(\\.|/|%2[eEfF]|%[0-9a-f]{2}|[a-z%]){0,30}",
    ) {
        let mut buffer = PathBuffer::new();
        if let Ok(Some(path)) = Path::parse(raw.as_bytes(), &mut buffer, Slashes::Merge) {
            let path = path.as_bytes();
            prop_assert!(path.starts_with(b"/") && !path.iter().any(u8::is_ascii_control));
            let mut segments = path.split(|b| *b == b'/');
            prop_assert!(segments.all(|segment| segment != b"." && segment != b".."));
        }
    }

    #[test]
    fn ranges_lie_inside_and_apart(
        specs in prop::collection::vec("[0-9]{0,3}-[0-9]{0,3}|-[0-9]{1,20}|[0-9]{1,20}-", 0..12),
        length in prop_oneof![0u64..1200, any::<u64>()],
    ) {
        let value = format!("bytes={}", specs.join(","));
        let mut list = Ranges::new();
        let ranges = match parse_range(value.as_bytes(), length, &mut list) {
            RangeResult::Whole | RangeResult::Unsatisfiable => Vec::new(),
            RangeResult::One(range) => vec![range],
            RangeResult::Several => list.to_vec(),
        };
        prop_assert!(ranges.len() <= RANGES_MAX);
        for (n, range) in ranges.iter().enumerate() {
            prop_assert!(range.first() <= range.last() && range.last() < length);
            prop_assert_eq!(range.length(), range.last() - range.first() + 1);
            for other in &ranges[n + 1..] {
                prop_assert!(range.last() < other.first() || other.last() < range.first());
            }
        }
    }

    #[test]
    fn ranges_hold_exactly_the_requested_bytes(
        requested in prop::collection::vec(
            (0u64..60, 1u64..20).prop_map(|(at, more)| at * SCALE..=(at + more) * SCALE - 1),
            1..40,
        ),
    ) {
        let specs = requested.iter().map(|range| format!("{}-{}", range.start(), range.end()));
        let list: Vec<_> = specs.collect();
        let value = format!("bytes={}", list.join(","));
        let mut list = Ranges::new();
        let ranges = match parse_range(value.as_bytes(), 100 * SCALE, &mut list) {
            RangeResult::One(range) => vec![range],
            RangeResult::Several => list.to_vec(),
            other => panic!("{other:?}"),
        };
        for byte in (0..100).map(|n| n * SCALE) {
            let holds = |range: &&ByteRange| (range.first()..=range.last()).contains(&byte);
            let is_requested = requested.iter().any(|range| range.contains(&byte));
            prop_assert_eq!(ranges.iter().filter(holds).count(), usize::from(is_requested));
        }
    }

    #[test]
    fn body_end_does_not_depend_on_the_split(
        bytes in "([0-5]{1,2}(;[a-z=\"]{0,4})?\r\n[a-z]{0,5}(\r\n)?){0,4}0\r\n(A: b\r\n)?\r\nrest",
        cut in any::<prop::sample::Index>(),
    ) {
        let mut whole = BodyDrain::new(Framing::Chunked).unwrap();
        let mut halves = whole;
        let cut = cut.index(bytes.len() + 1);
        let progress = whole.take(bytes.as_bytes());
        let progress_of_halves = match halves.take(&bytes.as_bytes()[..cut]) {
            DrainProgress::More => match halves.take(&bytes.as_bytes()[cut..]) {
                DrainProgress::End(count) => DrainProgress::End(cut + count),
                other => other,
            },
            other => other,
        };
        prop_assert_eq!(progress, progress_of_halves);
    }

    #[test]
    fn parsers_accept_arbitrary_bytes_without_panic(bytes in noise()) {
        let now = Timestamp(fixture::NOW);
        let _ = (TargetForm::parse(&bytes, Scheme::Https), Host::parse(&bytes), Timestamp::parse(&bytes, now));
        prop_assert!(EntityTags::new(&bytes).count() <= bytes.len());
        let _ = choose_coding([bytes.as_slice()].into_iter(), Codings::IDENTITY);
        if let DrainProgress::End(count) = BodyDrain::new(Framing::Chunked).unwrap().take(&bytes) {
            prop_assert!(count <= bytes.len());
        }
    }
}
