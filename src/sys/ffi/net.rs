// SPDX-License-Identifier: GPL-2.0-only

//! Declarations of the functions for network namespaces: `helpers/net_namespace.c`.

use kernel::{
    bindings,
    ffi::c_int, //
};

#[expect(
    improper_ctypes,
    reason = "structures that bindgen does not see, or that have no fields, are opaque to Rust"
)]
extern "C" {
    /// Tells whether tasks, or files of the namespace itself, use a network namespace, and not only
    /// sockets. Any context.
    pub(in crate::sys) fn khttpd_net_is_entered(net: *mut bindings::net) -> bool;

    /// Returns the number of a network namespace that no other one has. Any context.
    pub(in crate::sys) fn khttpd_net_cookie(net: *mut bindings::net) -> u64;

    /// Tells whether the user namespace of the host owns a network namespace. Any context.
    pub(in crate::sys) fn khttpd_net_is_owned_by_host(net: *mut bindings::net) -> bool;

    /// Tells whether the calling task and the opener of `file` have a capability in the user
    /// namespace that owns a network namespace. Process context.
    pub(in crate::sys) fn khttpd_net_is_permitted(
        net: *mut bindings::net,
        file: *mut bindings::file,
        capability: c_int,
    ) -> bool;
}
