// SPDX-License-Identifier: GPL-2.0-only

//! HTTP/1.1 for an origin server of static files (RFC 9110, RFC 9112).
//!
//! The path of a request through this module:
//!
//! ```text
//! bytes ─► Session::receive   position in the stream: in a head, in a body, after the end
//!            ─► Request       the head, parsed by httparse, then checked: host, framing, ...
//!            ─► respond       target → Resources → preconditions → ranges
//! bytes ◄─ Response           up to three slices of head, and a reference to the content
//! ```
//!
//! A head is rendered when a site is loaded ([`RenderedHead`]). A response borrows the parts of it
//! that its status needs.

mod body;
mod clock;
mod coding;
mod conditional;
mod date;
mod etag;
mod field;
mod head_buffer;
mod host;
mod limits;
mod location;
mod method;
mod multipart;
pub(crate) mod octet;
mod origin;
pub(crate) mod percent;
mod policy;
mod process_address;
mod range;
mod rendered_head;
mod request;
mod resources;
mod responder;
mod response;
mod response_parts;
mod scheme;
mod session;
mod session_state;
mod sink;
mod status;
mod step;
mod target;
mod version;
mod weight;

pub use self::{
    body::{
        BodyDrain,
        DrainProgress,
        Framing, //
    },
    clock::Clock,
    coding::{
        choose as choose_coding,
        Coding,
        Codings, //
    },
    conditional::{
        evaluate as evaluate_preconditions,
        Outcome,
        Validators, //
    },
    date::{
        Timestamp,
        DATE_LENGTH, //
    },
    etag::{
        EntityTag,
        EntityTags, //
    },
    field::{
        FieldLines,
        FieldName,
        Fields, //
    },
    host::{
        Host,
        HostPattern,
        HOST_MAX, //
    },
    limits::{
        BODY_MAX,
        EMPTY_LINES_MAX,
        FIELDS_MAX,
        FIELD_LINES_MAX,
        HEAD_MAX,
        HEAD_ROOM,
        RANGES_MAX,
        REQUESTS_MAX,
        TARGET_MAX, //
    },
    method::Method,
    multipart::{
        Boundary,
        Multipart,
        PartHead,
        MEDIA_TYPE_MAX,
        PART_HEAD_MAX, //
    },
    origin::{
        Origin,
        OriginPattern, //
    },
    percent::encode_path,
    policy::{
        DateMatch,
        RequestPolicy,
        Slashes, //
    },
    process_address::ProcessAddress,
    range::{
        parse as parse_range,
        ByteRange,
        RangeResult,
        Ranges, //
    },
    rendered_head::{
        HeadOffsets,
        Metadata,
        RenderedHead, //
    },
    request::{
        Expectation,
        ParseError,
        Rejection,
        Request, //
    },
    resources::{
        Lookup,
        Redirect,
        Representation,
        Resources, //
    },
    response::{
        Body,
        Disposition,
        Response,
        ResponseRoom,
        Scratch, //
    },
    scheme::Scheme,
    session::Session,
    sink::{
        Full,
        LengthCounter,
        Sink,
        SliceWriter, //
    },
    status::Status,
    step::{
        Deferral,
        DeferredRequest,
        SessionPhase,
        Step, //
    },
    target::{
        Path,
        PathBuffer,
        Target,
        TargetError,
        TargetForm, //
    },
    version::Version, //
};
