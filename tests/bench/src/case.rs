// SPDX-License-Identifier: GPL-2.0-only

//! Cases: requests and their flow.

/// Size of the small file, that of a plain hello page.
const SMALL: u64 = 612;

/// Number of different small files.
const FILES: u32 = 10_000;

/// The order of requests on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The same request, one at a time.
    Same,
    /// The same request, this many at a time.
    Pipelined(u32),
    /// This many at a time, with heads just below khttpd's limit.
    LongHeads(u32),
    /// One at a time, for one of this many files, chosen at random. With 1 file it equals
    /// [`Flow::Same`] at comparable cost for the client.
    Random(u32),
    /// One request per connection.
    Closing,
}

/// What the bytes of a connection go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TCP.
    Tcp,
    /// TLS; each connection begins with a full handshake.
    Tls,
    /// TLS; a connection resumes the session of an earlier one.
    ResumedTls,
}

/// A case to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// Name on the command line and in the results.
    pub(crate) name: &'static str,
    /// Path of the request; `%05d` stands for the number of a file.
    pub(crate) path: &'static str,
    /// Additional field of the request.
    pub(crate) field: Option<&'static str>,
    /// Expected status.
    pub(crate) status: u16,
    /// Expected length of the content, if the case is about content.
    pub(crate) size: Option<u64>,
    /// Number of connections.
    pub(crate) connections: u32,
    /// The order of requests on a connection.
    pub(crate) flow: Flow,
    /// The transport.
    pub(crate) transport: Transport,
    /// Format of khttpd's access log.
    pub(crate) log: &'static str,
    /// Seconds, or billions of instructions, until enough requests are served.
    pub(crate) seconds: f64,
}

impl Case {
    /// Finds a case by its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        CASES.into_iter().find(|case| case.name == name)
    }

    /// Tells whether the connections use TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.transport != Transport::Tcp
    }

    /// Tells whether wrk can be the client: it does not choose between handshakes.
    pub(crate) fn is_for_wrk(&self) -> bool {
        !self.is_tls() || self.flow != Flow::Closing
    }

    /// Tells whether the process serves the request, behind khttpd or nginx.
    pub(crate) fn is_for_process(&self) -> bool {
        self.path.starts_with("/app/")
    }
}

/// A small file on 8 connections; the other cases are variations.
pub(crate) const PLAIN: Case = Case {
    name: "",
    path: "/612.html",
    field: None,
    status: 200,
    size: Some(SMALL),
    connections: 8,
    flow: Flow::Same,
    transport: Transport::Tcp,
    log: "off",
    seconds: 1.0,
};

/// All cases, in the order of the results.
pub(crate) const CASES: [Case; 23] = [
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
        // Handshakes are counted too, and should not weigh much.
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
        name: "handed-over",
        path: "/app/612.html",
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
    // As a browser asks. The difference of the two is what a line costs until a process reads it.
    Case {
        name: "log-off",
        field: Some(BROWSER),
        ..PLAIN
    },
    Case {
        name: "log-combined",
        field: Some(BROWSER),
        log: "combined",
        ..PLAIN
    },
    Case {
        name: "https-612B",
        transport: Transport::Tls,
        ..PLAIN
    },
    Case {
        name: "https-16KiB",
        path: "/16k.html",
        size: Some(16 << 10),
        transport: Transport::Tls,
        ..PLAIN
    },
    Case {
        name: "https-1MiB",
        path: "/1m.html",
        size: Some(1 << 20),
        transport: Transport::Tls,
        seconds: 2.0,
        ..PLAIN
    },
    Case {
        name: "https-handshake",
        flow: Flow::Closing,
        field: Some("Connection: close"),
        transport: Transport::Tls,
        seconds: 2.0,
        ..PLAIN
    },
    Case {
        name: "https-resumed",
        flow: Flow::Closing,
        field: Some("Connection: close"),
        transport: Transport::ResumedTls,
        seconds: 2.0,
        ..PLAIN
    },
];

/// A field that each line of a combined log has.
const BROWSER: &str =
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
