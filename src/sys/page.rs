// SPDX-License-Identifier: GPL-2.0-only

//! Bytes in pages, ready to be sent without being copied.
//!
//! `MSG_SPLICE_PAGES` accepts only memory of the page allocator, no slab memory. Bytes are read
//! into a [`PageBuffer`], become part of [`Pages`], and never change again. Bytes that do not fill
//! the last page share a page with others: see [`TailPacker`].
//!
//! C headers: [`include/linux/gfp.h`](srctree/include/linux/gfp.h),
//! [`include/linux/bvec.h`](srctree/include/linux/bvec.h)

mod block;
mod buffer;
mod pages;
mod tail_packer;
mod tests;
mod view;

pub(super) use self::block::Block;
pub(crate) use self::{
    buffer::PageBuffer,
    pages::{
        PageBytes,
        Pages,
        Span, //
    },
    tail_packer::TailPacker,
    view::PageView, //
};
