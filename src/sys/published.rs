// SPDX-License-Identifier: GPL-2.0-only

//! A value that is replaced while it is read, by RCU.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use core::marker::PhantomData;
use kernel::{
    ffi::c_void,
    sync::{
        atomic::{
            ordering,
            Atomic, //
        },
        rcu,
        Arc,
        ArcBorrow, //
    },
    types::ForeignOwnable, //
};

/// The current one of several values, found by readers without waiting.
///
/// # Invariants
///
/// The pointer comes from `Arc::<T>::into_foreign`, and the reference is this object's.
pub(crate) struct Published<T: Send + Sync + 'static> {
    current: Atomic<*mut c_void>,
    _owner: PhantomData<Arc<T>>,
}

// SAFETY: What is shared and what is sent are references to `T`.
unsafe impl<T: Send + Sync + 'static> Send for Published<T> {}
// SAFETY: As above.
unsafe impl<T: Send + Sync + 'static> Sync for Published<T> {}

impl<T: Send + Sync + 'static> Published<T> {
    /// Publishes the first value.
    pub(crate) fn new(value: Arc<T>) -> Self {
        // INVARIANT: This is that pointer.
        Self {
            current: Atomic::new(value.into_foreign()),
            _owner: PhantomData,
        }
    }

    /// The current value, which stays for as long as the guard does. Any context.
    #[inline]
    pub(crate) fn get<'a>(&'a self, _guard: &'a rcu::Guard) -> ArcBorrow<'a, T> {
        let current = self.current.load(ordering::Acquire);
        // SAFETY: By the type invariant this is a reference to a `T`, and if it has been taken
        // from this object meanwhile, whoever has it waits for the guard before dropping it.
        unsafe { <Arc<T> as ForeignOwnable>::borrow(current) }
    }

    /// Publishes another value and waits until nobody uses the last one by a borrow any more;
    /// returns that. Process context, sleeps for a grace period.
    pub(crate) fn replace(&self, value: Arc<T>) -> Arc<T> {
        // INVARIANT: This is such a pointer, and the one it replaces is taken over below.
        let last = self.current.xchg(value.into_foreign(), ordering::Full);
        rcu::synchronize_rcu();
        // SAFETY: By the type invariant this was our reference, and nobody can find it any more.
        unsafe { Arc::from_foreign(last) }
    }
}

impl<T: Send + Sync + 'static> Drop for Published<T> {
    fn drop(&mut self) {
        let current = *self.current.get_mut();
        // SAFETY: By the type invariant this is our reference; `self` is borrowed by nobody.
        drop(unsafe { Arc::<T>::from_foreign(current) });
    }
}
