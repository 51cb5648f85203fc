// SPDX-License-Identifier: GPL-2.0-only

//! Responses that live together.

mod fixture;

use fixture::{lacks, Feature, Received};
use protocol::http::{Clock, Scratch, Session, REQUESTS_MAX, TARGET_MAX};

/// Returns the head of a request.
fn head(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

/// Responds to `heads` in one room as long as it suffices. Reads the responses when all of them
/// exist.
fn respond(heads: &[String]) -> Vec<Received> {
    let (site, clock) = (fixture::site(), Clock::new(fixture::NOW));
    let mut scratch = Box::new(Scratch::new());
    let mut room = scratch.room();
    let mut session = Session::new(REQUESTS_MAX);
    let mut responses = Vec::new();
    for head in heads {
        if !room.suffices() {
            break;
        }
        let step = session.receive(head.as_bytes(), &site, &clock, &mut room);
        assert_eq!(step.consumed, head.len());
        responses.extend(step.response);
    }
    let copied = |response| fixture::receive(&site, response);
    responses.iter().map(copied).collect()
}

/// Responds to each of `heads` in a room of its own.
fn respond_alone(heads: &[String]) -> Vec<Received> {
    heads.chunks(1).flat_map(respond).collect()
}

#[test]
fn responses_in_one_room_equal_those_in_rooms_of_their_own() {
    if lacks(Feature::Fixture) {
        return;
    }
    let row = [
        head("/hello.txt", ""),
        head("/nowhere", ""),
        head("/range.txt", "Range: bytes=10-19\r\n"),
        head("/dir", ""),
        head("/dir/", ""),
        head("/hello.txt", "If-None-Match: *\r\n"),
        head("/range.txt", "Range: bytes=5000-\r\n"),
        head("/range.txt", "Range: bytes=0-1,5-6\r\n"),
    ];
    let responses = respond(&row);
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [200, 404, 206, 301, 200, 304, 416, 206]);
    assert_eq!(responses, respond_alone(&row));
}

#[test]
fn room_suffices_for_32_errors_and_then_for_the_longest_redirect() {
    if lacks(Feature::Fixture) {
        return;
    }
    let longest = format!("/dir?{}", "q".repeat(TARGET_MAX - "/dir?".len()));
    let redirect = head(&longest, "");
    for count in 0.. {
        let mut row = vec![head("/nowhere", ""); count];
        row.push(redirect.clone());
        let responses = respond(&row);
        if responses.len() < row.len() {
            assert!(count > 32, "{count}");
            break;
        }
        assert_eq!(responses[count].status, 301, "{count}");
        assert_eq!(responses, respond_alone(&row));
    }
}

#[test]
fn room_suffices_for_nothing_behind_several_parts() {
    if lacks(Feature::Fixture) {
        return;
    }
    let row = vec![head("/range.txt", "Range: bytes=0-1,5-6\r\n"); 2];
    assert_eq!(respond(&row).len(), 1);
}
