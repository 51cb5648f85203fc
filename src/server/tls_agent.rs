// SPDX-License-Identifier: GPL-2.0-only

//! The process that gets the connections of TLS listeners.

use super::limits::REPORT_SECONDS;
use crate::sys::softirq::{
    self,
    BhDisabled, //
};
use core::mem;
use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    }, //
};
use protocol::http::ProcessAddress;

/// The TLS agent of a server: its address, and the connections that it could not have.
#[pin_data]
pub(super) struct TlsAgent {
    /// Locked with softirqs disabled.
    #[pin]
    state: SpinLock<AgentState>,
}

/// The state of the agent.
struct AgentState {
    address: Option<ProcessAddress>,
    /// The number of connections that were refused since the last report.
    refused: u64,
    /// The explanation of the last refusal.
    explanation: &'static str,
    /// The second of uptime of the last report.
    reported_at: Option<u32>,
}

impl TlsAgent {
    /// Creates the state of a server without an agent.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                state <- new_spinlock!(AgentState {
                    address: None,
                    refused: 0,
                    explanation: "",
                    reported_at: None,
                }),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Returns the address of the agent.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep. This holds for all methods below, too.
    pub(super) fn address(&self) -> Option<ProcessAddress> {
        softirq::disabled(|bh| self.address_bh(bh))
    }

    /// As [`TlsAgent::address`], with softirqs disabled.
    pub(super) fn address_bh(&self, _: &BhDisabled) -> Option<ProcessAddress> {
        self.state.lock().address
    }

    /// Sets the address of the agent.
    pub(super) fn set_address(&self, address: Option<ProcessAddress>) {
        softirq::disabled(|_| self.state.lock().address = address);
    }

    /// Notes that the agent could not have a connection.
    pub(super) fn note_refusal(&self, explanation: &'static str, _: &BhDisabled) {
        let mut state = self.state.lock();
        state.refused = state.refused.saturating_add(1);
        state.explanation = explanation;
    }

    /// Returns the number of connections that were refused since the last report and the explanation
    /// of the last one, if there are any and a report is due at the second `now` of uptime.
    pub(super) fn refusals_to_report(&self, now: u32) -> Option<(u64, &'static str)> {
        softirq::disabled(|_| {
            let mut state = self.state.lock();
            let last = state.reported_at;
            let is_due = last.is_none_or(|last| now.saturating_sub(last) >= REPORT_SECONDS);
            if state.refused == 0 || !is_due {
                return None;
            }
            state.reported_at = Some(now);
            Some((mem::take(&mut state.refused), state.explanation))
        })
    }
}

#[kunit_tests(khttpd_tls_agent)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_reported_once_and_at_most_once_a_minute() -> Result {
        let agent = TlsAgent::new()?;
        let refuse = |explanation| softirq::disabled(|bh| agent.note_refusal(explanation, bh));
        assert!(agent.refusals_to_report(5).is_none());
        refuse("first");
        assert!(agent.refusals_to_report(5) == Some((1, "first")));
        assert!(agent.refusals_to_report(6).is_none());
        refuse("second");
        refuse("third");
        assert!(agent.refusals_to_report(4 + REPORT_SECONDS).is_none());
        assert!(agent.refusals_to_report(5 + REPORT_SECONDS) == Some((2, "third")));
        assert!(agent.refusals_to_report(99 + REPORT_SECONDS).is_none());
        Ok(())
    }
}
