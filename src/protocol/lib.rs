// SPDX-License-Identifier: GPL-2.0-only

//! Parsers and renderers of everything that khttpd receives or sends as bytes.
//!
//! - [`http`]: HTTP/1.1 for an origin server of static files.
//! - [`control`]: the commands of the control node and the rules of a site.
//! - [`cpio`]: the archive of the built-in site.
//! - [`log`]: the lines of the access log.
//!
//! Four principles hold for every file of this crate:
//!
//! 1. Bytes and metadata go in, values come out. The crate has no socket, no clock, no allocation
//!    and no kernel, so the module, the host tests and the fuzzers compile the same source.
//! 2. A value is the proof of a check. An [`http::Path`] is decoded and has no dot segments, an
//!    [`http::ByteRange`] lies inside its representation; code that holds one need not check again.
//! 3. No input can cause a panic: there is no `unwrap`, no index that can fail, no arithmetic that
//!    can overflow, no recursion. The lints below let the compiler check this.
//! 4. Irregular input is rejected. A small grammar and a clean rejection of everything else are
//!    safer than a guess at the meaning of a malformed message.

#![cfg_attr(not(any(test, MODULE)), no_std)]
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod adoption;
mod bytes;
pub mod control;
pub mod cpio;
pub mod http;
pub mod log;
pub mod tls;
