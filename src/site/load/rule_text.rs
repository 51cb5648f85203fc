// SPDX-License-Identifier: GPL-2.0-only

//! Rules as text: one a line.

use super::error::LoadError;
use crate::sys::{
    sched,
    text, //
};
use kernel::prelude::*;
use protocol::control::{
    line::{
        self,
        Line,
        Lines, //
    },
    rule::{
        FilePattern,
        Rule, //
    }, //
};

/// The greatest length of rules, whether of the control node or of a root, in bytes.
pub(super) const RULES_MAX: usize = 65_536;

/// Rules of the control node.
///
/// # Invariants
///
/// Each line is the text of a [`Rule`] and ends with a line feed.
pub(super) struct RuleText(KVVec<u8>);

impl RuleText {
    /// Creates an empty text.
    pub(super) const fn new() -> Self {
        // INVARIANT: There are no lines.
        Self(KVVec::new())
    }

    /// Returns a copy.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn try_clone(&self) -> Result<Self> {
        let mut text = KVVec::with_capacity(self.0.len(), GFP_KERNEL_ACCOUNT)?;
        text.extend_from_slice(&self.0, GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: The lines are those of `self`.
        Ok(Self(text))
    }

    /// Appends a rule. An equal rule is removed, and so is the earlier value of a setting, of which
    /// only the last value counts.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOSPC` for more than [`RULES_MAX`] bytes;
    /// - `ENOMEM`.
    pub(super) fn add(&mut self, rule: &Rule<'_>) -> Result {
        sched::cond_resched();
        let added = text::render(format_args!("{rule}\n"))?;
        let Some(new) = Lines::new(&added).next() else {
            return Err(EINVAL);
        };
        let is_setting = matches!(
            rule,
            Rule::Policy(_)
                | Rule::TrailingSlash(_)
                | Rule::Index(_)
                | Rule::TrySuffix(_)
                | Rule::Autoindex(_)
        );
        let mut rules = self.without(|line| {
            let is_old_value = is_setting && line.words().next() == new.words().next();
            is_old_value || line.as_bytes() == new.as_bytes()
        })?;
        rules.extend_from_slice(&added, GFP_KERNEL_ACCOUNT)?;
        if rules.len() > RULES_MAX {
            return Err(ENOSPC);
        }
        // INVARIANT: The last line was just rendered from a rule, the others were here before.
        self.0 = rules;
        Ok(())
    }

    /// Removes the rules that hand over exactly these files.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there are none, `ENOMEM`.
    pub(super) fn remove_hand_over(&mut self, files: &FilePattern<'_>) -> Result {
        let beginning = text::render(format_args!("hand-over {files} "))?;
        let rules = self.without(|line| line.as_bytes().starts_with(&beginning))?;
        if rules.len() == self.0.len() {
            return Err(ENOENT);
        }
        // INVARIANT: The lines were here before.
        self.0 = rules;
        Ok(())
    }

    /// Returns a copy without the lines for which `is_removed` holds.
    fn without(&self, is_removed: impl Fn(Line<'_>) -> bool) -> Result<KVVec<u8>> {
        let mut rules = KVVec::with_capacity(self.0.len(), GFP_KERNEL_ACCOUNT)?;
        for line in Lines::new(&self.0).filter(|line| !is_removed(*line)) {
            rules.extend_from_slice(line.as_bytes(), GFP_KERNEL_ACCOUNT)?;
            rules.push(b'\n', GFP_KERNEL_ACCOUNT)?;
        }
        Ok(rules)
    }

    /// Returns the text.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the rules.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a line that is no rule, `ENOMEM`.
    pub(super) fn parse(&self) -> Result<KVVec<Rule<'_>>, LoadError> {
        let mut rules = KVVec::new();
        for line in Lines::new(&self.0) {
            let rule = parse(line).map_err(|e| {
                LoadError::new(EINVAL, format_args!("rules of the control node: {e}"))
            })?;
            rules.push(rule, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(rules)
    }
}

/// Parses the rule of a line.
///
/// # Errors
///
/// The word that is wrong, and the reason.
pub(super) fn parse(line: Line<'_>) -> Result<Rule<'_>, line::Error<'_>> {
    Rule::parse(line)?
        .ok_or_else(|| line.error(line.words().next().unwrap_or_default(), "no such rule"))
}
