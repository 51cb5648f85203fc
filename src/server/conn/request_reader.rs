// SPDX-License-Identifier: GPL-2.0-only

//! Requests as they arrive: whole in one buffer, or in pieces.

use super::{
    cpu_scratch::CpuScratch,
    response_writer::ResponseWriter,
    state::ConnState, //
};
use crate::sys::tcp::StreamHandler;
use core::mem;
use kernel::prelude::*;
use protocol::http::HEAD_MAX;

/// A reader of requests, which gives each of them to the response writer.
pub(super) struct RequestReader<'a, H: StreamHandler> {
    writer: ResponseWriter<'a, H>,
    scratch: &'a mut CpuScratch,
    budget: &'a mut u32,
}

impl<'a, H: StreamHandler<State = ConnState>> RequestReader<'a, H> {
    /// Prepares to read as many requests as `budget` says.
    #[inline]
    pub(super) fn new(
        writer: ResponseWriter<'a, H>,
        scratch: &'a mut CpuScratch,
        budget: &'a mut u32,
    ) -> Self {
        Self {
            writer,
            scratch,
            budget,
        }
    }

    /// Serves the requests in `rest` until one of them has to wait, and leaves in `rest` the bytes
    /// that are not consumed.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and the errors of [`ResponseWriter::respond`].
    #[inline]
    pub(super) fn process_input(&mut self, rest: &mut &[u8]) -> Result {
        while !rest.is_empty() && *self.budget != 0 && self.writer.state().pending.is_done() {
            *self.budget -= 1;
            let consumed = if self.writer.state().partial_head.is_empty() {
                self.receive(rest)?
            } else {
                self.receive_more(rest)?
            };
            *rest = rest.get(consumed..).unwrap_or(&[]);
        }
        Ok(())
    }

    /// Takes in `bytes`, the beginning of a request, and returns how many of them are consumed.
    #[inline]
    fn receive(&mut self, bytes: &[u8]) -> Result<usize> {
        let (clock, scratch) = self.scratch.parts();
        let context = self.writer.context();
        let state = self.writer.state_mut();
        let step = state.session.receive(bytes, context, clock, scratch);
        if step.consumed == 0 && step.response.is_none() {
            // The rest of the head has not arrived yet. Such heads are copied.
            state.partial_head.extend_from_slice(bytes, GFP_ATOMIC)?;
            return Ok(bytes.len());
        }
        let consumed = step.consumed;
        let rest = bytes.get(consumed..).unwrap_or(&[]);
        self.writer.apply_step(&step, rest)?;
        Ok(consumed)
    }

    /// Takes in `bytes`, which continue a partial head, and returns how many of them are consumed.
    #[inline(never)]
    fn receive_more(&mut self, bytes: &[u8]) -> Result<usize> {
        let context = self.writer.context();
        let state = self.writer.state_mut();
        let before = state.partial_head.len();
        let room = HEAD_MAX.saturating_sub(before).min(bytes.len());
        let piece = bytes.get(..room).unwrap_or(bytes);
        state.partial_head.extend_from_slice(piece, GFP_ATOMIC)?;

        let (clock, scratch) = self.scratch.parts();
        // Borrowed for this step alone, which is not a part of the session.
        let mut received = mem::take(&mut state.partial_head);
        let step = state.session.receive(&received, context, clock, scratch);
        let consumed = match step.consumed.checked_sub(before) {
            Some(consumed) => consumed,
            // Some of the old bytes are still needed, and with them all of the new piece.
            None => {
                let kept = received.len() - step.consumed;
                received.copy_within(step.consumed.., 0);
                received.truncate(kept);
                state.partial_head = received;
                piece.len()
            }
        };
        let rest = bytes.get(consumed..).unwrap_or(&[]);
        self.writer.apply_step(&step, rest)?;
        Ok(consumed)
    }
}
