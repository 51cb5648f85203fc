// SPDX-License-Identifier: GPL-2.0-only

//! Text that is rendered into a growing buffer.

use kernel::{
    fmt::{
        self,
        Write, //
    },
    prelude::*, //
};

/// Maximum number of bytes of a text, whether it is rendered or written by a task. The longest
/// configuration, 1,024 roots with the longest paths and host names, has less than 5 MiB.
pub(crate) const TEXT_MAX: usize = 8 << 20;

/// A text, whose memory is charged to the control group of the task that renders it. The memory
/// need not be contiguous, since there may be megabytes of it.
pub(crate) type Text = KVVec<u8>;

/// Renders `text` into a new buffer.
///
/// # Context
///
/// Process context, may sleep.
///
/// # Errors
///
/// `ENOMEM`, also for more than [`TEXT_MAX`] bytes.
pub(crate) fn render(text: fmt::Arguments<'_>) -> Result<Text> {
    let mut rendered = Text::new();
    append(&mut rendered, text, TEXT_MAX)?;
    Ok(rendered)
}

/// Renders `text` at the end of `to`, which then has at most `max` bytes.
///
/// # Context
///
/// Process context, may sleep.
///
/// # Errors
///
/// `ENOMEM`, also for more than `max` bytes.
pub(crate) fn append(to: &mut Text, text: fmt::Arguments<'_>, max: usize) -> Result {
    TextWriter { to, max }.write_fmt(text).map_err(|_| ENOMEM)
}

/// A writer that appends to a text.
struct TextWriter<'a> {
    to: &'a mut Text,
    max: usize,
}

impl fmt::Write for TextWriter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.to.len().saturating_add(text.len()) > self.max {
            return Err(fmt::Error);
        }
        self.to
            .extend_from_slice(text.as_bytes(), GFP_KERNEL_ACCOUNT)
            .map_err(|_| fmt::Error)
    }
}

#[kunit_tests(khttpd_text)]
mod tests {
    use super::*;

    /// Some text that does not fit into the largest page block.
    struct Long(usize);

    impl fmt::Display for Long {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (0..self.0 / 1024).try_for_each(|_| write!(f, "{:1024}", ""))
        }
    }

    #[test]
    fn text_of_megabytes_is_rendered_and_a_longer_one_is_refused() -> Result {
        assert!(render(fmt!("{}", Long(TEXT_MAX)))?.len() == TEXT_MAX);
        assert!(render(fmt!("{}.", Long(TEXT_MAX))).is_err());
        Ok(())
    }
}
