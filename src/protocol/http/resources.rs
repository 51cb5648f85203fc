// SPDX-License-Identifier: GPL-2.0-only

//! The interface between HTTP and a site.

use super::{
    coding::{
        Coding,
        Codings, //
    },
    conditional::Validators,
    date::Timestamp,
    origin::Origin,
    policy::RequestPolicy,
    process_address::ProcessAddress,
    rendered_head::{
        put_modified,
        RenderedHead, //
    },
    sink::{
        Full,
        Sink, //
    },
    status::Status,
    target::Path, //
};

/// The resources of a site.
///
/// Every method is a look-up that neither waits nor allocates.
///
/// # Examples
///
/// A site with one page:
///
/// ```
/// use protocol::http::{
///     Coding, Codings, Full, HeadOffsets, Lookup, Metadata, Origin, Path, ProcessAddress,
///     RenderedHead, Representation, Resources, Sink, SliceWriter, Status, Timestamp,
/// };
///
/// const CONTENT: &[u8] = b"<!doctype html><p>Hello.";
/// const MODIFIED: Timestamp = Timestamp(1_577_934_245);
///
/// struct Page {
///     head: [u8; 512],
///     offsets: HeadOffsets,
/// }
///
/// impl Page {
///     fn new() -> Result<Page, Full> {
///         let metadata = Metadata {
///             length: CONTENT.len() as u64,
///             media_type: b"text/html",
///             coding: Coding::Identity,
///             modified: MODIFIED,
///             etag: b"\"1\"",
///             vary: false,
///             cache_control: b"",
///             extra: b"",
///         };
///         let mut head = [0; 512];
///         let offsets = RenderedHead::render(&metadata, &mut SliceWriter::new(&mut head))?;
///         Ok(Page { head, offsets })
///     }
/// }
///
/// impl Resources for Page {
///     type Body = &'static [u8];
///     type Resource = ();
///
///     fn find(&self, _origin: Origin<'_>, path: Path<'_>) -> Lookup<'_, ()> {
///         match path.as_bytes() {
///             b"/" => Lookup::Resource((), Codings::IDENTITY),
///             _ => Lookup::NotFound,
///         }
///     }
///
///     fn process(&self, _origin: Origin<'_>, _path: Path<'_>) -> Option<ProcessAddress> {
///         None
///     }
///
///     fn representation(
///         &self,
///         _resource: (),
///         coding: Coding,
///     ) -> Option<Representation<'_, &'static [u8]>> {
///         Some(Representation {
///             head: RenderedHead::new(&self.head, self.offsets),
///             body: CONTENT,
///             length: CONTENT.len() as u64,
///             modified: MODIFIED,
///             coding,
///         })
///     }
///
///     fn put_fields(
///         &self,
///         _origin: Origin<'_>,
///         _path: Path<'_>,
///         _status: Status,
///         _sink: &mut impl Sink,
///     ) -> Result<(), Full> {
///         Ok(())
///     }
///
///     fn error_page(
///         &self,
///         _origin: Origin<'_>,
///         _status: Status,
///     ) -> Option<Representation<'_, &'static [u8]>> {
///         None
///     }
/// }
///
/// let page = Page::new()?;
/// let representation = page.representation((), Coding::Identity);
/// assert!(representation.is_some_and(|found| found.head.media_type() == b"text/html"));
/// # Ok::<(), Full>(())
/// ```
pub trait Resources {
    /// Name of a content, for the code that sends it.
    type Body: Copy;

    /// Name of a resource, between two look-ups.
    type Resource: Copy;

    /// Looks up a path.
    fn find(&self, origin: Origin<'_>, path: Path<'_>) -> Lookup<'_, Self::Resource>;

    /// Returns the process for a request whose method is not GET, HEAD or OPTIONS, if the site has
    /// one.
    fn process(&self, origin: Origin<'_>, path: Path<'_>) -> Option<ProcessAddress>;

    /// Returns a resource in one of the codings that [`Resources::find`] returned for it.
    fn representation(
        &self,
        resource: Self::Resource,
        coding: Coding,
    ) -> Option<Representation<'_, Self::Body>>;

    /// Returns the page of an error status, in the identity coding, if the site has one.
    fn error_page(
        &self,
        origin: Origin<'_>,
        status: Status,
    ) -> Option<Representation<'_, Self::Body>>;

    /// Appends the further field lines of a response to `path` that is no representation of it: a
    /// redirect or an error. They are no longer than
    /// [`FIELD_LINES_MAX`](super::FIELD_LINES_MAX), and those that the page of the error has are not
    /// among them.
    ///
    /// # Errors
    ///
    /// [`Full`] if the sink has no room for them.
    fn put_fields(
        &self,
        origin: Origin<'_>,
        path: Path<'_>,
        status: Status,
        sink: &mut impl Sink,
    ) -> Result<(), Full>;

    /// Returns the settings by which requests are evaluated. Only requests that they can concern
    /// need them.
    fn policy(&self) -> RequestPolicy {
        RequestPolicy::default()
    }
}

/// The result of looking up a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lookup<'s, R> {
    /// A resource and the codings in which it is stored.
    Resource(R, Codings),
    /// A directory whose path lacks the slash at the end: 301.
    MissingSlash,
    /// A redirect by a rule.
    Redirect(Redirect<'s>),
    /// A page of metrics, by its number. A worker renders it, for a site in which it is a resource.
    Metrics(u32),
    /// A process, which takes the connection over.
    HandOver(ProcessAddress),
    /// Nothing: 404.
    NotFound,
}

/// A redirect by a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redirect<'s> {
    /// Status: 301, 302, 307 or 308.
    pub status: Status,
    /// Path or URI, percent-encoded; with a slash at its end if a part of the path is appended.
    /// `$host`, `$path` and `$query` stand for those of the request, and there is no other `$`.
    pub location: &'s [u8],
    /// Offset in the requested path of the part that is appended.
    pub path_offset: usize,
}

impl Redirect<'_> {
    /// Returns whether the location has the host of the request.
    pub(super) fn needs_host(&self) -> bool {
        let mut pieces = self.location.split(|byte| *byte == b'$').skip(1);
        pieces.any(|piece| piece.starts_with(b"host"))
    }
}

/// A resource in one coding. It is cheap to create from a table.
#[derive(Clone, Copy, Debug)]
pub struct Representation<'s, B> {
    /// Head of its 200.
    pub head: RenderedHead<'s>,
    /// Content.
    pub body: B,
    /// Length of the content in bytes.
    pub length: u64,
    /// Time of the last modification, as in the head. It may lie in the future.
    pub modified: Timestamp,
    /// Coding of the content, as in the head.
    pub coding: Coding,
}

impl<'s, B> Representation<'s, B> {
    /// Returns the validators.
    #[inline]
    pub(super) fn validators(&self) -> Validators<'s> {
        Validators {
            etag: self.head.etag(),
            modified: self.modified.known(),
        }
    }

    /// Appends the line `Last-Modified`, if the date is known.
    ///
    /// A date in the future of the server's clock is replaced by the present one (RFC 9110 section
    /// 8.8.2.1). That the clock may be wrong is why a site has the date of the file.
    pub(super) fn put_modified(&self, now: Timestamp, sink: &mut impl Sink) -> Result<(), Full> {
        if self.modified <= now {
            sink.put(self.head.modified_line())
        } else {
            put_modified(now, sink)
        }
    }
}
