// SPDX-License-Identifier: GPL-2.0-only

//! The rules of a site: how files are served, beyond their content.
//!
//! ```text
//! error 404 /404.html                      page of an error status
//! fallback /app/* /app/index.html          page for paths without a file
//! cache-control *.css max-age=3600
//! field /private/* X-Robots-Tag: noindex   another field
//! media-type *.wasm application/wasm
//! redirect 301 /old.html /new.html
//! redirect 308 /blog/* https://blog.example.org/
//! trailing-slash redirect                  of a directory without its slash; or serve, or refuse
//! status-page /status                      counters as text
//! hand-over *.php 9000                     process for paths without a file
//! ```
//!
//! Where several rules contradict each other, the last one applies. A [`PolicyRule`] decides which
//! files become part of a site. Only the control node may set it, or hand requests over, not the
//! rules of a root.

mod encoded_path;
mod file_pattern;
mod policy;
mod value;
mod word;

pub use self::{
    encoded_path::EncodedPath,
    file_pattern::{
        FilePattern,
        Suffix, //
    },
    policy::PolicyRule,
    value::{
        FieldValue,
        Location,
        VALUE_MAX, //
    }, //
};

use self::word::{
    next,
    WordError, //
};
use crate::{
    bytes::{
        parse_number,
        split_once, //
    },
    control::{
        address::process_address,
        line::{
            Error,
            Line,
            Words, //
        }, //
    },
    http::{
        octet::TOKEN,
        ProcessAddress,
        Status, //
    }, //
};
use core::{
    fmt,
    str, //
};

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
        /// Files to which the rule applies.
        files: FilePattern<'a>,
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
        /// appended.
        to: Location<'a>,
    },
    /// Decides about paths of directories without their slash.
    TrailingSlash(TrailingSlash),
    /// Serves counters as text at a path.
    StatusPage(EncodedPath<'a>),
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
            b"fallback" => fallback(&mut words)?,
            b"cache-control" => Rule::CacheControl {
                files: files(&mut words)?,
                value: value(&mut words)?,
            },
            b"field" => field(&mut words)?,
            b"media-type" => media_type(&mut words)?,
            b"redirect" => redirect(&mut words)?,
            b"trailing-slash" => Rule::TrailingSlash(trailing_slash(&mut words)?),
            b"status-page" => Rule::StatusPage(path(&mut words)?),
            b"hand-over" => hand_over(&mut words)?,
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
fn value<'a>(words: &mut Words<'a>) -> Result<FieldValue<'a>, WordError<'a>> {
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

fn fallback<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let word = next(words, "needs paths: * or /DIRECTORY/*")?;
    let under = FilePattern::parse(word)?;
    if !matches!(under, FilePattern::All | FilePattern::Under(_)) {
        return Err((word, "must be * or /DIRECTORY/*"));
    }
    Ok(Rule::Fallback {
        under,
        page: path(words)?,
    })
}

fn field<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let files = files(words)?;
    let word = next(words, "needs a field, such as X-Frame-Options: DENY")?;
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
        name,
        value: value(words)?,
    })
}

fn media_type<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let files = files(words)?;
    let value = value(words)?;
    let text = value.as_bytes();
    let essence = split_once(text, b';').map_or(text, |(essence, _)| essence);
    match split_once(essence.trim_ascii(), b'/') {
        Some((main, sub)) if is_token(main) && is_token(sub) => {
            Ok(Rule::MediaType { files, value })
        }
        _ => Err((text, "must be TYPE/SUBTYPE")),
    }
}

fn redirect<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let code = next(words, "needs a status: 301, 302, 307 or 308")?;
    let status = Status::parse(code)
        .filter(|status| status.is_redirect())
        .ok_or((code, "must be 301, 302, 307 or 308"))?;
    let old = next(words, "needs a path: /FILE or /DIRECTORY/*")?;
    let new = next(words, "needs a target, such as /new.html")?;
    let from = FilePattern::parse(old)?;
    let to = Location::parse(new)?;
    match from {
        FilePattern::Exact(_) => {}
        FilePattern::Under(_) if to.is_directory() => {}
        FilePattern::Under(_) => {
            return Err((
                new,
                "must end with a slash, because the rest of the path is appended",
            ))
        }
        FilePattern::All | FilePattern::Suffix(_) => {
            return Err((old, "must be /FILE or /DIRECTORY/*"))
        }
    }
    Ok(Rule::Redirect { status, from, to })
}

fn trailing_slash<'a>(words: &mut Words<'a>) -> Result<TrailingSlash, WordError<'a>> {
    match next(words, "must be redirect, serve or refuse")? {
        b"redirect" => Ok(TrailingSlash::Redirect),
        b"serve" => Ok(TrailingSlash::Serve),
        b"refuse" => Ok(TrailingSlash::Refuse),
        word => Err((word, "must be redirect, serve or refuse")),
    }
}

fn hand_over<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let files = files(words)?;
    let word = next(words, "needs the port of a process, such as 8080")?;
    let mut to = process_address(word).map_err(|reason| (word, reason))?;
    let mut word = words.next();
    let always = word == Some(b"always");
    if always {
        word = words.next();
    }
    match word {
        None => (),
        Some(b"uid") => to.uid = Some(uid(next(words, "needs the number of a user")?)?),
        Some(word) if always => return Err((word, "must be uid, or nothing")),
        Some(word) => return Err((word, "must be always, uid, or nothing")),
    }
    Ok(Rule::HandOver { files, to, always })
}

/// Parses the number of a user; the largest one is that of no user.
fn uid(word: &[u8]) -> Result<u32, WordError<'_>> {
    parse_number(word, 10)
        .and_then(|number| u32::try_from(number).ok())
        .filter(|uid| *uid != u32::MAX)
        .ok_or((word, "must be the number of a user, 0 to 4294967294"))
}

/// Returns whether `word` is a token (RFC 9110 section 5.6.2).
fn is_token(word: &[u8]) -> bool {
    !word.is_empty() && TOKEN.span(word) == word.len()
}

impl fmt::Display for Rule<'_> {
    /// Writes the line of the rule, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::ErrorPage { status, page } => write!(f, "error {} {page}", status.code()),
            Rule::Fallback { under, page } => write!(f, "fallback {under} {page}"),
            Rule::CacheControl { files, value } => write!(f, "cache-control {files} {value}"),
            Rule::Field { files, name, value } => write!(f, "field {files} {name}: {value}"),
            Rule::MediaType { files, value } => write!(f, "media-type {files} {value}"),
            Rule::Redirect { status, from, to } => {
                write!(f, "redirect {} {from} {to}", status.code())
            }
            Rule::TrailingSlash(policy) => f.write_str(match policy {
                TrailingSlash::Redirect => "trailing-slash redirect",
                TrailingSlash::Serve => "trailing-slash serve",
                TrailingSlash::Refuse => "trailing-slash refuse",
            }),
            Rule::StatusPage(path) => write!(f, "status-page {path}"),
            Rule::HandOver { files, to, always } => {
                let always = if *always { " always" } else { "" };
                write!(f, "hand-over {files} {to}{always}")?;
                to.uid.map_or(Ok(()), |uid| write!(f, " uid {uid}"))
            }
            Rule::Policy(rule) => write!(f, "{rule}"),
        }
    }
}

#[cfg(test)]
mod tests;
