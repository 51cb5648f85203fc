// SPDX-License-Identifier: GPL-2.0-only

//! Lines between `begin` and `commit`, which any number of writes bring.

use crate::{
    device::command_error::CommandError,
    sys::{
        errno::ECANCELED,
        text::TEXT_MAX, //
    }, //
};
use core::mem;
use kernel::prelude::*;
use protocol::control::{
    command::Command,
    line::{
        Line,
        Lines, //
    },
    section::{
        Section,
        Sections, //
    }, //
};

/// The lines since the last `begin` in an open control node.
pub(super) enum Collection {
    /// No transaction is open: commands are carried out when they are written.
    Closed,
    /// A transaction is open: lines are collected.
    Open(Collected),
    /// The transaction that `begin` has opened in this line has failed: lines are refused until its
    /// `commit`, the next `begin`, or the end of the file, so that none of them takes effect alone.
    Failed(u32),
}

/// Well-formed lines that are carried out together.
pub(super) struct Collected {
    /// Number of the line `begin`, and hence of the lines before the text.
    pub(super) begin: u32,
    /// The lines that follow it.
    pub(super) text: KVVec<u8>,
}

impl Collection {
    /// Tells whether a transaction is open.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// Opens a transaction, by the line `begin`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if one is open.
    pub(super) fn begin(&mut self, line: Line<'_>) -> Result<(), CommandError> {
        if let Self::Open(Collected { begin, .. }) = &*self {
            return Err(CommandError::of_line(
                EINVAL,
                line,
                fmt!("line {begin} has begun a transaction; \"commit\" ends it"),
            ));
        }
        *self = Self::Open(Collected {
            begin: line.number(),
            text: KVVec::new(),
        });
        Ok(())
    }

    /// Collects `text`, which follows `before` other lines, if a transaction is open; returns
    /// whether it is.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for the first line that is no command, `E2BIG` for more than [`TEXT_MAX`]
    /// bytes, `ECANCELED` for a command of a transaction that has failed, `ENOMEM`.
    pub(super) fn collect(&mut self, before: u32, text: &[u8]) -> Result<bool, CommandError> {
        let mut lines = Lines::after(before, text);
        match self {
            Self::Closed => Ok(false),
            Self::Open(collected) => {
                lines.try_for_each(|line| Command::parse(line).map(drop))?;
                collected.append(text)?;
                Ok(true)
            }
            Self::Failed(begin) => match lines.next() {
                Some(line) => Err(canceled(line, *begin)),
                None => Ok(true),
            },
        }
    }

    /// Closes the transaction, by the line `commit`, and returns its lines.
    ///
    /// # Errors
    ///
    /// `EINVAL` if none is open, `ECANCELED` if it has failed.
    pub(super) fn commit(&mut self, line: Line<'_>) -> Result<Collected, CommandError> {
        match mem::replace(self, Self::Closed) {
            Self::Open(collected) => Ok(collected),
            Self::Failed(begin) => Err(canceled(line, begin)),
            Self::Closed => Err(CommandError::of_line(
                EINVAL,
                line,
                fmt!("no transaction is open; \"begin\" opens one"),
            )),
        }
    }

    /// Drops what was collected, because a write of `sections` has failed. The transaction that is
    /// open behind them, had all of them been processed, has failed.
    pub(super) fn fail(&mut self, sections: Sections<'_>) {
        if let Self::Open(Collected { begin, .. }) = self {
            *self = Self::Failed(*begin);
        }
        for section in sections {
            match section {
                Section::Begin(line) => *self = Self::Failed(line.number()),
                Section::Commit(_) => *self = Self::Closed,
                Section::Commands { .. } => (),
            }
        }
    }

    /// Ends with the file.
    ///
    /// # Errors
    ///
    /// `ECANCELED` if a transaction is open.
    pub(super) fn close(&mut self) -> Result<(), CommandError> {
        match mem::replace(self, Self::Closed) {
            Self::Open(Collected { begin, .. }) => Err(CommandError::new(
                ECANCELED,
                fmt!("line {begin}: \"begin\": closed without \"commit\"; nothing was carried out"),
            )),
            Self::Closed | Self::Failed(_) => Ok(()),
        }
    }
}

impl Collected {
    /// Appends `text`, whose memory is charged to the control group of the writer.
    fn append(&mut self, text: &[u8]) -> Result<(), CommandError> {
        if self.text.len().saturating_add(text.len()) > TEXT_MAX {
            let begin = self.begin;
            return Err(CommandError::new(
                E2BIG,
                fmt!(
                    "line {begin}: \"begin\": too many commands; the maximum is {TEXT_MAX} \
                     bytes up to \"commit\""
                ),
            ));
        }
        Ok(self.text.extend_from_slice(text, GFP_KERNEL_ACCOUNT)?)
    }
}

/// Creates the error of a line of a transaction that has failed.
fn canceled(line: Line<'_>, begin: u32) -> CommandError {
    CommandError::of_line(
        ECANCELED,
        line,
        fmt!("not carried out, because the transaction of line {begin} has failed"),
    )
}

#[kunit_tests(khttpd_collection)]
mod tests {
    use super::*;

    /// Does what a write of `text` does, which follows `before` other lines; returns the texts that
    /// are to be carried out, each behind the number of lines before it.
    fn write(collection: &mut Collection, before: u32, text: &[u8]) -> Result<KVec<Collected>> {
        let sections = Sections::after(before, text);
        let mut transactions = KVec::new();
        let processed = sections.clone().try_for_each(|section| {
            match section {
                Section::Begin(line) => collection.begin(line)?,
                Section::Commit(line) => transactions.push(collection.commit(line)?, GFP_KERNEL)?,
                Section::Commands { before, text } => {
                    if !collection.collect(before, text)? {
                        let mut alone = KVVec::new();
                        alone.extend_from_slice(text, GFP_KERNEL)?;
                        let (begin, text) = (before, alone);
                        transactions.push(Collected { begin, text }, GFP_KERNEL)?;
                    }
                }
            }
            Ok(())
        });
        processed.map_err(|error: CommandError| {
            collection.fail(sections);
            error.errno()
        })?;
        Ok(transactions)
    }

    #[test]
    fn lines_of_several_writes_are_one_transaction() -> Result {
        let mut collection = Collection::Closed;
        assert!(write(&mut collection, 0, b"# a\nbegin\nstop\n")?.is_empty());
        assert!(write(&mut collection, 3, b"# b\n\nlisten 80\n")?.is_empty());
        assert!(collection.is_open());
        let transactions = write(&mut collection, 6, b"start\ncommit\nreload\n")?;
        let [whole, alone] = &transactions[..] else {
            return Err(EINVAL);
        };
        assert!(whole.begin == 2 && whole.text[..] == b"stop\n# b\n\nlisten 80\nstart\n"[..]);
        assert!(alone.begin == 8 && alone.text[..] == b"reload\n"[..]);
        assert!(collection.close().is_ok());
        Ok(())
    }

    #[test]
    fn lines_of_a_failed_transaction_are_refused_up_to_its_commit() -> Result {
        for wrong in [&b"foo\n"[..], b"begin\n", b"stop\nlisten 0\nstart\n"] {
            let mut collection = Collection::Closed;
            write(&mut collection, 0, b"begin\nstop\n")?;
            assert!(write(&mut collection, 2, wrong).err() == Some(EINVAL));
            assert!(write(&mut collection, 5, b"start\n").err() == Some(ECANCELED));
            assert!(write(&mut collection, 6, b"\n# start\n")?.is_empty());
            assert!(write(&mut collection, 8, b"commit\n").err() == Some(ECANCELED));
            assert!(write(&mut collection, 9, b"start\n")?.len() == 1);
        }
        Ok(())
    }

    #[test]
    fn a_new_begin_follows_a_failed_transaction() -> Result {
        let mut collection = Collection::Closed;
        assert!(write(&mut collection, 0, b"foo\nbegin\nstop\n").is_ok());
        assert!(write(&mut collection, 3, b"foo\n").is_err());
        assert!(write(&mut collection, 4, b"begin\nstop\n")?.is_empty());
        let transactions = write(&mut collection, 6, b"commit\n")?;
        assert!(transactions.len() == 1 && collection.close().is_ok());
        Ok(())
    }

    #[test]
    fn transaction_that_begins_behind_an_error_has_failed_unless_it_is_whole() -> Result {
        let mut collection = Collection::Closed;
        assert!(write(&mut collection, 0, b"commit\nbegin\nstop\n").err() == Some(EINVAL));
        assert!(write(&mut collection, 3, b"start\n").err() == Some(ECANCELED));
        let mut collection = Collection::Closed;
        assert!(write(&mut collection, 0, b"begin\nfoo\ncommit\n").err() == Some(EINVAL));
        assert!(write(&mut collection, 3, b"start\n")?.len() == 1);
        Ok(())
    }

    #[test]
    fn end_of_the_file_drops_an_open_transaction() -> Result {
        let mut collection = Collection::Closed;
        write(&mut collection, 0, b"\nbegin\nstop\n")?;
        let error = collection.close().err().ok_or(EINVAL)?;
        assert!(error.errno() == ECANCELED && error.text().starts_with(b"line 2: \"begin\": "));
        assert!(!collection.is_open());
        Ok(())
    }

    #[test]
    fn collected_bytes_are_bounded() -> Result {
        let mut collection = Collection::Closed;
        let mut comment = KVVec::from_elem(b'#', TEXT_MAX, GFP_KERNEL)?;
        if let Some(last) = comment.last_mut() {
            *last = b'\n';
        }
        write(&mut collection, 0, b"begin\n")?;
        write(&mut collection, 1, &comment)?;
        assert!(write(&mut collection, 2, b"\n").err() == Some(E2BIG));
        assert!(write(&mut collection, 3, b"stop\n").err() == Some(ECANCELED));
        Ok(())
    }
}
