// SPDX-License-Identifier: GPL-2.0-only

//! What an errno means here, and what can be done about it.

use kernel::prelude::*;

/// Why an address can't be listened at.
pub(super) fn of_listening(e: Error) -> &'static str {
    match e {
        EADDRINUSE => "somebody else listens there (ss -ltnp tells who); choose another address",
        EADDRNOTAVAIL => "this machine has no such address (ip address tells which it has)",
        EACCES => "a port below 1024 needs CAP_NET_BIND_SERVICE",
        EAFNOSUPPORT => "this kernel knows no IPv6; choose an IPv4 address",
        E2BIG => "more than 64 addresses",
        ENODEV => "there is no such device (ip link tells which there are)",
        _ => of_anything(e),
    }
}

/// Why somebody can't be told something.
pub(super) fn of_sending(e: Error) -> &'static str {
    match e {
        ECONNREFUSED => "nobody listens there",
        ECONNRESET | EPIPE => "the peer has broken off",
        ETIMEDOUT => "the peer does not answer",
        ENETUNREACH | EHOSTUNREACH => "there is no way to there (ip route tells which there are)",
        EADDRNOTAVAIL => "no address or no port is left to connect from",
        EAFNOSUPPORT => "this kernel knows no IPv6; choose an IPv4 address",
        _ => of_anything(e),
    }
}

/// Why there can't be another root or rule.
pub(super) fn of_sources(e: Error) -> &'static str {
    match e {
        ENOSPC => "more than 1024 roots, or more than 64 KiB of rules",
        _ => of_anything(e),
    }
}

/// Why anything can't be done.
pub(super) fn of_anything(e: Error) -> &'static str {
    match e {
        ENOMEM => "not enough memory",
        EINTR | ERESTARTSYS => "interrupted by a signal",
        EMFILE | ENFILE => "too many open files",
        _ => "the kernel refuses it",
    }
}
