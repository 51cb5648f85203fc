// SPDX-License-Identifier: GPL-2.0-only

//! Requests for processes, which take the connection over.
//!
//! The tests are about the crate alone: no process listens beside a server in the environment.

mod fixture;

use fixture::{converse_in_memory, plain, Conversation, Memory, MODIFIED, NOW};
use proptest::prelude::*;
use protocol::http::{
    Clock, Deferral, Disposition, Scratch, Session, SessionPhase, BODY_MAX, REQUESTS_MAX,
};

const GET: &str = "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n";
const MISSING: &str = "GET /app/x HTTP/1.1\r\nHost: x\r\n\r\n";

/// Creates the site of the fixture with some more rules.
fn site(rules: &str) -> Memory {
    let mut site = fixture::site();
    site.rules += rules;
    site
}

/// Sends a text at once.
fn converse(rules: &str, text: &str) -> Conversation {
    converse_in_memory(&site(rules), REQUESTS_MAX, &[text.as_bytes()])
}

/// Returns the process that a text is handed over to, or the status of the only response. A process
/// reads the whole text.
fn outcome(rules: &str, text: &str) -> String {
    let conversation = converse(rules, text);
    match conversation.handed_over {
        Some((process, bytes)) => {
            assert_eq!(bytes, text.as_bytes());
            assert_eq!(conversation.responses, []);
            process.to_string()
        }
        None => {
            assert_eq!(conversation.responses.len(), 1, "{text}");
            conversation.responses[0].status.to_string()
        }
    }
}

/// Returns the outcome of a request without a body.
fn request(rules: &str, line: &str) -> String {
    outcome(rules, &format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

#[test]
fn path_without_resource_is_handed_over_instead_of_a_404() {
    let rules = "hand-over * 8000\nhand-over /app/* 127.0.0.1:8001\nhand-over *.php [::1]:8002\n";
    for (line, expected) in [
        ("GET /nope", "8000"),
        ("HEAD /nope?a=b", "8000"),
        ("OPTIONS /nope", "8000"),
        ("GET /app/", "127.0.0.1:8001"),
        ("GET /app/a.php", "[::1]:8002"),
        ("GET /x/../app/%61", "127.0.0.1:8001"),
        ("GET http://x/app/", "127.0.0.1:8001"),
        ("GET /app", "8000"),
        ("GET /hello.txt", "200"),
        ("OPTIONS /hello.txt", "200"),
        ("GET /old.txt", "308"),
        ("GET /moved/x.php", "302"),
        ("GET /dir", "301"),
        ("GET /metrics", "200"),
    ] {
        assert_eq!(request(rules, line), expected, "{line}");
    }
    assert_eq!(request("hand-over /app/* 1\n", "GET /nope"), "404");
}

#[test]
fn always_hands_over_what_exists_too() {
    let rules = "hand-over * 8000 always\nhand-over *.txt 8001\nhand-over /dir/* 8002 always\n";
    for (line, expected) in [
        ("GET /hello.txt", "8000"),
        ("HEAD /metrics", "8000"),
        ("OPTIONS /old.txt", "8000"),
        ("GET /dir", "8000"),
        ("GET /dir/", "8002"),
        ("GET /nope.txt", "8001"),
        ("GET /nope", "8000"),
    ] {
        assert_eq!(request(rules, line), expected, "{line}");
    }
}

#[test]
fn any_method_that_is_not_served_is_handed_over_with_whatever_is_at_the_path() {
    for method in [
        "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "CONNECT",
    ] {
        for rules in ["hand-over *.txt 8000\n", "hand-over * 8000 always\n"] {
            assert_eq!(request(rules, &format!("{method} /hello.txt")), "8000");
        }
        assert!(["405", "501"].contains(&&*request("", &format!("{method} /hello.txt"))));
        let rules = "hand-over /app/* 8000\n";
        assert!(["405", "501"].contains(&&*request(rules, &format!("{method} /hello.txt"))));
    }
}

#[test]
fn body_version_upgrade_and_expectation_do_not_matter() {
    let long = format!("Content-Length: {}\r\n\r\nabc", BODY_MAX + 1);
    for rest in [
        "Content-Length: 5\r\n\r\nhello",
        "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        "Expect: something-else\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nnot a chunk",
        "Content-Length: 18446744073709551615\r\n\r\n",
        "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n\u{1}\u{2}",
        "Connection: close\r\n\r\n",
        &long,
    ] {
        for line in [
            "GET /app/x HTTP/1.1",
            "POST /app/x HTTP/1.1",
            "BREW /app/x HTTP/1.9",
        ] {
            let text = format!("{line}\r\nHost: x\r\n{rest}");
            assert_eq!(outcome("hand-over /app/* 8000\n", &text), "8000", "{text}");
        }
    }
    for line in ["GET /app/x", "POST /hello.txt"] {
        let text = format!("{line} HTTP/1.0\r\n\r\n");
        assert_eq!(outcome("hand-over * 8000\n", &text), "8000", "{text}");
    }
}

#[test]
fn request_that_only_a_process_could_serve_is_looked_up_at_the_host_of_its_target() {
    let of = |host: &str| {
        format!("GET http://{host}/404.html HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n")
    };
    let rules = "hand-over * 8000\n";
    assert_eq!(outcome(rules, &of("other.example")), "417");
    assert_eq!(outcome(rules, &of("x")), "8000");
}

#[test]
fn what_is_malformed_oversized_or_ambiguous_is_never_handed_over() {
    let rules = "hand-over * 8000 always\n";
    for (line, status) in [
        ("OPTIONS *", "200"),
        ("GET *", "400"),
        ("POST *", "405"),
        ("GET /a%2Fb", "404"),
        ("POST /a%2fb", "405"),
        ("GET /%00", "400"),
        ("POST /%zz", "405"),
        ("GET x:80", "400"),
        ("CONNECT x:80", "405"),
        ("GET https://x/", "421"),
        ("POST https://x/", "405"),
        ("GET /a b", "400"),
        ("GET /a#b", "400"),
    ] {
        assert_eq!(request(rules, line), status, "{line}");
    }
    let fields = "A: b\r\n".repeat(65);
    let target = "x".repeat(8001);
    for (text, status) in [
        ("POST /a HTTP/1.1\r\n\r\n", "400"),
        ("POST /a HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "400"),
        ("POST /a HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "400"),
        ("POST /a HTTP/1.1\r\nHost: x\r\n A: b\r\n\r\n", "400"),
        ("PRI * HTTP/2.0\r\n\r\n", "505"),
        (
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n",
            "400",
        ),
        (
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "400",
        ),
        (
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "501",
        ),
        (
            "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "400",
        ),
        (
            &format!("POST /a HTTP/1.1\r\nHost: x\r\n{fields}\r\n"),
            "431",
        ),
        (
            &format!("POST /{target} HTTP/1.1\r\nHost: x\r\n\r\n"),
            "414",
        ),
    ] {
        assert_eq!(outcome(rules, text), status, "{text}");
    }
}

#[test]
fn unfinished_head_is_not_handed_over() {
    for length in 1..MISSING.len() {
        let conversation = converse("hand-over * 8000 always\n", &MISSING[..length]);
        assert_eq!(
            (conversation.left, conversation.handed_over),
            (length, None)
        );
    }
}

#[test]
fn body_of_the_request_before_is_not_part_of_what_is_handed_over() {
    let before = "GET /hello.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nabc\r\n0\r\n\r\n\r\n\r\n";
    let conversation = converse("hand-over * 8000\n", &format!("{before}{MISSING}{GET}"));
    assert_eq!(conversation.statuses(), [200]);
    let (_, bytes) = conversation.handed_over.unwrap();
    assert_eq!(bytes, format!("{MISSING}{GET}").as_bytes());
}

#[test]
fn step_before_a_request_for_a_process_repeats_and_counts_nothing() {
    let (site, clock) = (site("hand-over * 8000\n"), Clock::new(NOW));
    let mut scratch = Scratch::new();
    let mut session = Session::new(2);
    for (bytes, consumed) in [(MISSING.as_bytes(), 0); 5] {
        let step = session.receive(bytes, &site, &clock, &mut scratch.room());
        assert_eq!((step.consumed, step.broken), (consumed, false));
        assert!(step.response.is_none() && step.deferred.is_some());
        assert_eq!(
            (session.phase(), session.searched()),
            (SessionPhase::Idle, 0)
        );
    }
    // The first of two responses.
    let step = session.receive(GET.as_bytes(), &site, &clock, &mut scratch.room());
    let response = step.response.unwrap();
    assert_eq!(response.disposition, Disposition::KeepAlive);
}

#[test]
fn hand_over_tells_whether_the_request_has_a_body() {
    let (site, clock) = (site("hand-over * 8000\n"), Clock::new(NOW));
    for (fields, has_body) in [
        ("Content-Length: 0\r\n", false),
        ("Content-Length: 1\r\n", true),
        ("Transfer-Encoding: chunked\r\n", true),
        ("Upgrade: websocket\r\nConnection: upgrade\r\n", false),
    ] {
        let text = format!("POST /none HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        let (mut scratch, mut session) = (Scratch::new(), Session::new(REQUESTS_MAX));
        let step = session.receive(text.as_bytes(), &site, &clock, &mut scratch.room());
        let found = step.deferred.map(|request| request.has_body);
        assert_eq!(found, Some(has_body), "{fields}");
    }
}

/// Returns what follows after the session has refused to hand over the first request of a text.
fn refused(site: &Memory, text: &str) -> Conversation {
    let clock = Clock::new(NOW);
    let mut scratch = Scratch::new();
    let mut session = Session::new(REQUESTS_MAX);
    let mut rest = text.as_bytes();
    let mut conversation = Conversation::default();
    session.refuse();
    while !rest.is_empty() {
        let step = session.receive(rest, site, &clock, &mut scratch.room());
        if let Some(Deferral::Process(process)) = step.deferred.map(|request| request.to) {
            conversation.handed_over = Some((process, rest[step.consumed..].to_vec()));
            return conversation;
        }
        assert!(step.consumed > 0);
        rest = &rest[step.consumed..];
        let response = step.response.map(|r| fixture::receive(site, &r));
        conversation.responses.extend(response);
    }
    conversation
}

#[test]
fn rfc9110_15_6_4_refused_request_gets_503_with_retry_after() {
    let site = site("hand-over * 8000\n");
    for request in [
        MISSING,
        "OPTIONS /nope HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "\r\nPUT /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ] {
        let conversation = refused(&site, &format!("{request}{GET}{MISSING}"));
        assert_eq!(conversation.statuses(), [503, 200], "{request}");
        let [response, _] = &conversation.responses[..] else {
            panic!("{request}");
        };
        assert_eq!(response.field("Retry-After"), Some("1"));
        assert_eq!(response.text(), "503 Service Unavailable\r\n");
        assert_eq!(response.disposition, Disposition::KeepAlive, "{request}");
        // Only one request was refused.
        let (_, bytes) = conversation.handed_over.unwrap();
        assert_eq!(bytes, MISSING.as_bytes(), "{request}");
    }
}

#[test]
fn refusal_holds_for_a_head_that_arrives_in_pieces() {
    let (site, clock) = (site("hand-over * 8000\n"), Clock::new(NOW));
    let mut scratch = Scratch::new();
    let mut session = Session::new(REQUESTS_MAX);
    session.refuse();
    for length in 0..MISSING.len() {
        let part = &MISSING.as_bytes()[..length];
        let step = session.receive(part, &site, &clock, &mut scratch.room());
        assert!(step.consumed == 0 && step.response.is_none() && step.deferred.is_none());
    }
    let step = session.receive(MISSING.as_bytes(), &site, &clock, &mut scratch.room());
    assert_eq!(step.response.map(|r| r.status.code()), Some(503));
}

#[test]
fn refused_request_whose_end_is_unknown_or_far_away_ends_the_connection() {
    let long = format!("Content-Length: {}\r\n\r\n", BODY_MAX + 1);
    for rest in [
        "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        "Connection: close\r\nContent-Length: 5\r\n\r\n",
        &long,
    ] {
        let text = format!("POST /x HTTP/1.1\r\nHost: x\r\n{rest}{GET}");
        let conversation = refused(&site("hand-over * 8000\n"), &text);
        assert_eq!(conversation.statuses(), [503], "{rest}");
        fixture::assert_rejected(&conversation.responses[0], 503, rest);
    }
}

#[test]
fn refusal_sends_the_page_of_the_site() {
    let mut site = site("hand-over * 8000\n");
    site.add("x", b"/503.html", MODIFIED, &plain(b"<p>soon\n"));
    let page = |text: &str| refused(&site, text).responses[0].clone();
    assert_eq!(page(MISSING).text(), "<p>soon\n");
    let absolute = "POST http://x/app/ HTTP/1.1\r\nHost: other.example\r\n\r\n";
    assert_eq!(page(absolute).text(), "<p>soon\n");
    let head = page(&MISSING.replace("GET", "HEAD"));
    assert_eq!((head.status, head.text().as_str()), (503, ""));
    assert_eq!(head.field("Content-Length"), Some("8"));
    assert_eq!(head.field("Retry-After"), Some("1"));
}

#[test]
fn refusal_concerns_the_next_request_alone() {
    let site = site("hand-over * 8000\n");
    let conversation = refused(&site, &format!("{GET}{MISSING}"));
    assert_eq!(conversation.statuses(), [200]);
    assert!(conversation.handed_over.is_some());
}

/// Requests that are served, some with bodies.
const SERVED: &[&str] = &[
    GET,
    "\r\n\r\nHEAD /range.txt HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /dir HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
];

/// Requests for a process.
const HANDED_OVER: &[&str] = &[
    MISSING,
    "POST /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "PUT /dir HTTP/1.0\r\n\r\n",
    "BREW /pot HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn exactly_what_follows_the_served_requests_is_handed_over(
        before in prop::collection::vec(prop::sample::select(SERVED), 0..4),
        empty_lines in 0_usize..4,
        request in prop::sample::select(HANDED_OVER),
        after in prop::collection::vec(any::<u8>(), 0..40),
        offsets in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let before = before.concat() + &"\r\n".repeat(empty_lines);
        let rest = [request.as_bytes(), &after].concat();
        let stream = [before.as_bytes(), &rest].concat();
        let mut cuts: Vec<_> = offsets.iter().map(|at| at.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();

        let conversation =
            converse_in_memory(&site("hand-over * 8000\n"), REQUESTS_MAX, &pieces);
        let alone = converse_in_memory(&site(""), REQUESTS_MAX, &[before.as_bytes()]);
        prop_assert_eq!(&conversation.responses, &alone.responses);
        prop_assert_eq!(alone.left, 0);
        let (_, bytes) = conversation.handed_over.expect("a process");
        prop_assert_eq!(bytes, rest);
    }
}
