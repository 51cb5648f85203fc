// SPDX-License-Identifier: GPL-2.0-only

//! Fields of responses that represent no file: redirects and errors.

use super::path_pattern::PathPattern;
use kernel::prelude::*;
use protocol::http::{
    Full,
    Sink,
    Status, //
};

/// The number of a field name of a host, below 64.
#[derive(Clone, Copy)]
pub(crate) struct FieldNumber(u8);

impl FieldNumber {
    /// Creates a number. Returns [`None`] if it is too large.
    pub(crate) fn new(number: usize) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (u32::from(number) < u64::BITS).then_some(Self(number))
    }
}

/// A set of field names of a host.
#[derive(Clone, Copy, Default)]
pub(crate) struct FieldSet(u64);

impl FieldSet {
    /// Adds a name. Returns whether the set did not have it.
    pub(crate) fn insert(&mut self, name: FieldNumber) -> bool {
        let old = self.0;
        self.0 |= 1 << name.0;
        self.0 != old
    }
}

/// A field of the responses to some paths.
pub(crate) struct HostField {
    /// Paths to which the rule applies.
    pub(crate) files: PathPattern,
    /// Whether errors have the field, too.
    pub(crate) always: bool,
    /// Number of its name.
    pub(crate) name: FieldNumber,
    /// Field line with its CRLF.
    pub(crate) line: KVec<u8>,
}

/// The fields of a host's redirects and errors, the last rule first. The load bounds their number
/// and their length.
pub(crate) struct HostFields(pub(crate) KVVec<HostField>);

impl HostFields {
    /// Appends the field lines of a response with this status to `path`, one for each name that is
    /// not `present` already.
    ///
    /// # Context
    ///
    /// Any context.
    ///
    /// # Errors
    ///
    /// [`Full`] if the sink has no room for them.
    pub(crate) fn put(
        &self,
        path: &[u8],
        status: Status,
        mut present: FieldSet,
        sink: &mut impl Sink,
    ) -> Result<(), Full> {
        for field in &self.0 {
            let applies = field.always || !status.is_error();
            if applies && field.files.matches(path) && present.insert(field.name) {
                sink.put(&field.line)?;
            }
        }
        Ok(())
    }
}
