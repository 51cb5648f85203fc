// SPDX-License-Identifier: GPL-2.0-only

//! Safe wrappers of the kernel's C API.
//!
//! The only `unsafe` and the only `bindings::` of khttpd are in here. These abstractions wait to
//! mature until they can be moved to the `kernel` crate, so they know nothing of HTTP, and they
//! hold just what khttpd uses.

pub(crate) mod clock;
pub(crate) mod deferred;
pub(crate) mod device;
mod ffi;
pub(crate) mod fs;
pub(crate) mod hash;
pub(crate) mod interruptible_mutex;
pub(crate) mod log;
pub(crate) mod net;
pub(crate) mod page;
pub(crate) mod param;
pub(crate) mod percpu;
pub(crate) mod published;
pub(crate) mod softirq;
pub(crate) mod tcp;
pub(crate) mod text;
pub(crate) mod workqueue;
