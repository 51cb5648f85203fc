// SPDX-License-Identifier: GPL-2.0-only

//! Archives in the `newc` format of cpio, read where they lie.
//!
//! Each member is a header of 110 characters (a magic number and thirteen numbers of eight
//! hexadecimal digits), its name with a NUL at the end, and its content; name and content are each
//! followed by zeros up to a multiple of four bytes. A member called `TRAILER!!!` ends the archive.
//! The kernel describes the format in `Documentation/driver-api/early-userspace/buffer-format.rst`.

/// The bytes are no such archive, or it was cut short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error;

/// The length of a header in bytes.
const HEADER: usize = 110;

/// What every header begins with. (`070702` has checksums, which nothing makes any more.)
const MAGIC: &[u8] = b"070701";

/// The name of the member that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// The bits of a mode that tell the type of a file.
const TYPE: u32 = 0o170_000;

/// A member of an archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member<'a> {
    /// The name, without a leading `./` and without the NUL.
    pub name: &'a [u8],
    /// Type and permissions, as in `st_mode`.
    pub mode: u32,
    /// When the content was last changed, in seconds since 1970.
    pub modified: u64,
    /// The content.
    pub content: &'a [u8],
}

impl Member<'_> {
    /// Whether it is a regular file.
    #[inline]
    pub const fn is_file(&self) -> bool {
        self.mode & TYPE == 0o100_000
    }

    /// Whether it is a directory.
    #[inline]
    pub const fn is_directory(&self) -> bool {
        self.mode & TYPE == 0o040_000
    }
}

/// The members of an archive, in their order. After an error there are no more.
#[derive(Clone, Debug)]
pub struct Archive<'a> {
    bytes: &'a [u8],
    /// How much was read; the padding counts from the beginning of the archive.
    at: usize,
    ended: bool,
}

impl<'a> Archive<'a> {
    /// An archive that begins at the front of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Archive<'a> {
        Archive {
            bytes,
            at: 0,
            ended: false,
        }
    }

    fn read(&mut self) -> Option<Option<Member<'a>>> {
        let numbers = self.take(HEADER)?.strip_prefix(MAGIC)?;
        let mode = number(numbers, 1)?;
        let modified = number(numbers, 5)?;
        let content_length = number(numbers, 6)?;
        let name_length = number(numbers, 11)?;
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
        // A NUL would end the name earlier for whoever reads it as a string.
        (!name.contains(&0)).then_some(())?;
        Some(Some(Member {
            name,
            mode,
            modified: u64::from(modified),
            content,
        }))
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    fn pad(&mut self) -> Option<()> {
        self.at = self.at.checked_next_multiple_of(4)?;
        Some(())
    }
}

impl<'a> Iterator for Archive<'a> {
    type Item = Result<Member<'a>, Error>;

    fn next(&mut self) -> Option<Result<Member<'a>, Error>> {
        if self.ended {
            return None;
        }
        let member = self.read().ok_or(Error).transpose();
        self.ended = !matches!(member, Some(Ok(_)));
        member
    }
}

/// The `n`-th number behind the magic.
fn number(numbers: &[u8], n: usize) -> Option<u32> {
    numbers
        .chunks_exact(8)
        .nth(n)?
        .iter()
        .try_fold(0u32, |sum, digit| {
            let digit = char::from(*digit).to_digit(16)?;
            sum.checked_mul(16)?.checked_add(digit)
        })
}

#[cfg(test)]
mod tests {
    use super::{Archive, Error, Member};
    use proptest::prelude::*;

    /// Appends a member as cpio does.
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
    fn members_come_in_their_order() {
        let archive = [sample(), vec![0; 100]].concat();
        let entries: Result<Vec<_>, _> = Archive::new(&archive).collect();
        let entries = entries.unwrap();
        assert_eq!(entries.len(), 3);
        assert!(entries[0].is_directory() && entries[0].name == b".");
        let file = Member {
            name: b"a.txt",
            mode: 0o100_644,
            modified: 1_577_934_245,
            content: b"hello",
        };
        assert_eq!(entries[1], file);
        assert!(file.is_file() && !file.is_directory());
        assert_eq!(
            (entries[2].modified, entries[2].content),
            (u64::from(u32::MAX), &b""[..])
        );
    }

    #[test]
    fn an_archive_cut_short_is_malformed() {
        let archive = sample();
        // The padding behind the last name may be missing.
        for length in 0..archive.len() - 3 {
            let last = Archive::new(&archive[..length]).last();
            assert_eq!(last, Some(Err(Error)), "{length}");
        }
    }

    #[test]
    fn nothing_follows_an_error() {
        let mut archive = Archive::new(b"070702");
        assert_eq!(archive.next(), Some(Err(Error)));
        assert_eq!(archive.next(), None);
    }

    fn file() -> impl Strategy<Value = (String, Vec<u8>)> {
        ("[a-z/]{1,40}", prop::collection::vec(any::<u8>(), 0..60))
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Archive::new(&bytes).count() <= bytes.len() / 110 + 1);
        }

        #[test]
        fn a_changed_archive_is_read_without_a_panic(at in 0usize..400, byte in any::<u8>()) {
            let mut archive = sample();
            if let Some(place) = archive.get_mut(at) {
                *place = byte;
            }
            prop_assert!(Archive::new(&archive).count() <= 4);
        }

        #[test]
        fn what_was_written_is_read(files in prop::collection::vec(file(), 0..8)) {
            let mut archive = Vec::new();
            for (name, content) in &files {
                append(&mut archive, name, 0o100_644, 7, content);
            }
            append(&mut archive, "TRAILER!!!", 0, 0, b"");
            let read: Vec<_> = Archive::new(&archive).map(Result::unwrap).collect();
            prop_assert_eq!(read.len(), files.len());
            for (entry, (name, content)) in read.iter().zip(&files) {
                prop_assert_eq!(entry.name, name.as_bytes());
                prop_assert_eq!(entry.content, &content[..]);
            }
        }
    }
}
