// SPDX-License-Identifier: GPL-2.0-only

//! What `helpers.c` offers; the C prototypes are in `helpers.h`.
//!
//! Nothing outside [`super`] uses this module: each function has its safe form there.

use kernel::{
    bindings,
    ffi::{
        c_char,
        c_int,
        c_uint,
        c_ulong,
        c_void, //
    }, //
};

/// The callbacks that a socket does without at present: `struct khttpd_callbacks`.
///
/// A `None` stands for a callback of the socket's own that is left in place.
#[repr(C)]
pub(super) struct RawCallbacks {
    pub(super) data_ready: Option<RawCallback>,
    pub(super) write_space: Option<RawCallback>,
    pub(super) state_change: Option<RawCallback>,
}

/// A callback of `struct sock`.
pub(super) type RawCallback = unsafe extern "C" fn(sk: *mut bindings::sock);

/// Is told that `net` ends.
pub(super) type NetEnded = unsafe extern "C" fn(context: *mut c_void, net: *mut bindings::net);

#[expect(
    improper_ctypes,
    reason = "structures that bindgen has not seen are opaque to Rust"
)]
extern "C" {
    /// The module parameter `address`, as given or its default, NUL-terminated.
    ///
    /// Any context. The string lives as long as the module and is written only while it loads.
    pub(super) fn khttpd_param_address() -> *const c_char;

    /// The module parameter `commands`, as above.
    pub(super) fn khttpd_param_commands() -> *const c_char;

    /// The module parameter `root`, NUL-terminated; null if it was not given. Otherwise as above.
    pub(super) fn khttpd_param_root() -> *const c_char;

    /// Makes `sk` a socket that is worked on in atomic context; `any`: for IPv4 and IPv6 alike.
    ///
    /// Process context, may sleep. `sk` is a TCP socket.
    pub(super) fn khttpd_sock_prepare(sk: *mut bindings::sock, any: bool);

    /// Tells a listening socket that clients speak first and are answered at once.
    ///
    /// Process context, may sleep. `sk` is a listening TCP socket.
    pub(super) fn khttpd_sock_listens_for_requests(sk: *mut bindings::sock);

    /// Whether a connection waits to be accepted. Any context. `sk` is a listening TCP socket.
    pub(super) fn khttpd_sock_has_child(sk: *const bindings::sock) -> bool;

    /// Takes the socket's spinlock and disables softirqs; `false` and neither of both if a
    /// process owns the socket.
    ///
    /// Any context but hardirq. `sk` is valid until [`khttpd_sock_unlock`].
    pub(super) fn khttpd_sock_lock(sk: *mut bindings::sock) -> bool;

    /// Ends what [`khttpd_sock_lock`] began, on the same CPU.
    pub(super) fn khttpd_sock_unlock(sk: *mut bindings::sock);

    /// Whether `sk` is a listening socket. Any context.
    pub(super) fn khttpd_sock_listens(sk: *const bindings::sock) -> bool;

    /// The number in the sequence of the first byte that the peer has not acknowledged. Any context.
    pub(super) fn khttpd_sock_acknowledged(sk: *const bindings::sock) -> u32;

    /// Whether the peer has sent FIN. Any context.
    pub(super) fn khttpd_sock_received_fin(sk: *const bindings::sock) -> bool;

    /// Whether the connection was reset, timed out or is closed. Any context.
    pub(super) fn khttpd_sock_dead(sk: *const bindings::sock) -> bool;

    /// The CPU that has taken in what came last, -1 where nothing has. Any context.
    pub(super) fn khttpd_sock_incoming_cpu(sk: *const bindings::sock) -> c_int;

    /// Disables softirqs on this CPU. Any context but hardirq; `khttpd_bh_enable` must follow.
    pub(super) fn khttpd_bh_disable();

    /// Enables softirqs again, and runs what is pending, unless they were disabled before.
    pub(super) fn khttpd_bh_enable();

    /// Whether received bytes (or a FIN) wait. Any context.
    pub(super) fn khttpd_sock_unread(sk: *const bindings::sock) -> bool;

    /// Whether a process owns `sk`. Any context.
    pub(super) fn khttpd_sock_owned(sk: *const bindings::sock) -> bool;

    /// Sends FIN behind what was sent. The socket's spinlock is held and softirqs are disabled.
    pub(super) fn khttpd_sock_half_close(sk: *mut bindings::sock);

    /// Makes the release of `sk` a reset. Process context, may sleep.
    pub(super) fn khttpd_sock_reset_on_close(sk: *mut bindings::sock);

    /// TCP drops the connection when the peer has taken nothing of what is sent for so long.
    pub(super) fn khttpd_sock_give_up_after(sk: *mut bindings::sock, seconds: c_uint);

    /// In `sk_write_space`: whether there is enough space now to be worth a try.
    pub(super) fn khttpd_sock_write_space(sk: *mut bindings::sock) -> bool;

    /// Puts the callbacks of `spare` into `sk`, its own into `spare`, and sets the user data;
    /// `false` and nothing of this if it has user data.
    ///
    /// Process context, may sleep. `spare` is used for this socket only, by this function and
    /// [`khttpd_detach`], and the callbacks fit the user data, whose lowest three bits are zero.
    pub(super) fn khttpd_attach(
        sk: *mut bindings::sock,
        spare: *mut RawCallbacks,
        user_data: *mut c_void,
    ) -> bool;

    /// Undoes [`khttpd_attach`] and returns the user data; null and nothing of this if it has
    /// none. No callback uses the user data any more.
    ///
    /// Process context, may sleep.
    pub(super) fn khttpd_detach(sk: *mut bindings::sock, spare: *mut RawCallbacks) -> *mut c_void;

    /// Gives `child`, just accepted, the `sk_data_ready` that `listener` had before it got ours.
    ///
    /// Process context. `spare` is the listener's, and nobody has attached to `child` yet.
    pub(super) fn khttpd_forget_inherited(
        child: *mut bindings::sock,
        listener: *mut bindings::sock,
        spare: *const RawCallbacks,
    );

    /// The user data of `sk`, or null. A lock of the socket is held that [`khttpd_detach`] takes.
    pub(super) fn khttpd_user_data(sk: *const bindings::sock) -> *mut c_void;

    /// Takes `sk_callback_lock` for reading and returns the user data, which stays what it is
    /// until [`khttpd_callback_end`].
    ///
    /// Within a callback of `sk`.
    pub(super) fn khttpd_callback_begin(sk: *mut bindings::sock) -> *mut c_void;

    /// Ends what [`khttpd_callback_begin`] began.
    pub(super) fn khttpd_callback_end(sk: *mut bindings::sock);

    /// The first contiguous piece of what has come in and was not read, and its length; null if
    /// there is nothing, or a negative errno as a pointer.
    ///
    /// The socket's spinlock is held; the piece stays until it is released or
    /// [`khttpd_read_done`] is called, whatever is sent meanwhile.
    pub(super) fn khttpd_peek(sk: *mut bindings::sock, len: *mut usize) -> *const u8;

    /// Consumes `len` bytes of what has come in. The socket's spinlock is held.
    pub(super) fn khttpd_read_done(sk: *mut bindings::sock, len: usize);

    /// Makes the buffers that sending copies into, one per CPU; null if there is no memory.
    ///
    /// Process context, may sleep. They are a `struct page_frag __percpu`.
    pub(super) fn khttpd_alloc_frags() -> *mut c_void;

    /// Gives the buffers back. Process context. No call of [`khttpd_send`] or [`khttpd_splice`]
    /// uses them any more.
    pub(super) fn khttpd_free_frags(frags: *mut c_void);

    /// Copies up to `len` bytes of `pieces` into the send buffer; returns how many or a negative
    /// errno (`-EAGAIN`: no space, and `sk_write_space` follows; or no memory, and it may have been
    /// called already).
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
    /// copied: their content must not change for as long as anybody holds a reference.
    pub(super) fn khttpd_splice(
        sk: *mut bindings::sock,
        frags: *mut c_void,
        pieces: *const bindings::bio_vec,
        count: c_uint,
        skip: usize,
        len: usize,
        flags: c_uint,
    ) -> c_int;

    /// 2^`order` contiguous pages, as one compound page, full of zeros, or null.
    ///
    /// Process context, may sleep. `order` is at most `MAX_PAGE_ORDER`.
    pub(super) fn khttpd_alloc_block(order: c_uint) -> *mut bindings::page;

    /// Takes another reference. Any context. There is one already.
    pub(super) fn khttpd_get_page(page: *mut bindings::page);

    /// Drops a reference, the last of which frees the block. Any context.
    pub(super) fn khttpd_put_page(page: *mut bindings::page);

    /// `page_address()`; never null without highmem.
    pub(super) fn khttpd_page_address(page: *mut bindings::page) -> *mut c_void;

    /// `hsiphash()` of `len` bytes; the key is two words.
    pub(super) fn khttpd_hsiphash(bytes: *const c_void, len: usize, key: *const usize) -> u32;

    /// `blake2s()` of the bytes of `count` blocks, unkeyed, into `digest_len` (1 to 32) bytes.
    ///
    /// Process context, may sleep.
    pub(super) fn khttpd_blake2s(
        blocks: *const bindings::bio_vec,
        count: usize,
        digest: *mut u8,
        digest_len: usize,
    );

    /// The network namespace of the calling task, which keeps it.
    ///
    /// Process context; the task is not past closing its files.
    pub(super) fn khttpd_net_current() -> *mut bindings::net;

    /// A number that no other namespace has or will have. Any context.
    pub(super) fn khttpd_net_cookie(net: *const bindings::net) -> u64;

    /// Whether the calling task and who has opened `file` have both a capability in the user
    /// namespace that `net` belongs to. Process context.
    pub(super) fn khttpd_net_capable(
        net: *const bindings::net,
        file: *const bindings::file,
        capability: c_int,
    ) -> bool;

    /// Whether what the calling task causes may go to the log. Process context.
    pub(super) fn khttpd_log_admits() -> bool;

    /// Whether it takes `CAP_NET_BIND_SERVICE` to bind to `port`. Any context.
    pub(super) fn khttpd_net_is_privileged(net: *mut bindings::net, port: u16) -> bool;

    /// Lets `ended` be called with `context` for each namespace that ends, before its devices go.
    ///
    /// Within the module's init; may sleep. One watch for each time that the module is loaded, else
    /// `-EBUSY`; `context` is valid until [`khttpd_net_unwatch`].
    pub(super) fn khttpd_net_watch(ended: NetEnded, context: *mut c_void) -> c_int;

    /// Calls `ended` for each namespace that there is, and never again. Process context, sleeps.
    pub(super) fn khttpd_net_unwatch();

    /// The character device of `inode`, which is being opened.
    pub(super) fn khttpd_inode_cdev(inode: *const bindings::inode) -> *mut bindings::cdev;

    /// The minor number of the device that `inode` is a node of. Any context.
    pub(super) fn khttpd_inode_minor(inode: *const bindings::inode) -> c_uint;

    /// In `flush`: whether no other descriptor refers to `file`.
    pub(super) fn khttpd_file_is_last(file: *mut bindings::file) -> bool;

    /// `sock_release()`; TCP goes on in the background until all is acknowledged, or if the
    /// namespace ends, the peer gets a reset. Process context, may sleep.
    pub(super) fn khttpd_sock_release(sock: *mut bindings::socket);

    /// Sends what `from` has and moves it on; `wait`: until there is space for all of it. Returns
    /// how much or a negative errno.
    ///
    /// Process context, may sleep; a signal interrupts it.
    pub(super) fn khttpd_sock_send(
        sock: *mut bindings::socket,
        from: *mut bindings::iov_iter,
        wait: bool,
    ) -> isize;

    /// As [`khttpd_sock_send`] for `len` bytes of the kernel's memory; waits.
    pub(super) fn khttpd_sock_send_bytes(
        sock: *mut bindings::socket,
        bytes: *const c_void,
        len: usize,
    ) -> isize;

    /// Receives what there is and fits into `to`; `wait`: until there is something or no more will
    /// come. Returns how much or a negative errno.
    ///
    /// Process context, may sleep; a signal interrupts it.
    pub(super) fn khttpd_sock_receive(
        sock: *mut bindings::socket,
        to: *mut bindings::iov_iter,
        wait: bool,
    ) -> isize;

    /// The socket's own `poll`. `file` is what `table`, which may be null, refers to; it is not
    /// released before the socket is.
    pub(super) fn khttpd_sock_poll(
        sock: *mut bindings::socket,
        file: *mut bindings::file,
        table: *mut bindings::poll_table,
    ) -> bindings::__poll_t;

    /// Waits up to `timeout` jiffies until the peer has acknowledged all that was sent; 0 or a
    /// negative errno: what the connection has met with, `-EPIPE` if that was told before,
    /// `-ETIMEDOUT`, or that of a signal.
    ///
    /// Process context, sleeps. `sock` is a TCP socket.
    pub(super) fn khttpd_sock_wait_acknowledged(
        sock: *mut bindings::socket,
        timeout: c_ulong,
    ) -> c_int;

    /// Waits so, sends FIN, and waits again, up to `timeout` jiffies in all. Otherwise as above.
    pub(super) fn khttpd_sock_finish(sock: *mut bindings::socket, timeout: c_ulong) -> c_int;
}
