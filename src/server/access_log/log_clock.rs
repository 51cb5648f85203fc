// SPDX-License-Identifier: GPL-2.0-only

//! The time of a line.

use crate::sys::clock;
use protocol::log::Moment;

/// Returns the present time.
///
/// # Context
///
/// Any context.
#[inline]
pub(in crate::server) fn now() -> Moment {
    let monotonic_nanoseconds = clock::monotonic_nanoseconds();
    Moment {
        real_nanoseconds: clock::real_nanoseconds(monotonic_nanoseconds),
        monotonic_nanoseconds,
    }
}
