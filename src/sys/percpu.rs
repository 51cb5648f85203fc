// SPDX-License-Identifier: GPL-2.0-only

//! A value for each CPU.

use core::cell::UnsafeCell;
use kernel::{
    cpu::{
        self,
        CpuId, //
    },
    prelude::*,
    sync::atomic::{
        ordering,
        Atomic, //
    },
};

#[cfg(CONFIG_PREEMPT_RT)]
compile_error!("khttpd needs a kernel without PREEMPT_RT, where softirqs of a CPU take turns");

/// One `T` for each possible CPU, each lent to one user at a time.
///
/// Whoever runs with softirqs disabled finds the value of its CPU free, unless it has borrowed it
/// itself further up its call chain. So there is no waiting, only [`PerCpu::try_borrow`].
pub(crate) struct PerCpu<T>(KVec<KBox<CpuSlot<T>>>);

/// # Invariants
///
/// `value` is accessed only by whoever changed `lent` from `false` to `true`, until it changes it
/// back.
#[repr(align(64))]
struct CpuSlot<T> {
    lent: Atomic<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: `lent` makes sure that one thread at a time has access to the value, so that sharing a
// slot is no more than sending its value.
unsafe impl<T: Send> Sync for CpuSlot<T> {}

/// A type whose values begin alike.
pub(crate) trait Initial: Sized + 'static {
    /// What they begin with.
    const INITIAL: Self;
}

impl<T: Initial> PerCpu<T> {
    /// Makes the values. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let count = usize::try_from(cpu::nr_cpu_ids())?;
        let mut slots = KVec::with_capacity(count, GFP_KERNEL)?;
        for _ in 0..count {
            slots.push(CpuSlot::new()?, GFP_KERNEL)?;
        }
        Ok(Self(slots))
    }
}

impl<T: Initial> CpuSlot<T> {
    /// A slot that is not lent to anybody, made where it stays: values may be larger than what
    /// belongs on a kernel stack.
    fn new() -> Result<KBox<Self>> {
        // INVARIANT: It is not lent, and nobody has access to it.
        KBox::init(
            init!(Self {
                lent: Atomic::new(false),
                value: UnsafeCell::new(T::INITIAL),
            }),
            GFP_KERNEL,
        )
    }
}

impl<T> PerCpu<T> {
    /// Borrows the value of this CPU; nothing if it is lent already. Any context.
    #[inline]
    pub(crate) fn try_borrow(&self) -> Option<Borrowed<'_, T>> {
        let cpu = usize::try_from(CpuId::current().as_u32()).ok()?;
        let slot = self.0.get(cpu)?;
        // Acquire: what the last user wrote is seen, even if it has moved to another CPU since.
        if slot.lent.xchg(true, ordering::Acquire) {
            return None;
        }
        // INVARIANT: We changed `lent` from `false` to `true`.
        Some(Borrowed { slot })
    }
}

/// The value of a CPU while it is borrowed.
///
/// # Invariants
///
/// `slot.lent` was changed from `false` to `true` for this object, and it is the only one.
pub(crate) struct Borrowed<'a, T> {
    slot: &'a CpuSlot<T>,
}

impl<T> Borrowed<'_, T> {
    /// The value itself.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        // SAFETY: By the type invariants nobody else has access to the value.
        unsafe { &mut *self.slot.value.get() }
    }
}

impl<T> Drop for Borrowed<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.slot.lent.store(false, ordering::Release);
    }
}

#[kunit_tests(khttpd_percpu)]
mod tests {
    use super::*;
    use core::ptr;

    impl Initial for u64 {
        const INITIAL: Self = 7;
    }

    #[test]
    fn value_is_lent_to_one_at_a_time() -> Result {
        let values = PerCpu::<u64>::new()?;
        let mut first = values.try_borrow().ok_or(EBUSY)?;
        // The test may run on another CPU by now, and borrow that one's.
        if let Some(mut second) = values.try_borrow() {
            assert!(!ptr::eq(first.get_mut(), second.get_mut()));
        }
        assert_eq!(*first.get_mut(), 7);
        drop(first);
        assert!(values.try_borrow().is_some());
        Ok(())
    }
}
