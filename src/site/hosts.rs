// SPDX-License-Identifier: GPL-2.0-only

//! From the host of a request to the tree that is for it.

use super::table::{
    IndexTarget, //
    PathIndex,
};
use kernel::prelude::*;
use protocol::http::{
    HostPattern,
    HOST_MAX, //
};

/// The trees by their hosts.
pub(super) struct Hosts {
    exact: PathIndex,
    /// By the domain that the hosts are below.
    below: PathIndex,
    /// The longest of those, in bytes.
    longest: usize,
    /// The one for all that no other is for.
    any: Option<u32>,
}

impl Hosts {
    /// No trees. Process context.
    pub(super) fn new() -> Self {
        Self {
            exact: PathIndex::new(),
            below: PathIndex::new(),
            longest: 0,
            any: None,
        }
    }

    /// The tree with this number is for these hosts. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if another is, `ENOMEM`.
    pub(super) fn add(&mut self, pattern: HostPattern<'_>, tree: u32) -> Result {
        let mut buffer = [0; HOST_MAX];
        match pattern {
            HostPattern::Any => match self.any.replace(tree) {
                None => Ok(()),
                Some(_) => Err(EEXIST),
            },
            HostPattern::Below(domain) => {
                let domain = canonical(domain.as_bytes(), &mut buffer).ok_or(EINVAL)?;
                self.longest = self.longest.max(domain.len());
                self.below.insert(domain, IndexTarget::Entry(tree))
            }
            HostPattern::Exact(name) => {
                let name = canonical(name.as_bytes(), &mut buffer).ok_or(EINVAL)?;
                self.exact.insert(name, IndexTarget::Entry(tree))
            }
        }
    }

    /// The tree for `host`, if there is one. Any context.
    #[inline]
    pub(super) fn find(&self, host: Option<&[u8]>) -> Option<u32> {
        match host {
            Some(host) if !(self.exact.is_empty() && self.below.is_empty()) => {
                self.find_name(host).or(self.any)
            }
            _ => self.any,
        }
    }

    #[inline(never)]
    fn find_name(&self, host: &[u8]) -> Option<u32> {
        let mut buffer = [0; HOST_MAX];
        let name = canonical(host, &mut buffer)?;
        number(self.exact.find(name)).or_else(|| {
            let dots = name.iter().enumerate().filter(|(_, byte)| **byte == b'.');
            dots.filter_map(|(at, _)| name.get(at + 1..))
                .filter(|domain| domain.len() <= self.longest)
                .find_map(|domain| number(self.below.find(domain)))
        })
    }
}

fn number(target: Option<IndexTarget>) -> Option<u32> {
    match target? {
        IndexTarget::Entry(tree) => Some(tree),
        IndexTarget::Directory | IndexTarget::Redirect(_) | IndexTarget::Status => None,
    }
}

/// A name as the tables have it: in lower case, without a dot at its end.
fn canonical<'b>(host: &[u8], buffer: &'b mut [u8; HOST_MAX]) -> Option<&'b [u8]> {
    let name = host.strip_suffix(b".").unwrap_or(host);
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(lower)
}

#[kunit_tests(khttpd_hosts)]
mod tests {
    use super::*;

    fn add(hosts: &mut Hosts, pattern: &[u8], tree: u32) -> Result {
        hosts.add(HostPattern::parse(pattern).map_err(|_| EINVAL)?, tree)
    }

    #[test]
    fn one_tree_is_for_whoever_asks() -> Result {
        let mut hosts = Hosts::new();
        assert!(hosts.find(Some(b"a")).is_none());
        add(&mut hosts, b"*", 0)?;
        assert!(hosts.find(None) == Some(0));
        assert!(hosts.find(Some(b"a")) == Some(0));
        assert!(add(&mut hosts, b"*", 1) == Err(EEXIST));
        Ok(())
    }

    #[test]
    fn the_pattern_that_says_most_of_a_name_wins() -> Result {
        let mut hosts = Hosts::new();
        add(&mut hosts, b"Example.org", 1)?;
        add(&mut hosts, b"*.example.ORG", 2)?;
        add(&mut hosts, b"*.b.example.org", 3)?;
        add(&mut hosts, b"[2001:db8::1]", 4)?;
        assert!(hosts.find(Some(b"example.org")) == Some(1));
        assert!(hosts.find(Some(b"EXAMPLE.org.")) == Some(1));
        assert!(hosts.find(Some(b"a.example.org")) == Some(2));
        assert!(hosts.find(Some(b"b.example.org")) == Some(2));
        assert!(hosts.find(Some(b"x.y.B.example.org")) == Some(3));
        assert!(hosts.find(Some(b"[2001:DB8::1]")) == Some(4));
        assert!(hosts.find(Some(b"notexample.org")).is_none());
        assert!(hosts.find(Some(b"org")).is_none());
        assert!(hosts.find(None).is_none());
        let long = [b'a'; HOST_MAX + 1];
        assert!(hosts.find(Some(&long)).is_none());
        add(&mut hosts, b"*", 0)?;
        assert!(hosts.find(Some(b"notexample.org")) == Some(0));
        assert!(hosts.find(Some(&long)) == Some(0));
        assert!(add(&mut hosts, b"EXAMPLE.ORG", 5) == Err(EEXIST));
        Ok(())
    }
}
