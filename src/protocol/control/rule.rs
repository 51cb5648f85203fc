// SPDX-License-Identifier: GPL-2.0-only

//! The rules of a site: what is served otherwise than as the file that it is.
//!
//! ```text
//! error 404 /404.html                      the page that goes with a status
//! fallback /app/* /app/index.html          what is served where there is nothing
//! cache-control *.css max-age=3600
//! field /private/* X-Robots-Tag: noindex   another field line
//! media-type *.wasm application/wasm
//! redirect 301 /old.html /new.html
//! redirect 308 /blog/* https://blog.example.org/
//! trailing-slash redirect                  or serve, or refuse: a directory without its slash
//! status-page /status                      where the server tells how it is
//! ```
//!
//! Where several rules say different things of a file, the last one counts. A few more, see
//! [`PolicyRule`], say what may become part of a site; they are for whoever loads it, not for whoever
//! wrote it.

mod encoded_path;
mod file_pattern;
mod policy;
mod value;

pub use self::{
    encoded_path::EncodedPath,
    file_pattern::FilePattern,
    policy::PolicyRule,
    value::{FieldValue, Location, VALUE_MAX}, //
};

use crate::{
    control::line::{Error, Line, Words}, //
    http::Status,
};
use core::fmt;

/// A rule, checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule<'a> {
    /// The page that goes with the status of an error.
    ErrorPage {
        /// A status of 400 or more.
        status: Status,
        /// The file.
        page: EncodedPath<'a>,
    },
    /// What is served, with 200, where nothing else is.
    Fallback {
        /// The paths that it is about: [`FilePattern::All`] or [`FilePattern::Under`].
        under: FilePattern<'a>,
        /// The file.
        page: EncodedPath<'a>,
    },
    /// The value of `Cache-Control`.
    CacheControl {
        /// The files that it is about.
        files: FilePattern<'a>,
        /// The value.
        value: FieldValue<'a>,
    },
    /// One more field line.
    Field {
        /// The files that it is about.
        files: FilePattern<'a>,
        /// The name: a token (RFC 9110 section 5.6.2), and none that khttpd itself sends.
        name: &'a str,
        /// The value.
        value: FieldValue<'a>,
    },
    /// The value of `Content-Type`.
    MediaType {
        /// The files that it is about.
        files: FilePattern<'a>,
        /// The media type with its parameters.
        value: FieldValue<'a>,
    },
    /// Something that is elsewhere.
    Redirect {
        /// 301, 302, 307 or 308.
        status: Status,
        /// A path ([`FilePattern::Exact`]), or all under a directory ([`FilePattern::Under`]).
        from: FilePattern<'a>,
        /// Where it is; for [`FilePattern::Under`] it ends with a slash, and what follows the
        /// directory is appended.
        to: Location<'a>,
    },
    /// What is done about a directory that was asked for without its slash.
    TrailingSlash(TrailingSlash),
    /// Where the server tells how it is.
    StatusPage(EncodedPath<'a>),
    /// What may become part of a site.
    Policy(PolicyRule),
}

/// What is done about a directory that was asked for without its slash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TrailingSlash {
    /// The client is sent to the path with the slash.
    #[default]
    Redirect,
    /// Its index is served, though the relative links in it lead elsewhere then.
    Serve,
    /// There is nothing there.
    Refuse,
}

/// What is wrong with a word of a rule.
type WordError<'a> = (&'a [u8], &'static str);

/// The fields that khttpd sends itself, or that would change the meaning of those.
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
    /// Reads the rule of a line; [`None`] if it does not begin with the name of one.
    ///
    /// # Errors
    ///
    /// The word that is wrong, and why.
    pub fn parse(line: Line<'a>) -> Result<Option<Rule<'a>>, Error<'a>> {
        Rule::read(line.words()).map_err(|(word, reason)| line.error(word, reason))
    }

    fn read(mut words: Words<'a>) -> Result<Option<Rule<'a>>, WordError<'a>> {
        let name = words.next().unwrap_or_default();
        let rule = match name {
            b"error" => error_page(&mut words)?,
            b"fallback" => fall_back(&mut words)?,
            b"cache-control" => Rule::CacheControl {
                files: FilePattern::parse(next(&mut words, "which files? try *")?)?,
                value: rest(&mut words)?,
            },
            b"field" => field(&mut words)?,
            b"media-type" => media_type(&mut words)?,
            b"redirect" => redirect(&mut words)?,
            b"trailing-slash" => Rule::TrailingSlash(trailing_slash(&mut words)?),
            b"status-page" => {
                Rule::StatusPage(EncodedPath::parse(next(&mut words, "where? try /status")?)?)
            }
            name => match PolicyRule::parse(name, &mut words)? {
                Some(reading) => Rule::Policy(reading),
                None => return Ok(None),
            },
        };
        match words.next() {
            None => Ok(Some(rule)),
            Some(word) => Err((word, "nothing may follow here")),
        }
    }
}

/// The next word, or the reason why there should be one.
fn next<'a>(words: &mut Words<'a>, missing: &'static str) -> Result<&'a [u8], WordError<'a>> {
    words.next().ok_or((b"", missing))
}

/// All words that are left, as a value.
fn rest<'a>(words: &mut Words<'a>) -> Result<FieldValue<'a>, WordError<'a>> {
    let rest = words.rest();
    words.by_ref().for_each(drop);
    FieldValue::parse(rest)
}

fn error_page<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let status = next(words, "which status? try 404")?;
    Ok(Rule::ErrorPage {
        status: Status::ALL
            .iter()
            .copied()
            .find(|known| known.code() >= 400 && is_code(*known, status))
            .ok_or((status, "not the status of an error that khttpd sends"))?,
        page: EncodedPath::parse(next(words, "which page? try /404.html")?)?,
    })
}

fn fall_back<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let paths = next(words, "for which paths? try *")?;
    let under = FilePattern::parse(paths)?;
    if !matches!(under, FilePattern::All | FilePattern::Under(_)) {
        return Err((paths, "must be *, or a directory and a star, as in /app/*"));
    }
    Ok(Rule::Fallback {
        under,
        page: EncodedPath::parse(next(words, "which page? try /index.html")?)?,
    })
}

fn field<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let files = FilePattern::parse(next(words, "which files? try *")?)?;
    let name = next(words, "which field? try X-Frame-Options: DENY")?;
    let bare = name
        .strip_suffix(b":")
        .ok_or((name, "a field is written as NAME: VALUE"))?;
    let text = core::str::from_utf8(bare)
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(is_token))
        .ok_or((name, "not the name of a field"))?;
    if OWN_FIELDS.iter().any(|own| own.eq_ignore_ascii_case(text)) {
        let reason =
            "khttpd itself says what this field is (cache-control and media-type are rules)";
        return Err((name, reason));
    }
    Ok(Rule::Field {
        files,
        name: text,
        value: rest(words)?,
    })
}

fn media_type<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    let files = FilePattern::parse(next(words, "which files? try *.html")?)?;
    let value = rest(words)?;
    let text = value.as_bytes();
    let end = text.iter().position(|byte| *byte == b';');
    let (essence, _) = text
        .split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, &[]));
    let mut parts = essence.trim_ascii().splitn(2, |byte| *byte == b'/');
    let is_part = |part: Option<&[u8]>| {
        part.is_some_and(|part| !part.is_empty() && part.iter().copied().all(is_token))
    };
    if is_part(parts.next()) && is_part(parts.next()) {
        Ok(Rule::MediaType { files, value })
    } else {
        Err((text, "a media type is written as TYPE/SUBTYPE"))
    }
}

fn redirect<'a>(words: &mut Words<'a>) -> Result<Rule<'a>, WordError<'a>> {
    const REDIRECTS: [Status; 4] = [
        Status::MovedPermanently,
        Status::Found,
        Status::TemporaryRedirect,
        Status::PermanentRedirect,
    ];
    let status = next(words, "which status? 301, 302, 307 or 308")?;
    let code = REDIRECTS
        .into_iter()
        .find(|known| is_code(*known, status))
        .ok_or((status, "must be 301, 302, 307 or 308"))?;
    let from = next(words, "from where? try /old or /old/*")?;
    let to = next(words, "to where? try /new")?;
    let files = FilePattern::parse(from)?;
    let location = Location::parse(to)?;
    match files {
        FilePattern::Exact(_) => {}
        FilePattern::Under(_) if location.is_directory() => {}
        FilePattern::Under(_) => {
            return Err((to, "must end with a slash, as all under a directory moves"))
        }
        FilePattern::All | FilePattern::Suffix(_) => {
            return Err((
                from,
                "must be a path, or a directory and a star, as in /old/*",
            ))
        }
    }
    Ok(Rule::Redirect {
        status: code,
        from: files,
        to: location,
    })
}

fn trailing_slash<'a>(words: &mut Words<'a>) -> Result<TrailingSlash, WordError<'a>> {
    match next(words, "must be redirect, serve or refuse")? {
        b"redirect" => Ok(TrailingSlash::Redirect),
        b"serve" => Ok(TrailingSlash::Serve),
        b"refuse" => Ok(TrailingSlash::Refuse),
        word => Err((word, "must be redirect, serve or refuse")),
    }
}

fn is_code(status: Status, digits: &[u8]) -> bool {
    status.text().get(..3) == Some(digits)
}

/// RFC 9110 section 5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

impl fmt::Display for Rule<'_> {
    /// The line that it is read from, without its end.
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
            Rule::Policy(reading) => write!(f, "{reading}"),
        }
    }
}

#[cfg(test)]
mod tests;
