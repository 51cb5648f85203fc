// SPDX-License-Identifier: GPL-2.0-only

//! Values whose drop sleeps or takes long, dropped by a work item.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

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

/// A value that a work item drops, so that its owner can drop this object in any context.
pub(crate) struct Deferred<T: Send + 'static> {
    item: ManuallyDrop<Pin<KBox<DropItem<T>>>>,
    queue: Arc<OwnedQueue>,
}

/// The value and the work item that drops it.
#[pin_data]
struct DropItem<T: Send + 'static> {
    value: T,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl{T: Send + 'static} HasWork<Self> for DropItem<T> { self.work }
}

impl<T: Send + 'static> Deferred<T> {
    /// Creates a value that `queue` will drop.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; then the value is dropped at once.
    pub(crate) fn new(value: T, queue: Arc<OwnedQueue>) -> Result<Self> {
        let item = KBox::pin_init(
            pin_init!(DropItem {
                value,
                work <- new_work!("Deferred::drop"),
            }),
            GFP_KERNEL_ACCOUNT,
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
    /// Queues the work item.
    ///
    /// # Context
    ///
    /// Any context.
    fn drop(&mut self) {
        // SAFETY: The field is not used after this.
        let item = unsafe { ManuallyDrop::take(&mut self.item) };
        self.queue.enqueue(item);
    }
}

impl<T: Send + 'static> WorkItem for DropItem<T> {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Pin<KBox<Self>>) {
        drop(this);
    }
}
