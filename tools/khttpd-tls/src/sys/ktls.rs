// SPDX-License-Identifier: GPL-2.0-only

//! kTLS: the kernel encrypts and decrypts what a socket carries.
//!
//! C header: `include/uapi/linux/tls.h`.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_void, SOL_TCP, SOL_TLS, TCP_ULP};

pub(crate) use keys::Keys;

mod keys;

const NAME: &[u8] = b"tls";

const TLS_TX: c_int = 1;
const TLS_RX: c_int = 2;
const TLS_SET_RECORD_TYPE: c_int = 1;
const TLS_GET_RECORD_TYPE: c_int = 2;

const ALERT: u8 = 21;
const APPLICATION_DATA: u8 = 23;
/// RFC 8446 section 6: level `warning`, description `close_notify`.
const CLOSE_NOTIFY: [u8; 2] = [1, 0];
/// RFC 8446 section 6.1: the description of an alert without effect; `close_notify` follows it.
const USER_CANCELED: u8 = 90;

/// Bytes of a control message's header.
const HEADER: usize = mem::size_of::<libc::cmsghdr>();

/// Room for a control message with one byte.
#[repr(C, align(8))]
struct Control([u8; 32]);

/// A socket in whose direction to the peer, and from it, kTLS may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ktls<'a>(pub(crate) BorrowedFd<'a>);

/// Outcome of a call that receives from a socket with kTLS.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// This many bytes of application data, 0 for an empty record and for one without effect.
    Data(usize),
    /// The alert `close_notify`.
    CloseNotify,
    /// The end of the TCP connection.
    End,
    /// A record of another type, such as another alert or a handshake message.
    Other(u8),
}

impl Received {
    /// Returns what bytes of a type of record are, or of none at the end.
    fn new(kind: Option<u8>, bytes: &[u8]) -> Self {
        match (kind, bytes) {
            (Some(ALERT), [_, 0]) => Self::CloseNotify,
            (Some(ALERT), [_, USER_CANCELED]) => Self::Data(0),
            (Some(APPLICATION_DATA), _) => Self::Data(bytes.len()),
            (Some(other), _) => Self::Other(other),
            (None, []) => Self::End,
            (None, _) => Self::Data(bytes.len()),
        }
    }
}

impl Ktls<'_> {
    /// Attaches kTLS to a connection. Its bytes pass unchanged until [`Self::set_keys`].
    ///
    /// # Errors
    ///
    /// `ENOENT` if the kernel has no kTLS, `ENOTCONN` if the peer has ended its direction.
    pub(crate) fn attach(self) -> io::Result<()> {
        self.set(SOL_TCP, TCP_ULP, NAME)
    }

    /// Returns whether kTLS is attached.
    pub(crate) fn is_attached(self) -> io::Result<bool> {
        let mut name = [0_u8; 16];
        let mut len: libc::socklen_t = 16;
        // SAFETY: `name` has room for `len` bytes.
        let result = unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                SOL_TCP,
                TCP_ULP,
                name.as_mut_ptr().cast::<c_void>(),
                &mut len,
            )
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(name.starts_with(NAME))
    }

    /// Lets the kernel encrypt and decrypt from the next record on.
    pub(crate) fn set_keys(self, keys: &Keys) -> io::Result<()> {
        self.set(SOL_TLS, TLS_TX, &keys.transmit)?;
        self.set(SOL_TLS, TLS_RX, &keys.receive)
    }

    /// Receives bytes of one type of record, without waiting.
    pub(crate) fn receive(self, to: &mut [u8]) -> io::Result<Received> {
        let mut control = Control([0; 32]);
        let mut piece = piece(to.as_mut_ptr(), to.len());
        let mut message = message(&mut piece, &mut control, mem::size_of::<Control>());
        // SAFETY: The message consists of `to` and `control`, which live until the call returns.
        let count = unsafe { libc::recvmsg(self.0.as_raw_fd(), &mut message, libc::MSG_DONTWAIT) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        let received = to.get(..count).unwrap_or_default();
        let kind = record_type(&control, message.msg_controllen);
        Ok(Received::new(kind, received))
    }

    /// Sends the alert `close_notify`, without waiting.
    pub(crate) fn send_close_notify(self) -> io::Result<()> {
        let mut alert = CLOSE_NOTIFY;
        let mut control = Control([0; 32]);
        let mut put = |at: usize, bytes: &[u8]| {
            if let Some(room) = control.0.get_mut(at..at + bytes.len()) {
                room.copy_from_slice(bytes);
            }
        };
        put(0, &(HEADER + 1).to_ne_bytes());
        put(HEADER - 8, &SOL_TLS.to_ne_bytes());
        put(HEADER - 4, &TLS_SET_RECORD_TYPE.to_ne_bytes());
        put(HEADER, &[ALERT]);
        let mut piece = piece(alert.as_mut_ptr(), alert.len());
        // One byte, with padding.
        let room = HEADER + mem::size_of::<usize>();
        let message = message(&mut piece, &mut control, room);
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: The message consists of `alert` and `control`, which live until the call returns.
        let sent = unsafe { libc::sendmsg(self.0.as_raw_fd(), &message, flags) };
        if sent < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    fn set(self, level: c_int, name: c_int, value: &[u8]) -> io::Result<()> {
        let len = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
        // SAFETY: `value` has `len` bytes.
        let result = unsafe {
            libc::setsockopt(
                self.0.as_raw_fd(),
                level,
                name,
                value.as_ptr().cast::<c_void>(),
                len,
            )
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

fn piece(base: *mut u8, len: usize) -> libc::iovec {
    libc::iovec {
        iov_base: base.cast::<c_void>(),
        iov_len: len,
    }
}

/// Returns a message that points to `piece` and to the first `room` bytes of `control`.
fn message(piece: &mut libc::iovec, control: &mut Control, room: usize) -> libc::msghdr {
    // SAFETY: Zeros are a message without address, pieces and control messages.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = piece;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast::<c_void>();
    message.msg_controllen = room;
    message
}

/// Returns the type of the record that was received.
fn record_type(control: &Control, len: usize) -> Option<u8> {
    let bytes = control.0.get(..len)?;
    let word = |at: usize| {
        Some(c_int::from_ne_bytes(
            bytes.get(at..at + 4)?.try_into().ok()?,
        ))
    };
    if word(HEADER - 8)? == SOL_TLS && word(HEADER - 4)? == TLS_GET_RECORD_TYPE {
        bytes.get(HEADER).copied()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_alerts_only_close_notify_ends_and_user_canceled_goes_on() {
        let alert = |description| Received::new(Some(ALERT), &[1, description]);
        assert_eq!(alert(0), Received::CloseNotify);
        assert_eq!(alert(USER_CANCELED), Received::Data(0));
        assert_eq!(alert(20), Received::Other(ALERT));
    }

    #[test]
    fn empty_record_is_no_end() {
        assert_eq!(
            Received::new(Some(APPLICATION_DATA), b""),
            Received::Data(0)
        );
        assert_eq!(Received::new(None, b""), Received::End);
    }
}
