// SPDX-License-Identifier: GPL-2.0-only

//! Values that take long to drop, and are dropped where that may take long.

use super::workqueue::OwnedQueue;
use core::{
    mem::ManuallyDrop,
    ops::Deref,
    pin::Pin, //
};
use kernel::{
    prelude::*,
    sync::Arc,
    workqueue::{
        impl_has_work,
        new_work,
        Work,
        WorkItem, //
    }, //
};

/// A value that is dropped by a work item, so that its owner can let go of it in any context.
pub(crate) struct Deferred<T: Send + 'static> {
    item: ManuallyDrop<Pin<KBox<Item<T>>>>,
    queue: Arc<OwnedQueue>,
}

/// The value and the work item that drops it.
#[pin_data]
struct Item<T: Send + 'static> {
    value: T,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl{T: Send + 'static} HasWork<Self> for Item<T> { self.work }
}

impl<T: Send + 'static> Deferred<T> {
    /// A value that will be dropped by `queue`, which outlives it. Process context.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; the value is dropped at once then.
    pub(crate) fn new(value: T, queue: Arc<OwnedQueue>) -> Result<Self> {
        let item = KBox::pin_init(
            pin_init!(Item {
                value,
                work <- new_work!("Deferred::drop"),
            }),
            GFP_KERNEL,
        )?;
        Ok(Self {
            item: ManuallyDrop::new(item),
            queue,
        })
    }
}

impl<T: Send + 'static> Deref for Deferred<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.item.value
    }
}

impl<T: Send + 'static> Drop for Deferred<T> {
    /// Any context.
    fn drop(&mut self) {
        // SAFETY: Nobody uses the field after this.
        let item = unsafe { ManuallyDrop::take(&mut self.item) };
        self.queue.enqueue(item);
    }
}

impl<T: Send + 'static> WorkItem for Item<T> {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Pin<KBox<Self>>) {
        drop(this);
    }
}
