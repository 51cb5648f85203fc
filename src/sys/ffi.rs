// SPDX-License-Identifier: GPL-2.0-only

//! Declarations of the module's C functions.
//!
//! - `helpers/*.c` wraps inline functions, macros and structures that bindgen does not see, one
//!   file for each header of the kernel.
//! - The other C files contain more than a wrapper; each is next to the Rust file that uses it.
//!
//! Nothing outside [`super`] uses this module: each function has a safe wrapper there.

use kernel::{
    bindings,
    ffi::{
        c_char,
        c_int,
        c_long,
        c_uint,
        c_ulong,
        c_void, //
    }, //
};

/// The callbacks that are not in a socket at present: `struct khttpd_callbacks`.
///
/// `None` stands for a callback of the socket's own that stays in place.
#[repr(C)]
pub(super) struct RawCallbacks {
    pub(super) data_ready: Option<RawCallback>,
    pub(super) write_space: Option<RawCallback>,
    pub(super) state_change: Option<RawCallback>,
}

/// A callback of `struct sock`.
pub(super) type RawCallback = unsafe extern "C" fn(sk: *mut bindings::sock);

/// A function that is called when `net` exits.
pub(super) type PernetPreExit = unsafe extern "C" fn(context: *mut c_void, net: *mut bindings::net);

/// A function that is called after [`PernetPreExit`] was called for some namespaces.
pub(super) type PernetExitBatch = unsafe extern "C" fn(context: *mut c_void);

/// A function that is called with a name of `len` bytes; returns whether to go on.
pub(super) type VisitName =
    unsafe extern "C" fn(context: *mut c_void, name: *const c_char, len: usize) -> bool;

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

    /// Finds a directory; on success `path` has references. Process context, may sleep. `name` is
    /// NUL-terminated.
    pub(super) fn khttpd_kern_path_directory(
        name: *const c_char,
        path: *mut bindings::path,
    ) -> c_int;

    /// Finds `name`, which is relative, as if `root` were the root. Otherwise as
    /// [`khttpd_kern_path_directory`].
    pub(super) fn khttpd_path_look_up(
        root: *const bindings::path,
        name: *const c_char,
        follow: bool,
        found: *mut bindings::path,
    ) -> c_int;

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

    /// Prepares `sk` for use in atomic context, and for a port that it shares with other such sockets
    /// alone; `any`: for IPv4 and IPv6 alike.
    ///
    /// Process context, may sleep. `sk` is a TCP socket.
    pub(super) fn khttpd_sock_prepare(sk: *mut bindings::sock, any: bool);

    /// Keeps the address of a bound socket that does not listen from all other sockets, or ends that.
    ///
    /// Process context, may sleep. `sk` is a TCP socket.
    pub(super) fn khttpd_sock_reserve(sk: *mut bindings::sock, reserve: bool);

    /// Tells a listening socket that clients speak first and get a response at once.
    ///
    /// Process context, may sleep. `sk` is a listening TCP socket.
    pub(super) fn khttpd_sock_expect_requests(sk: *mut bindings::sock);

    /// Releases a socket. TCP goes on in the background until the peer has acknowledged all bytes;
    /// if the namespace exits, it resets the connection. Process context, may sleep.
    pub(super) fn khttpd_sock_release(sock: *mut bindings::socket);

    /// Calls the socket's own `poll`. `file` is what `table`, which may be null, refers to; it is
    /// not released before the socket is.
    pub(super) fn khttpd_sock_poll(
        sock: *mut bindings::socket,
        file: *mut bindings::file,
        table: *mut bindings::poll_table,
    ) -> bindings::__poll_t;

    /// Makes the release of `sk` a reset. Process context, may sleep.
    pub(super) fn khttpd_sk_no_linger(sk: *mut bindings::sock);

    /// Tells whether `sk` is a listening socket. Any context.
    pub(super) fn khttpd_sk_listens(sk: *const bindings::sock) -> bool;

    /// Tells whether the peer has sent FIN. Any context.
    pub(super) fn khttpd_sk_received_fin(sk: *const bindings::sock) -> bool;

    /// Tells whether the connection was reset, timed out or is closed. Any context.
    pub(super) fn khttpd_sk_is_dead(sk: *const bindings::sock) -> bool;

    /// Tells whether received bytes (or a FIN) are unread. Any context.
    pub(super) fn khttpd_sk_has_unread(sk: *const bindings::sock) -> bool;

    /// Returns the CPU that has processed the last packet, -1 without one. Any context.
    pub(super) fn khttpd_sk_incoming_cpu(sk: *const bindings::sock) -> c_int;

    /// Tells whether a process owns `sk`. Any context.
    pub(super) fn khttpd_sk_is_owned(sk: *const bindings::sock) -> bool;

    /// Takes the socket's spinlock and disables softirqs; returns `false` and does neither if a
    /// process owns the socket.
    ///
    /// Any context but hardirq. `sk` is valid until [`khttpd_sk_unlock`].
    pub(super) fn khttpd_sk_try_lock(sk: *mut bindings::sock) -> bool;

    /// Ends what [`khttpd_sk_try_lock`] began, on the same CPU.
    pub(super) fn khttpd_sk_unlock(sk: *mut bindings::sock);

    /// Tells whether a connection waits in the accept queue. Any context. `sk` is a TCP socket
    /// that listens or has listened.
    pub(super) fn khttpd_tcp_has_child(sk: *const bindings::sock) -> bool;

    /// Returns the sequence number of the first byte that the peer has not acknowledged. Any
    /// context. `sk` is a TCP socket.
    pub(super) fn khttpd_tcp_acknowledged(sk: *const bindings::sock) -> u32;

    /// Tells whether the sockets of the system use more memory than `net.ipv4.tcp_mem` wants. Any
    /// context.
    pub(super) fn khttpd_tcp_is_short_of_memory() -> bool;

    /// Lets TCP drop the connection when the peer has acknowledged nothing for so long. Any
    /// context. `sk` is a TCP socket.
    pub(super) fn khttpd_tcp_set_user_timeout(sk: *mut bindings::sock, milliseconds: c_int);

    /// Consumes `len` received bytes. The socket's spinlock is held.
    pub(super) fn khttpd_tcp_read_done(sk: *mut bindings::sock, len: usize);

    /// Puts the callbacks of `spare` into `sk`, those of the socket into `spare`, and sets the user
    /// data; returns `false` and does nothing if it has user data.
    ///
    /// Process context, may sleep. `spare` is used for this socket only, by this function and
    /// [`khttpd_detach`]; the callbacks fit the user data, whose lowest three bits are zero.
    pub(super) fn khttpd_attach(
        sk: *mut bindings::sock,
        spare: *mut RawCallbacks,
        user_data: *mut c_void,
    ) -> bool;

    /// Undoes [`khttpd_attach`] and returns the user data; returns null and does nothing if it has
    /// none of ours. Afterwards no callback uses the user data.
    ///
    /// Process context, may sleep.
    pub(super) fn khttpd_detach(sk: *mut bindings::sock, spare: *mut RawCallbacks) -> *mut c_void;

    /// Gives `child`, just accepted, the `sk_data_ready` that `listener` had before it got ours.
    ///
    /// Process context. `spare` is the listener's, and nothing was attached to `child` yet.
    pub(super) fn khttpd_forget_inherited(
        child: *mut bindings::sock,
        listener: *mut bindings::sock,
        spare: *const RawCallbacks,
    );

    /// Returns the user data of `sk`, or null. The caller holds a lock of the socket that
    /// [`khttpd_detach`] takes.
    pub(super) fn khttpd_user_data(sk: *const bindings::sock) -> *mut c_void;

    /// Takes `sk_callback_lock` for reading and returns the user data, which does not change until
    /// [`khttpd_callback_end`]. Within a callback of `sk`.
    pub(super) fn khttpd_callback_begin(sk: *mut bindings::sock) -> *mut c_void;

    /// Ends what [`khttpd_callback_begin`] began.
    pub(super) fn khttpd_callback_end(sk: *mut bindings::sock);

    /// Tells whether there is enough space for a new attempt to send. In `sk_write_space`.
    pub(super) fn khttpd_write_space(sk: *mut bindings::sock) -> bool;

    /// Copies up to `len` unread bytes behind the first `skip`; returns their number, or a negative
    /// errno. The socket's spinlock is held.
    pub(super) fn khttpd_copy_unread(
        sk: *mut bindings::sock,
        skip: u32,
        to: *mut u8,
        len: c_int,
    ) -> c_int;

    /// Consumes up to `limit` unread bytes, a FIN included; returns their number. The socket's
    /// spinlock is held.
    pub(super) fn khttpd_discard_unread(sk: *mut bindings::sock, limit: u32) -> u32;

    /// Allocates the buffers that sending copies into, one for each CPU; null without memory.
    ///
    /// Process context, may sleep. They are a `struct page_frag __percpu`.
    pub(super) fn khttpd_alloc_frags() -> *mut c_void;

    /// Frees the buffers. Process context. No call of [`khttpd_send`] or [`khttpd_splice`] uses
    /// them any more.
    pub(super) fn khttpd_free_frags(frags: *mut c_void);

    /// Copies up to `len` bytes of `pieces` into the send buffer; returns how many or a negative
    /// errno (`-EAGAIN`: no space, and `sk_write_space` follows; or no memory, and TCP may have
    /// called it already).
    ///
    /// The socket's spinlock is held and softirqs are disabled.
    pub(super) fn khttpd_send(
        sk: *mut bindings::sock,
        frags: *mut c_void,
        pieces: *const bindings::kvec,
        count: c_uint,
        len: usize,
        flags: c_uint,
    ) -> c_int;

    /// As [`khttpd_send`], for `len` bytes of pages from `skip` on, which are referenced, not
    /// copied: their content must not change as long as there is a reference.
    pub(super) fn khttpd_splice(
        sk: *mut bindings::sock,
        frags: *mut c_void,
        pieces: *const bindings::bio_vec,
        count: c_uint,
        skip: usize,
        len: usize,
        flags: c_uint,
    ) -> c_int;

    /// Sends FIN behind the bytes that were sent. The socket's spinlock is held and softirqs are
    /// disabled.
    pub(super) fn khttpd_half_close(sk: *mut bindings::sock);

    /// Sends the bytes of `from` and advances it; `wait`: until there is space for all of them.
    /// Returns how many or a negative errno.
    ///
    /// Process context, may sleep; a signal interrupts it.
    pub(super) fn khttpd_client_send(
        sock: *mut bindings::socket,
        from: *mut bindings::iov_iter,
        wait: bool,
    ) -> isize;

    /// Receives the bytes that are there and fit into `to`; `wait`: until there is a byte or a FIN.
    /// Returns how many or a negative errno.
    ///
    /// Process context, may sleep; a signal interrupts it.
    pub(super) fn khttpd_client_receive(
        sock: *mut bindings::socket,
        to: *mut bindings::iov_iter,
        wait: bool,
    ) -> isize;

    /// Waits up to `timeout` jiffies until the peer has acknowledged all bytes; returns 0 or a
    /// negative errno: the error of the connection, `-EPIPE` if that was reported before,
    /// `-ETIMEDOUT`, or that of a signal.
    ///
    /// Process context, sleeps. `sock` is a TCP socket.
    pub(super) fn khttpd_client_wait_acknowledged(
        sock: *mut bindings::socket,
        timeout: c_ulong,
    ) -> c_int;

    /// Waits so, sends FIN, and waits again, up to `timeout` jiffies in all. Otherwise as
    /// [`khttpd_client_wait_acknowledged`].
    pub(super) fn khttpd_client_finish(sock: *mut bindings::socket, timeout: c_ulong) -> c_int;
}
