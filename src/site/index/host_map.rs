// SPDX-License-Identifier: GPL-2.0-only

//! A map from hosts to virtual hosts.

use super::path_index::PathIndex;
use kernel::prelude::*;
use protocol::http::{
    HostPattern,
    HOST_MAX, //
};

/// Numbers of virtual hosts, by host.
pub(super) struct HostMap {
    /// Virtual hosts of single hosts.
    exact: PathIndex<u32>,
    /// Virtual hosts of all hosts below a domain, by the domain.
    below: PathIndex<u32>,
    /// Length of the longest such domain, in bytes.
    longest: usize,
    /// Virtual host of all hosts that have no other.
    any: Option<u32>,
}

impl HostMap {
    /// Creates an empty map.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn new() -> Self {
        Self {
            exact: PathIndex::new(),
            below: PathIndex::new(),
            longest: 0,
            any: None,
        }
    }

    /// Maps the hosts of `pattern` to the virtual host with this number.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `EEXIST` if another virtual host has the same pattern;
    /// - `ENOMEM`.
    pub(super) fn insert(&mut self, pattern: HostPattern<'_>, virtual_host: u32) -> Result {
        let mut buffer = [0; HOST_MAX];
        match pattern {
            HostPattern::Any => match self.any.replace(virtual_host) {
                None => Ok(()),
                Some(_) => Err(EEXIST),
            },
            HostPattern::Below(domain) => {
                let domain = canonical(domain.as_bytes(), &mut buffer).ok_or(EINVAL)?;
                self.longest = self.longest.max(domain.len());
                self.below.insert(domain, virtual_host)
            }
            HostPattern::Exact(name) => {
                let name = canonical(name.as_bytes(), &mut buffer).ok_or(EINVAL)?;
                self.exact.insert(name, virtual_host)
            }
        }
    }

    /// Returns the number of the virtual host of the host with this [`canonical`] name: that of the
    /// pattern that matches most of the name.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn find(&self, name: Option<&[u8]>) -> Option<u32> {
        match name {
            Some(name) if !(self.exact.is_empty() && self.below.is_empty()) => {
                self.find_name(name).or(self.any)
            }
            _ => self.any,
        }
    }

    /// Returns the number of the virtual host of all hosts that have no other.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(super) fn any(&self) -> Option<u32> {
        self.any
    }

    /// Returns the number of the virtual host that has this pattern.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn number_of(&self, pattern: HostPattern<'_>) -> Option<u32> {
        let mut buffer = [0; HOST_MAX];
        match pattern {
            HostPattern::Any => self.any,
            HostPattern::Below(domain) => {
                self.below.find(canonical(domain.as_bytes(), &mut buffer)?)
            }
            HostPattern::Exact(name) => self.exact.find(canonical(name.as_bytes(), &mut buffer)?),
        }
    }

    fn find_name(&self, name: &[u8]) -> Option<u32> {
        self.exact.find(name).or_else(|| {
            let dots = name.iter().enumerate().filter(|(_, byte)| **byte == b'.');
            dots.filter_map(|(at, _)| name.get(at + 1..))
                .filter(|domain| domain.len() <= self.longest)
                .find_map(|domain| self.below.find(domain))
        })
    }
}

/// Returns a name as a map holds it: in lower case, without a dot at its end, or [`None`] for
/// a name that is longer than any pattern.
pub(super) fn canonical<'b>(host: &[u8], buffer: &'b mut [u8; HOST_MAX]) -> Option<&'b [u8]> {
    let name = host.strip_suffix(b".").unwrap_or(host);
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(lower)
}
