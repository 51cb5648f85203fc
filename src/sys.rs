// SPDX-License-Identifier: GPL-2.0-only

//! Safe wrappers of the kernel's C API.
//!
//! Only this part of khttpd contains `unsafe` and uses `bindings`. These abstractions are candidates
//! for the `kernel` crate: they know nothing of HTTP. They contain only what khttpd uses.
//!
//! There is one file or folder for each subsystem of the kernel. `ffi` declares all C functions
//! of the module.

pub(crate) mod clock;
pub(crate) mod compress;
pub(crate) mod deferred;
pub(crate) mod device;
pub(crate) mod errno;
mod ffi;
pub(crate) mod fs;
pub(crate) mod fsnotify;
pub(crate) mod hash;
pub(crate) mod interruptible_mutex;
pub(crate) mod log;
pub(crate) mod memory_group;
pub(crate) mod net;
pub(crate) mod page;
pub(crate) mod param;
pub(crate) mod percpu;
pub(crate) mod percpu_counters;
pub(crate) mod poll;
pub(crate) mod published;
pub(crate) mod ring;
pub(crate) mod sched;
pub(crate) mod softirq;
pub(crate) mod sort;
pub(crate) mod task_rights;
pub(crate) mod task_view;
pub(crate) mod tcp;
pub(crate) mod text;
pub(crate) mod thread;
pub(crate) mod trace;
pub(crate) mod uio;
pub(crate) mod workqueue;
