// SPDX-License-Identifier: GPL-2.0-only

//! Entries and their variants: each file with the precompressed files beside it, or with what
//! khttpd compresses.

use super::{
    coded_path::{
        own_coding,
        stem,
        CODING_SUFFIXES, //
    },
    root_files::RootFile, //
};
use crate::site::{
    index::{
        content::{
            Contents,
            ETAG_LEN, //
        },
        entry::{
            BodyId,
            Entry,
            EntryId, //
        },
        path_index::PathIndex,
        variant::Variants,
        virtual_host::IndexTarget, //
    },
    load::{
        compression::Compression,
        deduplicator::Deduplicator,
        file_error::FileError,
        progress::LoadProgress,
        rules::Rules, //
    }, //
};
use kernel::prelude::*;
use protocol::http::{
    Coding,
    Codings,
    Metadata, //
};

/// The sources of the entries of a root.
pub(super) struct EntrySources<'a> {
    /// Targets of the paths of the root.
    pub(super) paths: &'a PathIndex<IndexTarget>,
    /// Files of the root.
    pub(super) files: &'a [RootFile],
    /// Number of the entry of the first file.
    pub(super) first: u32,
    /// Rules of the root.
    pub(super) rules: &'a Rules<'a>,
    /// Counters of what is compressed.
    pub(super) progress: &'a LoadProgress,
}

/// The entries of a site and their variants.
pub(super) struct EntryList {
    entries: KVVec<Entry>,
    variants: Variants,
}

impl EntryList {
    /// Creates an empty list.
    pub(super) const fn new() -> Self {
        Self {
            entries: KVVec::new(),
            variants: Variants::new(),
        }
    }

    /// Adds the entry of `file` in all of its content codings.
    pub(super) fn add(
        &mut self,
        sources: &EntrySources<'_>,
        contents: &mut Deduplicator<'_>,
        compression: &mut Compression,
        file: &RootFile,
    ) -> Result<(), FileError> {
        let path = sources.paths.bytes(file.path);
        let coded = sources.coded(contents, compression, file)?;
        let contents = contents.contents();
        let first = BodyId(u32::try_from(self.variants.len()).map_err(|_| EFBIG)?);
        let (mut media_type, mut extra) = (KVec::new(), KVVec::new());
        sources.rules.put_media_type(path, &mut media_type)?;
        sources.rules.put_fields(path, &mut extra)?;
        // A file of its own stands for the identity, whatever coding its content is in.
        let own = file.content.map(|_| Codings::IDENTITY);
        let codings = coded
            .iter()
            .skip(own.iter().count())
            .fold(own.unwrap_or_default(), |codings, (coding, _)| {
                codings.with(*coding)
            });
        for (coding, number) in coded {
            let (length, etag) = stored(contents, number)?;
            let metadata = Metadata {
                length,
                media_type: &media_type,
                coding,
                modified: file.modified,
                etag: &etag,
                vary: codings.vary(),
                cache_control: sources.rules.cache_control(path),
                extra: &extra,
            };
            self.variants.add(number, &metadata).map_err(|e| match e {
                EMSGSIZE => FileError::HeadBytes,
                e => e.into(),
            })?;
        }
        let entry = Entry { first, codings };
        Ok(self.entries.push(entry, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the memory in use, in bytes.
    pub(super) fn used_bytes(&self) -> usize {
        self.variants.used_bytes() + self.entries.len() * size_of::<Entry>()
    }

    /// Returns entries and variants in no more memory than they need.
    pub(super) fn finish(mut self) -> Result<(KVVec<Entry>, Variants)> {
        self.variants.shrink()?;
        self.entries.shrink_to(0, GFP_KERNEL_ACCOUNT)?;
        Ok((self.entries, self.variants))
    }
}

impl EntrySources<'_> {
    /// Returns the contents of `file` by content coding: its own, and those of precompressed files
    /// beside it that are shorter, or that `compression` makes where there is no such file.
    fn coded(
        &self,
        contents: &mut Deduplicator<'_>,
        compression: &mut Compression,
        file: &RootFile,
    ) -> Result<KVec<(Coding, u32)>> {
        let mut coded = KVec::with_capacity(1 + CODING_SUFFIXES.len(), GFP_KERNEL_ACCOUNT)?;
        let mut length = u64::MAX;
        let mut path = KVec::new();
        path.extend_from_slice(self.paths.bytes(file.path), GFP_KERNEL_ACCOUNT)?;
        if let Some(content) = file.content {
            let coding = own_coding(&path);
            coded.push((coding, content), GFP_KERNEL_ACCOUNT)?;
            if coding != Coding::Identity {
                return Ok(coded);
            }
            (length, _) = stored(contents.contents(), content)?;
        }
        let plain = file.content.filter(|_| self.is_compressed(&path));
        let stem = path.len();
        for (coding, suffix) in CODING_SUFFIXES {
            path.truncate(stem);
            path.extend_from_slice(suffix, GFP_KERNEL_ACCOUNT)?;
            let content = match (self.content(&path), plain) {
                (None, Some(plain)) => compression.add(contents, plain, coding, self.progress)?,
                (beside, _) => beside,
            };
            let Some(content) = content else { continue };
            if stored(contents.contents(), content)?.0 < length {
                coded.push((coding, content), GFP_KERNEL_ACCOUNT)?;
            }
        }
        Ok(coded)
    }

    /// Returns whether a rule compresses the file at `path`. A variant of another is compressed
    /// already.
    fn is_compressed(&self, path: &[u8]) -> bool {
        stem(path).is_none() && self.rules.compresses(path)
    }

    /// Returns the number of the content of the file at `path`. No file in a directory is a variant
    /// of the directory's page.
    fn content(&self, path: &[u8]) -> Option<u32> {
        stem(path)?;
        let Some(IndexTarget::Entry(EntryId(number))) = self.paths.find(path) else {
            return None;
        };
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let file = self.files.get(place)?;
        // A file may also be served at other paths.
        file.content.filter(|_| self.paths.bytes(file.path) == path)
    }
}

/// Returns the length and the entity tag of the content with this number.
fn stored(contents: &Contents, number: u32) -> Result<(u64, [u8; ETAG_LEN])> {
    let content = contents.get(number).ok_or(EINVAL)?;
    Ok((contents.bytes(content).len() as u64, content.etag()))
}
