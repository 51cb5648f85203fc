// SPDX-License-Identifier: GPL-2.0-only

//! Text that is rendered into a growing buffer.

use kernel::{
    fmt::{
        self,
        Write, //
    },
    prelude::*, //
};

/// Renders `text` into a new buffer.
///
/// # Context
///
/// Process context, may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn render(text: fmt::Arguments<'_>) -> Result<KVec<u8>> {
    let mut buffer = KVec::new();
    // A write fails only if memory is missing.
    VecWriter(&mut buffer).write_fmt(text).map_err(|_| ENOMEM)?;
    Ok(buffer)
}

/// A writer that appends text to a buffer. A write fails only if memory is missing.
///
/// # Context
///
/// Process context, may sleep.
pub(crate) struct VecWriter<'a>(pub(crate) &'a mut KVec<u8>);

impl fmt::Write for VecWriter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0
            .extend_from_slice(text.as_bytes(), GFP_KERNEL)
            .map_err(|_| fmt::Error)
    }
}
