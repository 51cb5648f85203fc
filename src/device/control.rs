// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd`: what the server is set to and what it has done.

use crate::{
    server::Server,
    sys::device::Subject, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The control node of a server.
pub(crate) struct Control(Arc<Server>);

impl Control {
    /// The node's side of `server`.
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self(server)
    }
}

impl Subject for Control {
    fn text(&self) -> Result<KVec<u8>> {
        self.0.status()
    }
}
