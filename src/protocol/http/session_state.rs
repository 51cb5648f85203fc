// SPDX-License-Identifier: GPL-2.0-only

//! The position of a session in its stream of requests.

use super::{
    body::BodyDrain,
    step::SessionPhase, //
};

/// The position in the stream of requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SessionState {
    /// In a head, or before one.
    Head {
        /// Number of bytes of the head that were searched for its end in vain.
        searched: u16,
        /// Number of empty lines before the head.
        empty_lines: u8,
        /// Whether the request is known to be a HEAD.
        head_only: bool,
        /// Whether the request is refused if it is for others.
        is_refused: bool,
    },
    /// In the body of a request that received its response.
    Body(BodyDrain),
    /// After the last request.
    Ended,
}

impl SessionState {
    /// The state before the first byte of a request.
    pub(super) const IDLE: SessionState = SessionState::Head {
        searched: 0,
        empty_lines: 0,
        head_only: false,
        is_refused: false,
    };

    /// Returns the next input of the connection.
    #[inline]
    pub(super) const fn phase(&self) -> SessionPhase {
        match self {
            SessionState::Head { searched: 0, .. } => SessionPhase::Idle,
            SessionState::Head { .. } => SessionPhase::Head,
            SessionState::Body(_) => SessionPhase::Body,
            SessionState::Ended => SessionPhase::Ended,
        }
    }

    /// Returns the number of bytes of an unfinished head that were searched.
    #[inline]
    pub(super) const fn searched(&self) -> usize {
        match self {
            // CAST: Wider than 16 bits.
            SessionState::Head { searched, .. } => *searched as usize,
            _ => 0,
        }
    }

    /// Returns whether the request that begins here is refused if it is for others.
    #[inline]
    pub(super) const fn is_refused(&self) -> bool {
        matches!(
            self,
            SessionState::Head {
                is_refused: true,
                ..
            }
        )
    }
}
