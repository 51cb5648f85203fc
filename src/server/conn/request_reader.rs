// SPDX-License-Identifier: GPL-2.0-only

//! Requests among the unread bytes of a connection.

use super::{
    burst::Burst,
    burst_log::BurstLog,
    cpu_scratch::ResponseScratch,
    response_writer::ResponseWriter,
    transport::ResponseSink, //
};
use kernel::prelude::*;

/// A reader of requests, which gives their responses to the response writer.
pub(super) struct RequestReader<'a, T: ResponseSink> {
    writer: ResponseWriter<'a, T>,
    budget: &'a mut u32,
}

impl<'a, T: ResponseSink> RequestReader<'a, T> {
    /// Prepares to read as many requests as `budget` says.
    #[inline]
    pub(super) fn new(writer: ResponseWriter<'a, T>, budget: &'a mut u32) -> Self {
        Self { writer, budget }
    }

    /// Serves the requests in `rest` until one of them has to wait or is not complete, and leaves in
    /// `rest` the bytes that are not consumed.
    ///
    /// # Errors
    ///
    /// The errors of [`Burst::push`] and [`ResponseWriter::send`].
    #[inline]
    pub(super) fn process_input(
        &mut self,
        scratch: &mut ResponseScratch,
        rest: &mut &[u8],
    ) -> Result {
        while !rest.is_empty() {
            let mut burst = scratch.begin();
            let mut log = self.writer.begin_log();
            let sent = self
                .gather(rest, &mut burst, &mut log)
                .and_then(|is_complete| Ok((is_complete, self.writer.send(&burst, rest)?)));
            if let Some(log) = log {
                log.settle(self.writer.state_mut(), sent.map(|(_, sent)| sent));
            }
            let (is_complete, _) = sent?;
            *self.budget = self.budget.saturating_sub(burst.part_cost());
            if !is_complete || *self.budget == 0 || !self.is_ready() {
                break;
            }
        }
        Ok(())
    }

    /// Returns whether the connection is ready for another request.
    #[inline]
    fn is_ready(&self) -> bool {
        self.writer.state().pending.is_done()
    }

    /// Processes requests in `rest`, one at least, until the burst is full. Returns `false` if
    /// `rest` begins with an unfinished head, or with that of a request for others.
    #[inline]
    fn gather<'b>(
        &mut self,
        rest: &mut &[u8],
        burst: &mut Burst<'b>,
        log: &mut Option<BurstLog<'_>>,
    ) -> Result<bool>
    where
        'a: 'b,
    {
        let context = self.writer.context();
        loop {
            *self.budget = self.budget.saturating_sub(1);
            let step = burst.process(&mut self.writer.state_mut().session, rest, context);
            if let Some(response) = &step.response {
                self.writer.begin(response, step.head(rest), log);
                burst.push(response, &context.snapshot)?;
            } else if step.broken {
                self.writer.state_mut().pending.abandon();
            } else {
                self.writer
                    .state_mut()
                    .defer(step.deferred, &context.snapshot);
                if let (Some(log), Some(request)) = (&log, step.deferred) {
                    let head = rest.get(step.consumed..).unwrap_or_default();
                    log.defer(request, head, self.writer.sink_mut());
                }
            }
            if step.consumed == 0 {
                return Ok(false);
            }
            *rest = rest.get(step.consumed..).unwrap_or(&[]);
            if rest.is_empty() || *self.budget == 0 || burst.is_full() || !self.is_ready() {
                return Ok(true);
            }
        }
    }
}
