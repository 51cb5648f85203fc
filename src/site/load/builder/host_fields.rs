// SPDX-License-Identifier: GPL-2.0-only

//! The fields of a host's redirects and errors, chosen from its rules.

use crate::{
    site::{
        index::{
            fields::{
                FieldNumber,
                FieldSet,
                HostField,
                HostFields, //
            },
            path_index::PathIndex,
            path_pattern::PathPattern,
            virtual_host::IndexTarget, //
        },
        load::{
            error::LoadError,
            path_display::PathDisplay,
            path_pattern::collect,
            rules::{
                Rules,
                DIRECTORY_RULES_MAX, //
            }, //
        }, //
    },
    sys::sched, //
};
use kernel::prelude::*;
use protocol::{
    control::rule::{
        FieldValue,
        FilePattern,
        Rule, //
    },
    http::FIELD_LINES_MAX, //
};

/// The fields of redirects and errors, and the names that they may have.
pub(super) struct HostFieldsBuilder<'a> {
    /// Names, without regard to case, and the length of the longest line of each.
    names: KVec<(&'a str, usize)>,
    fields: KVVec<HostField>,
}

impl<'a> HostFieldsBuilder<'a> {
    /// Takes the rules of `root` that may matter: a file at its own path has its fields in the head
    /// of its entry, so that they matter for errors alone.
    ///
    /// # Errors
    ///
    /// - `ENOSPC` if a response might take too long or become too long;
    /// - `ENOMEM`.
    pub(super) fn new(
        rules: &Rules<'a>,
        paths: &PathIndex<IndexTarget>,
        root: &[u8],
    ) -> Result<Self, LoadError> {
        let mut builder = Self {
            names: KVec::new(),
            fields: KVVec::new(),
        };
        for rule in rules.iter().rev() {
            sched::cond_resched();
            let Rule::Field {
                files,
                always,
                name,
                value,
            } = rule
            else {
                continue;
            };
            if *always || !is_file(files, paths)? {
                builder.add(files, *always, name, *value, root)?;
            }
        }
        Ok(builder)
    }

    fn add(
        &mut self,
        files: &FilePattern<'_>,
        always: bool,
        name: &'a str,
        value: FieldValue<'_>,
        root: &[u8],
    ) -> Result<(), LoadError> {
        let mut line = KVec::new();
        for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            line.extend_from_slice(part, GFP_KERNEL_ACCOUNT)?;
        }
        let number = self.number(name, line.len())?;
        let length: usize = self.names.iter().map(|(_, length)| length).sum();
        let Some(number) = number.filter(|_| length <= FIELD_LINES_MAX) else {
            return Err(too_many(
                root,
                format_args!("more than 64 names or {FIELD_LINES_MAX} bytes"),
            ));
        };
        if self.fields.len() == DIRECTORY_RULES_MAX {
            return Err(too_many(
                root,
                format_args!("more than {DIRECTORY_RULES_MAX} rules"),
            ));
        }
        let field = HostField {
            files: PathPattern::new(files)?,
            always,
            name: number,
            line,
        };
        Ok(self.fields.push(field, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the number of a name, of which a line has this length.
    fn number(&mut self, name: &'a str, length: usize) -> Result<Option<FieldNumber>> {
        let known = self
            .names
            .iter_mut()
            .enumerate()
            .find(|(_, (known, _))| known.eq_ignore_ascii_case(name));
        if let Some((number, (_, longest))) = known {
            *longest = length.max(*longest);
            return Ok(FieldNumber::new(number));
        }
        let number = FieldNumber::new(self.names.len());
        self.names.push((name, length), GFP_KERNEL)?;
        Ok(number)
    }

    /// Returns the names of the fields that the file at `path` has by itself.
    pub(super) fn names_of(&self, path: &[u8], rules: &Rules<'_>) -> FieldSet {
        let mut set = FieldSet::default();
        for rule in rules.iter() {
            sched::cond_resched();
            let Rule::Field { files, name, .. } = rule else {
                continue;
            };
            let number = self
                .names
                .iter()
                .position(|(known, _)| known.eq_ignore_ascii_case(name))
                .and_then(FieldNumber::new);
            if let Some(number) = number.filter(|_| files.matches(path)) {
                set.insert(number);
            }
        }
        set
    }

    /// Returns the fields.
    pub(super) fn finish(self) -> HostFields {
        HostFields(self.fields)
    }
}

/// Returns whether a pattern is the path of a file.
fn is_file(files: &FilePattern<'_>, paths: &PathIndex<IndexTarget>) -> Result<bool> {
    let FilePattern::Exact(path) = files else {
        return Ok(false);
    };
    let path = collect(path.decoded())?;
    Ok(matches!(paths.find(&path), Some(IndexTarget::Entry(_))))
}

/// Creates the error of a root whose redirects or errors would have too many fields.
fn too_many(root: &[u8], what: kernel::fmt::Arguments<'_>) -> LoadError {
    let root = PathDisplay(root);
    LoadError::new(
        ENOSPC,
        format_args!(
            "{root}: {what} are fields of redirects and errors; give files, not *, to those that \
             only files need"
        ),
    )
}
