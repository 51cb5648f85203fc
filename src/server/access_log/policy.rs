// SPDX-License-Identifier: GPL-2.0-only

//! Policy: which requests are logged, in which format, and with which address.

use core::{
    cmp::Reverse,
    net::{
        IpAddr,
        Ipv6Addr, //
    }, //
};
use kernel::{
    fmt,
    prelude::*, //
};
use protocol::{
    control::{
        Network,
        ProxyField, //
    },
    http::{
        Host,
        HostPattern, //
    },
    log::{
        last_address,
        LogFormat,
        RequestHead, //
    }, //
};

/// Bound of the number of hosts with a format of their own.
const HOSTS_MAX: usize = 64;

/// Bound of the number of networks of proxies.
const NETWORKS_MAX: usize = 8;

/// The default memory for lines that are not read yet, in bytes for each CPU.
const BUFFER_BYTES: u32 = 1 << 20;

/// The policy of the access log. The commands `log`, `log-buffer` and `client-address` set it.
#[derive(PartialEq)]
pub(crate) struct LogPolicy {
    /// Format for all hosts that are not in `hosts`.
    format: LogFormat,
    /// Formats of other hosts.
    hosts: KVec<HostFormat>,
    /// Fields by which proxies tell the address of a client.
    proxies: KVec<Proxy>,
    /// Memory for the lines that are not read yet, in bytes for each CPU.
    pub(crate) buffer_bytes: u32,
}

/// The format of some hosts.
#[derive(PartialEq)]
struct HostFormat {
    /// Host name without a dot at its end; of a domain if `is_below`.
    name: KVec<u8>,
    /// Whether it is the format of the hosts below `name`.
    is_below: bool,
    format: LogFormat,
}

/// The field of the proxies of a network.
#[derive(PartialEq)]
struct Proxy {
    field: KVec<u8>,
    network: Network,
}

impl LogPolicy {
    /// Creates the policy that logs nothing.
    pub(crate) const fn new() -> Self {
        Self {
            format: LogFormat::Off,
            hosts: KVec::new(),
            proxies: KVec::new(),
            buffer_bytes: BUFFER_BYTES,
        }
    }

    /// Copies the policy.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let mut clone = Self::new();
        clone.format = self.format;
        clone.buffer_bytes = self.buffer_bytes;
        for host in &self.hosts {
            clone.hosts.push(
                HostFormat {
                    name: copy(&host.name)?,
                    ..*host
                },
                GFP_KERNEL_ACCOUNT,
            )?;
        }
        for proxy in &self.proxies {
            clone.proxies.push(
                Proxy {
                    field: copy(&proxy.field)?,
                    ..*proxy
                },
                GFP_KERNEL_ACCOUNT,
            )?;
        }
        Ok(clone)
    }

    /// Sets the format for all hosts.
    pub(crate) fn set_format(&mut self, format: LogFormat) {
        self.hosts.clear();
        self.format = format;
    }

    /// Sets the format for the hosts of a pattern.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `E2BIG` beyond [`HOSTS_MAX`], `ENOMEM`.
    pub(crate) fn set_format_for(&mut self, hosts: HostPattern<'_>, format: LogFormat) -> Result {
        let (name, is_below) = match hosts {
            HostPattern::Any => {
                self.format = format;
                return Ok(());
            }
            HostPattern::Below(domain) => (without_dot(domain.as_bytes()), true),
            HostPattern::Exact(name) => (without_dot(name.as_bytes()), false),
        };
        let is_same = |known: &&mut HostFormat| {
            known.is_below == is_below && known.name.eq_ignore_ascii_case(name)
        };
        if let Some(known) = self.hosts.iter_mut().find(is_same) {
            known.format = format;
            return Ok(());
        }
        if self.hosts.len() >= HOSTS_MAX {
            return Err(E2BIG);
        }
        let host = HostFormat {
            name: copy(name)?,
            is_below,
            format,
        };
        Ok(self.hosts.push(host, GFP_KERNEL_ACCOUNT)?)
    }

    /// Takes the addresses of clients from a field of the proxies of a network.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `E2BIG` beyond [`NETWORKS_MAX`], `ENOMEM`.
    pub(crate) fn add_proxy(&mut self, proxy: ProxyField<'_>) -> Result {
        let network = proxy.network;
        let field = copy(proxy.name.as_bytes())?;
        let mut proxies = self.proxies.iter_mut();
        if let Some(known) = proxies.find(|known| known.network == network) {
            known.field = field;
            return Ok(());
        }
        if self.proxies.len() >= NETWORKS_MAX {
            return Err(E2BIG);
        }
        Ok(self
            .proxies
            .push(Proxy { field, network }, GFP_KERNEL_ACCOUNT)?)
    }

    /// Takes the addresses of clients from no field.
    pub(crate) fn clear_proxies(&mut self) {
        self.proxies.clear();
    }

    /// Returns whether any request is logged.
    pub(crate) fn is_on(&self) -> bool {
        let is_on = |format| format != LogFormat::Off;
        is_on(self.format) || self.hosts.iter().any(|host| is_on(host.format))
    }

    /// Returns whether the format depends on the host.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn needs_host(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// Returns the format for a request with this `Host` field: that of the pattern that matches
    /// most of the name.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn format(&self, host: Option<&[u8]>) -> LogFormat {
        if !self.needs_host() {
            return self.format;
        }
        host.and_then(Host::parse)
            .and_then(|host| self.find(without_dot(host.as_bytes())))
            .unwrap_or(self.format)
    }

    /// Returns the format of the most specific pattern that matches a name.
    #[inline(never)]
    fn find(&self, name: &[u8]) -> Option<LogFormat> {
        let hosts = self.hosts.iter().filter(|host| host.matches(name));
        let best = hosts.min_by_key(|host| (host.is_below, Reverse(host.name.len())))?;
        Some(best.format)
    }

    /// Returns the address of the client: that which `peer` sends in its field if it is a proxy,
    /// otherwise that of `peer`. The narrowest network decides about the field. Addresses of IPv4 are
    /// mapped to IPv6.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn client(&self, peer: Ipv6Addr, head: RequestHead<'_>) -> Ipv6Addr {
        if self.proxies.is_empty() {
            return peer;
        }
        match self.forwarded(peer.to_canonical(), head) {
            None => peer,
            Some(IpAddr::V4(address)) => address.to_ipv6_mapped(),
            Some(IpAddr::V6(address)) => address,
        }
    }

    /// Returns the address that `peer` sends in its field if it is a proxy.
    #[inline(never)]
    fn forwarded(&self, peer: IpAddr, head: RequestHead<'_>) -> Option<IpAddr> {
        let proxies = self.proxies.iter();
        let proxy = proxies
            .filter(|proxy| proxy.network.contains(peer))
            .max_by_key(|proxy| proxy.network.bits())?;
        last_address(head.field(&proxy.field)?)
    }
}

impl HostFormat {
    /// Returns whether the format is that of the host `name`, which has no dot at its end.
    #[inline]
    fn matches(&self, name: &[u8]) -> bool {
        if !self.is_below {
            return self.name.eq_ignore_ascii_case(name);
        }
        let length = name.len().saturating_sub(self.name.len());
        match name.split_at_checked(length) {
            Some(([_, .., b'.'], domain)) => self.name.eq_ignore_ascii_case(domain),
            Some(_) | None => false,
        }
    }
}

impl fmt::Display for LogPolicy {
    /// Writes the commands that set this policy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "log {}", self.format.word())?;
        for host in &self.hosts {
            let name = core::str::from_utf8(&host.name).unwrap_or_default();
            let star = if host.is_below { "*." } else { "" };
            writeln!(f, "log {} for {star}{name}", host.format.word())?;
        }
        writeln!(f, "log-buffer {}", self.buffer_bytes)?;
        f.write_str("client-address off\n")?;
        for proxy in &self.proxies {
            let field = core::str::from_utf8(&proxy.field).unwrap_or_default();
            writeln!(f, "client-address {field} from {}", proxy.network)?;
        }
        Ok(())
    }
}

fn without_dot(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").unwrap_or(name)
}

fn copy(bytes: &[u8]) -> Result<KVec<u8>> {
    let mut copy = KVec::new();
    copy.extend_from_slice(bytes, GFP_KERNEL_ACCOUNT)?;
    Ok(copy)
}

mod tests;
