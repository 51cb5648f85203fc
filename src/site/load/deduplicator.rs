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
use protocol::http::Coding;

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

    /// Compresses the content with this number, and returns the number of the smaller one, or
    /// [`None`] if it would be hardly smaller. `compress` makes what neither this site nor the
    /// previous one has.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - those of `compress`;
    /// - `EFBIG` beyond 2^32 contents or pages;
    /// - `ENOMEM`.
    pub(super) fn compressed(
        &mut self,
        number: u32,
        coding: Coding,
        compress: impl FnOnce(PageView<'_>) -> Result<Option<PageBuffer>>,
    ) -> Result<Option<u32>> {
        if let Some(known) = self.contents.compressed(number, coding) {
            return Ok(known);
        }
        let content = self.contents.get(number).ok_or(EINVAL)?;
        let bytes = self.contents.bytes(content);
        let compressed = match self.find_old_compressed(content.digest(), *bytes, coding) {
            Some(None) => None,
            Some(Some((bytes, digest))) => Some(self.share(bytes, digest)?),
            None => match compress(*bytes)? {
                Some(buffer) => Some(self.add(buffer)?),
                None => None,
            },
        };
        self.contents.set_compressed(number, coding, compressed)?;
        Ok(compressed)
    }

    /// Returns the outcome of compressing an equal content of the previous site, if that was tried:
    /// bytes and digest, or [`None`] if it would be hardly smaller.
    fn find_old_compressed(
        &self,
        digest: &Digest,
        bytes: PageView<'_>,
        coding: Coding,
    ) -> Option<Option<(PageBytes<'o>, Digest)>> {
        let (old, index) = self.old.as_ref()?;
        let number = index.find(old, digest, bytes)?;
        let Some(compressed) = old.compressed(number, coding)? else {
            return Some(None);
        };
        let content = old.get(compressed)?;
        Some(Some((old.bytes(content), *content.digest())))
    }

    /// Shares a content of the previous site, unless it is there already, and returns its number.
    fn share(&mut self, bytes: PageBytes<'o>, digest: Digest) -> Result<u32> {
        if let Some(number) = self.index.find(&self.contents, &digest, *bytes) {
            return Ok(number);
        }
        let number = self.contents.share(bytes, digest)?;
        self.index.insert(&digest, number)?;
        self.bytes += bytes.len();
        Ok(number)
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

#[kunit_tests(khttpd_deduplicator)]
mod tests {
    use super::*;

    fn add(contents: &mut Deduplicator<'_>, bytes: &[u8]) -> Result<u32> {
        contents.add(PageBuffer::copy_of(bytes)?)
    }

    #[test]
    fn content_is_compressed_once_also_for_the_next_site() -> Result {
        let never = |_: PageView<'_>| Err(EIO);
        let mut first = Deduplicator::new(None)?;
        let (text, noise) = (add(&mut first, b"text")?, add(&mut first, b"noise")?);
        let made = first.compressed(text, Coding::Gzip, |_| {
            Ok(Some(PageBuffer::copy_of(b"short")?))
        })?;
        assert!(made.is_some());
        assert!(first.compressed(text, Coding::Gzip, never)? == made);
        assert!(first.compressed(text, Coding::Zstd, never) == Err(EIO));
        assert!(first
            .compressed(noise, Coding::Gzip, |_| Ok(None))?
            .is_none());
        let first = first.finish()?;

        let mut second = Deduplicator::new(Some(&first))?;
        let (noise, text) = (add(&mut second, b"noise")?, add(&mut second, b"text")?);
        assert!(second.compressed(noise, Coding::Gzip, never)?.is_none());
        let number = second
            .compressed(text, Coding::Gzip, never)?
            .ok_or(ENOENT)?;
        let second = second.finish()?;
        let content = second.get(number).ok_or(ENOENT)?;
        assert!(second.bytes(content).slices().flatten().eq(b"short"));
        Ok(())
    }
}
