// SPDX-License-Identifier: GPL-2.0-only

//! The rules of the control node that hand connections over, as a site keeps them.

use crate::site::index::{
    hand_over::{
        HandOver,
        HandOvers, //
    },
    path_pattern::PathPattern, //
};
use kernel::prelude::*;
use protocol::control::rule::Rule;

impl HandOvers {
    /// Collects the rules that hand connections over.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(node_rules: &[Rule<'_>]) -> Result<Self> {
        let mut rules = KVVec::new();
        for rule in node_rules.iter().rev() {
            if let Rule::HandOver { files, to, always } = rule {
                let rule = HandOver {
                    files: PathPattern::new(files)?,
                    to: *to,
                    always: *always,
                };
                rules.push(rule, GFP_KERNEL_ACCOUNT)?;
            }
        }
        Ok(Self(rules))
    }
}
