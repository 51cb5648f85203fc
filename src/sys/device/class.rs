// SPDX-License-Identifier: GPL-2.0-only

//! A device class and its devices.
//!
//! C header: [`include/linux/device.h`](srctree/include/linux/device.h)

use core::ptr;
use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    sync::Arc, //
};

/// A class of devices in `/sys/class`.
///
/// # Invariants
///
/// The pointer is a valid class, and this object alone destroys it.
pub(crate) struct DeviceClass(*mut bindings::class);

// SAFETY: A class is not bound to a thread, and its functions lock.
unsafe impl Send for DeviceClass {}
// SAFETY: As above.
unsafe impl Sync for DeviceClass {}

impl DeviceClass {
    /// Creates a class.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is a class of this name, `ENOMEM`.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: The name is NUL-terminated and lives for ever.
        let class = from_err_ptr(unsafe { bindings::class_create(name.as_char_ptr()) })?;
        // INVARIANT: It was just created, and the pointer is not passed on.
        Ok(Self(class))
    }
}

impl Drop for DeviceClass {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is ours to destroy.
        unsafe { bindings::class_destroy(self.0) };
    }
}

/// A device of a class, with a node in `/dev`.
///
/// # Invariants
///
/// The class has a device with this number, and this object alone destroys it.
pub(super) struct ClassDevice {
    class: Arc<DeviceClass>,
    number: bindings::dev_t,
}

impl ClassDevice {
    /// Creates the device, and with it the node.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is such a device, `ENOMEM`.
    pub(super) fn new(
        class: Arc<DeviceClass>,
        number: bindings::dev_t,
        name: &'static CStr,
    ) -> Result<Self> {
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
        // INVARIANT: It was just created.
        Ok(Self { class, number })
    }
}

impl Drop for ClassDevice {
    fn drop(&mut self) {
        // SAFETY: By the type invariant there is that device, and it is ours to destroy.
        unsafe { bindings::device_destroy(self.class.0, self.number) };
    }
}
