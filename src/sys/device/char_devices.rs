// SPDX-License-Identifier: GPL-2.0-only

//! Nodes in `/dev`, and opening them.
//!
//! C header: [`include/linux/cdev.h`](srctree/include/linux/cdev.h)

use super::{
    class::ClassDevice,
    devt_range::DevtRange,
    file_ops::{
        errno,
        FileOps, //
    },
    owner::this_module,
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
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// A node: its name, and what opens its files. `S` is the object that they have in common.
pub(crate) struct CharDevice<S> {
    name: &'static CStr,
    open: OpenFn<S>,
}

/// [`FileOps::open`] of a session type.
type OpenFn<S> = unsafe fn(&Arc<S>, *mut bindings::inode, *mut bindings::file) -> Result;

impl<S> CharDevice<S> {
    /// Returns the node `/dev/NAME`, whose files are an `F`.
    pub(crate) const fn new<F: FileSession<Subject = S>>(name: &'static CStr) -> Self {
        Self {
            name,
            open: FileOps::<F>::open,
        }
    }
}

/// `N` nodes in `/dev`, which exist as long as this object and which only root may open.
///
/// They are numbers of one `cdev`. A node can be opened as soon as its `cdev` is added, and after
/// that nothing may fail any more: the kernel frees a module whose init fails, even while a process
/// opens its nodes. So there is only one `cdev` to add.
///
/// # Invariants
///
/// A `cdev` whose operations are those of [`OpenOps<S, N>`] exists only as the field of this type.
/// After initialisation it is added with all numbers. The minor of a node is its index.
#[pin_data(PinnedDrop)]
pub(crate) struct CharDevices<S: Send + Sync + 'static, const N: usize> {
    // First, because opening a node needs them.
    subject: Arc<S>,
    nodes: [CharDevice<S>; N],
    _devices: KVec<ClassDevice>,
    _numbers: DevtRange<N>,
    #[pin]
    cdev: Opaque<bindings::cdev>,
}

// SAFETY: A `cdev` may be deleted by any thread.
unsafe impl<S: Send + Sync + 'static, const N: usize> Send for CharDevices<S, N> {}
// SAFETY: A shared reference has no methods.
unsafe impl<S: Send + Sync + 'static, const N: usize> Sync for CharDevices<S, N> {}

impl<S: Send + Sync + 'static, const N: usize> CharDevices<S, N> {
    /// Creates the nodes. Until it returns, `open(2)` may return `ENXIO`.
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
        range: &'static CStr,
        nodes: [CharDevice<S>; N],
        subject: Arc<S>,
    ) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let class = Arc::new(class, GFP_KERNEL)?;
            let numbers = DevtRange::<N>::new(range)?;
            let mut devices = KVec::with_capacity(N, GFP_KERNEL)?;
            for (number, node) in numbers.each().into_iter().zip(&nodes) {
                let device = ClassDevice::new(class.clone(), number, node.name)?;
                devices.push(device, GFP_KERNEL)?;
            }
            let first = numbers.first();
            // INVARIANT: The `cdev` is the field, and it is added. The minors begin at 0.
            Ok(try_pin_init!(Self {
                subject,
                nodes,
                _devices: devices,
                _numbers: numbers,
                cdev <- Opaque::try_ffi_init(move |cdev: *mut bindings::cdev| {
                    // SAFETY: `cdev` is valid for writes, and the operations live as long as the
                    // module.
                    unsafe { bindings::cdev_init(cdev, &raw const *OpenOps::<S, N>::TABLE) };
                    // SAFETY: It was just initialised.
                    unsafe { (*cdev).owner = this_module() };
                    // SAFETY: As above, and the numbers are ours.
                    to_result(unsafe { bindings::cdev_add(cdev, first, DevtRange::<N>::COUNT) })
                }),
            }))
        })
    }
}

#[pinned_drop]
impl<S: Send + Sync + 'static, const N: usize> PinnedDrop for CharDevices<S, N> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants it is added.
        unsafe { bindings::cdev_del(self.cdev.get()) };
    }
}

/// The file operations of the `cdev`: `open`, which gives the file the operations of its node.
struct OpenOps<S, const N: usize>(PhantomData<S>);

impl<S: Send + Sync + 'static, const N: usize> OpenOps<S, N> {
    const TABLE: &'static bindings::file_operations = &bindings::file_operations {
        owner: this_module(),
        open: Some(Self::open),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// The kernel calls it, for a node of `CharDevices<S, N>`.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The inode is being opened.
        let cdev = unsafe { ffi::khttpd_inode_cdev(inode) };
        #[expect(
            clippy::multiple_unsafe_ops_per_block,
            reason = "the macro takes a pointer to the field and moves it in one"
        )]
        // SAFETY: By the invariants of `CharDevices` this is the field of one.
        let devices = unsafe { container_of!(Opaque::cast_from(cdev), CharDevices<S, N>, cdev) };
        // SAFETY: A file that is being opened keeps the module, whose init does not fail any more,
        // and with it the nodes. Their subject was set before and does not change.
        let subject = unsafe { &(*devices).subject };
        // SAFETY: As above, for the nodes.
        let nodes = unsafe { &(*devices).nodes };
        // SAFETY: The inode is that of a node.
        let minor = unsafe { ffi::khttpd_iminor(inode) };
        // CAST: Wider than 32 bits.
        let Some(node) = nodes.get(minor as usize) else {
            return ENXIO.to_errno();
        };
        // SAFETY: The kernel guarantees that both are valid and that the file is being opened.
        errno(unsafe { (node.open)(subject, inode, file) })
    }
}
