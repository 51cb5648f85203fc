// SPDX-License-Identifier: GPL-2.0-only

//! Entries: files, each in all of its content codings.

use protocol::http::Codings;

/// Number of an entry of a [`Site`](crate::site::Site).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryId(pub(in crate::site) u32);

/// Number of a variant of a [`Site`](crate::site::Site), by which its bytes are found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyId(pub(in crate::site) u32);

/// A file in its content codings.
pub(crate) struct Entry {
    /// First variant, the identity if there is one; the other variants of the entry follow it.
    pub(crate) first: BodyId,
    /// Content codings in which the file is available.
    pub(crate) codings: Codings,
}
