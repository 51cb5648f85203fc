// SPDX-License-Identifier: GPL-2.0-only

//! Through a tree of files, a directory at a time.

use super::{
    load::interrupted,
    rules::{
        FILE,
        RULES_MAX, //
    },
    FileError, //
    LoadError,
    LoadPolicy,
    LoadProgress,
    SiteBuilder,
};
use crate::sys::{
    fs::{
        FsPath, //
        OpenFile,
        Stat,
    },
    page::PageBuffer, //
};
use kernel::prelude::*;

/// How many directories may lie in each other.
const DEPTH_MAX: usize = 64;

/// How often a file is read that is written meanwhile.
const ATTEMPTS: usize = 5;

/// A tree that is being read.
pub(super) struct Walk<'a> {
    name: &'a CStr,
    root: FsPath,
    terms: &'a LoadPolicy,
    progress: &'a LoadProgress,
    /// Directories that were seen and not read yet.
    directories: KVVec<Path>,
    /// The bytes of their paths.
    noted: usize,
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
        bytes.extend_from_slice(b"/\0", GFP_KERNEL_ACCOUNT)?;
        Ok(Self(bytes))
    }

    /// That of `name`, which has no NUL, in the directory that this is the path of.
    fn join(&self, name: &[u8]) -> Result<Self> {
        let mut bytes = KVec::with_capacity(self.0.len() + name.len() + 1, GFP_KERNEL_ACCOUNT)?;
        let directory = self.as_bytes();
        bytes.extend_from_slice(directory, GFP_KERNEL_ACCOUNT)?;
        if !directory.ends_with(b"/") {
            bytes.push(b'/', GFP_KERNEL_ACCOUNT)?;
        }
        bytes.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: Names have none.
        bytes.push(0, GFP_KERNEL_ACCOUNT)?;
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
        terms: &'a LoadPolicy,
        progress: &'a LoadProgress,
    ) -> Result<Self, LoadError> {
        let root = FsPath::directory(name)
            .map_err(|e| LoadError::at(name.to_bytes(), b"", FileError::Errno(e)))?;
        Ok(Self {
            name,
            root,
            terms,
            progress,
            directories: KVVec::new(),
            noted: 0,
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

    fn read_rules(&self, path: &Path) -> Result<KVVec<u8>, FileError> {
        let mut text = KVVec::new();
        let place = match self.look_up(path) {
            Ok(place) => place,
            Err(ENOENT) => return Ok(text),
            Err(e) => return Err(e.into()),
        };
        let max = RULES_MAX as u64;
        let admit = |facts: &Stat| match facts.size() {
            size if size > max => Err(FileError::RulesBytes(size, max)),
            _ => Ok(facts.is_file()),
        };
        // Without its rules a tree would be another one.
        let (content, _) = read(&place, admit)?.ok_or(FileError::NoFile)?;
        for piece in content.bytes().slices() {
            text.extend_from_slice(piece, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(text)
    }

    /// Adds all files of the tree that the terms admit. Process context, sleeps.
    ///
    /// # Errors
    ///
    /// What is wrong with which file; `EINTR` after a signal.
    pub(super) fn add_to(&mut self, builder: &mut SiteBuilder<'_>) -> Result<(), LoadError> {
        self.directories.push(Path::root()?, GFP_KERNEL_ACCOUNT)?;
        while let Some(directory) = self.directories.pop() {
            self.noted = self.noted.saturating_sub(directory.0.len());
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

    /// The names in a directory, each with a NUL behind it; none if it is not admitted any more.
    fn names(&self, directory: &Path) -> Result<KVVec<u8>, FileError> {
        let found;
        let place = match directory.as_bytes() {
            b"/" => &self.root,
            _ => {
                found = self.look_up(directory)?;
                if !self.is_admitted(&found)? || !self.terms.admit_mode(&found.stat()?) {
                    self.progress.leave_out();
                    return Ok(KVVec::new());
                }
                &found
            }
        };
        let mut names = KVVec::new();
        let mut added = Ok(());
        place.open()?.names(|name| {
            added = self.append(&mut names, name);
            added.is_ok()
        })?;
        added?;
        Ok(names)
    }

    /// Appends a name and a NUL. There may be no end of them.
    fn append(&self, names: &mut KVVec<u8>, name: &[u8]) -> Result<(), FileError> {
        interrupted()?;
        names.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
        names.push(0, GFP_KERNEL_ACCOUNT)?;
        self.terms.admit_memory(names.len())
    }

    /// Adds what stands at a path, or notes that it is a directory, or leaves it out.
    fn add(&mut self, path: &Path, builder: &mut SiteBuilder<'_>) -> Result<(), FileError> {
        interrupted()?;
        let place = self.look_up(path)?;
        let facts = place.stat()?;
        let admitted = self.is_admitted(&place)?;
        if admitted && facts.is_directory() && self.terms.admit_mode(&facts) {
            return self.note(path, builder);
        }
        let file = match admitted && facts.is_file() {
            true => read(&place, |facts| self.terms.admit(facts))?,
            false => None,
        };
        let Some((content, modified)) = file else {
            self.progress.leave_out();
            return Ok(());
        };
        let len = content.bytes().len();
        builder.add(path.as_bytes(), content, modified)?;
        self.progress.add_file(len);
        Ok(())
    }

    /// Whether something may be served from where it stands.
    fn is_admitted(&self, place: &FsPath) -> Result<bool> {
        if !self.terms.cross_mounts && !place.shares_mount(&self.root) {
            return Ok(false);
        }
        Ok(!self.terms.follow_links || self.is_open(place)?)
    }

    /// Whether nothing is hidden or closed from the root to what a link may have led to.
    fn is_open(&self, place: &FsPath) -> Result<bool> {
        let mut open = true;
        let mut below = Some(place.clone());
        while let Some(inner) = below.filter(|_| open) {
            below = inner.up(&self.root, |name| {
                open = !self.terms.hides(name);
                open
            });
            if let Some(directory) = &below {
                open = open && self.terms.admit_mode(&directory.stat()?);
            }
        }
        Ok(open)
    }

    /// A directory is to be read.
    fn note(&mut self, path: &Path, builder: &mut SiteBuilder<'_>) -> Result<(), FileError> {
        if path.depth() >= DEPTH_MAX {
            return Err(FileError::Depth(DEPTH_MAX));
        }
        builder.count()?;
        self.noted += path.0.len();
        self.terms.admit_memory(self.noted)?;
        let mut copy = KVec::new();
        copy.extend_from_slice(&path.0, GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: As of the other.
        Ok(self.directories.push(Path(copy), GFP_KERNEL_ACCOUNT)?)
    }

    fn look_up(&self, path: &Path) -> Result<FsPath> {
        self.root.look_up(path.relative()?, self.terms.follow_links)
    }

    fn error(&self, path: &Path, trouble: FileError) -> LoadError {
        LoadError::at(self.name.to_bytes(), path.as_bytes(), trouble)
    }
}

/// Reads a file as it was at one time, if it was admitted then; tells when it was modified too.
fn read(
    place: &FsPath,
    admit: impl Fn(&Stat) -> Result<bool, FileError>,
) -> Result<Option<(PageBuffer, u64)>, FileError> {
    for _ in 0..ATTEMPTS {
        let before = place.stat()?;
        if !admit(&before)? {
            return Ok(None);
        }
        if before.is_mapped() {
            return Err(FileError::Mapped);
        }
        place.settle(&before)?;
        let content = read_once(&place.open()?, &before)?;
        // What was written meanwhile shows in its times.
        match content {
            Some(content) if place.stat()? == before => {
                return Ok(Some((content, before.modified())));
            }
            _ => interrupted()?,
        }
    }
    Err(FileError::Changing)
}

/// Reads a file that is as long as it was; nothing if it is not.
fn read_once(file: &OpenFile, facts: &Stat) -> Result<Option<PageBuffer>, FileError> {
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
