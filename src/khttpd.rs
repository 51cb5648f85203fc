// SPDX-License-Identifier: GPL-2.0-only

//! khttpd: serves files over HTTP from inside the kernel.
//!
//! This file says what starts and what stops, in which order; the rest says how:
//!
//! - [`device`]: how it is ruled, by nodes in `/dev`;
//! - [`server`]: how it is served, by listeners and connections;
//! - [`site`]: what is served, an immutable table;
//! - the crate [`protocol`]: what the bytes mean that arrive and leave;
//! - [`sys`]: the kernel's C API, wrapped, and all of the `unsafe`.
//!
//! Each imports only what stands below it.

mod device;
mod server;
mod site;
mod sys;

use core::{
    net::{
        IpAddr,
        SocketAddr, //
    },
    str::FromStr, //
};
use device::{
    ControlFile,
    RelayFile,
    Transaction, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::control::command::{
    is_directory,
    CONNECTIONS, //
};
use server::PerNet;
use site::load::Limits;
use sys::{
    device::{
        CharDevices, //
        DeviceClass,
    },
    net::PernetRegistration,
    param, //
};

module! {
    type: Khttpd,
    name: "khttpd",
    authors: ["The khttpd maintainers"],
    description: "In-kernel HTTP server for static files",
    license: "GPL",
    params: {
        port: u16 {
            default: 8080,
            description: "TCP port to listen on; 0: do not listen (default 8080)",
        },
        backlog: i32 {
            default: 4096,
            description: "connections that may wait to be accepted, 1 to 65535 (default 4096)",
        },
        max_connections: u32 {
            default: 65536,
            description: "connections served at a time, 1 to 1048576 (default 65536)",
        },
        max_site_bytes: u64 {
            default: 268435456,
            description: "memory of a site, in bytes (default 256 MiB)",
        },
        max_file_bytes: u64 {
            default: 67108864,
            description: "length of a file of a site, in bytes (default 64 MiB)",
        },
        max_entries: u32 {
            default: 1048576,
            description: "files and directories of a site (default 1048576)",
        },
    },
}

/// The version of the module.
pub(crate) const VERSION: &str = "0.1.0";

/// The module while it is loaded.
#[pin_data(PinnedDrop)]
struct Khttpd {
    // Dropped in this order: nobody can open a node any more when the servers stop, which they do
    // when the watch ends.
    #[pin]
    nodes: CharDevices<ControlFile, RelayFile>,
    _watch: PernetRegistration<PerNet>,
}

impl kernel::InPlaceModule for Khttpd {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        // What can't be undone once it is seen comes last.
        pin_init::pin_init_scope(|| {
            let (servers, watch) = start()?;
            let class = DeviceClass::new(c"khttpd")?;
            Ok(try_pin_init!(Self {
                _watch: watch,
                nodes <- CharDevices::register(class, [c"khttpd", c"khttpd-relay"], servers),
            }))
        })
    }
}

#[pinned_drop]
impl PinnedDrop for Khttpd {
    fn drop(self: Pin<&mut Self>) {
        pr_info!("stopping\n");
    }
}

/// Starts to serve as the parameters say.
fn start() -> Result<(Arc<PerNet>, PernetRegistration<PerNet>)> {
    let (servers, listen) = parameters()?;
    let watch = PernetRegistration::new(servers.clone())?;
    let root = param::root().map(CStr::to_bytes);
    Transaction::at_load(&servers, listen, root, param::commands().to_bytes())?;
    Ok((servers, watch))
}

/// The parameters, checked; what is wrong with them goes to the log.
fn parameters() -> Result<(Arc<PerNet>, Option<SocketAddr>)> {
    let address = param::address();
    let Some(ip) = address
        .to_str()
        .ok()
        .and_then(|text| IpAddr::from_str(text).ok())
    else {
        pr_err!("address={address:?}: neither an IPv4 nor an IPv6 address\n");
        return Err(EINVAL);
    };
    let backlog = *module_parameters::backlog.value_ref();
    if !(1..=65535).contains(&backlog) {
        pr_err!("backlog={backlog}: must be 1 to 65535\n");
        return Err(EINVAL);
    }
    let max_connections = *module_parameters::max_connections.value_ref();
    if !CONNECTIONS.contains(&max_connections) {
        pr_err!("max_connections={max_connections}: must be 1 to 1048576\n");
        return Err(EINVAL);
    }
    let root = param::root().unwrap_or(c"built-in");
    if !is_directory(root.to_bytes()) {
        pr_err!("root={root:?}: must be an absolute path without blanks, or built-in\n");
        return Err(EINVAL);
    }
    let port = *module_parameters::port.value_ref();
    let listen = (port != 0).then_some(SocketAddr::new(ip, port));
    let bounds = Limits {
        max_site_bytes: *module_parameters::max_site_bytes.value_ref(),
        max_file_bytes: *module_parameters::max_file_bytes.value_ref(),
        max_entries: *module_parameters::max_entries.value_ref(),
    };
    let servers = PerNet::new(backlog, max_connections, bounds)?;
    Ok((servers, listen))
}
