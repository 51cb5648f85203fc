// SPDX-License-Identifier: GPL-2.0-only

//! What a site must be able to tell.

use super::{
    coding::{Coding, Codings},
    conditional::Validators,
    date::Timestamp,
    rendered_head::RenderedHead,
    sink::{Full, Sink},
    status::Status,
    target::Path, //
};

/// A table of what is served.
///
/// Every method is a look-up that neither waits nor allocates.
pub trait Resources {
    /// FieldNames a stored content to whoever sends the bytes.
    type Body: Copy;

    /// FieldNames a resource between two look-ups.
    type Resource: Copy;

    /// Looks a path up.
    ///
    /// `host` is well-formed and stands as it was sent, without its port: hosts are compared
    /// without regard to case. It is [`None`] where a client of HTTP/1.0 named none.
    fn find(&self, host: Option<&[u8]>, path: Path<'_>) -> Lookup<'_, Self::Resource>;

    /// A resource in one of the codings it was found to have.
    fn representation(
        &self,
        resource: Self::Resource,
        coding: Coding,
    ) -> Option<Representation<'_, Self::Body>>;

    /// Appends the lines of the page that [`Lookup::Status`] leads to.
    fn put_status(&self, sink: &mut impl Sink) -> Result<(), Full>;

    /// The page sent with an error, in the identity coding, if the site has one.
    fn error_page(
        &self,
        host: Option<&[u8]>,
        status: Status,
    ) -> Option<Representation<'_, Self::Body>>;
}

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lookup<'s, R> {
    /// Something to serve, and the codings in which it is stored.
    Resource(R, Codings),
    /// A directory that was asked for without its slash: 301.
    Directory,
    /// Something that is elsewhere.
    Redirect(Redirect<'s>),
    /// What the server tells of itself at this moment.
    Status,
    /// Nothing: 404.
    Nothing,
}

/// Where something is that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redirect<'s> {
    /// 301, 302, 307 or 308.
    pub status: Status,
    /// A path or an address, escaped; with a slash at its end if something follows it.
    pub location: &'s [u8],
    /// What of the path follows it: all from this byte on.
    pub kept: usize,
}

/// One stored form of a resource, cheap to make from a table.
#[derive(Clone, Copy, Debug)]
pub struct Representation<'s, B> {
    /// The head of its 200.
    pub head: RenderedHead<'s>,
    /// Its content.
    pub body: B,
    /// The length of the content in bytes.
    pub length: u64,
    /// When the content was last changed, as in the head.
    pub modified: Timestamp,
    /// How the content is coded, as in the head.
    pub coding: Coding,
}

impl<'s, B> Representation<'s, B> {
    #[inline]
    pub(super) fn validators(&self) -> Validators<'s> {
        Validators {
            etag: self.head.etag(),
            modified: self.modified,
        }
    }
}
