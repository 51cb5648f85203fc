// SPDX-License-Identifier: GPL-2.0-only

//! Module parameters: their values, checked.
//!
//! The numbers are declared by `module!` in the entry file, the strings in [`sys::param`](param).

use crate::{
    module_parameters,
    site::load::Limits,
    sys::param, //
};
use core::{
    net::{
        IpAddr,
        SocketAddr, //
    },
    ops::RangeInclusive,
    str::FromStr, //
};
use kernel::prelude::*;
use protocol::control::command::{
    is_directory,
    CONNECTIONS, //
};

/// Range of `backlog=`. A longer backlog would only let clients wait longer.
const BACKLOG: RangeInclusive<i32> = 1..=65535;

/// The parameters that the module was loaded with.
pub(crate) struct Params {
    /// Address to listen on in the initial network namespace; none with `port=0`.
    pub(crate) listen: Option<SocketAddr>,
    /// Maximum number of connections waiting to be accepted, for each listener.
    pub(crate) backlog: i32,
    /// Maximum number of connections, for each server until a command changes it.
    pub(crate) max_connections: u32,
    /// Bound of the former in namespaces that belong to another user namespace than the initial one.
    pub(crate) max_connections_user_ns: u32,
    /// Limits of each site, unless a rule changes them.
    pub(crate) limits: Limits,
    /// Directory to serve in the initial network namespace; the built-in site without one.
    pub(crate) root: Option<&'static [u8]>,
    /// Commands to carry out in the initial network namespace, separated by semicolons.
    pub(crate) commands: &'static [u8],
}

impl Params {
    /// Reads and checks the parameters; logs the first one that is wrong.
    ///
    /// # Context
    ///
    /// Any context.
    ///
    /// # Errors
    ///
    /// `EINVAL` if a parameter is wrong.
    pub(crate) fn read() -> Result<Self> {
        let address = address()?;
        let backlog = backlog()?;
        let max_connections = connections(
            "max_connections",
            param::value(&module_parameters::max_connections),
        )?;
        let max_connections_user_ns = connections(
            "max_connections_user_ns",
            param::value(&module_parameters::max_connections_user_ns),
        )?;
        let root = root()?;
        let port = param::value(&module_parameters::port);
        Ok(Self {
            listen: (port != 0).then_some(SocketAddr::new(address, port)),
            backlog,
            max_connections,
            max_connections_user_ns,
            limits: Limits {
                max_site_bytes: param::value(&module_parameters::max_site_bytes),
                max_file_bytes: param::value(&module_parameters::max_file_bytes),
                max_entries: param::value(&module_parameters::max_entries),
            },
            root,
            commands: param::commands().to_bytes(),
        })
    }
}

fn address() -> Result<IpAddr> {
    let address = param::address();
    let parsed = address
        .to_str()
        .ok()
        .and_then(|text| IpAddr::from_str(text).ok());
    parsed.ok_or_else(|| {
        pr_err!("address={address:?}: must be an IPv4 or IPv6 address\n");
        EINVAL
    })
}

fn backlog() -> Result<i32> {
    let backlog = param::value(&module_parameters::backlog);
    if !BACKLOG.contains(&backlog) {
        let (min, max) = (BACKLOG.start(), BACKLOG.end());
        pr_err!("backlog={backlog}: must be {min} to {max}\n");
        return Err(EINVAL);
    }
    Ok(backlog)
}

fn connections(name: &str, value: u32) -> Result<u32> {
    if !CONNECTIONS.contains(&value) {
        let (min, max) = (CONNECTIONS.start(), CONNECTIONS.end());
        pr_err!("{name}={value}: must be {min} to {max}\n");
        return Err(EINVAL);
    }
    Ok(value)
}

fn root() -> Result<Option<&'static [u8]>> {
    let Some(root) = param::root() else {
        return Ok(None);
    };
    if !is_directory(root.to_bytes()) {
        pr_err!("root={root:?}: must be an absolute path without blanks, or built-in\n");
        return Err(EINVAL);
    }
    Ok(Some(root.to_bytes()))
}
