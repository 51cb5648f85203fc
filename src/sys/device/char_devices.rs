// SPDX-License-Identifier: GPL-2.0-only

//! Three nodes in `/dev`, and opening them.
//!
//! C header: [`include/linux/cdev.h`](srctree/include/linux/cdev.h)

use super::{
    class::ClassDevice,
    devt_range::DevtRange,
    file_ops::{
        errno,
        FileOps, //
    },
    DeviceClass,
    FileSession, //
};
use crate::sys::ffi;
use core::{
    marker::PhantomData,
    pin::Pin, //
};
use kernel::{
    bindings,
    container_of,
    error::to_result,
    ffi::c_int,
    module::this_module,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// Three nodes in `/dev`, which exist as long as this object and which only root may open: files of
/// the first are an `A`, files of the second a `B`, files of the third a `C`.
///
/// They are three numbers of one `cdev`. A node can be opened as soon as its `cdev` is added, and
/// after that nothing may fail any more: the kernel frees a module whose init fails, even while a
/// process opens its nodes. So there is only one `cdev` to add.
///
/// # Invariants
///
/// A `cdev` whose operations are those of [`OpenOps<A, B, C>`] exists only as the field of this type.
/// After initialisation it is added with all three numbers.
#[pin_data(PinnedDrop)]
pub(crate) struct CharDevices<A, B, C>
where
    A: FileSession,
    B: FileSession<Subject = A::Subject>,
    C: FileSession<Subject = A::Subject>,
{
    // First, because opening a node needs it.
    subject: Arc<A::Subject>,
    _devices: [ClassDevice; 3],
    _numbers: DevtRange,
    #[pin]
    cdev: Opaque<bindings::cdev>,
    _sessions: PhantomData<fn(A, B, C)>,
}

// SAFETY: A `cdev` may be deleted by any thread.
unsafe impl<A, B, C> Send for CharDevices<A, B, C>
where
    A: FileSession,
    B: FileSession<Subject = A::Subject>,
    C: FileSession<Subject = A::Subject>,
{
}
// SAFETY: A shared reference has no methods.
unsafe impl<A, B, C> Sync for CharDevices<A, B, C>
where
    A: FileSession,
    B: FileSession<Subject = A::Subject>,
    C: FileSession<Subject = A::Subject>,
{
}

impl<A, B, C> CharDevices<A, B, C>
where
    A: FileSession,
    B: FileSession<Subject = A::Subject>,
    C: FileSession<Subject = A::Subject>,
{
    /// Creates the nodes `/dev/NAME` of all names. Until it returns, `open(2)` may return `ENXIO`.
    ///
    /// This is the last step of the module's init that can fail. The object is dropped when the
    /// module is unloaded and not before: files that are open, or about to be, keep the module, and
    /// with it the nodes.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is such a node, `ENOMEM`, `EBUSY` if there are no more numbers.
    pub(crate) fn register(
        class: DeviceClass,
        names: [&'static CStr; 3],
        subject: Arc<A::Subject>,
    ) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let class = Arc::new(class, GFP_KERNEL)?;
            let numbers = DevtRange::new(names[0])?;
            let [first, second, third] = numbers.each();
            let devices = [
                ClassDevice::new(class.clone(), first, names[0])?,
                ClassDevice::new(class.clone(), second, names[1])?,
                ClassDevice::new(class, third, names[2])?,
            ];
            // INVARIANT: The `cdev` is the field, and it is added.
            Ok(try_pin_init!(Self {
                subject,
                _devices: devices,
                _numbers: numbers,
                _sessions: PhantomData,
                cdev <- Opaque::try_ffi_init(move |cdev: *mut bindings::cdev| {
                    // SAFETY: `cdev` is valid for writes, and the operations live as long as the
                    // module.
                    unsafe { bindings::cdev_init(cdev, &raw const *OpenOps::<A, B, C>::TABLE) };
                    // SAFETY: It was just initialised.
                    unsafe { (*cdev).owner = this_module::<crate::LocalModule>().as_ptr() };
                    // SAFETY: As above, and the three numbers are ours.
                    to_result(unsafe { bindings::cdev_add(cdev, first, 3) })
                }),
            }))
        })
    }
}

#[pinned_drop]
impl<A, B, C> PinnedDrop for CharDevices<A, B, C>
where
    A: FileSession,
    B: FileSession<Subject = A::Subject>,
    C: FileSession<Subject = A::Subject>,
{
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants it is added.
        unsafe { bindings::cdev_del(self.cdev.get()) };
    }
}

/// The file operations of the `cdev`: `open`, which gives the file the operations of an `A`, of a `B`
/// or of a `C`, depending on the node.
struct OpenOps<A, B, C>(PhantomData<(A, B, C)>);

impl<A, B, C> OpenOps<A, B, C>
where
    A: FileSession,
    B: FileSession<Subject = A::Subject>,
    C: FileSession<Subject = A::Subject>,
{
    const TABLE: &'static bindings::file_operations = &bindings::file_operations {
        owner: this_module::<crate::LocalModule>().as_ptr(),
        open: Some(Self::open),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// The kernel calls it, for a node of `CharDevices<A, B, C>`.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The inode is being opened.
        let cdev = unsafe { ffi::khttpd_inode_cdev(inode) };
        #[expect(
            clippy::multiple_unsafe_ops_per_block,
            reason = "the macro takes a pointer to the field and moves it in one"
        )]
        // SAFETY: By the invariants of `CharDevices` this is the field of one.
        let nodes = unsafe { container_of!(Opaque::cast_from(cdev), CharDevices<A, B, C>, cdev) };
        // SAFETY: A file that is being opened keeps the module, whose init does not fail any more,
        // and with it the nodes. Their subject was set before and does not change.
        let subject = unsafe { &(*nodes).subject };
        // SAFETY: The inode is that of a node.
        let opened = match unsafe { ffi::khttpd_iminor(inode) } {
            // SAFETY: The kernel guarantees that both are valid and that the file is being opened.
            0 => unsafe { FileOps::<A>::open(subject, inode, file) },
            // SAFETY: As above.
            1 => unsafe { FileOps::<B>::open(subject, inode, file) },
            // SAFETY: As above.
            _ => unsafe { FileOps::<C>::open(subject, inode, file) },
        };
        errno(opened)
    }
}
