// SPDX-License-Identifier: GPL-2.0-only

//! Where khttpd differs from nginx, and why it is right.

/// A reason, and what differs for it: the name of the request and the difference.
type Differences = &'static [(&'static str, &'static [(&'static str, &'static str)])];

pub(super) const DIFFERENCES: Differences = &[];
