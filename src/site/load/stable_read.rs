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
        let content = read_once(&path.open()?, &before)?;
        // A write since then changed the times of the file.
        match content {
            Some(content) if path.stat()? == before => {
                return Ok(Some((content, before.modified())));
            }
            _ => signal::check()?,
        }
    }
    Err(FileError::Changing)
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
