// SPDX-License-Identifier: GPL-2.0-only

//! The rules of a site: how files are served, beyond their content.
//!
//! ```text
//! error 404 /404.html                      page of an error status
//! fallback /app/* /app/index.html          page for paths without a file, but not for `except` ones
//! cache-control *.css max-age=3600
//! field /private/* X-Robots-Tag: noindex   another field, but on errors
//! field * always X-Frame-Options: DENY     another field, on errors as well
//! media-type *.wasm application/wasm
//! redirect 301 /old.html /new.html
//! redirect 308 /blog/* https://blog.example.org/
//! redirect 301 /* https://$host/ except /.well-known/*
//! index index.html index.htm               files that are served for their directory
//! try-suffix .html                         what names may lack in a path
//! autoindex yes                            page with the names in a directory without an index
//! exclude *.bak                            files that are left out
//! compress *.css                           files that are compressed while the site is loaded
//! trailing-slash redirect                  of a directory without its slash; or serve, or refuse
//! metrics /metrics                         metrics for Prometheus
//! hand-over *.php 9000                     process for paths without a file
//! ```
//!
//! Where several rules contradict each other, the last one applies. A [`PolicyRule`] decides which
//! files become part of a site. Only the control node may set it, or hand requests over, not the
//! rules of a root.

mod display;
mod encoded_path;
mod exceptions;
mod file_pattern;
mod names;
mod policy;
mod routing;
mod value;
mod word;

pub use self::{
    encoded_path::EncodedPath,
    exceptions::Exceptions,
    file_pattern::{
        FilePattern,
        Suffix, //
    },
    names::Names,
    policy::PolicyRule,
    value::{
        FieldValue,
        Location,
        VALUE_MAX, //
    }, //
};

use self::word::{
    flag,
    next,
    WordError, //
};
use crate::{
    bytes::split_once,
    control::line::{
        Error,
        Line,
        Words, //
    },
    http::{
        octet::is_token,
        ProcessAddress,
        Status, //
    }, //
};
use core::str;

/// A well-formed rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule<'a> {
    /// Sends a page with an error status.
    ErrorPage {
        /// Status of 400 or more.
        status: Status,
        /// File to send.
        page: EncodedPath<'a>,
    },
    /// Serves a page with 200 for paths that lead to nothing else.
    Fallback {
        /// Paths, either [`FilePattern::All`] or [`FilePattern::Under`].
        under: FilePattern<'a>,
        /// File to serve.
        page: EncodedPath<'a>,
        /// Paths to which the rule does not apply.
        except: Exceptions<'a>,
    },
    /// Sets `Cache-Control`.
    CacheControl {
        /// Files to which the rule applies.
        files: FilePattern<'a>,
        /// Value of the field.
        value: FieldValue<'a>,
    },
    /// Adds a field.
    Field {
        /// Paths to which the rule applies.
        files: FilePattern<'a>,
        /// Whether errors have the field, too.
        always: bool,
        /// Name, a token (RFC 9110 section 5.6.2) and none of the fields that khttpd sends.
        name: &'a str,
        /// Value of the field.
        value: FieldValue<'a>,
    },
    /// Sets `Content-Type`.
    MediaType {
        /// Files to which the rule applies.
        files: FilePattern<'a>,
        /// Media type with its parameters.
        value: FieldValue<'a>,
    },
    /// Redirects clients.
    Redirect {
        /// Status: 301, 302, 307 or 308.
        status: Status,
        /// Path ([`FilePattern::Exact`]), or all paths below a directory ([`FilePattern::Under`]).
        from: FilePattern<'a>,
        /// Target. For [`FilePattern::Under`] it ends with a slash, and the rest of the path is
        /// appended, unless it has a variable for the path.
        to: Location<'a>,
        /// Paths to which the rule does not apply; none for [`FilePattern::Exact`].
        except: Exceptions<'a>,
    },
    /// Names the files that are served for their directory, the preferred one first.
    Index(Names<'a>),
    /// Serves files also by their paths without one of these suffixes, the preferred one first.
    TrySuffix(Names<'a>),
    /// Decides whether a directory without an index lists what it contains.
    Autoindex(bool),
    /// Leaves files and directories out of the site.
    Exclude(FilePattern<'a>),
    /// Compresses files that have no compressed files beside them.
    Compress(FilePattern<'a>),
    /// Decides about paths of directories without their slash.
    TrailingSlash(TrailingSlash),
    /// Serves metrics for Prometheus at a path.
    Metrics(EncodedPath<'a>),
    /// Hands connections with a request that khttpd does not serve to a process. Only the control
    /// node may set it.
    HandOver {
        /// Paths to which the rule applies.
        files: FilePattern<'a>,
        /// Process that takes the connections over.
        to: ProcessAddress,
        /// Whether the rule also applies to paths that lead to something.
        always: bool,
    },
    /// Decides which files become part of a site.
    Policy(PolicyRule),
}

/// The response to the path of a directory without its slash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TrailingSlash {
    /// A redirect to the path with the slash.
    #[default]
    Redirect,
    /// The index of the directory, although its relative links then lead elsewhere.
    Serve,
    /// A 404.
    Refuse,
}

/// Names of fields that khttpd sends itself, or that would change the meaning of those.
const OWN_FIELDS: [&str; 18] = [
    "accept-ranges",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "location",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
];

impl<'a> Rule<'a> {
    /// Parses a line. Returns [`None`] if its first word is not the name of a rule.
    ///
    /// # Errors
    ///
    /// The malformed word of the line, and the reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::control::{Lines, Rule};
    ///
    /// for line in Lines::new(b"redirect 301 /old /new\nredirect 304 /old /new\n") {
    ///     match Rule::parse(line) {
    ///         Ok(rule) => assert!(matches!(rule, Some(Rule::Redirect { .. }))),
    ///         Err(error) => assert_eq!(
    ///             error.to_string(),
    ///             r#"line 2: "304": must be 301, 302, 307 or 308"#,
    ///         ),
    ///     }
    /// }
    /// ```
    pub fn parse(line: Line<'a>) -> Result<Option<Rule<'a>>, Error<'a>> {
        Rule::parse_words(line.words()).map_err(|(word, reason)| line.error(word, reason))
    }

    fn parse_words(mut words: Words<'a>) -> Result<Option<Rule<'a>>, WordError<'a>> {
        let rule = match words.next().unwrap_or_default() {
            b"error" => error_page(&mut words)?,
            b"fallback" => {
                let (under, page, except) = routing::fallback(&mut words)?;
                Rule::Fallback {
                    under,
                    page,
                    except,
                }
            }
            b"cache-control" => Rule::CacheControl {
                files: files(&mut words)?,
                value: field_value(&mut words)?,
            },
            b"field" => field(&mut words)?,
            b"media-type" => media_type(&mut words)?,
            b"redirect" => {
                let status = redirect_status(&mut words)?;
                let (from, to, except) = routing::redirect(&mut words)?;
                Rule::Redirect {
                    status,
                    from,
                    to,
                    except,
                }
            }
            b"index" => Rule::Index(Names::parse(&mut words)?),
            b"try-suffix" => Rule::TrySuffix(Names::parse_suffixes(&mut words)?),
            b"autoindex" => Rule::Autoindex(flag(&mut words)?),
            b"exclude" => Rule::Exclude(files(&mut words)?),
            b"compress" => Rule::Compress(files(&mut words)?),
            b"trailing-slash" => Rule::TrailingSlash(trailing_slash(&mut words)?),
            b"metrics" => Rule::Metrics(path(&mut words)?),
            b"hand-over" => {
                let (files, to, always) = routing::hand_over(&mut words)?;
                Rule::HandOver { files, to, always }
            }
            name => match PolicyRule::parse(name, &mut words)? {
                Some(rule) => Rule::Policy(rule),
                None => return Ok(None),
            },
        };
        match words.next() {
            None => Ok(Some(rule)),
            Some(word) => Err((word, "unexpected word")),
        }
    }
}

/// Takes a pattern.
fn files<'a>(words: &mut Words<'a>) -> Result<FilePattern<'a>, WordError<'a>> {
    FilePattern::parse(next(words, "needs files, such as *.html")?)
}

/// Takes a path.
fn path<'a>(words: &mut Words<'a>) -> Result<EncodedPath<'a>, WordError<'a>> {
    EncodedPath::parse(next(words, "needs a path, such as /index.html")?)
}

/// Takes all words that are left, as one value.
fn field_value<'a>(words: &mut Words<'a>) -> Result<FieldValue<'a>, WordError<'a>> {
    let rest = words.rest();
    words.by_ref().for_each(drop);
    FieldValue::parse(rest)
}

fn error_page<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let code = next(words, "needs a status, such as 404")?;
    Ok(Rule::ErrorPage {
        status: Status::parse(code)
            .filter(|status| status.is_error())
            .ok_or((code, "must be an error status that khttpd sends"))?,
        page: path(words)?,
    })
}

fn field<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let files = files(words)?;
    let needed = "needs a field, such as X-Frame-Options: DENY";
    let mut word = next(words, needed)?;
    let always = word == b"always";
    if always {
        word = next(words, needed)?;
    }
    let name = word
        .strip_suffix(b":")
        .ok_or((word, "must be NAME: VALUE"))?;
    let name = str::from_utf8(name)
        .ok()
        .filter(|name| is_token(name.as_bytes()))
        .ok_or((word, "must be the name of a field"))?;
    if OWN_FIELDS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Err((
            word,
            "khttpd sets this field itself; cache-control and media-type are rules",
        ));
    }
    Ok(Rule::Field {
        files,
        always,
        name,
        value: field_value(words)?,
    })
}

fn media_type<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let files = files(words)?;
    let value = field_value(words)?;
    let text = value.as_bytes();
    let essence = split_once(text, b';').map_or(text, |(essence, _)| essence);
    match split_once(essence.trim_ascii(), b'/') {
        Some((main, sub)) if is_token(main) && is_token(sub) => {
            Ok(Rule::MediaType { files, value })
        }
        _ => Err((text, "must be TYPE/SUBTYPE")),
    }
}

fn redirect_status<'a>(words: &mut Words<'a>) -> Result<Status, WordError<'a>> {
    let code = next(words, "needs a status: 301, 302, 307 or 308")?;
    Status::parse(code)
        .filter(|status| status.is_redirect())
        .ok_or((code, "must be 301, 302, 307 or 308"))
}

fn trailing_slash<'a>(words: &mut Words<'a>) -> Result<TrailingSlash, WordError<'a>> {
    match next(words, "must be redirect, serve or refuse")? {
        b"redirect" => Ok(TrailingSlash::Redirect),
        b"serve" => Ok(TrailingSlash::Serve),
        b"refuse" => Ok(TrailingSlash::Refuse),
        word => Err((word, "must be redirect, serve or refuse")),
    }
}

#[cfg(test)]
mod tests;
