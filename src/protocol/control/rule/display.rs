// SPDX-License-Identifier: GPL-2.0-only

//! The lines of rules.

use super::{
    word::flag_word,
    Rule,
    TrailingSlash, //
};
use core::fmt;

impl fmt::Display for Rule<'_> {
    /// Writes the line of the rule, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::ErrorPage { status, page } => write!(f, "error {} {page}", status.code()),
            Rule::Fallback {
                under,
                page,
                except,
            } => write!(f, "fallback {under} {page}{except}"),
            Rule::CacheControl { files, value } => write!(f, "cache-control {files} {value}"),
            Rule::Field {
                files,
                always,
                name,
                value,
            } => {
                let always = if *always { "always " } else { "" };
                write!(f, "field {files} {always}{name}: {value}")
            }
            Rule::MediaType { files, value } => write!(f, "media-type {files} {value}"),
            Rule::Redirect {
                status,
                from,
                to,
                except,
            } => write!(f, "redirect {} {from} {to}{except}", status.code()),
            Rule::Index(names) => write!(f, "index{names}"),
            Rule::TrySuffix(suffixes) => write!(f, "try-suffix{suffixes}"),
            Rule::Autoindex(flag) => write!(f, "autoindex {}", flag_word(*flag)),
            Rule::Exclude(files) => write!(f, "exclude {files}"),
            Rule::Compress(files) => write!(f, "compress {files}"),
            Rule::TrailingSlash(policy) => f.write_str(match policy {
                TrailingSlash::Redirect => "trailing-slash redirect",
                TrailingSlash::Serve => "trailing-slash serve",
                TrailingSlash::Refuse => "trailing-slash refuse",
            }),
            Rule::Metrics(path) => write!(f, "metrics {path}"),
            Rule::HandOver { files, to, always } => {
                let always = if *always { " always" } else { "" };
                write!(f, "hand-over {files} {to}{always}")?;
                to.uid.map_or(Ok(()), |uid| write!(f, " uid {uid}"))
            }
            Rule::Policy(rule) => write!(f, "{rule}"),
        }
    }
}
