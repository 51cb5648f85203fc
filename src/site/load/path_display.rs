// SPDX-License-Identifier: GPL-2.0-only

//! Paths of files as text.

use core::fmt::{
    self,
    Write, //
};

/// A path of any bytes, for printing. Control characters, and what is not UTF-8, are escaped.
pub(super) struct PathDisplay<'a>(pub(super) &'a [u8]);

impl fmt::Display for PathDisplay<'_> {
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
