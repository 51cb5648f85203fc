// SPDX-License-Identifier: GPL-2.0-only

//! CharDevices in `/dev` that belong to an object.
//!
//! [`kernel::miscdevice`] does not do for this: its files have neither `poll` nor `flush`, and all
//! nodes of its kind share a lock that is held while one is opened, which may take long where that
//! means to connect to somebody.
//!
//! C header: [`include/linux/cdev.h`](srctree/include/linux/cdev.h)

mod operations;

use self::operations::OpenOps;
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
pub(crate) trait FileSession: Send + Sync + Sized + 'static {
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
pub(crate) struct DeviceClass(*mut bindings::class);

// SAFETY: A class is not bound to a thread, and what is done with it locks.
unsafe impl Send for DeviceClass {}
// SAFETY: As above.
unsafe impl Sync for DeviceClass {}

impl DeviceClass {
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

impl Drop for DeviceClass {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is ours.
        unsafe { bindings::class_destroy(self.0) };
    }
}

/// Two nodes in `/dev`, for root alone, there as long as this object is: one whose files are `A`,
/// one whose files are `B`.
///
/// They are two of one `cdev`, for somebody can open a node as soon as that is added, and then
/// nothing may fail any more: a module whose init fails is freed without regard to who opens its
/// nodes just then.
///
/// # Invariants
///
/// A `cdev` whose operations are those of [`OpenOps<A, B>`] exists only as the field of this type.
/// After initialisation it is added with both numbers.
#[pin_data(PinnedDrop)]
pub(crate) struct CharDevices<A: FileSession, B: FileSession<Subject = A::Subject>> {
    // First, because it is what somebody needs who opens a node.
    subject: Arc<A::Subject>,
    _devices: [Device; 2],
    _numbers: DevtRange,
    #[pin]
    cdev: Opaque<bindings::cdev>,
    _sessions: PhantomData<fn() -> (A, B)>,
}

// SAFETY: A `cdev` may be deleted by any thread.
unsafe impl<A: FileSession, B: FileSession<Subject = A::Subject>> Send for CharDevices<A, B> {}
// SAFETY: Shared nodes can do nothing but be opened, which is up to the kernel.
unsafe impl<A: FileSession, B: FileSession<Subject = A::Subject>> Sync for CharDevices<A, B> {}

impl<A: FileSession, B: FileSession<Subject = A::Subject>> CharDevices<A, B> {
    /// Makes the nodes `/dev/NAME` of both names. Process context, may sleep. Until it returns,
    /// `open(2)` may say `ENXIO`.
    ///
    /// To be the last that can fail of the module's init, and to be dropped when the module goes
    /// and not before: files that are open, or about to be, keep the module, and with it the
    /// nodes.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is such a node, `ENOMEM`, `EBUSY` if there are no more numbers.
    pub(crate) fn register(
        class: DeviceClass,
        names: [&'static CStr; 2],
        subject: Arc<A::Subject>,
    ) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let class = Arc::new(class, GFP_KERNEL)?;
            let numbers = DevtRange::new(names[0])?;
            let [first, second] = numbers.each();
            let devices = [
                Device::new(class.clone(), first, names[0])?,
                Device::new(class, second, names[1])?,
            ];
            // INVARIANT: This is that field, and it is added.
            Ok(try_pin_init!(Self {
                subject,
                _devices: devices,
                _numbers: numbers,
                _sessions: PhantomData,
                cdev <- Opaque::try_ffi_init(move |cdev: *mut bindings::cdev| {
                    // SAFETY: `cdev` is valid for writes, and the operations live as long as the
                    // module.
                    unsafe { bindings::cdev_init(cdev, &raw const *OpenOps::<A, B>::TABLE) };
                    // SAFETY: It was just initialised.
                    unsafe { (*cdev).owner = this_module::<crate::LocalModule>().as_ptr() };
                    // SAFETY: As above, and the two numbers are ours.
                    to_result(unsafe { bindings::cdev_add(cdev, first, 2) })
                }),
            }))
        })
    }
}

#[pinned_drop]
impl<A: FileSession, B: FileSession<Subject = A::Subject>> PinnedDrop for CharDevices<A, B> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants it is added.
        unsafe { bindings::cdev_del(self.cdev.get()) };
    }
}

/// A device of a class, with which a node in `/dev` comes and goes.
///
/// # Invariants
///
/// There is a device of that class and number, and nobody else destroys it.
struct Device {
    class: Arc<DeviceClass>,
    number: bindings::dev_t,
}

impl Device {
    /// Makes it. Process context, may sleep.
    fn new(class: Arc<DeviceClass>, number: bindings::dev_t, name: &'static CStr) -> Result<Self> {
        // SAFETY: The class is valid; the format has one conversion, for a string.
        from_err_ptr(unsafe {
            bindings::device_create(
                class.0,
                ptr::null_mut(),
                number,
                ptr::null_mut(),
                c"%s".as_char_ptr(),
                name.as_char_ptr(),
            )
        })?;
        // INVARIANT: It was just made.
        Ok(Self { class, number })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: By the type invariant there is that device, and it is ours.
        unsafe { bindings::device_destroy(self.class.0, self.number) };
    }
}

/// Two device numbers in a row.
///
/// # Invariants
///
/// It is the first of them, and both are reserved for the module.
struct DevtRange(bindings::dev_t);

impl DevtRange {
    /// Reserves them, in the name of `name`. Process context, may sleep.
    fn new(name: &'static CStr) -> Result<Self> {
        let mut first = 0;
        // SAFETY: `first` is valid for writes, and the name is a string.
        to_result(unsafe { bindings::alloc_chrdev_region(&mut first, 0, 2, name.as_char_ptr()) })?;
        // INVARIANT: They were just reserved.
        Ok(Self(first))
    }

    /// Both numbers: their minors are 0 and 1.
    fn each(&self) -> [bindings::dev_t; 2] {
        [self.0, self.0 | 1]
    }
}

impl Drop for DevtRange {
    fn drop(&mut self) {
        // SAFETY: By the type invariant they are ours.
        unsafe { bindings::unregister_chrdev_region(self.0, 2) };
    }
}
