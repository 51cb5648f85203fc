// SPDX-License-Identifier: GPL-2.0-only

//! All that arrives at khttpd or leaves it as bytes.
//!
//! Four principles hold for every file of this crate:
//!
//! 1. Bytes and facts go in, values come out. There is no socket, no clock, no allocation and no
//!    kernel in here, so the very same source runs in the module, in host tests and in fuzzers.
//! 2. A value is the proof of a check. A [`http::Path`] is decoded and has no dot segments, a
//!    [`http::ByteRange`] lies inside its representation; whoever holds one need not look again.
//! 3. Nothing in here can panic, whatever a peer sends: no `unwrap`, no index that can fail, no
//!    arithmetic that can overflow, no recursion. The lints below let the compiler check it.
//! 4. What is odd is refused. A small grammar that is accepted and a clean refusal of the rest are
//!    worth more than the guess of what a peer might have meant.

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

pub mod control;
pub mod cpio;
pub mod http;
