// SPDX-License-Identifier: GPL-2.0-only

//! Files, as the calling task may read them: with its credentials, its root and its mounts.
//!
//! All of this is for process context and may sleep.
//!
//! C headers: [`include/linux/namei.h`](srctree/include/linux/namei.h),
//! [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    mem::MaybeUninit,
    ptr::NonNull,
    slice, //
};
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::{
        c_char,
        c_int,
        c_void, //
    },
    prelude::*, //
};

/// `khttpd_name_t`: is told the name of an entry; returns whether it wants another.
type NameFn = unsafe extern "C" fn(context: *mut c_void, name: *const c_char, len: usize) -> bool;

/// `khttpd_name_t` for an `F`.
///
/// # Safety
///
/// `context` is valid as an `F` that is not borrowed, `name` for reads of `len` bytes.
unsafe extern "C" fn tell<F: FnMut(&[u8]) -> bool>(
    context: *mut c_void,
    name: *const c_char,
    len: usize,
) -> bool {
    // SAFETY: As the caller promises.
    let visit = unsafe { &mut *context.cast::<F>() };
    // SAFETY: As the caller promises.
    visit(unsafe { slice::from_raw_parts(name.cast::<u8>(), len) })
}

#[expect(
    improper_ctypes,
    reason = "the structures are C's, down to those that have no fields in this configuration"
)]
extern "C" {
    /// Finds a directory; `path` holds references then. `name` is NUL-terminated.
    fn khttpd_path_open(name: *const c_char, path: *mut bindings::path) -> c_int;

    /// Finds `name`, which is relative, as if `root` were the root; `found` holds references then.
    fn khttpd_path_look_up(
        root: *const bindings::path,
        name: *const c_char,
        follow: bool,
        found: *mut bindings::path,
    ) -> c_int;

    /// Tells the name of what is at `path`, which becomes the directory that it lies in, below the
    /// mounts on top of it; returns whether that is another than `root`, if there is one at all.
    fn khttpd_path_up(
        root: *const bindings::path,
        path: *mut bindings::path,
        name: NameFn,
        context: *mut c_void,
    ) -> bool;

    /// Writes what is known of a file.
    fn khttpd_path_facts(path: *const bindings::path, facts: *mut Stat) -> c_int;

    /// Waits until writes have ended that began before `facts` were asked for; those that begin
    /// later bear another time.
    fn khttpd_path_settle(path: *const bindings::path, facts: *const Stat) -> c_int;

    /// Opens a file or a directory for reading, if the task may; an error pointer otherwise.
    fn khttpd_file_open(path: *const bindings::path) -> *mut bindings::file;

    /// Drops the only reference.
    fn khttpd_file_close(file: *mut bindings::file);

    /// Reads up to `len` bytes from `at` on; returns how many, or a negative errno.
    fn khttpd_file_read(
        file: *mut bindings::file,
        bytes: *mut c_void,
        len: usize,
        at: u64,
    ) -> isize;

    /// Calls `name` for each entry of a directory, with its lock held.
    fn khttpd_file_names(file: *mut bindings::file, name: NameFn, context: *mut c_void) -> c_int;
}

/// What is known of a file without reading it: `struct khttpd_facts`.
///
/// If it was let settle after the first of two equal facts and read before the second, it was not
/// written meanwhile.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    size: u64,
    inode: u64,
    modified: i64,
    changed: i64,
    cookie: u64,
    modified_ns: u32,
    changed_ns: u32,
    device: u32,
    mode: u16,
    mapped: bool,
}

/// The bits of a mode that tell the type of a file.
const TYPE: u16 = 0o170_000;

impl Stat {
    /// The length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// When it was last written, in seconds since 1970; 0 before that.
    pub(crate) fn modified(&self) -> u64 {
        u64::try_from(self.modified).unwrap_or(0)
    }

    /// The permissions, without the type.
    pub(crate) fn permissions(&self) -> u16 {
        self.mode & !TYPE
    }

    /// Whether it is a regular file.
    pub(crate) fn is_file(&self) -> bool {
        self.mode & TYPE == 0o100_000
    }

    /// Whether it is a directory.
    pub(crate) fn is_directory(&self) -> bool {
        self.mode & TYPE == 0o040_000
    }

    /// Whether somebody has it mapped for writing, so that its times tell nothing.
    pub(crate) fn is_mapped(&self) -> bool {
        self.mapped
    }
}

/// A place in the file system, whatever is there.
///
/// # Invariants
///
/// The references of the path are owned by this object, and neither is null.
pub(crate) struct FsPath(bindings::path);

impl FsPath {
    /// The directory with this name, links followed.
    ///
    /// # Errors
    ///
    /// What `open(2)` says of it.
    pub(crate) fn directory(name: &CStr) -> Result<Self> {
        Self::from_raw(|path| {
            // SAFETY: The name is NUL-terminated, and the path is valid for writes.
            unsafe { khttpd_path_open(name.as_char_ptr(), path) }
        })
    }

    /// What stands at `name`, seen from this directory as if there were nothing above it.
    /// `follow`: if it is a link, what that leads to; else no directory on the way may be one.
    ///
    /// # Errors
    ///
    /// What `open(2)` says of it.
    pub(crate) fn look_up(&self, name: &CStr, follow: bool) -> Result<Self> {
        Self::from_raw(|found| {
            // SAFETY: By the type invariant our path is valid; otherwise as above.
            unsafe { khttpd_path_look_up(&raw const self.0, name.as_char_ptr(), follow, found) }
        })
    }

    /// The directory that it lies in, below the mounts on top of it, unless that is `root` or there
    /// is none; tells `visit` its own name, as far as it has one.
    pub(crate) fn up<F: FnMut(&[u8]) -> bool>(mut self, root: &Self, mut visit: F) -> Option<Self> {
        // SAFETY: By the type invariants both paths are valid, and ours has the new references
        // then; `tell::<F>` gets an `F`.
        let found = unsafe {
            khttpd_path_up(
                &raw const root.0,
                &raw mut self.0,
                tell::<F>,
                (&raw mut visit).cast::<c_void>(),
            )
        };
        found.then_some(self)
    }

    fn from_raw(find: impl FnOnce(*mut bindings::path) -> c_int) -> Result<Self> {
        let mut path = MaybeUninit::uninit();
        to_result(find(path.as_mut_ptr()))?;
        // SAFETY: It was found, so that it was written.
        // INVARIANT: With it came the references.
        Ok(Self(unsafe { path.assume_init() }))
    }

    /// Whether both are on the same mount.
    pub(crate) fn shares_mount(&self, other: &Self) -> bool {
        self.0.mnt == other.0.mnt
    }

    /// What is known of it now.
    ///
    /// # Errors
    ///
    /// What `stat(2)` says.
    pub(crate) fn facts(&self) -> Result<Stat> {
        let mut facts = MaybeUninit::uninit();
        // SAFETY: By the type invariant the path is valid, and `facts` is valid for writes.
        to_result(unsafe { khttpd_path_facts(&raw const self.0, facts.as_mut_ptr()) })?;
        // SAFETY: Success means that they were written.
        Ok(unsafe { facts.assume_init() })
    }

    /// Waits until writes have ended that began before `facts` were asked for. Process context,
    /// sleeps; a signal interrupts it, unless a device is at work.
    ///
    /// # Errors
    ///
    /// `EINTR`.
    pub(crate) fn settle(&self, facts: &Stat) -> Result {
        // SAFETY: By the type invariant the path is valid; `facts` is what C expects.
        to_result(unsafe { khttpd_path_settle(&raw const self.0, facts) })
    }

    /// Opens it for reading. It must be a regular file or a directory: to open others may do
    /// something to them.
    ///
    /// # Errors
    ///
    /// What `open(2)` says, and `EINVAL` for others.
    pub(crate) fn open(&self) -> Result<OpenFile> {
        // SAFETY: By the type invariant the path is valid.
        let file = from_err_ptr(unsafe { khttpd_file_open(&raw const self.0) })?;
        // INVARIANT: It was just opened, and nobody else has it.
        NonNull::new(file).map(OpenFile).ok_or(EINVAL)
    }
}

impl Clone for FsPath {
    fn clone(&self) -> Self {
        // SAFETY: By the type invariant the path is valid.
        unsafe { bindings::path_get(&raw const self.0) };
        // INVARIANT: These are the references that were just taken.
        Self(bindings::path { ..self.0 })
    }
}

impl Drop for FsPath {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the references are ours.
        unsafe { bindings::path_put(&raw const self.0) };
    }
}

/// A file or a directory that is open for reading.
///
/// # Invariants
///
/// The file is valid, and this object has the only reference to it.
pub(crate) struct OpenFile(NonNull<bindings::file>);

impl OpenFile {
    /// Reads what is there from `at` on; 0 bytes at the end of the file.
    ///
    /// # Errors
    ///
    /// What `read(2)` says.
    pub(crate) fn read(&self, bytes: &mut [u8], at: u64) -> Result<usize> {
        // SAFETY: By the type invariant the file is valid; `bytes` is valid for writes of its
        // length.
        let read = unsafe {
            khttpd_file_read(
                self.0.as_ptr(),
                bytes.as_mut_ptr().cast::<c_void>(),
                bytes.len(),
                at,
            )
        };
        usize::try_from(read).map_err(|_| Error::from_errno(c_int::try_from(read).unwrap_or(0)))
    }

    /// Tells `visit` the name of each entry of this directory, `.` and `..` too, until it returns
    /// `false`. The directory is locked meanwhile.
    ///
    /// # Errors
    ///
    /// What `getdents(2)` says.
    pub(crate) fn names<F: FnMut(&[u8]) -> bool>(&self, mut visit: F) -> Result {
        // SAFETY: By the type invariant the file is valid; `tell::<F>` gets an `F`.
        to_result(unsafe {
            khttpd_file_names(
                self.0.as_ptr(),
                tell::<F>,
                (&raw mut visit).cast::<c_void>(),
            )
        })
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours.
        unsafe { khttpd_file_close(self.0.as_ptr()) };
    }
}
