// SPDX-License-Identifier: GPL-2.0-only

//! A value for each CPU.

use super::softirq::BhDisabled;
use core::{
    cell::UnsafeCell,
    iter, //
};
use kernel::{
    alloc::Flags,
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
compile_error!("khttpd needs a kernel without PREEMPT_RT, where softirqs of a CPU do not nest");

/// One `T` for each possible CPU, each borrowed by one user at a time.
///
/// With softirqs disabled, the value of the CPU is free unless the user has borrowed it itself
/// further up its call chain. So there is no waiting, only [`PerCpu::try_borrow`].
pub(crate) struct PerCpu<T>(KVec<KVBox<CpuSlot<T>>>);

/// The value of a CPU.
///
/// # Invariants
///
/// `value` is accessed only by the user that has changed `borrowed` from `false` to `true`, until
/// that user changes it back.
#[repr(align(64))]
struct CpuSlot<T> {
    borrowed: Atomic<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: By the type invariant one thread at a time has access to the value, so that sharing a
// slot is no more than sending its value.
unsafe impl<T: Send> Sync for CpuSlot<T> {}

/// A type with a constant initial value.
pub(crate) trait Initial: Sized + 'static {
    /// The initial value.
    const INITIAL: Self;
}

impl<T: Initial> PerCpu<T> {
    /// Allocates the values.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
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
    /// Allocates a free slot, initialised in place: values may be too large for a kernel stack.
    fn new() -> Result<KVBox<Self>> {
        // INVARIANT: It is not borrowed, and the value is not accessed.
        KVBox::init(
            init!(Self {
                borrowed: Atomic::new(false),
                value: UnsafeCell::new(T::INITIAL),
            }),
            GFP_KERNEL,
        )
    }
}

impl<T> PerCpu<T> {
    /// Borrows the value of this CPU, unless it is borrowed.
    ///
    /// # Context
    ///
    /// Any context, with softirqs disabled.
    #[inline]
    pub(crate) fn try_borrow(&self, _: &BhDisabled) -> Option<Borrowed<'_, T>> {
        let cpu = usize::try_from(CpuId::current().as_u32()).ok()?;
        let slot = self.0.get(cpu)?;
        // Acquire: makes the writes of the last user visible, from whichever CPU.
        if slot.borrowed.xchg(true, ordering::Acquire) {
            return None;
        }
        // INVARIANT: `borrowed` was just changed from `false` to `true`.
        Some(Borrowed { slot })
    }
}

/// One `T` for each possible CPU, which all CPUs may use.
pub(crate) struct EachCpu<T> {
    first: T,
    others: KVec<T>,
}

impl<T> EachCpu<T> {
    /// Makes the values by `make`, in memory that is allocated with `flags`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `make`, and `ENOMEM`.
    pub(crate) fn new(mut make: impl FnMut() -> Result<T>, flags: Flags) -> Result<Self> {
        let first = make()?;
        let mut others = KVec::new();
        for _ in 1..cpu::nr_cpu_ids() {
            others.push(make()?, flags)?;
        }
        Ok(Self { first, others })
    }

    /// Returns the value of the CPU that the caller runs on at the moment.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn current(&self) -> &T {
        let cpu = CpuId::current().as_u32();
        let other = cpu.checked_sub(1).and_then(|i| self.others.get(i as usize));
        other.unwrap_or(&self.first)
    }

    /// Returns the values of all CPUs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        Iterator::chain(iter::once(&self.first), &self.others)
    }
}

/// The borrowed value of a CPU.
///
/// # Invariants
///
/// `slot.borrowed` was changed from `false` to `true` for this object, which is the only one.
pub(crate) struct Borrowed<'a, T> {
    slot: &'a CpuSlot<T>,
}

impl<T> Borrowed<'_, T> {
    /// Returns the value.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        // SAFETY: By the type invariants only this object has access to the value.
        unsafe { &mut *self.slot.value.get() }
    }
}

impl<T> Drop for Borrowed<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.slot.borrowed.store(false, ordering::Release);
    }
}

#[kunit_tests(khttpd_percpu)]
mod tests {
    use super::*;
    use crate::sys::softirq;

    impl Initial for u64 {
        const INITIAL: Self = 7;
    }

    #[test]
    fn value_is_borrowed_by_one_user_at_a_time() -> Result {
        let values = PerCpu::<u64>::new()?;
        let (value, is_exclusive, is_released) = softirq::disabled(|bh| {
            let mut first = values.try_borrow(bh).ok_or(EBUSY)?;
            let value = *first.get_mut();
            let is_exclusive = values.try_borrow(bh).is_none();
            drop(first);
            Ok::<_, Error>((value, is_exclusive, values.try_borrow(bh).is_some()))
        })?;
        assert_eq!(value, 7);
        assert!(is_exclusive);
        assert!(is_released);
        Ok(())
    }
}
