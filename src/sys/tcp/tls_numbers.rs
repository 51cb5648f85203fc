// SPDX-License-Identifier: GPL-2.0-only

//! What a connection with TLS has agreed on.
//!
//! C header: [`include/uapi/linux/tls.h`](srctree/include/uapi/linux/tls.h)

use crate::sys::ffi;

/// The version and the cipher of a connection with TLS, as the C header numbers them.
#[derive(Clone, Copy)]
pub(crate) struct TlsNumbers {
    pub(crate) version: u16,
    pub(crate) cipher: u16,
}

impl TlsNumbers {
    /// Returns the numbers; none if there is no version.
    pub(super) fn new(raw: ffi::RawTlsParameters) -> Option<Self> {
        let ffi::RawTlsParameters { version, cipher } = raw;
        (version != 0).then_some(Self { version, cipher })
    }
}
