// SPDX-License-Identifier: GPL-2.0-only

//! Rules that hand connections over to processes.

use super::path_pattern::PathPattern;
use kernel::prelude::*;
use protocol::http::ProcessAddress;

/// A rule that hands connections over.
pub(crate) struct HandOver {
    /// Paths to which the rule applies.
    pub(crate) files: PathPattern,
    /// Process that takes the connections over.
    pub(crate) to: ProcessAddress,
    /// Whether the rule also applies to paths that lead to something.
    pub(crate) always: bool,
}

/// The rules of a site that hand connections over, the last rule first. They apply to all hosts.
pub(crate) struct HandOvers(pub(crate) KVVec<HandOver>);

impl HandOvers {
    /// Returns the process for a path at which there is nothing, or for a request that khttpd does
    /// not serve.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline(never)]
    pub(crate) fn find(&self, path: &[u8]) -> Option<ProcessAddress> {
        self.0
            .iter()
            .find(|rule| rule.files.matches(path))
            .map(|rule| rule.to)
    }

    /// Returns the process for a path, whatever is there.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline(never)]
    pub(crate) fn find_always(&self, path: &[u8]) -> Option<ProcessAddress> {
        self.0
            .iter()
            .find(|rule| rule.always && rule.files.matches(path))
            .map(|rule| rule.to)
    }

    /// Returns whether a rule can apply to a path that leads to something.
    pub(crate) fn has_always(&self) -> bool {
        self.0.iter().any(|rule| rule.always)
    }
}
