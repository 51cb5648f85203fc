// SPDX-License-Identifier: GPL-2.0-only

//! Declarations of the module's C functions for sockets.

use super::RawTlsParameters;
use kernel::{
    bindings,
    ffi::{
        c_int,
        c_uint,
        c_ulong,
        c_void, //
    }, //
};

/// The callbacks that are not in a socket at present: `struct khttpd_callbacks`.
///
/// `None` stands for a callback of the socket's own that stays in place.
#[repr(C)]
pub(in crate::sys) struct RawCallbacks {
    pub(in crate::sys) data_ready: Option<RawCallback>,
    pub(in crate::sys) write_space: Option<RawCallback>,
    pub(in crate::sys) state_change: Option<RawCallback>,
}

/// How a socket of a file allocates: `struct khttpd_allocation`.
#[repr(C)]
pub(in crate::sys) struct RawAllocation {
    pub(in crate::sys) flags: bindings::gfp_t,
    pub(in crate::sys) use_task_frag: bool,
}

/// The number of any user for [`khttpd_hand_over`]: no user has it.
pub(in crate::sys) const ANY_USER: u32 = u32::MAX;

/// A callback of `struct sock`.
pub(in crate::sys) type RawCallback = unsafe extern "C" fn(sk: *mut bindings::sock);

#[expect(
    improper_ctypes,
    reason = "structures that bindgen does not see, or that have no fields, are opaque to Rust"
)]
extern "C" {
    /// Prepares `sk` for use in atomic context, and for a port that it shares with other such sockets
    /// alone; `has_ipv4`: a socket of IPv6 takes connections of IPv4, too.
    ///
    /// Process context, may sleep. `sk` is a TCP socket.
    pub(in crate::sys) fn khttpd_sock_prepare(sk: *mut bindings::sock, has_ipv4: bool);

    /// Keeps the address of a bound socket that does not listen from all other sockets, or ends that.
    ///
    /// Process context, may sleep. `sk` is a TCP socket.
    pub(in crate::sys) fn khttpd_sock_reserve(sk: *mut bindings::sock, reserve: bool);

    /// Tells a listening socket that clients speak first and get a response at once.
    ///
    /// Process context, may sleep. `sk` is a listening TCP socket.
    pub(in crate::sys) fn khttpd_sock_expect_requests(sk: *mut bindings::sock);

    /// Releases a socket. TCP goes on in the background until the peer has acknowledged all bytes;
    /// if the namespace exits, it resets the connection. Process context, may sleep.
    pub(in crate::sys) fn khttpd_sock_release(sock: *mut bindings::socket);

    /// Calls the socket's own `poll`. `file` is what `table`, which may be null, refers to; it is
    /// not released before the socket is.
    pub(in crate::sys) fn khttpd_sock_poll(
        sock: *mut bindings::socket,
        file: *mut bindings::file,
        table: *mut bindings::poll_table,
    ) -> bindings::__poll_t;

    /// Makes the close of `sk` a reset. The socket's spinlock is held.
    pub(in crate::sys) fn khttpd_sk_reset_on_close(sk: *mut bindings::sock);

    /// Tells whether `sk` is a listening socket. Any context.
    pub(in crate::sys) fn khttpd_sk_listens(sk: *const bindings::sock) -> bool;

    /// Tells whether the peer has sent FIN. Any context.
    pub(in crate::sys) fn khttpd_sk_received_fin(sk: *const bindings::sock) -> bool;

    /// Tells whether the connection was reset, timed out or is closed. Any context.
    pub(in crate::sys) fn khttpd_sk_is_dead(sk: *const bindings::sock) -> bool;

    /// Tells whether received bytes (or a FIN) are unread. Any context.
    pub(in crate::sys) fn khttpd_sk_has_unread(sk: *const bindings::sock) -> bool;

    /// Tells whether a process owns `sk`. Any context.
    pub(in crate::sys) fn khttpd_sk_is_owned(sk: *const bindings::sock) -> bool;

    /// Returns the port of the peer, and writes its address; that of an IPv4 peer is mapped to IPv6.
    /// Any context. `sk` is an accepted TCP socket.
    pub(in crate::sys) fn khttpd_sk_peer(
        sk: *const bindings::sock,
        address: *mut bindings::in6_addr,
    ) -> u16;

    /// Takes the socket's spinlock and disables softirqs; returns `false` and does neither if a
    /// process owns the socket.
    ///
    /// Any context but hardirq. `sk` is valid until [`khttpd_sk_unlock`].
    pub(in crate::sys) fn khttpd_sk_try_lock(sk: *mut bindings::sock) -> bool;

    /// Ends what [`khttpd_sk_try_lock`] began, on the same CPU.
    pub(in crate::sys) fn khttpd_sk_unlock(sk: *mut bindings::sock);

    /// Tells whether a connection waits in the accept queue. Any context. `sk` is a TCP socket
    /// that listens or has listened.
    pub(in crate::sys) fn khttpd_tcp_has_child(sk: *const bindings::sock) -> bool;

    /// Returns the sequence number of the first byte that the peer has not acknowledged. Any
    /// context. `sk` is a TCP socket.
    pub(in crate::sys) fn khttpd_tcp_acknowledged(sk: *const bindings::sock) -> u32;

    /// Tells whether the sockets of the system use more memory than `net.ipv4.tcp_mem` wants. Any
    /// context.
    pub(in crate::sys) fn khttpd_tcp_is_short_of_memory() -> bool;

    /// Lets TCP drop the connection when the peer has acknowledged nothing for so long. Any
    /// context. `sk` is a TCP socket.
    pub(in crate::sys) fn khttpd_tcp_set_user_timeout(sk: *mut bindings::sock, milliseconds: c_int);

    /// Puts the callbacks of `spare` into `sk`, those of the socket into `spare`, and sets the user
    /// data; returns `false` and does nothing if it has user data.
    ///
    /// Process context, may sleep. `spare` is used for this socket only, by this function and
    /// [`khttpd_detach`]; the callbacks fit the user data, whose lowest three bits are zero.
    pub(in crate::sys) fn khttpd_attach(
        sk: *mut bindings::sock,
        spare: *mut RawCallbacks,
        user_data: *mut c_void,
    ) -> bool;

    /// Undoes [`khttpd_attach`] and returns the user data; returns null and does nothing if it has
    /// none of ours. Afterwards no callback uses the user data.
    ///
    /// Process context, may sleep.
    pub(in crate::sys) fn khttpd_detach(
        sk: *mut bindings::sock,
        spare: *mut RawCallbacks,
    ) -> *mut c_void;

    /// Takes the first child from the accept queue of `listener` and returns a socket for it, which
    /// `khttpd_child_free` frees, or an error pointer: `-EAGAIN`, `-ENOMEM`. The child gets the
    /// `sk_data_ready` that `listener` had before it got ours.
    ///
    /// Softirq or process context, does not sleep. `listener` is a TCP socket that listens or has
    /// listened, and `spare` is the listener's.
    pub(in crate::sys) fn khttpd_accept(
        listener: *mut bindings::sock,
        spare: *const RawCallbacks,
    ) -> *mut bindings::socket;

    /// Does what [`khttpd_attach`] does, and then lets the child know its socket.
    ///
    /// The socket's spinlock is held, and no process owns it. `sock` comes from [`khttpd_accept`].
    pub(in crate::sys) fn khttpd_child_attach(
        sock: *mut bindings::socket,
        spare: *mut RawCallbacks,
        user_data: *mut c_void,
    ) -> bool;

    /// Does what [`khttpd_detach`] does, and closes the connection. TCP goes on in the background
    /// until the peer has acknowledged all bytes; if the namespace exits, it resets the connection.
    ///
    /// Process context, may sleep. `sock` comes from [`khttpd_accept`], and was not closed before.
    pub(in crate::sys) fn khttpd_child_close(
        sock: *mut bindings::socket,
        spare: *mut RawCallbacks,
    ) -> *mut c_void;

    /// Tells whether the peer has an IPv4 address. Any context. `sk` is an accepted TCP socket.
    pub(in crate::sys) fn khttpd_sk_is_ipv4(sk: *const bindings::sock) -> bool;

    /// Tells whether the peer has acknowledged all that was sent, or the connection is dead. The
    /// socket's spinlock is held.
    pub(in crate::sys) fn khttpd_tcp_is_acknowledged(sk: *const bindings::sock) -> bool;

    /// Has `sk_write_space` called for the next acknowledgement. The socket's spinlock is held.
    pub(in crate::sys) fn khttpd_tcp_await_acknowledgement(sk: *mut bindings::sock);

    /// Moves the connection into the accept queue of a process that listens at `to`, with all unread
    /// bytes, and leaves `sock` with a reference to the `struct sock` alone. Returns 0, or a negative
    /// errno, after which the connection is as before:
    ///
    /// - `-ECONNREFUSED` if there is no listener,
    /// - `-EAGAIN` if its queue is full,
    /// - `-EPERM` if no process accepts from it,
    /// - `-EAFNOSUPPORT` if it is of the wrong family,
    /// - `-EACCES` if it does not belong to `uid`, unless that is [`ANY_USER`],
    /// - `-ENOTCONN` if the connection ends, or bytes are sent and not acknowledged,
    /// - `-ENOMEM`.
    ///
    /// If it sets `user_data`, whose target was null, the callbacks are not attached any more.
    ///
    /// Process context, may sleep. `sock` comes from [`khttpd_accept`], [`khttpd_child_attach`] was
    /// called with `spare`, and it was not closed before. `to` is a `sockaddr_in` or `sockaddr_in6`.
    pub(in crate::sys) fn khttpd_hand_over(
        sock: *mut bindings::socket,
        spare: *mut RawCallbacks,
        to: *const bindings::sockaddr_unsized,
        uid: u32,
        user_data: *mut *mut c_void,
    ) -> c_int;

    /// Frees a socket from [`khttpd_accept`] that was closed or handed over; warns and leaks it
    /// otherwise. Any context.
    pub(in crate::sys) fn khttpd_child_free(sock: *mut bindings::socket);

    /// Returns the user data of `sk`, or null. The caller holds a lock of the socket that
    /// [`khttpd_detach`] takes.
    pub(in crate::sys) fn khttpd_user_data(sk: *const bindings::sock) -> *mut c_void;

    /// Takes `sk_callback_lock` for reading and returns the user data, which does not change until
    /// [`khttpd_callback_end`]. Within a callback of `sk`.
    pub(in crate::sys) fn khttpd_callback_begin(sk: *mut bindings::sock) -> *mut c_void;

    /// Ends what [`khttpd_callback_begin`] began.
    pub(in crate::sys) fn khttpd_callback_end(sk: *mut bindings::sock);

    /// Tells whether there is enough space for a new attempt to send. In `sk_write_space`.
    pub(in crate::sys) fn khttpd_write_space(sk: *mut bindings::sock) -> bool;

    /// Copies up to `len` unread bytes behind the first `skip`; returns their number, or a negative
    /// errno. The socket's spinlock is held.
    pub(in crate::sys) fn khttpd_copy_unread(
        sk: *mut bindings::sock,
        skip: u32,
        to: *mut u8,
        len: c_int,
    ) -> c_int;

    /// Lets the receive buffer grow, within `net.ipv4.tcp_rmem`, until the peer may send. The
    /// socket's spinlock is held.
    pub(in crate::sys) fn khttpd_make_room(sk: *mut bindings::sock);

    /// Consumes `count` unread bytes; makes room if few stay unread. The socket's spinlock is held.
    pub(in crate::sys) fn khttpd_consume(sk: *mut bindings::sock, count: u32);

    /// Has the acknowledgement of the unread bytes wait for a response or its timer. The socket's
    /// spinlock is held.
    pub(in crate::sys) fn khttpd_defer_acknowledgement(sk: *mut bindings::sock);

    /// Consumes up to `limit` unread bytes, a FIN included; returns their number. The socket's
    /// spinlock is held.
    pub(in crate::sys) fn khttpd_discard_unread(sk: *mut bindings::sock, limit: u32) -> u32;

    /// Allocates the buffers that sending copies into, one for each CPU; null without memory.
    ///
    /// Process context, may sleep. They are a `struct page_frag __percpu`.
    pub(in crate::sys) fn khttpd_alloc_frags() -> *mut c_void;

    /// Frees the buffers. Process context. No call of [`khttpd_send`] or [`khttpd_splice`] uses
    /// them any more.
    pub(in crate::sys) fn khttpd_free_frags(frags: *mut c_void);

    /// Copies up to `len` bytes of `pieces` into the send buffer; returns how many or a negative
    /// errno (`-EAGAIN`: no space, and `sk_write_space` follows; or no memory, and TCP may have
    /// called it already).
    ///
    /// The socket's spinlock is held and softirqs are disabled.
    pub(in crate::sys) fn khttpd_send(
        sk: *mut bindings::sock,
        frags: *mut c_void,
        pieces: *const bindings::kvec,
        count: c_uint,
        len: usize,
        flags: c_uint,
    ) -> c_int;

    /// As [`khttpd_send`], for `len` bytes of pages from `skip` on, which are referenced, not
    /// copied: their content must not change as long as there is a reference.
    pub(in crate::sys) fn khttpd_splice(
        sk: *mut bindings::sock,
        frags: *mut c_void,
        pieces: *const bindings::bio_vec,
        count: c_uint,
        skip: usize,
        len: usize,
        flags: c_uint,
    ) -> c_int;

    /// Sends `head` bytes of `pieces` as [`khttpd_send`], and behind them `len` bytes of `blocks` as
    /// [`khttpd_splice`]. If memory is short, it sends no block.
    ///
    /// There are one to seven blocks, and the first has more than `skip` bytes.
    pub(in crate::sys) fn khttpd_send_and_splice(
        sk: *mut bindings::sock,
        frags: *mut c_void,
        pieces: *const bindings::kvec,
        count: c_uint,
        head: usize,
        blocks: *const bindings::bio_vec,
        block_count: c_uint,
        skip: usize,
        len: usize,
        flags: c_uint,
    ) -> c_int;

    /// Sends FIN behind the bytes that were sent. The socket's spinlock is held and softirqs are
    /// disabled.
    pub(in crate::sys) fn khttpd_half_close(sk: *mut bindings::sock);

    /// Sends the bytes of `from` and advances it; `wait`: until there is space for all of them.
    /// Returns how many or a negative errno.
    ///
    /// Process context, may sleep; a signal interrupts it.
    pub(in crate::sys) fn khttpd_client_send(
        sock: *mut bindings::socket,
        from: *mut bindings::iov_iter,
        wait: bool,
    ) -> isize;

    /// Receives the bytes that are there and fit into `to`; `wait`: until there is a byte or a FIN.
    /// Returns how many or a negative errno.
    ///
    /// Process context, may sleep; a signal interrupts it.
    pub(in crate::sys) fn khttpd_client_receive(
        sock: *mut bindings::socket,
        to: *mut bindings::iov_iter,
        wait: bool,
    ) -> isize;

    /// Waits up to `timeout` jiffies until the peer has acknowledged all bytes; returns 0 or a
    /// negative errno: the error of the connection, `-EPIPE` if that was reported before,
    /// `-ETIMEDOUT`, or that of a signal.
    ///
    /// Process context, sleeps. `sock` is a TCP socket.
    pub(in crate::sys) fn khttpd_client_wait_acknowledged(
        sock: *mut bindings::socket,
        timeout: c_ulong,
    ) -> c_int;

    /// Waits so, sends FIN, and waits again, up to `timeout` jiffies in all. Otherwise as
    /// [`khttpd_client_wait_acknowledged`].
    pub(in crate::sys) fn khttpd_client_finish(
        sock: *mut bindings::socket,
        timeout: c_ulong,
    ) -> c_int;

    /// Returns 0 if the connection of a socket can be adopted, and writes its protocol and the
    /// parameters of TLS, which are 0 without; or a negative errno: `-EOPNOTSUPP` if it is not one of
    /// TCP, alone or with TLS, `-EINVAL` if TLS does not work in both directions, `-ENOTCONN`. Process
    /// context.
    pub(in crate::sys) fn khttpd_socket_check(
        sock: *mut bindings::socket,
        prot: *mut *const c_void,
        tls: *mut RawTlsParameters,
    ) -> c_int;

    /// Returns the network namespace of a socket. Any context.
    pub(in crate::sys) fn khttpd_socket_net(sock: *mut bindings::socket) -> *mut bindings::net;

    /// Calls `function` with `entry`, whose `private` is `context`, for each event of the socket.
    ///
    /// Process context. `entry` is not in use, and does not move before [`khttpd_socket_unwatch`].
    pub(in crate::sys) fn khttpd_socket_watch(
        sock: *mut bindings::socket,
        entry: *mut bindings::wait_queue_entry,
        function: bindings::wait_queue_func_t,
        context: *mut c_void,
    );

    /// Ends what [`khttpd_socket_watch`] began: the function does not run any more. Process context.
    pub(in crate::sys) fn khttpd_socket_unwatch(
        sock: *mut bindings::socket,
        entry: *mut bindings::wait_queue_entry,
    );

    /// Does what [`khttpd_sk_try_lock`] does, and lets the socket allocate in atomic context. Returns
    /// 0, or a negative errno: `-EAGAIN` if a process owns the socket, `-ENOTCONN` if it is no
    /// connection of TCP with the protocol `prot` any more.
    pub(in crate::sys) fn khttpd_socket_try_lock(
        sk: *mut bindings::sock,
        prot: *const c_void,
        allocation: *mut RawAllocation,
    ) -> c_int;

    /// Ends what [`khttpd_socket_try_lock`] began, on the same CPU.
    pub(in crate::sys) fn khttpd_socket_unlock(
        sk: *mut bindings::sock,
        allocation: *const RawAllocation,
    );

    /// Sends FIN, or resets the connection; the close does not wait for the peer. The socket's
    /// spinlock is held and softirqs are disabled.
    pub(in crate::sys) fn khttpd_socket_end(sk: *mut bindings::sock, reset: bool);

    /// Drops a reference. Process context, may sleep.
    pub(in crate::sys) fn khttpd_file_put(file: *mut bindings::file);
}
