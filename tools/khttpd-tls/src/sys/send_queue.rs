// SPDX-License-Identifier: GPL-2.0-only

//! Bytes of a connection that TCP has and the peer has not acknowledged.
//!
//! C header: `include/uapi/linux/sockios.h`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::c_int;

/// Returns their number (`SIOCOUTQ`, which has the number of `TIOCOUTQ`). What kTLS has not given
/// to TCP yet does not count.
pub(crate) fn unacknowledged(socket: BorrowedFd<'_>) -> io::Result<c_int> {
    let mut count: c_int = 0;
    // SAFETY: The call writes one `int`, and `count` is one.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &mut count) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(count)
}
