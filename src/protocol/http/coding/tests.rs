// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the negotiation of codings.

use super::{choose, Coding, Codings};

const ALL: Codings = Codings::IDENTITY
    .with(Coding::Gzip)
    .with(Coding::Zstd)
    .with(Coding::Brotli);
const GZIP: Codings = Codings::IDENTITY.with(Coding::Gzip);

fn choose_for(value: &str, available: Codings) -> Option<Coding> {
    choose([value.as_bytes()].into_iter(), available)
}

#[test]
fn rfc9110_12_5_3_absent_field_selects_identity() {
    assert_eq!(choose([].into_iter(), ALL), Some(Coding::Identity));
}

#[test]
fn rfc9110_12_5_3_accept_encoding_selects_a_stored_coding() {
    for (value, all, gzip, identity) in [
        (
            "",
            Some(Coding::Identity),
            Some(Coding::Identity),
            Some(Coding::Identity),
        ),
        (
            "gzip",
            Some(Coding::Gzip),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "GZip",
            Some(Coding::Gzip),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "x-gzip",
            Some(Coding::Gzip),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "gzip, deflate, br, zstd",
            Some(Coding::Brotli),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "gzip, zstd",
            Some(Coding::Zstd),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "gzip;q=1.0, br;q=0.5",
            Some(Coding::Gzip),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "gzip ; Q=0.001",
            Some(Coding::Gzip),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "gzip;q=0",
            Some(Coding::Identity),
            Some(Coding::Identity),
            Some(Coding::Identity),
        ),
        (
            "gzip;q=0.5, identity",
            Some(Coding::Identity),
            Some(Coding::Identity),
            Some(Coding::Identity),
        ),
        (
            "identity;q=0.5, gzip;q=0.5",
            Some(Coding::Gzip),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "*",
            Some(Coding::Brotli),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        (
            "br;q=0, *;q=0.1",
            Some(Coding::Zstd),
            Some(Coding::Gzip),
            Some(Coding::Identity),
        ),
        ("identity;q=0", None, None, None),
        ("*;q=0", None, None, None),
        (
            "*;q=0, identity;q=0.1",
            Some(Coding::Identity),
            Some(Coding::Identity),
            Some(Coding::Identity),
        ),
        (
            "identity;q=0, *",
            Some(Coding::Brotli),
            Some(Coding::Gzip),
            None,
        ),
        (
            "identity;q=0, gzip",
            Some(Coding::Gzip),
            Some(Coding::Gzip),
            None,
        ),
        ("*;q=0, br", Some(Coding::Brotli), None, None),
        (
            "deflate",
            Some(Coding::Identity),
            Some(Coding::Identity),
            Some(Coding::Identity),
        ),
        (
            "gzip;q=2",
            Some(Coding::Identity),
            Some(Coding::Identity),
            Some(Coding::Identity),
        ),
        (
            "identity;q=x",
            Some(Coding::Identity),
            Some(Coding::Identity),
            Some(Coding::Identity),
        ),
        (
            "gzip;q=0, gzip",
            Some(Coding::Identity),
            Some(Coding::Identity),
            Some(Coding::Identity),
        ),
    ] {
        assert_eq!(choose_for(value, ALL), all, "{value}");
        assert_eq!(choose_for(value, GZIP), gzip, "{value}");
        assert_eq!(choose_for(value, Codings::IDENTITY), identity, "{value}");
    }
}

#[test]
fn rfc9110_5_3_field_lines_form_one_list() {
    assert_eq!(
        choose([&b"br;q=0"[..], b"*"].into_iter(), ALL),
        Some(Coding::Zstd)
    );
}
