// SPDX-License-Identifier: GPL-2.0-only

//! Bounds of requests and responses.

/// Bound of the length of a request head in bytes, from the request line to the empty line, unless
/// configured otherwise.
///
/// Beyond it the response is 431, or 414 if the request line alone is longer.
pub const HEAD_MAX: usize = 8192;

/// Room for a head of any length that can be configured, in bytes.
pub const HEAD_ROOM: usize = 32_768;

/// Bound of the number of field lines in a request; beyond it the response is 431.
pub const FIELDS_MAX: usize = 64;

/// Bound of the length of a request target in bytes; beyond it the response is 414.
///
/// RFC 9112 section 3 recommends to support request lines of at least 8000 octets.
pub const TARGET_MAX: usize = 8000;

/// Bound of the length of a request body in bytes, as it is transferred; beyond it the response is
/// 413.
///
/// A server of static files discards bodies: it parses them only to find the next request. A
/// process that takes a connection over reads the body itself, of any length.
pub const BODY_MAX: u32 = 65_536;

/// Bound of the number of ranges in a request; beyond it the response is the whole representation.
pub const RANGES_MAX: usize = 256;

/// Number of requests after which a connection ends, unless configured otherwise.
pub const REQUESTS_MAX: u32 = 10_000;

/// Bound of the number of empty lines before a request line (RFC 9112 section 2.2); beyond it the
/// response is 400.
pub const EMPTY_LINES_MAX: u8 = 4;

/// Bound of the length of the further field lines of a response that is no representation, in bytes.
pub const FIELD_LINES_MAX: usize = 4096;
