// SPDX-License-Identifier: GPL-2.0-only

//! Responding with a page that the worker has rendered.

use super::{
    super::site_snapshot::SiteSnapshot,
    borrowed_cpu::BorrowedCpu,
    close_reason::CloseReason,
    defer_reason::DeferReason,
    poll::Poll,
    state::Action,
    timing::Timed,
    Connection, //
};
use crate::sys::{
    clock,
    tcp::Guard, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::ordering::Relaxed,
        Arc, //
    }, //
};

impl Connection {
    /// Responds to the next request with `page`, which the worker has rendered for it, or with 503.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn send_page(self: &Arc<Self>, page: Result<Arc<SiteSnapshot>>) {
        let Some(mut guard) = self.stream.try_lock() else {
            // A process owns the socket. The worker renders the page again.
            return self.kick();
        };
        let action = if self.closing.load(Relaxed) {
            guard.abort(CloseReason::Stopped)
        } else {
            guard.resume(page.is_err());
            match page {
                Ok(page) => self.poll_page(&mut guard, &page),
                Err(_) => self.poll(&mut guard),
            }
        };
        Self::carry_out(self.as_arc_borrow(), &mut guard, action);
    }

    /// Serves one request from `page`.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn poll_page(&self, guard: &mut Guard<'_, Self>, page: &Arc<SiteSnapshot>) -> Action {
        let core = self.core();
        let Some(cpu) = BorrowedCpu::new(core, guard.bh()) else {
            return Action::PollAgain(DeferReason::Cpu);
        };
        cpu.run_with(page.as_arc_borrow(), |context, scratch| {
            let action = Poll::of_one_request(guard, context, scratch).run(false);
            self.timing
                .update(guard, &core.settings, clock::uptime_seconds());
            action
        })
    }
}
