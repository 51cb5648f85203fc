// SPDX-License-Identifier: GPL-2.0-only

//! Files as the calling task may read them: with its credentials, its root and its mounts.
//!
//! # Context
//!
//! Process context, may sleep.
//!
//! C headers: [`include/linux/namei.h`](srctree/include/linux/namei.h),
//! [`include/linux/fs.h`](srctree/include/linux/fs.h)

mod file;
mod path;
mod stat;
mod visit;

pub(crate) use self::{
    file::OpenFile,
    path::FsPath,
    stat::Stat, //
};
