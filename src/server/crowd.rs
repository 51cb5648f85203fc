// SPDX-License-Identifier: GPL-2.0-only

//! Those who ask while others wait to be accepted.

use super::{
    settings::TURN_ANSWERS,
    Connection, //
};
use crate::sys::softirq;
use core::mem;
use kernel::{
    alloc::flags::__GFP_NOWARN,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        ArcBorrow,
        SpinLock, //
    }, //
};

/// Connections that are answered by an acceptor, between its turns, and not at once.
///
/// Connections are accepted by a worker, requests are answered in softirq, which goes before all
/// workers: where a CPU has all it can do, nobody would be accepted any more. So, while somebody
/// has to wait for that, those gather here who ask, and softirq has little to do. A crowd that
/// gathers is certain of an acceptor's turn.
///
/// They are answered some at a time with softirqs disabled. One by one they would wait for seconds:
/// each time softirqs are enabled, others are served until there is a pause.
#[pin_data]
pub(crate) struct Crowd {
    /// Changes with the lock held.
    gathers: Atomic<bool>,
    /// Locked with softirqs disabled.
    #[pin]
    waiting: SpinLock<KVec<Arc<Connection>>>,
}

impl Crowd {
    /// Nobody, and nobody joins.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            gathers: Atomic::new(false),
            waiting <- new_spinlock!(KVec::new()),
        })
    }

    /// Whether those who ask had better join. Any context.
    #[inline]
    pub(crate) fn gathers(&self) -> bool {
        self.gathers.load(Relaxed)
    }

    /// From now on those who ask join. An acceptor's turn must follow. Softirq or process context.
    pub(crate) fn gather(&self) {
        softirq::disabled(|_| {
            let _waiting = self.waiting.lock();
            self.gathers.store(true, Relaxed);
        });
    }

    /// Lets `connection` wait for an acceptor's turn, unless the crowd has dispersed or there is no
    /// memory. Softirq or process context.
    pub(crate) fn join(&self, connection: ArcBorrow<'_, Connection>) -> bool {
        softirq::disabled(|_| {
            let mut waiting = self.waiting.lock();
            if !self.gathers() {
                return false;
            }
            if connection.is_in_crowd.load(Relaxed) {
                return true;
            }
            // Who can't join is answered at once, of which the log need not tell.
            let flags = GFP_ATOMIC | __GFP_NOWARN;
            let joined = waiting.push(Arc::from(connection), flags).is_ok();
            connection.is_in_crowd.store(joined, Relaxed);
            joined
        })
    }

    /// Answers those who have waited, after which nobody joins any more unless it `gathers` on.
    /// Process context, sleeps, since the last references may be among them.
    pub(crate) fn answer(&self, gathers: bool) {
        let waiting = softirq::disabled(|_| {
            let mut waiting = self.waiting.lock();
            self.gathers.store(gathers, Relaxed);
            mem::take(&mut *waiting)
        });
        for some in waiting.chunks(TURN_ANSWERS) {
            softirq::disabled(|_| some.iter().for_each(Connection::answer));
        }
    }
}
