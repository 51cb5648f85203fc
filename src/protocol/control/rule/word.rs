// SPDX-License-Identifier: GPL-2.0-only

//! Words of a rule, and errors about them.

use crate::control::line::Words;

/// A malformed word of a rule and the reason; an empty word stands for the whole line.
pub(in crate::control) type WordError<'a> = (&'a [u8], &'static str);

/// Takes the next word; `missing` is the reason of the error if there is none.
pub(super) fn next<'a>(
    words: &mut Words<'a>,
    missing: &'static str,
) -> Result<&'a [u8], WordError<'a>> {
    words.next().ok_or((b"", missing))
}

/// Takes a choice.
pub(super) fn flag<'a>(words: &mut Words<'a>) -> Result<bool, WordError<'a>> {
    match next(words, "must be yes or no")? {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        word => Err((word, "must be yes or no")),
    }
}

/// Returns the word of a choice.
pub(super) const fn flag_word(flag: bool) -> &'static str {
    if flag {
        "yes"
    } else {
        "no"
    }
}
