// SPDX-License-Identifier: GPL-2.0-only

//! A site that is being made.

use super::{
    file::File,
    form::Form,
    table::{
        Table,
        Target, //
    },
    Entry,
    Site, //
};
use kernel::prelude::*;
use protocol::http::{
    Coding,
    Codings, //
};

/// The file that stands for its directory.
const INDEX: &[u8] = b"index.html";

/// How the names of files end that hold another file in a coding.
const CODED: [(Coding, &[u8]); 3] = [
    (Coding::Gzip, b".gz"),
    (Coding::Brotli, b".br"),
    (Coding::Zstd, b".zst"),
];

/// Takes files and makes a [`Site`] of them.
pub(super) struct Builder {
    table: Table,
    files: KVVec<File>,
}

impl Builder {
    /// Without files. Process context.
    pub(super) fn new() -> Self {
        Self {
            table: Table::new(),
            files: KVVec::new(),
        }
    }

    /// Adds the file at `path`, which begins with a slash and is decoded and normalised, last
    /// modified so many seconds after 1970. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is such a path already, `ENOMEM`.
    pub(super) fn add(&mut self, path: &[u8], content: &[u8], modified: u64) -> Result {
        let number = u32::try_from(self.files.len()).map_err(|_| EFBIG)?;
        let target = Target::Entry(number);
        self.files
            .push(File::new(path, content, modified)?, GFP_KERNEL)?;
        self.table.insert(path, target)?;
        let Some(directory) = path.strip_suffix(INDEX) else {
            return Ok(());
        };
        let Some((b'/', without_slash)) = directory.split_last() else {
            return Ok(());
        };
        self.table.insert(directory, target)?;
        if !without_slash.is_empty() {
            self.table.insert(without_slash, Target::Directory)?;
        }
        Ok(())
    }

    /// The site with all that was added: an entry for each file, in its codings. Process context,
    /// may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn build(self) -> Result<Site> {
        let mut forms = KVVec::new();
        let mut entries = KVVec::with_capacity(self.files.len(), GFP_KERNEL)?;
        for file in &self.files {
            let first = u32::try_from(forms.len()).map_err(|_| EFBIG)?;
            let coded = self.coded(file)?;
            let vary = coded.iter().any(Option::is_some);
            forms.push(Form::new(file, file, Coding::Identity, vary)?, GFP_KERNEL)?;
            let mut codings = Codings::IDENTITY;
            for ((coding, _), coded) in CODED.iter().zip(coded) {
                if let Some(coded) = coded {
                    forms.push(Form::new(file, coded, *coding, vary)?, GFP_KERNEL)?;
                    codings = codings.with(*coding);
                }
            }
            entries.push(Entry { first, codings }, GFP_KERNEL)?;
        }
        let memory = |file: &File| file.content.footprint();
        Ok(Site {
            footprint: self.files.iter().map(memory).sum(),
            table: self.table,
            entries,
            forms,
        })
    }

    /// The files that hold `file` in the codings of [`CODED`], where that is shorter.
    fn coded(&self, file: &File) -> Result<[Option<&File>; CODED.len()]> {
        let mut found = [None; CODED.len()];
        let mut path = KVec::new();
        for (place, (_, suffix)) in found.iter_mut().zip(CODED) {
            path.clear();
            path.extend_from_slice(&file.path, GFP_KERNEL)?;
            path.extend_from_slice(suffix, GFP_KERNEL)?;
            if let Some(Target::Entry(number)) = self.table.find(&path) {
                *place = usize::try_from(number)
                    .ok()
                    .and_then(|number| self.files.get(number))
                    .filter(|coded| coded.content.len() < file.content.len());
            }
        }
        Ok(found)
    }
}
