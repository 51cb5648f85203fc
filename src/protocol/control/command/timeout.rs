// SPDX-License-Identifier: GPL-2.0-only

//! The timeouts of a server.

/// A timeout of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// Time until a request begins.
    Idle,
    /// Time that a request takes to arrive once it has begun.
    Head,
    /// Time by which a peer may fall behind the minimum rate.
    Send,
    /// Time that responses take to finish after `stop`.
    Stop,
    /// Life of an adopted connection.
    Adopted,
}

impl Timeout {
    /// All timeouts.
    pub const ALL: [Self; 5] = [
        Self::Idle,
        Self::Head,
        Self::Send,
        Self::Stop,
        Self::Adopted,
    ];

    /// Returns the word of the command.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Head => "head",
            Self::Send => "send",
            Self::Stop => "stop",
            Self::Adopted => "adopted",
        }
    }
}
