// SPDX-License-Identifier: GPL-2.0-only

//! Through a tree of files, a directory at a time.

use super::{
    rules::{
        FILE,
        RULES_MAX, //
    },
    Builder,
    LoadError,
    Progress,
    Terms,
    Trouble, //
};
use crate::sys::{
    file::{
        Facts,
        OpenFile,
        Place, //
    },
    page::PageBuffer, //
};
use kernel::{
    current,
    prelude::*, //
};

/// How many directories may lie in each other.
const DEPTH_MAX: usize = 64;

/// How often a file is read that is written meanwhile.
const ATTEMPTS: usize = 5;

/// A tree that is being read.
pub(super) struct Walk<'a> {
    name: &'a CStr,
    root: Place,
    terms: &'a Terms,
    progress: &'a Progress,
    /// Directories that were seen and not read yet.
    directories: KVVec<Path>,
    /// How many were seen.
    seen: u32,
}

/// The path of something in a tree.
///
/// # Invariants
///
/// It begins with a slash, ends with a NUL, and has no other.
struct Path(KVec<u8>);

impl Path {
    /// That of the root, which is empty.
    fn root() -> Result<Self> {
        let mut bytes = KVec::new();
        // INVARIANT: Nothing stands between the two.
        bytes.extend_from_slice(b"/\0", GFP_KERNEL)?;
        Ok(Self(bytes))
    }

    /// That of `name`, which has no NUL, in the directory that this is the path of.
    fn join(&self, name: &[u8]) -> Result<Self> {
        let mut bytes = KVec::with_capacity(self.0.len() + name.len() + 1, GFP_KERNEL)?;
        let directory = self.as_bytes();
        bytes.extend_from_slice(directory, GFP_KERNEL)?;
        if !directory.ends_with(b"/") {
            bytes.push(b'/', GFP_KERNEL)?;
        }
        bytes.extend_from_slice(name, GFP_KERNEL)?;
        // INVARIANT: Names have none.
        bytes.push(0, GFP_KERNEL)?;
        Ok(Self(bytes))
    }

    /// With its slash and without its NUL.
    fn as_bytes(&self) -> &[u8] {
        self.0.strip_suffix(b"\0").unwrap_or(&self.0)
    }

    /// As a name that is looked up from the root.
    fn relative(&self) -> Result<&CStr> {
        let bytes = self.0.get(1..).unwrap_or(b"\0");
        CStr::from_bytes_with_nul(bytes).map_err(|_| EINVAL)
    }

    /// How many directories it lies in; the root does not count.
    fn depth(&self) -> usize {
        self.0.iter().skip(1).filter(|byte| **byte == b'/').count()
    }
}

impl<'a> Walk<'a> {
    /// Begins at the directory `name`. Process context, sleeps.
    ///
    /// # Errors
    ///
    /// What `open(2)` says of it.
    pub(super) fn new(
        name: &'a CStr,
        terms: &'a Terms,
        progress: &'a Progress,
    ) -> Result<Self, LoadError> {
        let root = Place::directory(name)
            .map_err(|e| LoadError::at(name.to_bytes(), b"", Trouble::Errno(e)))?;
        Ok(Self {
            name,
            root,
            terms,
            progress,
            directories: KVVec::new(),
            seen: 0,
        })
    }

    /// The rules that the tree has of its own, if it has any. Process context, sleeps.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub(super) fn rules(&mut self) -> Result<KVVec<u8>, LoadError> {
        let path = Path::root()?.join(FILE)?;
        self.read_rules(&path).map_err(|e| self.error(&path, e))
    }

    fn read_rules(&self, path: &Path) -> Result<KVVec<u8>, Trouble> {
        let mut text = KVVec::new();
        let place = match self.root.look_up(path.relative()?, false) {
            Ok(place) if place.facts()?.is_file() => place,
            Ok(_) => return Ok(text),
            Err(ENOENT) => return Ok(text),
            Err(e) => return Err(e.into()),
        };
        let max = RULES_MAX as u64;
        let admit = |size| match size {
            size if size > max => Err(Trouble::FileBytes(size, max)),
            _ => Ok(()),
        };
        let (content, _) = read(&place, admit)?;
        for piece in content.bytes().slices() {
            text.extend_from_slice(piece, GFP_KERNEL)?;
        }
        Ok(text)
    }

    /// Adds all files of the tree that the terms admit. Process context, sleeps.
    ///
    /// # Errors
    ///
    /// What is wrong with which file; `EINTR` after a signal.
    pub(super) fn add_to(&mut self, builder: &mut Builder<'_>) -> Result<(), LoadError> {
        self.directories.push(Path::root()?, GFP_KERNEL)?;
        while let Some(directory) = self.directories.pop() {
            let names = self
                .names(&directory)
                .map_err(|e| self.error(&directory, e))?;
            for name in names.split(|byte| *byte == 0) {
                if matches!(name, b"" | b"." | b"..") {
                    continue;
                }
                let path = directory.join(name)?;
                if self.terms.admit_name(name) {
                    self.add(&path, builder).map_err(|e| self.error(&path, e))?;
                } else {
                    self.progress.leave_out();
                }
            }
        }
        Ok(())
    }

    /// The names in a directory, each with a NUL behind it.
    fn names(&self, directory: &Path) -> Result<KVVec<u8>, Trouble> {
        let found;
        let place = match directory.as_bytes() {
            b"/" => &self.root,
            _ => {
                found = self.look_up(directory)?;
                &found
            }
        };
        let mut names = KVVec::new();
        let mut added = Ok(());
        place.open()?.names(|name| {
            added = append(&mut names, name);
            added.is_ok()
        })?;
        added?;
        Ok(names)
    }

    /// Adds what stands at a path, or notes that it is a directory, or leaves it out.
    fn add(&mut self, path: &Path, builder: &mut Builder<'_>) -> Result<(), Trouble> {
        interrupted()?;
        let place = self.look_up(path)?;
        let facts = place.facts()?;
        let elsewhere = !self.terms.cross_mounts && !place.shares_mount(&self.root);
        let served = facts.is_file() || facts.is_directory();
        if !served || elsewhere || !self.terms.admit_mode(&facts) {
            self.progress.leave_out();
            return Ok(());
        }
        if facts.is_directory() {
            return self.note(path);
        }
        let (content, modified) = read(&place, |size| self.terms.admit_size(size))?;
        let len = content.bytes().len();
        builder.add(path.as_bytes(), content, modified)?;
        self.progress.add_file(len);
        Ok(())
    }

    /// A directory is to be read.
    fn note(&mut self, path: &Path) -> Result<(), Trouble> {
        if path.depth() >= DEPTH_MAX {
            return Err(Trouble::Depth(DEPTH_MAX));
        }
        let max = self.terms.bounds.max_entries;
        self.seen += 1;
        if self.seen > max {
            return Err(Trouble::Entries(max));
        }
        let mut copy = KVec::new();
        copy.extend_from_slice(&path.0, GFP_KERNEL)?;
        // INVARIANT: As of the other.
        Ok(self.directories.push(Path(copy), GFP_KERNEL)?)
    }

    fn look_up(&self, path: &Path) -> Result<Place> {
        self.root.look_up(path.relative()?, self.terms.follow_links)
    }

    fn error(&self, path: &Path, trouble: Trouble) -> LoadError {
        LoadError::at(self.name.to_bytes(), path.as_bytes(), trouble)
    }
}

/// Appends a name and a NUL.
fn append(names: &mut KVVec<u8>, name: &[u8]) -> Result {
    names.extend_from_slice(name, GFP_KERNEL)?;
    Ok(names.push(0, GFP_KERNEL)?)
}

/// Reads a file whose length is admitted, as it was at one time; tells when it was modified too.
fn read(
    place: &Place,
    admit: impl Fn(u64) -> Result<(), Trouble>,
) -> Result<(PageBuffer, u64), Trouble> {
    for _ in 0..ATTEMPTS {
        let before = place.facts()?;
        if before.is_mapped() {
            return Err(Trouble::Mapped);
        }
        admit(before.size())?;
        place.settle(&before)?;
        let content = read_once(&place.open()?, &before)?;
        // What was written meanwhile shows in its times.
        match content {
            Some(content) if place.facts()? == before => return Ok((content, before.modified())),
            _ => interrupted()?,
        }
    }
    Err(Trouble::Changing)
}

/// Reads a file that is as long as it was; nothing if it is not.
fn read_once(file: &OpenFile, facts: &Facts) -> Result<Option<PageBuffer>, Trouble> {
    let size = usize::try_from(facts.size()).map_err(|_| EFBIG)?;
    let mut buffer = PageBuffer::new(size)?;
    let mut at = 0;
    for mut piece in buffer.pieces() {
        while !piece.is_empty() {
            interrupted()?;
            let count = file.read(piece, at)?;
            if count == 0 {
                return Ok(None);
            }
            at += count as u64;
            piece = piece.get_mut(count..).unwrap_or_default();
        }
    }
    let more = file.read(&mut [0], at)?;
    Ok((more == 0).then_some(buffer))
}

/// Whether somebody wants the task to stop.
fn interrupted() -> Result {
    match current!().signal_pending() {
        true => Err(EINTR),
        false => Ok(()),
    }
}
