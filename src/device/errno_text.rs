// SPDX-License-Identifier: GPL-2.0-only

//! Texts for error numbers: the reason, and the command that helps to find the cause.

use crate::sys::errno::{
    EADDRINUSE,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTUNREACH,
    ENETUNREACH,
    EOPNOTSUPP, //
};
use kernel::prelude::*;

/// Reason of an `EPERM`: the writer may not administer the server.
pub(super) const NEEDS_NET_ADMIN: &str = "needs CAP_NET_ADMIN in its network namespace";

/// Reason of an `EPERM`: the writer would load files for a task that may not read them.
pub(super) const OPENER_MAY_NOT_READ: &str =
    "the task that opened the file may not read all files that this one may read";

/// Returns the reason why khttpd cannot listen on an address.
pub(super) fn of_listen(e: Error) -> &'static str {
    match e {
        EADDRINUSE => "address already in use (see ss -ltnp)",
        EADDRNOTAVAIL => "address not available on this machine (see ip address)",
        EACCES => "a port below 1024 needs CAP_NET_BIND_SERVICE",
        EAFNOSUPPORT => "no IPv6 in this kernel; use an IPv4 address",
        E2BIG => "too many addresses; the maximum is 64",
        EOPNOTSUPP => "tls needs a kernel with CONFIG_TLS",
        ENODEV => "no such network device (see ip link)",
        _ => of_any(e),
    }
}

/// Reason of an `EDESTADDRREQ`: the connections of a TLS listener have no destination.
pub(super) const NEEDS_TLS_AGENT: &str = "a listener with tls needs tls-agent";

/// Returns the reason why an address cannot be removed from those that khttpd listens on.
pub(super) fn of_unlisten(e: Error) -> &'static str {
    match e {
        ENOENT => "no such listener",
        _ => of_any(e),
    }
}

/// Returns the reason why a text cannot be sent to a peer.
pub(super) fn of_send(e: Error) -> &'static str {
    match e {
        ECONNREFUSED => "connection refused",
        ECONNRESET | EPIPE => "connection reset by peer",
        ETIMEDOUT => "connection timed out",
        ENETUNREACH | EHOSTUNREACH => "no route to host (see ip route)",
        EADDRNOTAVAIL => "no local address or port available",
        EAFNOSUPPORT => "no IPv6 in this kernel; use an IPv4 address",
        _ => of_any(e),
    }
}

/// Returns the reason why a root or a rule cannot be added or removed.
pub(super) fn of_sources(e: Error) -> &'static str {
    match e {
        ENOENT => "no hand-over of these files (see the output of the node)",
        ENOSPC => "too many roots or rules; the maximum is 1024 roots and 64 KiB of rules",
        _ => of_any(e),
    }
}

/// Returns the reason why a host cannot have a format of the access log.
pub(super) fn of_log(e: Error) -> &'static str {
    match e {
        E2BIG => "too many hosts; the maximum is 64",
        _ => of_any(e),
    }
}

/// Returns the reason why the addresses of clients cannot be taken from a field.
pub(super) fn of_client_address(e: Error) -> &'static str {
    match e {
        E2BIG => "too many networks; the maximum is 8",
        _ => of_any(e),
    }
}

/// Returns the reason of an error that can happen anywhere.
pub(super) fn of_any(e: Error) -> &'static str {
    match e {
        ENOMEM => "not enough memory",
        EINTR | ERESTARTSYS => "interrupted by a signal",
        EMFILE | ENFILE => "too many open files",
        _ => "refused by the kernel",
    }
}
