// SPDX-License-Identifier: GPL-2.0-only

//! What all workers share. It never changes: a new state replaces it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::ServerConfig;

use crate::config::Config;
use crate::listener::Listener;
use crate::log::Log;
use crate::sys::AdoptNode;

/// Listeners, settings and the node.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) config: Arc<Config>,
    pub(crate) tls: Arc<ServerConfig>,
    pub(crate) listeners: Vec<Arc<Listener>>,
    /// The node, once it could be opened.
    pub(crate) node: Option<Arc<AdoptNode>>,
    /// Time when the agent ends, if it stops.
    pub(crate) end: Option<Instant>,
}

/// The state, and the log.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<Arc<State>>,
    edition: AtomicU64,
    pub(crate) log: Arc<Log>,
}

impl Shared {
    pub(crate) fn new(state: State, log: Arc<Log>) -> Self {
        Self {
            state: Mutex::new(Arc::new(state)),
            edition: AtomicU64::new(0),
            log,
        }
    }

    /// Returns the state.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns a number that changes with the state.
    pub(crate) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// Replaces the state. The caller wakes the workers.
    pub(crate) fn publish(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        self.edition.fetch_add(1, Ordering::Release);
    }
}
