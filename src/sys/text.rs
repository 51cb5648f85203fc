// SPDX-License-Identifier: GPL-2.0-only

//! Text that grows as it is written.

use kernel::{
    fmt::{
        self,
        Write, //
    },
    prelude::*, //
};

/// Renders `text` into memory of its length. Process context, may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn render(text: fmt::Arguments<'_>) -> Result<KVec<u8>> {
    let mut sink = Sink(KVec::new());
    // It fails for want of memory alone.
    sink.write_fmt(text).map_err(|_| ENOMEM)?;
    Ok(sink.0)
}

struct Sink(KVec<u8>);

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0
            .extend_from_slice(text.as_bytes(), GFP_KERNEL)
            .map_err(|_| fmt::Error)
    }
}
