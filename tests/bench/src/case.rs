// SPDX-License-Identifier: GPL-2.0-only

//! What is asked for, and how.

/// The size of the small file, as of a page that says hello.
const SMALL: u64 = 612;

/// How many different small files there are.
const FILES: u32 = 10_000;

/// How requests follow one another on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The same request, one at a time.
    Same,
    /// The same request, so many at a time.
    Pipelined(u32),
    /// As many at a time, each with a head that is nearly as long as khttpd takes it.
    LongHeads(u32),
    /// One at a time, for one of so many files, chosen at random. With 1 this is [`Flow::Same`] at a client's cost that
    /// can be compared.
    Random(u32),
    /// One request, then another connection.
    Closing,
}

/// One thing to be measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// Its name on the command line and in the results.
    pub(crate) name: &'static str,
    /// What is asked for; `%05d` stands for the number of a file.
    pub(crate) path: &'static str,
    /// A field of the request more.
    pub(crate) field: Option<&'static str>,
    /// The status that is expected.
    pub(crate) status: u16,
    /// The bytes of content that are expected, if the case is about content.
    pub(crate) size: Option<u64>,
    /// How many connections there are.
    pub(crate) connections: u32,
    /// How requests follow one another.
    pub(crate) flow: Flow,
    /// How many billions of instructions it takes until enough requests were served.
    pub(crate) seconds: f64,
}

impl Case {
    /// The case of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        CASES.into_iter().find(|case| case.name == name)
    }
}

/// A small file on 8 connections: what other cases differ from.
pub(crate) const PLAIN: Case = Case {
    name: "",
    path: "/612.html",
    field: None,
    status: 200,
    size: Some(SMALL),
    connections: 8,
    flow: Flow::Same,
    seconds: 1.0,
};

/// All cases, in the order in which they are shown.
pub(crate) const CASES: [Case; 15] = [
    Case {
        name: "612B-1",
        connections: 1,
        ..PLAIN
    },
    Case {
        name: "612B-8",
        ..PLAIN
    },
    Case {
        name: "612B-64",
        connections: 64,
        ..PLAIN
    },
    Case {
        name: "612B-1000",
        connections: 1000,
        // The handshakes are counted too, and should not count for much.
        seconds: 4.0,
        ..PLAIN
    },
    Case {
        name: "pipelined-16",
        flow: Flow::Pipelined(16),
        ..PLAIN
    },
    Case {
        name: "closing",
        flow: Flow::Closing,
        field: Some("Connection: close"),
        ..PLAIN
    },
    Case {
        name: "16KiB",
        path: "/16k.html",
        size: Some(16 << 10),
        ..PLAIN
    },
    Case {
        name: "1MiB",
        path: "/1m.html",
        size: Some(1 << 20),
        seconds: 2.0,
        ..PLAIN
    },
    Case {
        name: "64MiB",
        path: "/64m.html",
        size: Some(64 << 20),
        connections: 1,
        seconds: 2.0,
        ..PLAIN
    },
    Case {
        name: "206",
        path: "/1m.html",
        field: Some("Range: bytes=500000-501023"),
        status: 206,
        size: Some(1 << 10),
        ..PLAIN
    },
    Case {
        name: "304",
        field: Some("If-None-Match: ETAG"),
        status: 304,
        size: None,
        ..PLAIN
    },
    Case {
        name: "404",
        path: "/nothing",
        status: 404,
        size: None,
        ..PLAIN
    },
    Case {
        name: "random-10000",
        path: "/many/%05d.html",
        flow: Flow::Random(FILES),
        ..PLAIN
    },
    Case {
        name: "random-1",
        path: "/many/%05d.html",
        flow: Flow::Random(1),
        ..PLAIN
    },
    Case {
        name: "gzip",
        path: "/style.css",
        field: Some("Accept-Encoding: gzip"),
        size: None,
        ..PLAIN
    },
];
