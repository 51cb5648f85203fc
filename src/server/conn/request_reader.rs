// SPDX-License-Identifier: GPL-2.0-only

//! Requests among the unread bytes of a connection.

use super::{
    cpu_scratch::ResponseScratch,
    response_writer::ResponseWriter,
    state::ConnState, //
};
use crate::sys::tcp::StreamHandler;
use kernel::prelude::*;

/// A reader of requests, which gives each of them to the response writer.
pub(super) struct RequestReader<'a, H: StreamHandler> {
    writer: ResponseWriter<'a, H>,
    scratch: &'a mut ResponseScratch,
    budget: &'a mut u32,
}

impl<'a, H: StreamHandler<State = ConnState>> RequestReader<'a, H> {
    /// Prepares to read as many requests as `budget` says.
    #[inline]
    pub(super) fn new(
        writer: ResponseWriter<'a, H>,
        scratch: &'a mut ResponseScratch,
        budget: &'a mut u32,
    ) -> Self {
        Self {
            writer,
            scratch,
            budget,
        }
    }

    /// Serves the requests in `rest` until one of them has to wait or is not complete, and leaves in
    /// `rest` the bytes that are not consumed.
    ///
    /// # Errors
    ///
    /// The errors of [`ResponseWriter::respond`].
    #[inline]
    pub(super) fn process_input(&mut self, rest: &mut &[u8]) -> Result {
        while !rest.is_empty() && *self.budget != 0 && self.writer.state().pending.is_done() {
            *self.budget -= 1;
            let consumed = self.receive(rest)?;
            if consumed == 0 {
                break;
            }
            *rest = rest.get(consumed..).unwrap_or(&[]);
        }
        Ok(())
    }

    /// Takes in `bytes`, and returns how many of them are consumed: none if they are the beginning
    /// of a head.
    #[inline]
    fn receive(&mut self, bytes: &[u8]) -> Result<usize> {
        let (clock, scratch) = self.scratch.parts();
        let context = self.writer.context();
        let session = &mut self.writer.state_mut().session;
        let step = session.receive(bytes, context, clock, scratch);
        let rest = bytes.get(step.consumed..).unwrap_or(&[]);
        self.writer.apply_step(&step, rest)?;
        Ok(step.consumed)
    }
}
