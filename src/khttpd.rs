// SPDX-License-Identifier: GPL-2.0-only

//! khttpd: an HTTP server for static files inside the kernel.
//!
//! This file declares the module, starts its parts and stops them in order. The parts, each of
//! which imports only what stands below it:
//!
//! - [`params`]: the module parameters;
//! - [`device`]: the control interface, character devices in `/dev`;
//! - [`server`]: listeners and connections, one server per network namespace;
//! - [`site`]: the files that are served, an immutable index in memory;
//! - the crate [`protocol`]: HTTP, and the language of commands and rules;
//! - [`sys`]: safe wrappers of the kernel's C API, and all of the `unsafe` code.

mod device;
mod params;
mod server;
mod site;
mod sys;

use device::{
    AdoptFile,
    ControlFile,
    LogFile,
    RelayFile,
    Transaction, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use params::Params;
use server::PerNet;
use sys::{
    device::{
        CharDevice,
        CharDevices,
        DeviceClass, //
    },
    fsnotify::MarkRegistration,
    net::PernetRegistration, //
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
            description: "maximum connections waiting to be accepted, 1 to 65535 (default 4096)",
        },
        max_connections: u32 {
            default: 65536,
            description: "maximum connections served at a time, 1 to 1048576 (default 65536)",
        },
        max_connections_user_ns: u32 {
            default: 4096,
            description: "maximum of max_connections in other user namespaces (default 4096)",
        },
        max_site_bytes: u64 {
            default: 268435456,
            description: "maximum memory of a site in bytes (default 256 MiB)",
        },
        max_file_bytes: u64 {
            default: 67108864,
            description: "maximum length of a file in bytes (default 64 MiB)",
        },
        max_entries: u32 {
            default: 1048576,
            description: "maximum files and directories of a site (default 1048576)",
        },
    },
}

/// The loaded module.
#[pin_data(PinnedDrop)]
struct Khttpd {
    // Fields are dropped in declaration order: first the devices, so that no task can open one any
    // more, then the registration, which stops all servers.
    #[pin]
    devices: CharDevices<PerNet, 4>,
    _servers: PernetRegistration<PerNet>,
    // Last: waits until fsnotify uses nothing of the servers.
    _marks: MarkRegistration,
}

impl kernel::InPlaceModule for Khttpd {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(|| {
            let marks = MarkRegistration::new();
            let (servers, registration) = start_servers()?;
            let class = DeviceClass::new(c"khttpd")?;
            // Last, because nothing may fail once user space can open the devices.
            Ok(try_pin_init!(Self {
                // If the devices fail, the servers are dropped before the marks.
                _marks: marks,
                _servers: registration,
                devices <- CharDevices::register(
                    class,
                    c"khttpd",
                    [
                        CharDevice::new::<ControlFile>(c"khttpd"),
                        CharDevice::new::<RelayFile>(c"khttpd-relay"),
                        CharDevice::new::<AdoptFile>(c"khttpd-adopt"),
                        CharDevice::new::<LogFile>(c"khttpd-log"),
                    ],
                    servers,
                ),
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

/// Registers the servers and starts that of the initial network namespace as the parameters say.
fn start_servers() -> Result<(Arc<PerNet>, PernetRegistration<PerNet>)> {
    let params = Params::read()?;
    let servers = PerNet::new(
        params.backlog,
        params.max_connections,
        params.max_connections_user_ns,
        params.limits,
    )?;
    let registration = PernetRegistration::new(servers.clone())?;
    Transaction::at_load(&servers, params.listen, params.root, params.commands)?;
    Ok((servers, registration))
}
