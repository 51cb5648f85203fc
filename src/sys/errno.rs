// SPDX-License-Identifier: GPL-2.0-only

//! Error codes that the `kernel` crate has since Linux 7.3.
//!
//! C header: [`include/uapi/asm-generic/errno.h`](srctree/include/uapi/asm-generic/errno.h)

/// Defines the codes for a crate that has none.
#[cfg(khttpd_linux_7_2)]
macro_rules! codes {
    ($($name:ident),* $(,)?) => {
        $(pub(crate) const $name: Error = error(bindings::$name);)*
    };
}

/// Takes the codes of the crate.
#[cfg(not(khttpd_linux_7_2))]
macro_rules! codes {
    ($($name:ident),* $(,)?) => {
        pub(crate) use kernel::error::code::{$($name),*};
    };
}

codes! {
    EADDRINUSE,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EBADMSG,
    ECANCELED,
    ECONNREFUSED,
    ECONNRESET,
    EDESTADDRREQ,
    EHOSTUNREACH,
    EINPROGRESS,
    ELOOP,
    ENAMETOOLONG,
    ENETUNREACH,
    ENOBUFS,
    ENOTSOCK,
    EOPNOTSUPP,
    ESHUTDOWN,
    ESTALE,
}

#[cfg(khttpd_linux_7_2)]
use {
    core::{
        mem,
        num::NonZeroI32, //
    },
    kernel::{
        bindings,
        error::Error, //
    },
};

/// Returns the error of a code, which is not 0: [`Error::from_errno`], for constants.
#[cfg(khttpd_linux_7_2)]
const fn error(code: u32) -> Error {
    const { assert!(mem::size_of::<Error>() == mem::size_of::<NonZeroI32>()) };
    assert!(0 < code && code <= bindings::MAX_ERRNO);
    // SAFETY: An error is a structure with this number alone, and has its size, which was just seen;
    // by its type invariant the number is a negative code, which was just seen, too.
    unsafe { mem::transmute(-(code as i32)) }
}
