// SPDX-License-Identifier: GPL-2.0-only

//! Pages of errors.

use super::{
    entry::EntryId,
    fields::FieldSet, //
};
use protocol::http::Status;

/// The page of an error status.
pub(crate) struct ErrorPage {
    /// Status with which it is sent.
    pub(crate) status: Status,
    /// Page that is sent.
    pub(crate) page: EntryId,
    /// Names of the fields that it has by itself.
    pub(crate) fields: FieldSet,
}
