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
use device::Control;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::http::HostPattern;
use server::{
    Running,
    Settings, //
};
use site::{
    Progress,
    Sources, //
};
use sys::{
    device::Node,
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
    },
}

/// The version of the module.
pub(crate) const VERSION: &str = "0.1.0";

/// The module while it is loaded.
#[pin_data(PinnedDrop)]
struct Khttpd {
    // Dropped in this order: nobody can open the node any more when the server stops.
    #[pin]
    control: Node<Control>,
    running: Running,
}

impl kernel::InPlaceModule for Khttpd {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        let started = start();
        try_pin_init!(Self {
            running: started?,
            control <- Node::register(
                c"khttpd",
                Arc::new(Control::new(running.server().clone()), GFP_KERNEL)?,
            ),
        })
    }
}

#[pinned_drop]
impl PinnedDrop for Khttpd {
    fn drop(self: Pin<&mut Self>) {
        pr_info!("stopping\n");
    }
}

/// Starts to serve the built-in site as the parameters say.
fn start() -> Result<Running> {
    let (settings, listen) = settings()?;
    let mut sources = Sources::new();
    sources.set_root(b"built-in", HostPattern::Any)?;
    let site = site::load(&sources, None, &Progress::new()).map_err(|e| {
        pr_err!("cannot load the site: {e}\n");
        e.errno()
    })?;
    let files = site.len();
    let running = Running::start(settings, listen, site).inspect_err(|e| match listen {
        Some(address) => pr_err!("cannot listen at {address:?}: {}\n", reason(*e)),
        None => pr_err!("cannot start: {}\n", reason(*e)),
    })?;
    match listen {
        Some(address) => pr_info!("serving {files} files at {address:?}\n"),
        None => pr_info!("loaded with {files} files, not listening\n"),
    }
    Ok(running)
}

/// What is wrong, and what can be done about it.
fn reason(e: Error) -> &'static str {
    match e {
        EADDRINUSE => "somebody else does (ss -ltnp tells who); choose another port= or address=",
        EADDRNOTAVAIL => "this machine has no such address (ip address tells which it has)",
        ENOMEM => "not enough memory",
        EMFILE | ENFILE => "too many open files",
        EAFNOSUPPORT => "this kernel knows no IPv6; choose an IPv4 address=",
        _ => "the network refuses it",
    }
}

/// The parameters, checked; what is wrong with them goes to the log.
fn settings() -> Result<(Settings, Option<SocketAddr>)> {
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
    if !(1..=1 << 20).contains(&max_connections) {
        pr_err!("max_connections={max_connections}: must be 1 to 1048576\n");
        return Err(EINVAL);
    }
    let port = *module_parameters::port.value_ref();
    let listen = (port != 0).then_some(SocketAddr::new(ip, port));
    Ok((Settings::new(backlog, max_connections), listen))
}
