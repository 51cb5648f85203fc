// SPDX-License-Identifier: GPL-2.0-only

//! Nodes in `/dev` that belong to an object.
//!
//! [`kernel::miscdevice`] does not do for this: its files have neither `poll` nor `flush`, and all
//! nodes of its kind share a lock that is held while one is opened, which may take long where that
//! means to connect to somebody.
//!
//! C header: [`include/linux/cdev.h`](srctree/include/linux/cdev.h)

mod operations;

use self::operations::Operations;
use core::{
    marker::PhantomData,
    pin::Pin,
    ptr, //
};
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::File,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    module::this_module,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// An open file of a node. All of its methods run in process context and may sleep.
#[vtable]
pub(crate) trait Session: Send + Sync + Sized + 'static {
    /// What all files of the node have in common.
    type Subject: Send + Sync + 'static;

    /// `open(2)`.
    fn open(subject: &Arc<Self::Subject>, file: &File) -> Result<Pin<KBox<Self>>>;

    /// `read(2)`.
    fn read(&self, file: &File, to: &mut IovIterDest<'_>) -> Result<usize>;

    /// `write(2)`.
    fn write(&self, file: &File, from: &mut IovIterSource<'_>) -> Result<usize>;

    /// `poll(2)`: which events there are; who waits for them is put on the list of `poll`.
    fn poll(&self, _file: &File, _poll: &Poll<'_>) -> u32 {
        build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// `fsync(2)`.
    fn sync(&self, _file: &File) -> Result {
        build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// The last `close(2)`, while the task can still be told of an error. It is not called if two
    /// tasks close their descriptors at the very same time.
    fn close(&self, file: &File) -> Result;
}

/// Who waits in `poll(2)`.
pub(crate) struct Poll<'a> {
    raw: *mut bindings::poll_table,
    _lifetime: PhantomData<&'a ()>,
}

impl Poll<'_> {
    /// The `poll_table`, which may be null.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::poll_table {
        self.raw
    }
}

/// What `/sys/class` and whoever listens to events calls the nodes of a module.
///
/// # Invariants
///
/// The pointer is a class that nobody else destroys.
pub(crate) struct Class(*mut bindings::class);

// SAFETY: A class is not bound to a thread, and what is done with it locks.
unsafe impl Send for Class {}
// SAFETY: As above.
unsafe impl Sync for Class {}

impl Class {
    /// Makes a class. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is one of this name, `ENOMEM`.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: The name lives for ever.
        let class = from_err_ptr(unsafe { bindings::class_create(name.as_char_ptr()) })?;
        // INVARIANT: It was just made.
        Ok(Self(class))
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is ours.
        unsafe { bindings::class_destroy(self.0) };
    }
}

/// A node in `/dev`, for root alone, there as long as this object is.
///
/// # Invariants
///
/// A `cdev` whose operations are those of `S` exists only as the field of this type. After
/// initialisation it is registered with the number, and there is a device of that number.
#[pin_data(PinnedDrop)]
pub(crate) struct Node<S: Session> {
    // First, because somebody can open the node as soon as it is registered.
    subject: Arc<S::Subject>,
    class: Arc<Class>,
    number: Number,
    #[pin]
    cdev: Opaque<bindings::cdev>,
}

// SAFETY: A `cdev` may be unregistered by any thread.
unsafe impl<S: Session> Send for Node<S> {}
// SAFETY: A shared node can do nothing but be opened, which is up to the kernel.
unsafe impl<S: Session> Sync for Node<S> {}

impl<S: Session> Node<S> {
    /// Makes `/dev/NAME`. Process context, may sleep.
    ///
    /// The node must be dropped when the module goes and not before: files that are open, or
    /// about to be, keep the module, and with it the node.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is such a node, `ENOMEM`, `EBUSY` if there are no more numbers.
    pub(crate) fn register(
        class: Arc<Class>,
        name: &'static CStr,
        subject: Arc<S::Subject>,
    ) -> impl PinInit<Self, Error> {
        let number = Number::new(name);
        // INVARIANT: This is that field, and it is registered.
        try_pin_init!(Self {
            subject,
            class,
            number: number?,
            cdev <- {
                let class = class.0;
                let number = number.0;
                Opaque::try_ffi_init(move |cdev: *mut bindings::cdev| {
                    // SAFETY: `cdev` is valid for writes, and the operations live as long as the
                    // module.
                    unsafe { bindings::cdev_init(cdev, &raw const *Operations::<S>::TABLE) };
                    // SAFETY: It was just initialised.
                    unsafe { (*cdev).owner = this_module::<crate::LocalModule>().as_ptr() };
                    // SAFETY: As above, and the number is ours.
                    to_result(unsafe { bindings::cdev_add(cdev, number, 1) })?;
                    // SAFETY: The class is valid; the format has one conversion, for a string.
                    let device = from_err_ptr(unsafe {
                        bindings::device_create(
                            class,
                            ptr::null_mut(),
                            number,
                            ptr::null_mut(),
                            c"%s".as_char_ptr(),
                            name.as_char_ptr(),
                        )
                    });
                    if device.is_err() {
                        // SAFETY: It was just added.
                        unsafe { bindings::cdev_del(cdev) };
                    }
                    device.map(drop)
                })
            },
        })
    }
}

#[pinned_drop]
impl<S: Session> PinnedDrop for Node<S> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants there is that device.
        unsafe { bindings::device_destroy(self.class.0, self.number.0) };
        // SAFETY: By the type invariants it is registered.
        unsafe { bindings::cdev_del(self.cdev.get()) };
    }
}

/// A device number.
///
/// # Invariants
///
/// It is reserved for the module.
struct Number(bindings::dev_t);

impl Number {
    /// Reserves one, in the name of `name`.
    fn new(name: &'static CStr) -> Result<Self> {
        let mut number = 0;
        // SAFETY: `number` is valid for writes, and the name is a string.
        to_result(unsafe { bindings::alloc_chrdev_region(&mut number, 0, 1, name.as_char_ptr()) })?;
        // INVARIANT: It was just reserved.
        Ok(Self(number))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is ours.
        unsafe { bindings::unregister_chrdev_region(self.0, 1) };
    }
}
