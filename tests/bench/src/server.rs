// SPDX-License-Identifier: GPL-2.0-only

//! Who is measured.

use machine::{Builder, Machine, Result};

use crate::case::{Case, Flow};

/// A server. All of them serve the same files, each at a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// What this is about.
    Khttpd,
    /// Debian's nginx.
    Nginx,
    /// Debian's lighttpd.
    Lighttpd,
    /// The module in tests/bench/floor, which answers without HTTP. Its distance to khttpd is what HTTP costs.
    Floor,
}

impl Server {
    /// All of them, in the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [Self::Khttpd, Self::Nginx, Self::Lighttpd, Self::Floor];

    /// Its name on the command line and in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Khttpd => "khttpd",
            Self::Nginx => "nginx",
            Self::Lighttpd => "lighttpd",
            Self::Floor => "floor",
        }
    }

    /// The port where it listens.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Khttpd => 8080,
            Self::Nginx => 8081,
            Self::Lighttpd => 8082,
            Self::Floor => 8083,
        }
    }

    /// Whether the case is one for this server: the floor knows one reply and does not close.
    pub(crate) fn knows(self, case: &Case) -> bool {
        self != Self::Floor
            || case.path == "/612.html"
                && case.status == 200
                && matches!(case.flow, Flow::Same | Flow::Pipelined(_))
    }

    /// Gives the machine what the servers are started with.
    pub(crate) fn furnish(builder: Builder, floor: &[u8]) -> Builder {
        builder
            .file("/root/floor.ko", 0o644, floor)
            .file(
                "/root/nginx.conf",
                0o644,
                include_bytes!("../guest/nginx.conf"),
            )
            .file(
                "/root/lighttpd.conf",
                0o644,
                include_bytes!("../guest/lighttpd.conf"),
            )
    }

    /// Starts it. It listens when this returns. The floor asks khttpd for the reply that it gives.
    pub(crate) fn start(self, machine: &Machine) -> Result {
        let command = match self {
            Self::Khttpd => "insmod khttpd.ko root=/tmp/www",
            Self::Nginx => "nginx -c /root/nginx.conf",
            Self::Lighttpd => {
                "mkdir -p /tmp/lighttpd && echo server.max-worker = $(nproc) >>lighttpd.conf && lighttpd -f lighttpd.conf"
            }
            Self::Floor => {
                "curl -si http://127.0.0.1:8080/612.html >/tmp/reply && insmod floor.ko reply=/tmp/reply"
            }
        };
        machine.exec_ok(command).map(drop)
    }

    /// Ends it, whoever is connected.
    pub(crate) fn stop(self, machine: &Machine) -> Result {
        let command = match self {
            Self::Khttpd => "rmmod khttpd",
            Self::Nginx => "nginx -c /root/nginx.conf -s stop",
            Self::Lighttpd => "pkill lighttpd",
            Self::Floor => "rmmod floor",
        };
        machine.exec_ok(command).map(drop)
    }
}
