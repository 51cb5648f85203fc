// SPDX-License-Identifier: GPL-2.0-only

//! Nodes in `/dev` that belong to an object.
//!
//! [`kernel::miscdevice`] tells an opened file which registration it belongs to; this finds the
//! object that was registered with it.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    container_of,
    fs::{
        File,
        Kiocb, //
    },
    iov::IovIterDest,
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    prelude::*,
    sync::Arc, //
};

/// What a node shows.
pub(crate) trait Subject: Send + Sync + 'static {
    /// The text that a reader gets who opens the node now. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `open(2)` fails with them.
    fn text(&self) -> Result<KVec<u8>>;
}

/// A node in `/dev`, there as long as this object is; files that are open keep the module loaded,
/// not the node.
///
/// # Invariants
///
/// A `MiscDeviceRegistration<Reader<T>>` exists only as the field of this type.
#[pin_data]
pub(crate) struct Node<T: Subject> {
    // First, because somebody can open the node as soon as it is registered.
    subject: Arc<T>,
    #[pin]
    registration: MiscDeviceRegistration<Reader<T>>,
}

impl<T: Subject> Node<T> {
    /// Makes `/dev/NAME`, for root alone, which shows `subject`. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is such a node, `ENOMEM`, `EBUSY` if there are no more minor numbers.
    pub(crate) fn register(name: &'static CStr, subject: Arc<T>) -> impl PinInit<Self, Error> {
        // INVARIANT: This is that field.
        try_pin_init!(Self {
            subject,
            registration <- MiscDeviceRegistration::register(MiscDeviceOptions { name }),
        })
    }
}

/// An open file of a node, and the text as it was when it was opened.
struct Reader<T: Subject> {
    text: KVec<u8>,
    _subject: PhantomData<fn(T)>,
}

#[vtable]
impl<T: Subject> MiscDevice for Reader<T> {
    type Ptr = KBox<Self>;

    fn open(_file: &File, registration: &MiscDeviceRegistration<Self>) -> Result<KBox<Self>> {
        let registration = ptr::from_ref(registration);
        // SAFETY: By the invariant of `Node` this is the field of one.
        let node: *const Node<T> = unsafe { container_of!(registration, Node<T>, registration) };
        // SAFETY: The node can't be dropped before it is deregistered, which waits for `open`;
        // its subject was set before it was registered and is not changed.
        let subject = unsafe { &(*node).subject };
        let reader = Self {
            text: subject.text()?,
            _subject: PhantomData,
        };
        Ok(KBox::new(reader, GFP_KERNEL)?)
    }

    fn read_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let reader = kiocb.file();
        iov.simple_read_from_buffer(kiocb.ki_pos_mut(), &reader.text)
    }
}
