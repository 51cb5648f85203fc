// SPDX-License-Identifier: GPL-2.0-only

//! HTTP/1.1 for an origin server of static files (RFC 9110, RFC 9112).
//!
//! The way of a request through this module:
//!
//! ```text
//! bytes ─► Session::receive    where in the stream are we: a head, a body, the end
//!            ─► Request        the head, read by httparse, then checked: host, framing, ...
//!            ─► answer         target → Resources → preconditions → ranges
//! bytes ◄─ Response               up to four slices of head, and what of which body follows
//! ```
//!
//! A head is rendered when a site is loaded ([`RenderedHead`]); a reply borrows the parts of it that
//! its status calls for.

mod body;
mod clock;
mod coding;
mod conditional;
mod date;
mod etag;
mod field;
mod head_buffer;
mod host;
mod method;
mod multipart;
mod octet;
mod range;
mod rendered_head;
mod request;
mod resources;
mod responder;
mod response;
mod session;
mod sink;
mod status;
pub(crate) mod target;
mod version;
mod weight;

pub use self::{
    body::{BodyDrain, DrainProgress, Framing},
    clock::Clock,
    coding::{choose as choose_coding, Coding, Codings},
    conditional::{evaluate as evaluate_preconditions, Outcome, Validators},
    date::{Timestamp, DATE_LENGTH},
    etag::{EntityTag, EntityTags},
    field::{FieldLines, FieldName, Fields},
    host::{Host, HostPattern, HOST_MAX},
    method::Method,
    multipart::{Boundary, Multipart, PartHead, MEDIA_TYPE_MAX, PART_HEAD_MAX},
    range::{parse as parse_range, ByteRange, RangeResult, Ranges},
    rendered_head::{HeadOffsets, Metadata, RenderedHead},
    request::{Expectation, ParseError, Rejection, Request},
    resources::{Lookup, Redirect, Representation, Resources},
    response::{Body, Disposition, Response, Scratch},
    session::{Session, SessionPhase, Step},
    sink::{Full, LengthCounter, Sink, SliceWriter},
    status::Status,
    target::{encode as encode_path, Path, PathBuffer, Target, TargetError, TargetForm},
    version::Version, //
};

/// The longest head of a request in bytes, from the request line to the empty line; beyond it 431,
/// or 414 if the request line alone is longer.
pub const HEAD_MAX: usize = 8192;

/// The most field lines of a request; beyond it 431.
pub const FIELDS_MAX: usize = 64;

/// The longest request target in bytes; beyond it 414. RFC 9112 section 3 recommends that much for a request line.
pub const TARGET_MAX: usize = 8000;

/// The longest body of a request in bytes, as it comes over the wire; beyond it 413.
///
/// A file server has no use for a body. It is read only to find the next request behind it.
pub const BODY_MAX: u32 = 65_536;

/// The most ranges of a reply; a request for more gets the whole representation.
pub const RANGES_MAX: usize = 8;

/// How many requests a connection may bring unless configured otherwise.
pub const REQUESTS_MAX: u32 = 10_000;

/// The most empty lines before a request line (RFC 9112 section 2.2); beyond it 400.
pub const EMPTY_LINES_MAX: u8 = 4;
