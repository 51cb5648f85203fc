// SPDX-License-Identifier: GPL-2.0-only

//! Reading of files that other processes may write meanwhile.

use super::{
    file_error::FileError,
    signal, //
};
use crate::sys::{
    fs::{
        FsPath,
        OpenFile,
        Stat, //
    },
    page::PageBuffer, //
};
use kernel::prelude::*;

/// The number of times that a file is read if it is written meanwhile.
const ATTEMPTS: usize = 5;

/// The number of bytes that are compared at a time when a file is read again.
const CHUNK: usize = 65_536;

/// Reads a file as it was at one moment, and returns its content and the time of its last
/// modification, or [`None`] if `admit` did not admit it as it was then.
///
/// # Context
///
/// Process context, may sleep. A signal interrupts it.
///
/// # Errors
///
/// The errors of `open(2)` and `read(2)`, the error of `admit`, [`FileError::Mapped`],
/// [`FileError::Changing`].
pub(super) fn read(
    path: &FsPath,
    admit: impl Fn(&Stat) -> Result<bool, FileError>,
) -> Result<Option<(PageBuffer, u64)>, FileError> {
    for _ in 0..ATTEMPTS {
        let before = path.stat()?;
        if !admit(&before)? {
            return Ok(None);
        }
        if before.is_mapped() {
            return Err(FileError::Mapped);
        }
        path.settle(&before)?;
        let file = path.open()?;
        if let Some(content) = read_once(&file, &before)? {
            // A write since then shows in the attributes. Where it may not, the file is read again:
            // equal bytes were those of the file at this look, when no process had it mapped.
            if path.stat()? == before && (before.traces_writes() || contains(&file, &content)?) {
                return Ok(Some((content, before.modified())));
            }
        }
        signal::check()?;
    }
    Err(FileError::Changing)
}

/// Reads a file again, and returns whether its bytes are those of `content`, which is as long.
///
/// This does not find a file that was changed and changed back between the two times.
fn contains(file: &OpenFile, content: &PageBuffer) -> Result<bool, FileError> {
    let content = content.view();
    let mut again = KVVec::from_elem(0, content.len().min(CHUNK), GFP_KERNEL_ACCOUNT)?;
    let mut offset = 0;
    for mut expected in content.slices() {
        while !expected.is_empty() {
            signal::check()?;
            let len = expected.len().min(CHUNK);
            let count = file.read(again.get_mut(..len).unwrap_or_default(), offset)?;
            let (now, later) = expected.split_at_checked(count).unwrap_or_default();
            if now.is_empty() || again.get(..count) != Some(now) {
                return Ok(false);
            }
            offset += count as u64;
            expected = later;
        }
    }
    Ok(true)
}

/// Reads a file that is as long as in `stat`; returns [`None`] if its length has changed.
fn read_once(file: &OpenFile, stat: &Stat) -> Result<Option<PageBuffer>, FileError> {
    let size = usize::try_from(stat.size()).map_err(|_| EFBIG)?;
    let mut buffer = PageBuffer::new(size)?;
    let mut offset = 0;
    for mut piece in buffer.pieces() {
        while !piece.is_empty() {
            signal::check()?;
            let count = file.read(piece, offset)?;
            if count == 0 {
                return Ok(None);
            }
            offset += count as u64;
            piece = piece.get_mut(count..).unwrap_or_default();
        }
    }
    let more = file.read(&mut [0], offset)?;
    Ok((more == 0).then_some(buffer))
}
