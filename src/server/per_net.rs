// SPDX-License-Identifier: GPL-2.0-only

//! The servers of all network namespaces.

use super::{
    config::Settings,
    handle::ServerHandle,
    template::ServerTemplate,
    Server, //
};
use crate::{
    site::load::Limits,
    sys::{
        net::{
            Net,
            PernetOperations, //
        },
        text::Text, //
    }, //
};
use core::{
    mem,
    net::SocketAddr, //
};
use kernel::{
    new_mutex,
    prelude::*,
    rbtree::{
        Entry,
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// The end of the status text of a namespace that has no server.
const NO_SERVER: &[u8] = b"# no server in this network namespace yet\n";

/// A server for each network namespace, from the first transaction until the namespace exits.
#[pin_data]
pub(crate) struct PerNet {
    /// Declared first: what the servers share must go last.
    #[pin]
    servers: Mutex<Servers>,
    /// Held during [`PerNet::exit_batch`], outside of `servers`.
    #[pin]
    batches: Mutex<()>,
    template: ServerTemplate,
    /// The template for namespaces that belong to another user namespace than the initial one.
    contained: ServerTemplate,
}

/// Servers by the cookies of their namespaces.
#[derive(Default)]
struct Servers {
    running: RBTree<u64, ServerHandle>,
    /// Servers that were stopped, until [`PerNet::exit_batch`] frees them.
    stopped: RBTree<u64, ServerHandle>,
}

impl PerNet {
    /// Loads the built-in site, which each server begins with; there is no server yet.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and the errno of the reason why the built-in site cannot be loaded.
    pub(crate) fn new(
        backlog: i32,
        max_connections: u32,
        max_connections_user_ns: u32,
        limits: Limits,
    ) -> Result<Arc<Self>> {
        let settings = |bound| Settings::new(backlog, max_connections, bound);
        let template = ServerTemplate::new(settings(u32::MAX), limits).map_err(|e| e.errno())?;
        let contained = template.with_settings(settings(max_connections_user_ns))?;
        Arc::pin_init(
            pin_init!(Self {
                servers <- new_mutex!(Servers::default()),
                batches <- new_mutex!(()),
                template,
                contained,
            }),
            GFP_KERNEL,
        )
    }

    /// Returns the server of `net`, for a task that may administer it. If there is none, this makes
    /// one, which serves the built-in site and does not listen yet.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn of(&self, net: &Net) -> Result<Arc<Server>> {
        if let Some(server) = self.find(net) {
            return Ok(server);
        }
        // Without the lock, because the control group of the task may be short of memory. Of two
        // servers that are made at the same time for one namespace, the second is dropped.
        let new = self.template(net).create()?;
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let mut servers = self.servers.lock();
        let server = match servers.running.entry(net.cookie()) {
            Entry::Occupied(known) => known.get().server().clone(),
            Entry::Vacant(free) => free.insert(ServerHandle::start(new), node).server().clone(),
        };
        Ok(server)
    }

    /// Returns what the server of `net` begins as.
    fn template(&self, net: &Net) -> &ServerTemplate {
        if net.is_owned_by_host() {
            &self.template
        } else {
            &self.contained
        }
    }

    /// Returns the server of `net`, if it has one.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn find(&self, net: &Net) -> Option<Arc<Server>> {
        let servers = self.servers.lock();
        let handle = servers.running.get(&net.cookie())?;
        Some(handle.server().clone())
    }

    /// Renders the status of the server of `net`; without one, that of a new server.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn status(&self, net: &Net) -> Result<Text> {
        if let Some(server) = self.find(net) {
            return server.status();
        }
        let mut text = self.template(net).status()?;
        text.extend_from_slice(NO_SERVER, GFP_KERNEL_ACCOUNT)?;
        Ok(text)
    }

    /// Returns the peer of the relay in `net`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn relay(&self, net: &Net) -> SocketAddr {
        self.find(net)
            .map_or_else(|| self.template(net).relay(), |server| server.relay())
    }
}

impl PernetOperations for PerNet {
    fn pre_exit(&self, net: &Net) {
        let Some(server) = self.find(net) else {
            return;
        };
        // While the devices still work: connections send their last bytes.
        server.stop();
        let servers = &mut *self.servers.lock();
        if let Some(stopped) = servers.running.remove_node(&net.cookie()) {
            servers.stopped.insert(stopped);
        }
    }

    fn exit_batch(&self) {
        // The kernel may end batches at the same time, if a new namespace fails to come into being.
        // The one that finds no server waits for the other, which may have its servers.
        let _batch = self.batches.lock();
        let mut stopped = mem::take(&mut self.servers.lock().stopped);
        if !stopped.is_empty() {
            stopped.values_mut().for_each(ServerHandle::stop_sweep);
            // Work items must not hold the last reference to a listener when its namespace goes,
            // nor to the workqueue when the module goes.
            self.template.quiesce();
        }
    }
}

#[kunit_tests(khttpd_per_net)]
mod tests {
    use super::*;

    fn per_net() -> Result<Arc<PerNet>> {
        PerNet::new(1, 1, 1, Limits::MAX)
    }

    #[test]
    fn status_and_relay_make_no_server() -> Result {
        let (per_net, net) = (per_net()?, Net::initial());
        let text = per_net.status(net)?;
        assert!(text.ends_with(NO_SERVER));
        let relay = per_net.relay(net);
        assert!(per_net.find(net).is_none());
        let server = per_net.of(net)?;
        let same = server.status()?;
        assert!(text.strip_suffix(NO_SERVER) == Some(&same[..]));
        assert!(server.relay() == relay);
        // The built-in site, which others use, too, is not the server's to retire.
        assert!(server.pool.core.snapshot().usage().is_none());
        drop(server);
        per_net.pre_exit(net);
        per_net.exit_batch();
        assert!(per_net.find(net).is_none());
        Ok(())
    }

    #[test]
    fn namespace_has_one_server_until_it_exits() -> Result {
        let (per_net, net) = (per_net()?, Net::initial());
        let first = per_net.of(net)?;
        assert!(Arc::ptr_eq(&first, &per_net.of(net)?));
        per_net.pre_exit(net);
        assert!(!Arc::ptr_eq(&first, &per_net.of(net)?));
        per_net.pre_exit(net);
        per_net.exit_batch();
        Ok(())
    }
}
