// SPDX-License-Identifier: GPL-2.0-only

//! Declarations of the module's C functions.
//!
//! - `helpers/*.c` wraps inline functions, macros and structures that bindgen does not see, one
//!   file for each header of the kernel.
//! - The other C files contain more than a wrapper; each is next to the Rust file that uses it.
//!
//! Those of `tcp/` and for sockets are in [`tcp`] and [`tls`], those for network namespaces in [`net`],
//! those of `compress/` in [`compress`], those for watching files in [`watch`], the tracepoints in
//! [`trace`].
//!
//! Nothing outside [`super`] uses this module: each function has a safe wrapper there.

mod compress;
mod net;
mod tcp;
mod tls;
mod trace;
mod watch;

pub(super) use self::{
    compress::*,
    net::*,
    tcp::*,
    tls::*,
    trace::*,
    watch::*, //
};

use kernel::{
    bindings,
    ffi::{
        c_char,
        c_int,
        c_long,
        c_uint,
        c_void, //
    }, //
};

/// A function that is called when `net` exits.
pub(super) type PernetPreExit = unsafe extern "C" fn(context: *mut c_void, net: *mut bindings::net);

/// A function that is called after [`PernetPreExit`] was called for some namespaces.
pub(super) type PernetExitBatch = unsafe extern "C" fn(context: *mut c_void);

/// A function that is called with a name of `len` bytes; returns whether to go on.
pub(super) type VisitName =
    unsafe extern "C" fn(context: *mut c_void, name: *const c_char, len: usize) -> bool;

/// A function that compares two values: `cmp_r_func_t`.
pub(super) type CompareValues =
    unsafe extern "C" fn(a: *const c_void, b: *const c_void, context: *const c_void) -> c_int;

/// A function that swaps two values: `swap_r_func_t`.
pub(super) type SwapValues =
    unsafe extern "C" fn(a: *mut c_void, b: *mut c_void, size: c_int, context: *const c_void);

/// The attributes of a file: `struct khttpd_stat`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct RawStat {
    pub(super) size: u64,
    pub(super) inode: u64,
    /// The time of the last write, in seconds since 1970.
    pub(super) modified: i64,
    /// The time of the last change, of attributes too, in seconds since 1970.
    pub(super) changed: i64,
    /// The change cookie of the file system, 0 if it has none.
    pub(super) cookie: u64,
    pub(super) modified_ns: u32,
    pub(super) changed_ns: u32,
    pub(super) device: u32,
    pub(super) mode: u16,
    /// Whether a process has the file mapped for writing.
    pub(super) mapped: bool,
    /// Whether each later write shows in the attributes, also one through a mapping.
    pub(super) traced: bool,
}

#[expect(
    improper_ctypes,
    reason = "structures that bindgen does not see, or that have no fields, are opaque to Rust"
)]
extern "C" {
    /// Sorts `num` values of `size` bytes at `base`; without `swap`, by swapping their bytes.
    ///
    /// The context of `compare`.
    pub(super) fn sort_r(
        base: *mut c_void,
        num: usize,
        size: usize,
        compare: CompareValues,
        swap: Option<SwapValues>,
        context: *const c_void,
    );

    /// Returns the module parameter `address`, as given or its default, NUL-terminated.
    ///
    /// Any context. The string lives as long as the module and is written only while it loads.
    pub(super) fn khttpd_param_address() -> *const c_char;

    /// Returns the module parameter `commands`. Otherwise as [`khttpd_param_address`].
    pub(super) fn khttpd_param_commands() -> *const c_char;

    /// Returns the module parameter `root`; null if it was not given. Otherwise as
    /// [`khttpd_param_address`].
    pub(super) fn khttpd_param_root() -> *const c_char;

    /// Disables softirqs on this CPU. Any context but hardirq; [`khttpd_local_bh_enable`] must
    /// follow.
    pub(super) fn khttpd_local_bh_disable();

    /// Enables softirqs again, and runs pending ones, unless they were disabled before.
    pub(super) fn khttpd_local_bh_enable();

    /// Lets another task run if it is that task's turn. Process context, may sleep.
    pub(super) fn khttpd_cond_resched();

    /// Tells whether the calling task and the opener of `file` have `CAP_SYSLOG` on the host.
    /// Process context.
    pub(super) fn khttpd_log_may_read(file: *const bindings::file) -> bool;

    /// Counts a message and tells whether the rate limit admits it. Any context.
    pub(super) fn khttpd_log_admits() -> bool;

    /// Returns a reference to the memory control group of the calling task; null in a kernel without
    /// such groups. Process context.
    pub(super) fn khttpd_get_mem_cgroup_from_current() -> *mut c_void;

    /// Drops a reference; ignores null. Any context.
    pub(super) fn khttpd_mem_cgroup_put(memcg: *mut c_void);

    /// Charges what the calling task allocates with `__GFP_ACCOUNT` to `memcg`, or again to its own
    /// group if that is null; returns what was set before.
    ///
    /// Process context. The caller has a reference until it sets another.
    pub(super) fn khttpd_set_active_memcg(memcg: *mut c_void) -> *mut c_void;

    /// Takes another reference. Any context. The caller has one already.
    pub(super) fn khttpd_get_page(page: *mut bindings::page);

    /// Drops a reference, the last of which frees the block. Any context.
    pub(super) fn khttpd_put_page(page: *mut bindings::page);

    /// Returns the address of a page; never null without highmem. Any context.
    pub(super) fn khttpd_page_address(page: *const bindings::page) -> *mut c_void;

    /// Hashes `len` bytes with a key of two words. Any context.
    pub(super) fn khttpd_hsiphash(bytes: *const c_void, len: usize, key: *const usize) -> u32;

    /// Writes the unkeyed BLAKE2s of the bytes of `count` blocks into `digest_len` (1 to 32) bytes.
    ///
    /// Process context, may sleep.
    pub(super) fn khttpd_blake2s(
        blocks: *const bindings::bio_vec,
        count: usize,
        digest: *mut u8,
        digest_len: usize,
    );

    /// Returns the network namespace of the calling task, which keeps it.
    ///
    /// Process context; the task has not closed its files yet.
    pub(super) fn khttpd_current_net() -> *mut bindings::net;

    /// Tells whether binding to `port` requires `CAP_NET_BIND_SERVICE`. Any context.
    pub(super) fn khttpd_inet_port_requires_bind_service(
        net: *mut bindings::net,
        port: u16,
    ) -> bool;

    /// Returns the credentials of the calling task, which keeps them until it replaces them. Process
    /// context.
    pub(super) fn khttpd_current_cred() -> *const bindings::cred;

    /// Tells whether tasks with these credentials may open the same files and pass the same checks
    /// of capabilities, apart from what a security module says. Any context.
    pub(super) fn khttpd_cred_equal(a: *const bindings::cred, b: *const bindings::cred) -> bool;

    /// Tells whether the opener of `file` has the same credentials as the calling task, or may read
    /// all files in its user namespace. Process context.
    pub(super) fn khttpd_opener_may_read_files(file: *const bindings::file) -> bool;

    /// Writes the root of the calling task's paths, with references for the caller.
    ///
    /// Process context; the task has not closed its files yet.
    pub(super) fn khttpd_current_root(root: *mut bindings::path);

    /// Registers pernet operations that call `pre_exit` with `context` for each namespace that
    /// exits, before its devices go, and `exit_batch` once for several of them, a grace period later.
    ///
    /// Within the module's init; may sleep. Once for each time that the module is loaded, else
    /// `-EBUSY`; `context` is valid until [`khttpd_pernet_unregister`].
    pub(super) fn khttpd_pernet_register(
        pre_exit: PernetPreExit,
        exit_batch: PernetExitBatch,
        context: *mut c_void,
    ) -> c_int;

    /// Calls `pre_exit` for each namespace that exists, then `exit_batch`, and not any more
    /// afterwards. Process context, sleeps.
    pub(super) fn khttpd_pernet_unregister();

    /// Returns the character device of `inode`, which is being opened.
    pub(super) fn khttpd_inode_cdev(inode: *const bindings::inode) -> *mut bindings::cdev;

    /// Returns the minor number of the device that `inode` is a node of. Any context.
    pub(super) fn khttpd_iminor(inode: *const bindings::inode) -> c_uint;

    /// Returns the number of references to `file`. Any context.
    pub(super) fn khttpd_file_count(file: *mut bindings::file) -> c_long;

    /// Finds a directory as a task with the root `root` does; on success `path` has references.
    /// Process context, may sleep. `name` is NUL-terminated.
    pub(super) fn khttpd_path_directory(
        root: *const bindings::path,
        name: *const c_char,
        path: *mut bindings::path,
    ) -> c_int;

    /// Finds `name`, which is relative, as if `root` were the root; with `same_mount`, other mounts
    /// are errors. Otherwise as [`khttpd_path_directory`].
    pub(super) fn khttpd_path_look_up(
        root: *const bindings::path,
        name: *const c_char,
        follow: bool,
        same_mount: bool,
        found: *mut bindings::path,
    ) -> c_int;

    /// Returns whether a read waits for no other process and no other host. Any context.
    pub(super) fn khttpd_path_is_local(path: *const bindings::path) -> bool;

    /// Calls `visit` with the name of what is at `path`, which becomes the directory that contains
    /// it, below the mounts on top of it. Returns whether there is one and it is not `root`.
    ///
    /// Process context, may sleep.
    pub(super) fn khttpd_path_up(
        root: *const bindings::path,
        path: *mut bindings::path,
        visit: VisitName,
        context: *mut c_void,
    ) -> bool;

    /// Writes the attributes of a file, on success all of them. Process context, may sleep.
    pub(super) fn khttpd_path_stat(path: *const bindings::path, stat: *mut RawStat) -> c_int;

    /// Waits until writes have ended that began before `stat` was read; writes that begin later
    /// get another time. Process context, sleeps.
    pub(super) fn khttpd_path_settle(path: *const bindings::path, stat: *const RawStat) -> c_int;

    /// Opens a file or a directory for reading, with the rights of the task; or returns an error
    /// pointer. Process context, may sleep.
    pub(super) fn khttpd_file_open(path: *const bindings::path) -> *mut bindings::file;

    /// Calls `visit` for each entry of a directory, with its lock held. Process context, may sleep.
    pub(super) fn khttpd_file_names(
        file: *mut bindings::file,
        visit: VisitName,
        context: *mut c_void,
    ) -> c_int;
}
