// SPDX-License-Identifier: GPL-2.0-only

//! Declarations of the C functions of `compress/`.

use kernel::ffi::{
    c_int,
    c_void, //
};

extern "C" {
    /// Returns the size of the memory of a deflate stream in bytes; 0 if the kernel has no deflate.
    ///
    /// Any context.
    pub(in crate::sys) fn khttpd_deflate_size() -> usize;

    /// Begins a deflate stream in `memory`, which has that size and is aligned to 8 bytes. Returns 0
    /// or an error.
    ///
    /// Process context, may sleep.
    pub(in crate::sys) fn khttpd_deflate_begin(memory: *mut c_void, level: c_int) -> c_int;

    /// Compresses some of the `from_len` bytes to some of the `to_len`, and writes how many. With
    /// `last`, no other bytes follow. Returns 1 at the end of the stream, 0 before, or an error.
    ///
    /// Process context, may sleep. The stream must have begun in `memory`.
    pub(in crate::sys) fn khttpd_deflate_step(
        memory: *mut c_void,
        from: *const u8,
        from_len: *mut usize,
        to: *mut u8,
        to_len: *mut usize,
        last: bool,
    ) -> c_int;

    /// Returns the CRC-32 of `bytes`, continued from `crc`, neither of them inverted.
    ///
    /// Any context.
    pub(in crate::sys) fn khttpd_crc32(crc: u32, bytes: *const u8, len: usize) -> u32;

    /// Returns the size of the memory of a zstd stream of `len` bytes, with the parameters for at
    /// most `window` bytes; 0 if the kernel has no zstd.
    ///
    /// Any context.
    pub(in crate::sys) fn khttpd_zstd_size(level: c_int, len: u64, window: u64) -> usize;

    /// Begins a zstd stream of `len` bytes in `memory`, which has at least that `size` and is
    /// aligned to 8 bytes. Returns the stream, which is part of the memory, or null.
    ///
    /// Process context, may sleep.
    pub(in crate::sys) fn khttpd_zstd_begin(
        memory: *mut c_void,
        size: usize,
        level: c_int,
        len: u64,
        window: u64,
    ) -> *mut c_void;

    /// As [`khttpd_deflate_step`], for a zstd stream.
    pub(in crate::sys) fn khttpd_zstd_step(
        stream: *mut c_void,
        from: *const u8,
        from_len: *mut usize,
        to: *mut u8,
        to_len: *mut usize,
        last: bool,
    ) -> c_int;
}
