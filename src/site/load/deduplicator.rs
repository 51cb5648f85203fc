// SPDX-License-Identifier: GPL-2.0-only

//! Deduplication: equal contents are stored once, and shared with the previous site.

use super::signal;
use crate::{
    site::index::{
        content::{
            Contents,
            Digest, //
        },
        path_index::PathIndex, //
    },
    sys::{
        hash,
        page::{
            PageBuffer,
            PageBytes,
            PageView,
            TailPacker, //
        }, //
    }, //
};
use kernel::prelude::*;

/// Numbers of contents, by digest.
struct DigestIndex(PathIndex<u32>);

impl DigestIndex {
    /// Creates an index of all of `contents`.
    fn new(contents: &Contents) -> Result<Self> {
        let mut index = Self(PathIndex::new());
        for (number, content) in contents.iter().enumerate() {
            signal::check()?;
            index.insert(content.digest(), u32::try_from(number)?)?;
        }
        Ok(index)
    }

    /// Adds a content, unless another has the same digest.
    fn insert(&mut self, digest: &Digest, number: u32) -> Result {
        match self.0.insert(digest, number) {
            Err(EEXIST) => Ok(()),
            inserted => inserted,
        }
    }

    /// Returns the number of the content in `contents`, of which this is the index, that has
    /// these bytes.
    fn find(&self, contents: &Contents, digest: &Digest, bytes: PageView<'_>) -> Option<u32> {
        let number = self.0.find(digest)?;
        // Files can be made to collide: 128 bits of digest cost an attacker 2^64 attempts.
        let found = contents.bytes(contents.get(number)?);
        found.equals(&bytes).then_some(number)
    }
}

/// The contents of a site, each stored once.
pub(super) struct Deduplicator<'o> {
    contents: Contents,
    index: DigestIndex,
    tails: TailPacker,
    /// Contents of the previous site.
    old: Option<(&'o Contents, DigestIndex)>,
    /// Length of all contents, in bytes.
    bytes: usize,
}

impl<'o> Deduplicator<'o> {
    /// Creates an empty collection that shares its contents with `old`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(old: Option<&'o Contents>) -> Result<Self> {
        let old = match old {
            Some(contents) => Some((contents, DigestIndex::new(contents)?)),
            None => None,
        };
        let contents = Contents::new();
        Ok(Self {
            index: DigestIndex::new(&contents)?,
            contents,
            tails: TailPacker::new(),
            old,
            bytes: 0,
        })
    }

    /// Adds the content of `buffer`, unless it is there already, and returns its number.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `EFBIG` beyond 2^32 contents or pages;
    /// - `ENOMEM`.
    pub(super) fn add(&mut self, buffer: PageBuffer) -> Result<u32> {
        let digest = hash::blake2s_128(buffer.view());
        let known = self.index.find(&self.contents, &digest, buffer.view());
        if let Some(number) = known {
            return Ok(number);
        }
        let len = buffer.view().len();
        let number = match self.find_old(&digest, buffer.view()) {
            Some(bytes) => self.contents.share(bytes, digest)?,
            None => self.contents.add(buffer, digest, &mut self.tails)?,
        };
        self.index.insert(&digest, number)?;
        self.bytes += len;
        Ok(number)
    }

    /// Returns the bytes of the equal content of the previous site, if there is one.
    fn find_old(&self, digest: &Digest, bytes: PageView<'_>) -> Option<PageBytes<'o>> {
        let (old, index) = self.old.as_ref()?;
        let number = index.find(old, digest, bytes)?;
        Some(old.bytes(old.get(number)?))
    }

    /// Returns the length of all contents, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the contents so far.
    pub(super) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Returns all contents.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn finish(mut self) -> Result<Contents> {
        self.contents.shrink()?;
        Ok(self.contents)
    }
}
