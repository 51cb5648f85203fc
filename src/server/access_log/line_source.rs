// SPDX-License-Identifier: GPL-2.0-only

//! The lines of the access log, one after the other.

use super::{
    log_clock::now,
    log_feed::LogFeed,
    log_merge::LogMerge,
    log_rings::LogRings, //
};
use crate::sys::{
    sched,
    text::{
        self,
        Text, //
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::log::{
    LogFormat,
    LostLines,
    LINE_MAX, //
};

/// What a rendered line stands for.
enum Rendered {
    /// The first record of the ring with this index.
    Record(usize),
    /// So many lost lines.
    Lost(u64),
}

/// Renders the lines of a feed for its reader. A line stays in its ring until it is taken.
pub(super) struct LineSource {
    feed: Arc<LogFeed>,
    merge: LogMerge,
    /// The rings that are drained.
    rings: Option<Arc<LogRings>>,
    /// Whether no line is written to them any more.
    has_ended: bool,
    /// The rendered line that is not taken.
    rendered: Option<Rendered>,
    /// The lost lines that no line has told of.
    lost: u64,
    /// Whether the format of the last line is JSON.
    is_json: bool,
}

impl LineSource {
    /// Becomes the reader of `feed`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if it has a reader, `ENOMEM`.
    pub(super) fn new(feed: &Arc<LogFeed>) -> Result<Self> {
        let merge = LogMerge::new()?;
        feed.enter()?;
        Ok(Self {
            feed: feed.clone(),
            merge,
            rings: None,
            has_ended: false,
            rendered: None,
            lost: 0,
            is_json: false,
        })
    }

    /// Renders the next line to `line`, in place of its contents; nothing if there is none.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, unless `line` has memory for [`LINE_MAX`] bytes.
    pub(super) fn render(&mut self, line: &mut Text) -> Result {
        line.clear();
        while line.is_empty() {
            sched::cond_resched();
            let Some(rings) = self.rings() else {
                return self.render_lost(line);
            };
            if let Some(index) = self.merge.next(&rings) {
                self.render_first(&rings, index, line)?;
            } else if self.has_ended {
                self.rings = None;
                self.feed.remove_first();
            } else {
                self.has_ended = self.feed.first().is_some_and(|(_, has_ended)| has_ended);
                if !self.has_ended {
                    self.collect_lost(&rings);
                    return self.render_lost(line);
                }
                // A line may have been written since the merge has looked: it looks again.
            }
        }
        Ok(())
    }

    /// Takes the rendered line.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn take(&mut self) {
        match self.rendered.take() {
            Some(Rendered::Record(index)) => self.take_record(index),
            Some(Rendered::Lost(count)) => self.lost = self.lost.saturating_sub(count),
            None => {}
        }
    }

    /// Returns the rings that are drained: those of the last line, or the first of the feed.
    fn rings(&mut self) -> Option<Arc<LogRings>> {
        if self.rings.is_none() {
            let (rings, has_ended) = self.feed.first()?;
            self.merge.forget();
            self.has_ended = has_ended;
            self.rings = Some(rings);
        }
        self.rings.clone()
    }

    /// Renders the first record of a ring, or the lines that are missing before it. A record without
    /// a format is taken.
    fn render_first(&mut self, rings: &LogRings, index: usize, line: &mut Text) -> Result {
        let Some(mut reader) = rings.ring(index).and_then(|ring| ring.reader()) else {
            return Ok(());
        };
        let missing = reader.missing();
        reader.acknowledge(missing);
        self.lost = self.lost.saturating_add(missing);
        let Some(record) = reader.first() else {
            return Ok(());
        };
        self.is_json = record.format() == LogFormat::Json;
        self.render_lost(line)?;
        if line.is_empty() {
            text::append(line, format_args!("{record}"), LINE_MAX)?;
            self.rendered = Some(Rendered::Record(index));
        }
        if line.is_empty() {
            drop(reader);
            self.take();
        }
        Ok(())
    }

    /// Renders a line for the lost lines, if there are any and the format is JSON.
    fn render_lost(&mut self, line: &mut Text) -> Result {
        self.lost = self.lost.saturating_add(self.feed.take_untold());
        if self.lost == 0 || !self.is_json {
            return Ok(());
        }
        let lost = LostLines {
            count: self.lost,
            real_nanoseconds: now().real_nanoseconds,
        };
        text::append(line, format_args!("{lost}"), LINE_MAX)?;
        self.rendered = Some(Rendered::Lost(self.lost));
        Ok(())
    }

    /// Counts the lines that were lost behind the last ones.
    fn collect_lost(&mut self, rings: &LogRings) {
        for mut reader in rings.iter().filter_map(|ring| ring.reader()) {
            if reader.first().is_none() {
                let missing = reader.missing();
                reader.acknowledge(missing);
                self.lost = self.lost.saturating_add(missing);
            }
        }
    }

    fn take_record(&mut self, index: usize) {
        let ring = self.rings.as_ref().and_then(|rings| rings.ring(index));
        if let Some(mut reader) = ring.and_then(|ring| ring.reader()) {
            reader.take();
            let end = reader.first().map(|record| record.end());
            self.merge.set_first_end(index, end);
        }
    }
}

impl Drop for LineSource {
    fn drop(&mut self) {
        // First, because the feed may free the rings.
        self.rings = None;
        self.feed.leave(self.lost);
    }
}
