// SPDX-License-Identifier: GPL-2.0-only

//! Division of a text by its lines `begin` and `commit`.

use crate::control::line::{
    Line,
    Lines, //
};

/// A part of what is written to the control node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section<'a> {
    /// The line `begin`.
    Begin(Line<'a>),
    /// The line `commit`.
    Commit(Line<'a>),
    /// Whole lines that are neither of these.
    Commands {
        /// Number of the lines before these.
        before: u32,
        /// Text of the lines.
        text: &'a [u8],
    },
}

/// An iterator over the sections of a text, in their order.
///
/// # Examples
///
/// ```
/// use protocol::control::{Section, Sections};
///
/// let mut sections = Sections::after(0, b"begin\nstart\ncommit\n");
/// assert!(matches!(sections.next(), Some(Section::Begin(line)) if line.number() == 1));
/// assert_eq!(sections.next(), Some(Section::Commands { before: 1, text: b"start\n" }));
/// assert!(matches!(sections.next(), Some(Section::Commit(line)) if line.number() == 3));
/// assert_eq!(sections.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Sections<'a>(Lines<'a>);

impl<'a> Sections<'a> {
    /// Creates an iterator over the sections of `text`, which follows `before` other lines.
    pub const fn after(before: u32, text: &'a [u8]) -> Sections<'a> {
        Sections(Lines::after(before, text))
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Section<'a>;

    fn next(&mut self) -> Option<Section<'a>> {
        let first = self.0.clone();
        loop {
            let here = self.0.clone();
            let Some(line) = self.0.next() else {
                return commands(&first, &self.0);
            };
            let Some(divider) = divider(line) else {
                continue;
            };
            let Some(commands) = commands(&first, &here) else {
                return Some(divider);
            };
            self.0 = here;
            return Some(commands);
        }
    }
}

/// Returns the lines from `first` up to `end`, if there are any.
fn commands<'a>(first: &Lines<'a>, end: &Lines<'a>) -> Option<Section<'a>> {
    let text = first.text_until(end);
    (!text.is_empty()).then_some(Section::Commands {
        before: first.number(),
        text,
    })
}

/// Returns the section that `line` is by itself, if it divides others.
fn divider(line: Line<'_>) -> Option<Section<'_>> {
    match line.as_bytes() {
        b"begin" => Some(Section::Begin(line)),
        b"commit" => Some(Section::Commit(line)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Section, Sections};
    use proptest::prelude::*;

    fn shown(before: u32, text: &[u8]) -> Vec<(u32, &[u8])> {
        Sections::after(before, text)
            .map(|section| match section {
                Section::Begin(line) | Section::Commit(line) => (line.number(), line.as_bytes()),
                Section::Commands { before, text } => (before, text),
            })
            .collect()
    }

    #[test]
    fn sections_keep_the_numbers_of_their_lines() {
        assert_eq!(
            shown(
                10,
                b"# c\nstart\n \tbegin \r\n\n# c\nstop\nx\n\ncommit\n# c\n"
            ),
            [
                (10, &b"# c\nstart\n"[..]),
                (13, b"begin"),
                (13, b"\n# c\nstop\nx\n"),
                (19, b"commit"),
                (19, b"# c\n"),
            ]
        );
        assert_eq!(shown(0, b"# c\nbegin"), [(2, &b"begin"[..])]);
        assert_eq!(shown(7, b""), []);
    }

    #[test]
    fn lines_with_other_words_divide_nothing() {
        let text = b"begin now\n#begin\nBegin\ncommit it\n";
        assert_eq!(shown(0, text), [(0, &text[..])]);
    }

    const LINES: &[&[u8]] = &[b"begin\n", b"commit\n", b"stop\n", b"# c\n", b"\n"];

    proptest! {
        #[test]
        fn division_of_the_text_does_not_matter(
            lines in prop::collection::vec(
                prop::sample::select(LINES),
                0..12,
            ),
            at in 0_usize..12,
        ) {
            let (first, second) = lines.split_at(at.min(lines.len()));
            let whole = lines.concat();
            let commands = |before, text| -> Vec<(u32, Vec<u8>)> {
                Sections::after(before, text)
                    .flat_map(|section| match section {
                        Section::Begin(line) | Section::Commit(line) => {
                            vec![(line.number(), line.as_bytes().to_vec())]
                        }
                        Section::Commands { before, text } => {
                            crate::control::Lines::after(before, text)
                                .map(|line| (line.number(), line.as_bytes().to_vec()))
                                .collect()
                        }
                    })
                    .collect()
            };
            let before = u32::try_from(first.len()).unwrap();
            let (first, second) = (first.concat(), second.concat());
            let parts = [commands(0, &first), commands(before, &second)].concat();
            prop_assert_eq!(parts, commands(0, &whole));
        }
    }
}
