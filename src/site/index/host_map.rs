// SPDX-License-Identifier: GPL-2.0-only

//! The map from the host of a request to a virtual host.

use super::path_index::PathIndex;
use kernel::prelude::*;
use protocol::http::{
    HostPattern,
    HOST_MAX, //
};

/// Numbers of virtual hosts, by host.
pub(crate) struct HostMap {
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
    pub(crate) fn new() -> Self {
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
    pub(crate) fn insert(&mut self, pattern: HostPattern<'_>, virtual_host: u32) -> Result {
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

    /// Returns the number of the virtual host of `host`: that of the pattern that matches most of
    /// the name.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn find(&self, host: Option<&[u8]>) -> Option<u32> {
        match host {
            Some(host) if !(self.exact.is_empty() && self.below.is_empty()) => {
                self.find_name(host).or(self.any)
            }
            _ => self.any,
        }
    }

    /// Returns the number of the virtual host that has this pattern.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn number_of(&self, pattern: HostPattern<'_>) -> Option<u32> {
        let mut buffer = [0; HOST_MAX];
        match pattern {
            HostPattern::Any => self.any,
            HostPattern::Below(domain) => {
                self.below.find(canonical(domain.as_bytes(), &mut buffer)?)
            }
            HostPattern::Exact(name) => self.exact.find(canonical(name.as_bytes(), &mut buffer)?),
        }
    }

    #[inline(never)]
    fn find_name(&self, host: &[u8]) -> Option<u32> {
        let mut buffer = [0; HOST_MAX];
        let name = canonical(host, &mut buffer)?;
        self.exact.find(name).or_else(|| {
            let dots = name.iter().enumerate().filter(|(_, byte)| **byte == b'.');
            dots.filter_map(|(at, _)| name.get(at + 1..))
                .filter(|domain| domain.len() <= self.longest)
                .find_map(|domain| self.below.find(domain))
        })
    }
}

/// Returns a name as the map holds it: in lower case, without a dot at its end, or [`None`] for
/// a name that is longer than any pattern.
fn canonical<'b>(host: &[u8], buffer: &'b mut [u8; HOST_MAX]) -> Option<&'b [u8]> {
    let name = host.strip_suffix(b".").unwrap_or(host);
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(lower)
}

#[kunit_tests(khttpd_host_map)]
mod tests {
    use super::*;

    fn insert(map: &mut HostMap, pattern: &[u8], virtual_host: u32) -> Result {
        map.insert(
            HostPattern::parse(pattern).map_err(|_| EINVAL)?,
            virtual_host,
        )
    }

    #[test]
    fn star_matches_any_host_and_none() -> Result {
        let mut map = HostMap::new();
        assert!(map.find(Some(b"a")).is_none());
        insert(&mut map, b"*", 0)?;
        assert!(map.find(None) == Some(0));
        assert!(map.find(Some(b"a")) == Some(0));
        assert!(insert(&mut map, b"*", 1) == Err(EEXIST));
        Ok(())
    }

    #[test]
    fn most_specific_pattern_wins() -> Result {
        let mut map = HostMap::new();
        insert(&mut map, b"Example.org", 1)?;
        insert(&mut map, b"*.example.ORG", 2)?;
        insert(&mut map, b"*.b.example.org", 3)?;
        insert(&mut map, b"[2001:db8::1]", 4)?;
        assert!(map.find(Some(b"example.org")) == Some(1));
        assert!(map.find(Some(b"EXAMPLE.org.")) == Some(1));
        assert!(map.find(Some(b"a.example.org")) == Some(2));
        assert!(map.find(Some(b"b.example.org")) == Some(2));
        assert!(map.find(Some(b"x.y.B.example.org")) == Some(3));
        assert!(map.find(Some(b"[2001:DB8::1]")) == Some(4));
        assert!(map.find(Some(b"notexample.org")).is_none());
        assert!(map.find(Some(b"org")).is_none());
        assert!(map.find(None).is_none());
        let long = [b'a'; HOST_MAX + 1];
        assert!(map.find(Some(&long)).is_none());
        insert(&mut map, b"*", 0)?;
        assert!(map.number_of(HostPattern::Any) == Some(0));
        let below = HostPattern::parse(b"*.B.example.org").map_err(|_| EINVAL)?;
        assert!(map.number_of(below) == Some(3));
        let none = HostPattern::parse(b"a.example.org").map_err(|_| EINVAL)?;
        assert!(map.number_of(none).is_none());
        assert!(map.find(Some(b"notexample.org")) == Some(0));
        assert!(map.find(Some(&long)) == Some(0));
        assert!(insert(&mut map, b"EXAMPLE.ORG", 5) == Err(EEXIST));
        Ok(())
    }
}
