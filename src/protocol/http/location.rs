// SPDX-License-Identifier: GPL-2.0-only

//! The locations of redirects by a rule.

use super::{
    head_buffer::{
        put_query,
        HeadBuffer, //
    },
    percent::{
        encode_path,
        encode_query, //
    },
    resources::Redirect,
    sink::{
        Full,
        Sink, //
    },
    target::Path, //
};

/// The parts of a request that a location can have.
pub(super) struct LocationParts<'b> {
    pub(super) host: &'b [u8],
    pub(super) path: Path<'b>,
    pub(super) query: Option<&'b [u8]>,
}

/// Appends the status line and the location of a redirect by a rule. The rest of the path is
/// appended, unless the location has the path, and the query, unless it has one of its own.
///
/// The rest of the path begins without slashes of its own, which could name another host.
///
/// # Errors
///
/// [`Full`] if the location is too long.
pub(super) fn put_redirect(
    redirect: Redirect<'_>,
    parts: &LocationParts<'_>,
    lines: &mut HeadBuffer<'_>,
) -> Result<(), Full> {
    lines.put(redirect.status.line())?;
    lines.put(b"Location: ")?;
    let mut rest = parts
        .path
        .as_bytes()
        .get(redirect.path_offset..)
        .unwrap_or(&[]);
    let mut pieces = redirect.location.split(|byte| *byte == b'$');
    lines.put(pieces.next().unwrap_or(&[]))?;
    for piece in pieces {
        let literal = if let Some(literal) = piece.strip_prefix(b"host") {
            lines.put(parts.host)?;
            literal
        } else if let Some(literal) = piece.strip_prefix(b"path") {
            encode_path(parts.path.as_bytes(), lines)?;
            rest = &[];
            literal
        } else {
            encode_query(parts.query.unwrap_or(&[]), lines)?;
            piece.strip_prefix(b"query").unwrap_or(&[])
        };
        lines.put(literal)?;
    }
    let start = rest
        .iter()
        .position(|byte| *byte != b'/')
        .unwrap_or(rest.len());
    encode_path(rest.get(start..).unwrap_or(&[]), lines)?;
    // A location with a query or a fragment of its own is complete.
    let is_complete = redirect
        .location
        .iter()
        .any(|byte| matches!(byte, b'?' | b'#'));
    put_query(parts.query.filter(|_| !is_complete), lines)
}
