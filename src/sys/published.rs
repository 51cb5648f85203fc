// SPDX-License-Identifier: GPL-2.0-only

//! A value that RCU readers use while it is replaced.
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

#[cfg(not(khttpd_linux_7_2))]
use rcu::synchronize_rcu;

/// Waits for a grace period.
///
/// # Context
///
/// Process context, may sleep.
#[cfg(khttpd_linux_7_2)]
fn synchronize_rcu() {
    // SAFETY: The function has no preconditions but its context.
    unsafe { kernel::bindings::synchronize_rcu() };
}

/// The current one of several values, which readers find without waiting.
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
    /// Creates the object with a first value.
    pub(crate) fn new(value: Arc<T>) -> Self {
        // INVARIANT: The pointer comes from `into_foreign`.
        Self {
            current: Atomic::new(value.into_foreign()),
            _owner: PhantomData,
        }
    }

    /// Returns the current value, which is valid as long as the guard is.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn get<'a>(&'a self, _guard: &'a rcu::Guard) -> ArcBorrow<'a, T> {
        let current = self.current.load(ordering::Acquire);
        // SAFETY: By the type invariant this is a reference to a `T`. If `replace` takes it from
        // this object meanwhile, it waits for the guard before it returns the reference.
        unsafe { <Arc<T> as ForeignOwnable>::borrow(current) }
    }

    /// Publishes another value, waits until no reader borrows the last one any more, and returns
    /// that.
    ///
    /// # Context
    ///
    /// Process context, may sleep. It sleeps for a grace period.
    pub(crate) fn replace(&self, value: Arc<T>) -> Arc<T> {
        // INVARIANT: The pointer comes from `into_foreign`; the reference behind the one that it
        // replaces is taken over below.
        let last = self.current.xchg(value.into_foreign(), ordering::Full);
        synchronize_rcu();
        // SAFETY: By the type invariant this was our reference, and after the grace period no
        // reader uses it any more.
        unsafe { Arc::from_foreign(last) }
    }
}

impl<T: Send + Sync + 'static> Drop for Published<T> {
    fn drop(&mut self) {
        let current = *self.current.get_mut();
        // SAFETY: By the type invariant this is our reference; `self` is not borrowed.
        drop(unsafe { Arc::<T>::from_foreign(current) });
    }
}
