// SPDX-License-Identifier: GPL-2.0-only

//! Connections that TLS encrypts and decrypts in the kernel.
//!
//! C headers: [`include/net/tls.h`](srctree/include/net/tls.h),
//! [`include/uapi/linux/tls.h`](srctree/include/uapi/linux/tls.h)

use super::{
    sender::{
        flags,
        space, //
    },
    LockError,
    SocketFile, //
};
use crate::sys::{
    errno::EBADMSG,
    ffi,
    page::{
        Block,
        PageBytes, //
    }, //
};
use core::ops::Range;
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_uint, //
    },
    prelude::*, //
};

/// What was received.
pub(crate) enum TlsReceived {
    /// So many bytes of application data.
    Data(usize),
    /// The description of an alert (RFC 8446 section 6).
    Alert(u8),
    /// A record that must not come after the handshake, or that the kernel leaves to processes.
    Unexpected,
    /// A record that is malformed or not authentic, and the description of the alert for it. There
    /// is nothing to be received any more.
    Broken(u8),
    /// The end of the stream.
    End,
}

/// The right to use a connection with TLS, which no process can use meanwhile.
///
/// # Invariants
///
/// The socket has TLS in both directions. The reference of `file` is the only one to the file, and
/// no process gets another one.
pub(crate) struct TlsSocket<'a> {
    file: &'a SocketFile,
}

/// `SSL_TLS_RECORD_TYPE` of application data and of alerts (RFC 8446 section 5.1).
const DATA: u8 = 23;
const ALERT: u8 = 21;

/// Returns the description of the alert (RFC 8446 sections 5.2 and 6.2) if TLS tells by this error
/// that a record is not authentic, or malformed.
fn alert_for(e: Error) -> Option<u8> {
    const BAD_RECORD_MAC: u8 = 20;
    const RECORD_OVERFLOW: u8 = 22;
    const DECODE_ERROR: u8 = 50;
    match e {
        EBADMSG => Some(BAD_RECORD_MAC),
        EMSGSIZE => Some(RECORD_OVERFLOW),
        EINVAL => Some(DECODE_ERROR),
        _ => None,
    }
}

impl SocketFile {
    /// Returns the right to use the connection, which has TLS, unless a process can use it, too.
    /// Until it is dropped the caller must give the file to no process.
    ///
    /// # Context
    ///
    /// Any context.
    ///
    /// # Errors
    ///
    /// The reason why the connection can not be used.
    pub(crate) fn try_tls(&self) -> Result<TlsSocket<'_>, LockError> {
        if self.tls().is_none() {
            return Err(LockError::Lost);
        }
        if self.is_shared() {
            return Err(LockError::Owned);
        }
        // INVARIANT: Both was just seen. The table of descriptors of a process has no reference, so
        // that none can come from there.
        Ok(TlsSocket { file: self })
    }
}

/// # Context
///
/// Process context, may sleep: the calls wait for the socket's lock, which TCP and its own work item
/// hold only for a moment. This holds for all methods.
impl TlsSocket<'_> {
    /// Has responses leave at once, whatever the process has set.
    pub(crate) fn begin(&self) {
        // SAFETY: By the type invariant it is a TCP socket, which the file keeps.
        unsafe { ffi::khttpd_tls_begin(self.file.sk()) };
    }

    /// Returns whether there is something to be received: a record, the end, or an error.
    pub(crate) fn is_readable(&self) -> bool {
        // SAFETY: By the type invariant it is a TCP socket, which the file keeps.
        unsafe { ffi::khttpd_tls_is_readable(self.file.sk()) }
    }

    /// Receives up to `most` bytes from records of one type; appends those that are application data
    /// to `input`. Returns nothing if there are none.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, the errors of TCP.
    pub(crate) fn receive(&self, input: &mut KVec<u8>, most: usize) -> Result<Option<TlsReceived>> {
        let begin = input.len();
        input.reserve(most, GFP_KERNEL_ACCOUNT)?;
        let (room, mut record_type) = (input.spare_capacity_mut().as_mut_ptr(), 0);
        // SAFETY: By the type invariant the socket is valid and has TLS. There is room for `most`
        // bytes, and the type is valid for writes.
        let received = unsafe {
            ffi::khttpd_tls_receive(self.file.as_raw(), room.cast(), most, &mut record_type)
        };
        let Ok(count) = usize::try_from(received) else {
            return match to_result(received) {
                Ok(()) | Err(EAGAIN) => Ok(None),
                Err(e) => alert_for(e).map(TlsReceived::Broken).map(Some).ok_or(e),
            };
        };
        // SAFETY: The call has written so many bytes, of which there are no more than `most`.
        unsafe { input.inc_len(count) };
        let received = match (record_type, count) {
            (0, 0) => TlsReceived::End,
            (0 | DATA, _) => return Ok(Some(TlsReceived::Data(count))),
            (ALERT, 2) => TlsReceived::Alert(input.last().copied().unwrap_or_default()),
            _ => TlsReceived::Unexpected,
        };
        input.truncate(begin);
        Ok(Some(received))
    }

    /// Takes the error by which TLS tells, to senders too, that a broken record was received; returns
    /// the description of the alert for it. What was received before can still be read.
    pub(crate) fn take_broken(&self) -> Option<u8> {
        // SAFETY: By the type invariant the socket is valid and has TLS.
        to_result(unsafe { ffi::khttpd_tls_take_broken(self.file.sk()) })
            .err()
            .and_then(alert_for)
    }

    /// Encrypts bytes and sends them; returns how many found space. With `more` others follow at
    /// once.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, the errors of TCP, and an error that [`TlsSocket::take_broken`] takes.
    pub(crate) fn send(&self, bytes: &[u8], more: bool) -> Result<usize> {
        // SAFETY: By the type invariant the socket is valid and has TLS. The bytes are valid.
        space(unsafe {
            ffi::khttpd_tls_send(
                self.file.as_raw(),
                bytes.as_ptr().cast(),
                bytes.len(),
                flags(more),
            )
        })
    }

    /// Encrypts a range of `bytes` and sends it, its records in as few segments as possible; otherwise
    /// as [`TlsSocket::send`].
    ///
    /// # Errors
    ///
    /// Those of [`TlsSocket::send`].
    pub(crate) fn splice(
        &self,
        bytes: PageBytes<'_>,
        range: Range<usize>,
        more: bool,
    ) -> Result<usize> {
        let len = range.end.min(bytes.len()).saturating_sub(range.start);
        let (blocks, skip) = bytes.blocks(&range);
        // SAFETY: By the type invariant the socket is valid and has TLS. The blocks have `skip + len`
        // bytes, which do not change any more.
        space(unsafe {
            ffi::khttpd_tls_splice(
                self.file.as_raw(),
                Block::as_raw(blocks),
                c_uint::try_from(blocks.len())?,
                skip,
                len,
                flags(more),
            )
        })
    }

    /// Sends an alert; returns 0 if it found no space.
    ///
    /// # Errors
    ///
    /// Those of [`TlsSocket::send`].
    pub(crate) fn send_alert(&self, is_fatal: bool, description: u8) -> Result<usize> {
        let level = 1 + u8::from(is_fatal);
        // SAFETY: By the type invariant the socket is valid and has TLS.
        space(unsafe { ffi::khttpd_tls_send_alert(self.file.as_raw(), level, description) })
    }

    /// Returns whether TCP has all records: those that TLS still has are lost when the socket is
    /// closed. Otherwise an event follows when TCP has space.
    pub(crate) fn is_flushed(&self) -> bool {
        // SAFETY: By the type invariant the socket is valid and has TLS.
        unsafe { ffi::khttpd_tls_is_flushed(self.file.sk()) }
    }

    /// Returns whether no event follows although TLS has records to send, or has taken none
    /// (`is_blocked`), because memory was short.
    pub(crate) fn is_stuck(&self, is_blocked: bool) -> bool {
        // SAFETY: By the type invariant the socket is valid and has TLS.
        unsafe { ffi::khttpd_tls_is_stuck(self.file.sk(), is_blocked) }
    }

    /// Has TLS send its records once more.
    pub(crate) fn push(&self) {
        // SAFETY: By the type invariant the socket is valid and has TLS.
        unsafe { ffi::khttpd_tls_push(self.file.sk()) };
    }

    /// Returns whether the close, after FIN, loses nothing: TCP resets the connection if bytes are
    /// unread, and forgets what it has sent. Otherwise an event follows when the peer has it all.
    pub(crate) fn can_close(&self) -> bool {
        // SAFETY: By the type invariant it is a TCP socket, which the file keeps.
        unsafe { ffi::khttpd_tls_can_close(self.file.sk()) }
    }

    /// Sends FIN.
    pub(crate) fn half_close(&self) {
        // SAFETY: By the type invariant the socket is valid.
        unsafe { ffi::khttpd_tls_half_close(self.file.as_raw()) };
    }

    /// Has a process that gets the connection find the end of what it receives.
    pub(crate) fn end_receiving(&self) {
        // SAFETY: By the type invariant the socket is valid.
        unsafe { ffi::khttpd_tls_end_receiving(self.file.as_raw()) };
    }

    /// Prepares the close, which follows when the last clone of the file is dropped: TCP goes on in
    /// the background until the peer has acknowledged all bytes, or nothing for `seconds`; with
    /// `reset` it resets the connection.
    pub(crate) fn end(&self, reset: bool, seconds: u32) {
        let milliseconds = c_int::try_from(u64::from(seconds) * 1_000).unwrap_or(c_int::MAX);
        // SAFETY: The socket is a valid TCP socket.
        unsafe { ffi::khttpd_tcp_set_user_timeout(self.file.sk(), milliseconds) };
        // SAFETY: By the type invariant the socket is valid and has TLS.
        unsafe { ffi::khttpd_tls_end(self.file.sk(), reset) };
    }
}
