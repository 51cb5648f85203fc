// SPDX-License-Identifier: GPL-2.0-only

//! Between bytes and text.

use kernel::{
    fmt::{
        self,
        Write, //
    },
    prelude::*, //
};

/// Bytes as text: what is not UTF-8, or a control character, is escaped.
pub(super) struct Shown<'a>(pub(super) &'a [u8]);

impl core::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    f.write_char(character)?;
                }
            }
            write!(f, "{}", chunk.invalid().escape_ascii())?;
        }
        Ok(())
    }
}

/// A value that has only the trait of the crate `core`, for the macro `fmt`.
pub(super) struct Value<T>(pub(super) T);

impl<T: core::fmt::Display> fmt::Display for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(&self.0, f)
    }
}

/// Text that is appended to bytes. The only error is a lack of memory.
pub(super) struct Appended<'a>(pub(super) &'a mut KVec<u8>);

impl fmt::Write for Appended<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0
            .extend_from_slice(text.as_bytes(), GFP_KERNEL)
            .map_err(|_| fmt::Error)
    }
}
