// SPDX-License-Identifier: GPL-2.0-only

//! A condition that `poll` and `epoll` wait for, in memory that is freed without waiting for them: as
//! the `kernel` crate has it since Linux 7.3.
//!
//! C header: [`include/linux/poll.h`](srctree/include/linux/poll.h)

#[cfg(not(khttpd_linux_7_2))]
pub(crate) use kernel::sync::poll::PollCondVarBox;

#[cfg(khttpd_linux_7_2)]
mod older {
    use core::{
        ops::Deref,
        pin::Pin, //
    };
    use kernel::{
        prelude::*,
        sync::{
            poll::PollCondVar,
            LockClassKey, //
        }, //
    };

    /// A [`PollCondVar`] in a box. Unlike that of Linux 7.3, its drop waits for a grace period, by
    /// which the end of a namespace takes some milliseconds longer.
    pub(crate) struct PollCondVarBox(Pin<KBox<PollCondVar>>);

    impl PollCondVarBox {
        /// Creates a condition.
        ///
        /// # Context
        ///
        /// Process context, may sleep.
        ///
        /// # Errors
        ///
        /// `ENOMEM`.
        pub(crate) fn new(name: &'static CStr, key: Pin<&'static LockClassKey>) -> Result<Self> {
            KBox::pin_init(PollCondVar::new(name, key), GFP_KERNEL).map(Self)
        }
    }

    impl Deref for PollCondVarBox {
        type Target = PollCondVar;

        fn deref(&self) -> &PollCondVar {
            &self.0
        }
    }
}

#[cfg(khttpd_linux_7_2)]
pub(crate) use older::PollCondVarBox;
