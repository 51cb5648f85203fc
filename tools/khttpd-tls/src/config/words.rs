// SPDX-License-Identifier: GPL-2.0-only

//! The words of a line.

use std::str::SplitWhitespace;

/// A word that is wrong, and what is wrong with it.
pub(super) type WrongWord = (String, String);

/// The words of a line that are not processed yet.
#[derive(Clone)]
pub(super) struct Words<'a> {
    /// The last word that was taken.
    last: &'a str,
    rest: SplitWhitespace<'a>,
}

impl<'a> Words<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self {
            last: "",
            rest: line.split_whitespace(),
        }
    }

    /// Takes the first word. Returns [`None`] for an empty line and for a comment.
    pub(super) fn command(&mut self) -> Option<&'a str> {
        self.more().filter(|word| !word.starts_with('#'))
    }

    /// Takes the next word if there is one.
    pub(super) fn more(&mut self) -> Option<&'a str> {
        let word = self.rest.next()?;
        self.last = word;
        Some(word)
    }

    /// Returns the next word without taking it.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.rest.clone().next()
    }

    /// Takes the next word, which is `what`.
    pub(super) fn next(&mut self, what: &str) -> Result<&'a str, WrongWord> {
        let last = self.last;
        self.more()
            .ok_or_else(|| (last.to_owned(), format!("{what} must follow")))
    }

    /// Takes a number.
    pub(super) fn count<N: TryFrom<u64>>(&mut self, min: u64, max: u64) -> Result<N, WrongWord> {
        let word = self.next("a number")?;
        let number = word.parse().ok().filter(|n| (min..=max).contains(n));
        let number = number.and_then(|number: u64| N::try_from(number).ok());
        number.ok_or_else(|| (word.into(), format!("not a number from {min} to {max}")))
    }

    /// Takes one of two words; returns whether it is the first.
    pub(super) fn choice(&mut self, of: [&str; 2]) -> Result<bool, WrongWord> {
        let [first, second] = of;
        let what = format!("`{first}` or `{second}`");
        let word = self.next(&what)?;
        if word != first && word != second {
            return Err((word.into(), format!("not {what}")));
        }
        Ok(word == first)
    }

    /// Makes sure that no word is left.
    pub(super) fn end(&mut self) -> Result<(), WrongWord> {
        match self.more() {
            Some(word) => Err((word.into(), "one word too many".into())),
            None => Ok(()),
        }
    }
}
