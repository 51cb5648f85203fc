// SPDX-License-Identifier: GPL-2.0-only

//! Declarations of the module's C functions for sockets with TLS.

use kernel::{
    bindings,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    }, //
};

/// The parameters of TLS: `struct khttpd_tls_parameters`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(in crate::sys) struct RawTlsParameters {
    pub(in crate::sys) version: u16,
    pub(in crate::sys) cipher: u16,
}

#[expect(
    improper_ctypes,
    reason = "structures that bindgen does not see, or that have no fields, are opaque to Rust"
)]
extern "C" {
    /// Tells whether [`khttpd_tls_receive`] would return something else than `-EAGAIN`. Any context.
    pub(in crate::sys) fn khttpd_tls_is_readable(sk: *mut bindings::sock) -> bool;

    /// Takes the error of a stream without further records: a negative errno, or 0. Any context. `sk`
    /// has TLS.
    pub(in crate::sys) fn khttpd_tls_take_broken(sk: *mut bindings::sock) -> c_int;

    /// Receives up to `len` bytes of records of one type, which it writes: 0 for none. Returns the
    /// number of bytes, 0 also at the end of the stream, or a negative errno. Process context, may
    /// wait for the socket's lock. `sock` has TLS.
    pub(in crate::sys) fn khttpd_tls_receive(
        sock: *mut bindings::socket,
        to: *mut c_void,
        len: usize,
        record_type: *mut u8,
    ) -> c_int;

    /// Encrypts `len` bytes and sends them. Returns how many were taken, or a negative errno. Process
    /// context, may wait for the socket's lock.
    pub(in crate::sys) fn khttpd_tls_send(
        sock: *mut bindings::socket,
        from: *const c_void,
        len: usize,
        flags: c_uint,
    ) -> c_int;

    /// Encrypts `len` bytes of blocks behind the first `skip` bytes and sends them. Returns as
    /// [`khttpd_tls_send`].
    pub(in crate::sys) fn khttpd_tls_splice(
        sock: *mut bindings::socket,
        pieces: *const bindings::bio_vec,
        count: c_uint,
        skip: usize,
        len: usize,
        flags: c_uint,
    ) -> c_int;

    /// Sends an alert. Returns a positive number or a negative errno. Process context, may wait for the
    /// socket's lock.
    pub(in crate::sys) fn khttpd_tls_send_alert(
        sock: *mut bindings::socket,
        level: u8,
        description: u8,
    ) -> c_int;

    /// Tells whether TCP has all records. Process context, may wait for the socket's lock. `sk` has
    /// TLS.
    pub(in crate::sys) fn khttpd_tls_is_flushed(sk: *mut bindings::sock) -> bool;

    /// Tells whether no event follows although TLS has records to send, or has taken none
    /// (`is_blocked`). Process context, may wait for the socket's lock. `sk` has TLS.
    pub(in crate::sys) fn khttpd_tls_is_stuck(sk: *mut bindings::sock, is_blocked: bool) -> bool;

    /// Has TLS send its records once more. Process context, may wait for the socket's lock. `sk` has
    /// TLS.
    pub(in crate::sys) fn khttpd_tls_push(sk: *mut bindings::sock);

    /// Tells whether the close loses nothing. Any context.
    pub(in crate::sys) fn khttpd_tls_can_close(sk: *const bindings::sock) -> bool;

    /// Sends FIN. Process context, may wait for the socket's lock.
    pub(in crate::sys) fn khttpd_tls_half_close(sock: *mut bindings::socket);

    /// Has responses leave at once. Process context, may wait for the socket's lock.
    pub(in crate::sys) fn khttpd_tls_begin(sk: *mut bindings::sock);

    /// Has a process that gets the socket find the end of what is received. Process context, may wait
    /// for the socket's lock.
    pub(in crate::sys) fn khttpd_tls_end_receiving(sock: *mut bindings::socket);

    /// Prepares the close, which resets the connection if `reset`. Process context, may wait for the
    /// socket's lock.
    pub(in crate::sys) fn khttpd_tls_end(sk: *mut bindings::sock, reset: bool);
}
