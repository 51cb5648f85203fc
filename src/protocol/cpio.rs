// SPDX-License-Identifier: GPL-2.0-only

//! Archives in the `newc` format of cpio, parsed in place.
//!
//! Each member is a header of 110 characters (a magic number and thirteen numbers of eight
//! hexadecimal digits), its name with a NUL at the end, and its content; name and content are each
//! followed by zeros up to a multiple of four bytes. A member called `TRAILER!!!` ends the archive.
//! The kernel describes the format in `Documentation/driver-api/early-userspace/buffer-format.rst`.

use crate::bytes::parse_number;

/// A malformed or truncated archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error;

/// Length of a header in bytes.
const HEADER_LENGTH: usize = 110;

/// Magic number of a header. Its variant with checksums, `070702`, is out of use.
const MAGIC: &[u8] = b"070701";

/// Name of the member that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// Bits of a mode that hold the type of a file.
const TYPE_MASK: u32 = 0o170_000;

/// A member of an archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member<'a> {
    /// Name, without a leading `./` and without the NUL.
    pub name: &'a [u8],
    /// Type and permissions, as in `st_mode`.
    pub mode: u32,
    /// Time of the last modification, in seconds since 1970.
    pub modified: u64,
    /// Content.
    pub content: &'a [u8],
}

impl Member<'_> {
    /// Returns whether the member is a regular file.
    #[inline]
    pub const fn is_file(&self) -> bool {
        self.mode & TYPE_MASK == 0o100_000
    }

    /// Returns whether the member is a directory.
    #[inline]
    pub const fn is_directory(&self) -> bool {
        self.mode & TYPE_MASK == 0o040_000
    }
}

/// An iterator over the members of an archive, in their order. It ends after an error.
///
/// # Examples
///
/// ```
/// use protocol::cpio::{Archive, Error};
///
/// let mut archive = Archive::new(b"070701, cut short");
/// assert_eq!(archive.next(), Some(Err(Error)));
/// assert_eq!(archive.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Archive<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte; padding is relative to the beginning of the archive.
    offset: usize,
    ended: bool,
}

impl<'a> Archive<'a> {
    /// Creates an iterator over the archive at the front of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Archive<'a> {
        Archive {
            bytes,
            offset: 0,
            ended: false,
        }
    }

    /// Parses the next member; `Some(None)` is the trailer. Returns [`None`] if it is malformed.
    fn parse_next(&mut self) -> Option<Option<Member<'a>>> {
        let numbers = self.take(HEADER_LENGTH)?.strip_prefix(MAGIC)?;
        let mode = header_number(numbers, 1)?;
        let modified = header_number(numbers, 5)?;
        let content_length = header_number(numbers, 6)?;
        let name_length = header_number(numbers, 11)?;
        let name = self
            .take(usize::try_from(name_length).ok()?)?
            .strip_suffix(b"\0")?;
        self.pad()?;
        if name == TRAILER {
            return Some(None);
        }
        let content = self.take(usize::try_from(content_length).ok()?)?;
        self.pad()?;
        let name = name.strip_prefix(b"./").unwrap_or(name);
        // A NUL would end the name earlier in code that reads it as a C string.
        (!name.contains(&0)).then_some(())?;
        Some(Some(Member {
            name,
            mode,
            modified: u64::from(modified),
            content,
        }))
    }

    /// Takes the next `count` bytes.
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.offset.checked_add(count)?;
        let bytes = self.bytes.get(self.offset..end)?;
        self.offset = end;
        Some(bytes)
    }

    /// Skips the padding.
    fn pad(&mut self) -> Option<()> {
        self.offset = self.offset.checked_next_multiple_of(4)?;
        Some(())
    }
}

impl<'a> Iterator for Archive<'a> {
    type Item = Result<Member<'a>, Error>;

    fn next(&mut self) -> Option<Result<Member<'a>, Error>> {
        if self.ended {
            return None;
        }
        let member = self.parse_next().ok_or(Error).transpose();
        self.ended = !matches!(member, Some(Ok(_)));
        member
    }
}

/// Parses the number at `index` among the numbers of a header, which follow the magic number.
fn header_number(numbers: &[u8], index: usize) -> Option<u32> {
    let digits = numbers.chunks_exact(8).nth(index)?;
    u32::try_from(parse_number(digits, 16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Archive, Error, Member};
    use proptest::prelude::*;

    /// Appends a member in the same way as cpio.
    fn append(archive: &mut Vec<u8>, name: &str, mode: u32, modified: u32, content: &[u8]) {
        let numbers = [
            1,
            mode,
            0,
            0,
            1,
            modified,
            content.len() as u32,
            0,
            0,
            0,
            0,
            name.len() as u32 + 1,
            0,
        ];
        archive.extend_from_slice(b"070701");
        numbers
            .iter()
            .for_each(|number| archive.extend_from_slice(format!("{number:08x}").as_bytes()));
        archive.extend_from_slice(name.as_bytes());
        archive.push(0);
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }

    fn sample() -> Vec<u8> {
        let mut archive = Vec::new();
        append(&mut archive, ".", 0o040_755, 1, b"");
        append(&mut archive, "./a.txt", 0o100_644, 1_577_934_245, b"hello");
        append(&mut archive, "dir/b", 0o100_644, u32::MAX, b"");
        append(&mut archive, "TRAILER!!!", 0, 0, b"");
        archive
    }

    #[test]
    fn members_keep_their_order() {
        let archive = [sample(), vec![0; 100]].concat();
        let members: Result<Vec<_>, _> = Archive::new(&archive).collect();
        let members = members.unwrap();
        assert_eq!(members.len(), 3);
        assert!(members[0].is_directory() && members[0].name == b".");
        let file = Member {
            name: b"a.txt",
            mode: 0o100_644,
            modified: 1_577_934_245,
            content: b"hello",
        };
        assert_eq!(members[1], file);
        assert!(file.is_file() && !file.is_directory());
        assert_eq!(
            (members[2].modified, members[2].content),
            (u64::from(u32::MAX), &b""[..])
        );
    }

    #[test]
    fn truncated_archive_is_an_error() {
        let archive = sample();
        // The padding after the last name may be missing.
        for length in 0..archive.len() - 3 {
            let last = Archive::new(&archive[..length]).last();
            assert_eq!(last, Some(Err(Error)), "{length}");
        }
    }

    #[test]
    fn iteration_ends_after_an_error() {
        let mut archive = Archive::new(b"070702");
        assert_eq!(archive.next(), Some(Err(Error)));
        assert_eq!(archive.next(), None);
    }

    fn file() -> impl Strategy<Value = (String, Vec<u8>)> {
        ("[a-z/]{1,40}", prop::collection::vec(any::<u8>(), 0..60))
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Archive::new(&bytes).count() <= bytes.len() / 110 + 1);
        }

        #[test]
        fn archive_with_a_changed_byte_does_not_panic(at in 0usize..400, byte in any::<u8>()) {
            let mut archive = sample();
            if let Some(changed) = archive.get_mut(at) {
                *changed = byte;
            }
            prop_assert!(Archive::new(&archive).count() <= 4);
        }

        #[test]
        fn written_members_are_parsed_again(files in prop::collection::vec(file(), 0..8)) {
            let mut archive = Vec::new();
            for (name, content) in &files {
                append(&mut archive, name, 0o100_644, 7, content);
            }
            append(&mut archive, "TRAILER!!!", 0, 0, b"");
            let members: Vec<_> = Archive::new(&archive).map(Result::unwrap).collect();
            prop_assert_eq!(members.len(), files.len());
            for (member, (name, content)) in members.iter().zip(&files) {
                prop_assert_eq!(member.name, name.as_bytes());
                prop_assert_eq!(member.content, &content[..]);
            }
        }
    }
}
