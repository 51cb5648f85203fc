// SPDX-License-Identifier: GPL-2.0-only

//! The initial file system of the guest: a cpio archive (format "newc"), which the kernel unpacks.

use std::collections::BTreeSet;
use std::io::{self, Write};

const DIRECTORY: u32 = 0o040_755;
const REGULAR: u32 = 0o100_000;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// A cpio archive under construction.
#[derive(Debug)]
pub(crate) struct Archive<W> {
    out: W,
    inodes: u32,
    folders: BTreeSet<String>,
}

impl<W: Write> Archive<W> {
    /// Starts an archive.
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            inodes: 0,
            folders: BTreeSet::new(),
        }
    }

    /// Adds a file and its parent folders.
    pub(crate) fn file(&mut self, path: &str, permissions: u32, content: &[u8]) -> io::Result<()> {
        let path = path.trim_start_matches('/');
        self.folders_of(path)?;
        self.entry(path, REGULAR | permissions, (0, 0), content)
    }

    /// Adds an empty folder.
    pub(crate) fn folder(&mut self, path: &str) -> io::Result<()> {
        let path = path.trim_matches('/');
        self.folders_of(path)?;
        if self.folders.insert(path.to_owned()) {
            self.entry(path, DIRECTORY, (0, 0), &[])?;
        }
        Ok(())
    }

    /// Adds a character device node.
    pub(crate) fn character_device(
        &mut self,
        path: &str,
        major: u32,
        minor: u32,
    ) -> io::Result<()> {
        let path = path.trim_start_matches('/');
        self.folders_of(path)?;
        self.entry(path, CHARACTER_DEVICE, (major, minor), &[])
    }

    /// Writes the trailer.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.entry("TRAILER!!!", 0, (0, 0), &[])?;
        self.out.flush()
    }

    fn folders_of(&mut self, path: &str) -> io::Result<()> {
        for (at, _) in path.match_indices('/') {
            let folder = path.get(..at).unwrap_or_default();
            if self.folders.insert(folder.to_owned()) {
                self.entry(folder, DIRECTORY, (0, 0), &[])?;
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        name: &str,
        mode: u32,
        device: (u32, u32),
        content: &[u8],
    ) -> io::Result<()> {
        let too_long =
            |_| io::Error::new(io::ErrorKind::InvalidInput, "too long for a cpio archive");
        let size = u32::try_from(content.len()).map_err(too_long)?;
        let name_size = u32::try_from(name.len() + 1).map_err(too_long)?;
        self.inodes += 1;
        // Inode, mode, owner, group, links, time, size, device and special device, name's size,
        // checksum.
        let fields = [
            self.inodes,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            device.0,
            device.1,
            name_size,
            0,
        ];
        write!(self.out, "070701")?;
        for field in fields {
            write!(self.out, "{field:08X}")?;
        }
        write!(self.out, "{name}\0")?;
        self.pad(6 + 8 * fields.len() + name.len() + 1)?;
        self.out.write_all(content)?;
        self.pad(content.len())
    }

    fn pad(&mut self, written: usize) -> io::Result<()> {
        let missing = written.next_multiple_of(4) - written;
        self.out.write_all(&[0; 4][..missing])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_appears_once_before_its_files() {
        let mut bytes = Vec::new();
        let mut archive = Archive::new(&mut bytes);
        archive.file("/a/b/one", 0o644, b"1").unwrap();
        archive.file("a/b/two", 0o755, b"22222").unwrap();
        archive.folder("/a/c").unwrap();
        archive.finish().unwrap();
        assert_eq!(bytes.len() % 4, 0);
        let names: Vec<_> = bytes
            .windows(6)
            .enumerate()
            .filter(|(_, window)| window == b"070701")
            .map(|(at, _)| {
                let name = &bytes[at + 110..];
                String::from_utf8_lossy(name.split(|b| *b == 0).next().unwrap()).into_owned()
            })
            .collect();
        assert_eq!(
            names,
            ["a", "a/b", "a/b/one", "a/b/two", "a/c", "TRAILER!!!"]
        );
    }
}
