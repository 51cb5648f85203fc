// SPDX-License-Identifier: GPL-2.0-only

//! The walk through the files below a root, one directory at a time.

use super::{
    builder::SiteBuilder,
    error::LoadError,
    file_error::FileError,
    policy::LoadPolicy,
    progress::LoadProgress,
    rule_text::RULES_MAX,
    rules::{
        Rules,
        RULES_FILE, //
    },
    signal,
    stable_read,
    tree_path::TreePath,
    tree_watch::TreeWatch, //
};
use crate::sys::{
    fs::{
        FsPath,
        Stat, //
    },
    sched, //
};
use kernel::prelude::*;

/// The greatest number of directories between a root and a file.
const DEPTH_MAX: usize = 64;

/// A walk through a root.
pub(super) struct Walk<'a> {
    name: &'a CStr,
    root: FsPath,
    policy: &'a LoadPolicy,
    progress: &'a LoadProgress,
    watch: Option<&'a mut TreeWatch>,
    /// Directories that were found and not read yet.
    pending: KVVec<TreePath>,
    /// Length of their paths, in bytes.
    pending_bytes: usize,
}

impl<'a> Walk<'a> {
    /// Begins at the directory `name`, which is looked up from `base`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The errors of `open(2)`; that the root can't be watched.
    pub(super) fn new(
        name: &'a CStr,
        policy: &'a LoadPolicy,
        progress: &'a LoadProgress,
        base: &FsPath,
        mut watch: Option<&'a mut TreeWatch>,
    ) -> Result<Self, LoadError> {
        let error = |e| LoadError::at(name.to_bytes(), b"", e);
        let root = match &mut watch {
            None => base.directory(name).map_err(FileError::from),
            Some(_) if policy.cross_mounts => Err(FileError::Unwatchable("needs cross-mounts no")),
            Some(watch) => watch.find_root(base, name),
        };
        let root = root.map_err(error)?;
        Ok(Self {
            name,
            root,
            policy,
            progress,
            watch,
            pending: KVVec::new(),
            pending_bytes: 0,
        })
    }

    /// Reads the rules of the root; returns an empty text if it has none.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The error of the file with the rules.
    pub(super) fn read_rules(&mut self) -> Result<KVVec<u8>, LoadError> {
        let path = TreePath::root()?.join(RULES_FILE)?;
        self.read_text(&path).map_err(|e| self.error(&path, e))
    }

    fn read_text(&mut self, path: &TreePath) -> Result<KVVec<u8>, FileError> {
        let mut text = KVVec::new();
        let found = match self.find(path) {
            Ok(found) => found.ok_or(EXDEV)?,
            Err(ENOENT) => return Ok(text),
            Err(e) => return Err(e.into()),
        };
        let max = RULES_MAX as u64;
        let admit = |stat: &Stat| {
            if stat.size() > max {
                return Err(FileError::RulesBytes(stat.size(), max));
            }
            Ok(stat.is_file())
        };
        // A root must not be served without its rules, so a failure to read them ends the load.
        let (content, _) = stable_read::read(&found, admit)?.ok_or(FileError::NotRegular)?;
        for piece in content.view().slices() {
            text.extend_from_slice(piece, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(text)
    }

    /// Adds all files of the root that the policy admits and `rules` do not leave out.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    ///
    /// # Errors
    ///
    /// The error of a file or a directory; `EINTR` after a signal.
    pub(super) fn add_to(
        &mut self,
        builder: &mut SiteBuilder<'_>,
        rules: &Rules<'_>,
    ) -> Result<(), LoadError> {
        if rules.autoindex() {
            builder.add_directory(b"/", self.root.stat()?.modified())?;
        }
        self.pending.push(TreePath::root()?, GFP_KERNEL_ACCOUNT)?;
        while let Some(directory) = self.pending.pop() {
            self.pending_bytes = self.pending_bytes.saturating_sub(directory.used_bytes());
            let names = self
                .names(&directory, rules)
                .map_err(|e| self.error(&directory, e))?;
            for name in names.split(|byte| *byte == 0) {
                if matches!(name, b"" | b"." | b"..") {
                    continue;
                }
                let path = directory.join(name)?;
                if self.policy.admits_name(name) && !rules.excludes(path.as_bytes()) {
                    self.add(&path, builder, rules)
                        .map_err(|e| self.error(&path, e))?;
                } else {
                    self.progress.add_skipped();
                }
            }
        }
        Ok(())
    }

    /// Returns the names in a directory, each with a NUL behind it. There are none if the policy
    /// does not admit the directory any more.
    fn names(&mut self, directory: &TreePath, rules: &Rules<'_>) -> Result<KVVec<u8>, FileError> {
        let found;
        let path = if directory.as_bytes() == b"/" {
            &self.root
        } else {
            found = match self.find(directory)? {
                Some(found) => found,
                None => return Ok(KVVec::new()),
            };
            if !self.admits_location(&found, rules)? || !self.policy.admits_mode(&found.stat()?) {
                self.progress.add_skipped();
                return Ok(KVVec::new());
            }
            &found
        };
        let file = path.open()?;
        if let Some(watch) = &mut self.watch {
            watch.add_directory(path)?;
        }
        let mut names = KVVec::new();
        let mut appended = Ok(());
        file.names(|name| {
            appended = self.append_name(&mut names, name);
            appended.is_ok()
        })?;
        appended?;
        Ok(names)
    }

    /// Appends a name and a NUL. A file system may list names without end.
    fn append_name(&self, names: &mut KVVec<u8>, name: &[u8]) -> Result<(), FileError> {
        signal::check()?;
        names.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
        names.push(0, GFP_KERNEL_ACCOUNT)?;
        self.policy.admit_memory(names.len())
    }

    /// Adds the file at `path`, or queues the directory, or skips what is neither or not admitted.
    fn add(
        &mut self,
        path: &TreePath,
        builder: &mut SiteBuilder<'_>,
        rules: &Rules<'_>,
    ) -> Result<(), FileError> {
        signal::check()?;
        let Some(found) = self.find(path)? else {
            return Ok(());
        };
        let stat = found.stat()?;
        let admitted = self.admits_location(&found, rules)?;
        if admitted && stat.is_directory() && self.policy.admits_mode(&stat) {
            let directory = path.join(b"")?;
            if !rules.excludes(directory.as_bytes()) {
                if rules.autoindex() {
                    builder.add_directory(directory.as_bytes(), stat.modified())?;
                }
                return self.queue(path, builder);
            }
        }
        let file = if admitted && stat.is_file() {
            match stable_read::read(&found, |stat| self.policy.admit_file(stat)) {
                Err(error) if self.policy.skip_busy && error.is_busy() => None,
                read => read?,
            }
        } else {
            None
        };
        let Some((content, modified)) = file else {
            self.progress.add_skipped();
            return Ok(());
        };
        let len = content.view().len();
        builder.add(path.as_bytes(), content, modified)?;
        self.progress.add_file(len);
        Ok(())
    }

    /// Looks a path up, and watches what it leads into. Skips one that leads to another mount.
    fn find(&mut self, path: &TreePath) -> Result<Option<FsPath>> {
        let mut found = self.look_up(path);
        if let Ok(linked) = &found {
            if self.watch_linked(linked)? {
                // It may have changed before it was watched.
                found = self.look_up(path);
            }
        }
        if matches!(found, Err(EXDEV)) {
            self.progress.add_skipped();
            return Ok(None);
        }
        found.map(Some)
    }

    /// Watches the directory of a file that a link may have led to; returns whether it was not
    /// watched. Each other directory is watched when its names are read.
    fn watch_linked(&mut self, path: &FsPath) -> Result<bool> {
        let Some(watch) = self.watch.as_mut().filter(|_| self.policy.follow_links) else {
            return Ok(false);
        };
        let directory = path.clone().up(&self.root, |_| true);
        directory.map_or(Ok(false), |path| watch.add_directory(&path))
    }

    /// Returns whether the policy admits a file at this location.
    fn admits_location(&self, path: &FsPath, rules: &Rules<'_>) -> Result<bool> {
        if !self.policy.cross_mounts && !path.shares_mount(&self.root) {
            return Ok(false);
        }
        Ok(!self.policy.follow_links || self.admits_ancestors(path, rules)?)
    }

    /// Returns whether policy and rules admit all names from the root down to a file, its own
    /// included. Symbolic links may lead to a file by other names.
    fn admits_ancestors(&self, path: &FsPath, rules: &Rules<'_>) -> Result<bool> {
        let mut admitted = true;
        let mut below = Some(path.clone());
        // The path, backwards.
        let mut octets = KVec::new();
        while let Some(inner) = below.filter(|_| admitted) {
            let mut appended: Result = Ok(());
            below = inner.up(&self.root, |name| {
                admitted = !self.policy.hides_from_links(name);
                let mut backwards = name.iter().rev();
                appended = backwards
                    .try_for_each(|octet| Ok(octets.push(*octet, GFP_KERNEL)?))
                    .and_then(|()| Ok(octets.push(b'/', GFP_KERNEL)?));
                admitted && appended.is_ok()
            });
            appended?;
            if let Some(directory) = &below {
                admitted = admitted && self.policy.admits_mode(&directory.stat()?);
            }
        }
        octets.reverse();
        Ok(admitted && !rules.excludes(&octets))
    }

    /// Queues a directory to be read.
    fn queue(&mut self, path: &TreePath, builder: &mut SiteBuilder<'_>) -> Result<(), FileError> {
        if path.depth() >= DEPTH_MAX {
            return Err(FileError::Depth(DEPTH_MAX));
        }
        builder.count()?;
        self.pending_bytes += path.used_bytes();
        self.policy.admit_memory(self.pending_bytes)?;
        Ok(self.pending.push(path.try_clone()?, GFP_KERNEL_ACCOUNT)?)
    }

    /// Looks a path up. One that is watched must not lead to another mount, even if that appears
    /// after its directory was read: its file system may wait for ever.
    fn look_up(&self, path: &TreePath) -> Result<FsPath> {
        let (follow, same_mount) = (self.policy.follow_links, self.watch.is_some());
        self.root.look_up(path.relative()?, follow, same_mount)
    }

    fn error(&self, path: &TreePath, error: FileError) -> LoadError {
        LoadError::at(self.name.to_bytes(), path.as_bytes(), error)
    }
}

impl Drop for Walk<'_> {
    /// Frees the paths of directories that were not read.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        sched::drop_all(&mut self.pending);
    }
}
