// SPDX-License-Identifier: GPL-2.0-only

//! The words of rules about paths that lead elsewhere.

use super::{
    encoded_path::EncodedPath,
    exceptions::Exceptions,
    file_pattern::FilePattern,
    value::Location,
    word::{
        next,
        WordError, //
    }, //
};
use crate::{
    control::{
        address::{
            process_address,
            user, //
        },
        line::Words, //
    },
    http::ProcessAddress, //
};

/// Takes the words of a fallback: its paths, its page and its exceptions.
pub(super) fn fallback<'a>(
    words: &mut Words<'a>,
) -> Result<(FilePattern<'a>, EncodedPath<'a>, Exceptions<'a>), WordError<'a>> {
    let word = next(words, "needs paths: * or /DIRECTORY/*")?;
    let under = FilePattern::parse(word)?;
    if !matches!(under, FilePattern::All | FilePattern::Under(_)) {
        return Err((word, "must be * or /DIRECTORY/*"));
    }
    let page = EncodedPath::parse(next(words, "needs a path, such as /index.html")?)?;
    Ok((under, page, Exceptions::parse(words)?))
}

/// Takes the words of a redirect behind its status: its path, its target and its exceptions.
pub(super) fn redirect<'a>(
    words: &mut Words<'a>,
) -> Result<(FilePattern<'a>, Location<'a>, Exceptions<'a>), WordError<'a>> {
    let old = next(words, "needs a path: /FILE or /DIRECTORY/*")?;
    let new = next(words, "needs a target, such as /new.html")?;
    let from = FilePattern::parse(old)?;
    let to = Location::parse(new)?;
    let mut except = Exceptions::default();
    match from {
        FilePattern::Exact(_) => {}
        FilePattern::Under(_) if to.is_directory() || to.has_path() => {
            except = Exceptions::parse(words)?;
        }
        FilePattern::Under(_) => {
            return Err((
                new,
                "must end with a slash, because the rest of the path is appended, or have $path",
            ))
        }
        FilePattern::All | FilePattern::Suffix(_) => {
            return Err((old, "must be /FILE or /DIRECTORY/*"))
        }
    }
    Ok((from, to, except))
}

/// Takes the words of a hand-over: its paths, its process, and whether it is for all of the paths.
pub(super) fn hand_over<'a>(
    words: &mut Words<'a>,
) -> Result<(FilePattern<'a>, ProcessAddress, bool), WordError<'a>> {
    let files = FilePattern::parse(next(words, "needs files, such as *.html")?)?;
    let word = next(words, "needs the port of a process, such as 8080")?;
    let mut to = process_address(word).map_err(|reason| (word, reason))?;
    let mut word = words.next();
    let always = word == Some(b"always");
    if always {
        word = words.next();
    }
    match word {
        None => (),
        Some(b"uid") => {
            let word = next(words, "needs the number of a user")?;
            to.uid = Some(user(word).map_err(|reason| (word, reason))?);
        }
        Some(word) if always => return Err((word, "must be uid, or nothing")),
        Some(word) => return Err((word, "must be always, uid, or nothing")),
    }
    Ok((files, to, always))
}
