// SPDX-License-Identifier: GPL-2.0-only

//! The map from the origin of a request to a virtual host.

use super::host_map::{
    canonical,
    HostMap, //
};
use kernel::prelude::*;
use protocol::http::{
    Origin,
    OriginPattern,
    Scheme,
    HOST_MAX, //
};

/// Numbers of virtual hosts, by origin.
pub(crate) struct OriginMap {
    /// Virtual hosts of the patterns without scheme.
    both: HostMap,
    /// Virtual hosts of the patterns with scheme, if there are any.
    schemes: Option<KBox<SchemeMaps>>,
    /// Whether the virtual host depends on the origin: there is a pattern other than `*`.
    needs_origin: bool,
}

/// Numbers of virtual hosts by host, for each scheme.
struct SchemeMaps {
    http: HostMap,
    https: HostMap,
}

impl OriginMap {
    /// Creates an empty map.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn new() -> Self {
        Self {
            both: HostMap::new(),
            schemes: None,
            needs_origin: false,
        }
    }

    /// Maps the origins of `pattern` to the virtual host with this number.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `EEXIST` if another virtual host has the same pattern;
    /// - `ENOMEM`.
    pub(crate) fn insert(&mut self, pattern: OriginPattern<'_>, virtual_host: u32) -> Result {
        let map = match (pattern.scheme, &mut self.schemes) {
            (None, _) => &mut self.both,
            (Some(scheme), Some(maps)) => maps.of_mut(scheme),
            (Some(scheme), none) => none
                .insert(KBox::new(SchemeMaps::new(), GFP_KERNEL_ACCOUNT)?)
                .of_mut(scheme),
        };
        map.insert(pattern.host, virtual_host)?;
        self.needs_origin |= pattern != OriginPattern::ANY;
        Ok(())
    }

    /// Returns the number of the virtual host of `origin`: that of the patterns with its scheme, if
    /// one of them matches, otherwise that of the patterns without scheme.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn find(&self, origin: Origin<'_>) -> Option<u32> {
        if self.needs_origin {
            self.find_origin(origin)
        } else {
            self.both.any()
        }
    }

    /// Returns the number of the virtual host that has this pattern.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn number_of(&self, pattern: OriginPattern<'_>) -> Option<u32> {
        let map = match pattern.scheme {
            Some(scheme) => self.of(scheme)?,
            None => &self.both,
        };
        map.number_of(pattern.host)
    }

    #[inline(never)]
    fn find_origin(&self, origin: Origin<'_>) -> Option<u32> {
        let mut buffer = [0; HOST_MAX];
        let name = origin.host.and_then(|host| canonical(host, &mut buffer));
        self.of(origin.scheme)
            .and_then(|map| map.find(name))
            .or_else(|| self.both.find(name))
    }

    /// Returns the virtual hosts of the patterns with a scheme.
    #[inline]
    fn of(&self, scheme: Scheme) -> Option<&HostMap> {
        let maps = self.schemes.as_deref()?;
        Some(match scheme {
            Scheme::Http => &maps.http,
            Scheme::Https => &maps.https,
        })
    }
}

impl SchemeMaps {
    fn new() -> Self {
        Self {
            http: HostMap::new(),
            https: HostMap::new(),
        }
    }

    fn of_mut(&mut self, scheme: Scheme) -> &mut HostMap {
        match scheme {
            Scheme::Http => &mut self.http,
            Scheme::Https => &mut self.https,
        }
    }
}

#[kunit_tests(khttpd_origin_map)]
mod tests {
    use super::*;

    fn insert(map: &mut OriginMap, pattern: &[u8], virtual_host: u32) -> Result {
        map.insert(
            OriginPattern::parse(pattern).map_err(|_| EINVAL)?,
            virtual_host,
        )
    }

    /// Looks up a host, on a connection without TLS.
    fn find(map: &OriginMap, host: Option<&[u8]>) -> Option<u32> {
        let scheme = Scheme::Http;
        map.find(Origin { scheme, host })
    }

    #[test]
    fn star_matches_any_host_and_none() -> Result {
        let mut map = OriginMap::new();
        assert!(find(&map, Some(b"a")).is_none());
        insert(&mut map, b"*", 0)?;
        assert!(find(&map, None) == Some(0));
        assert!(find(&map, Some(b"a")) == Some(0));
        assert!(insert(&mut map, b"*", 1) == Err(EEXIST));
        Ok(())
    }

    #[test]
    fn most_specific_pattern_wins() -> Result {
        let mut map = OriginMap::new();
        insert(&mut map, b"Example.org", 1)?;
        insert(&mut map, b"*.example.ORG", 2)?;
        insert(&mut map, b"*.b.example.org", 3)?;
        insert(&mut map, b"[2001:db8::1]", 4)?;
        let long = [b'a'; HOST_MAX + 1];
        let hosts: [(&[u8], Option<u32>); 9] = [
            (b"example.org", Some(1)),
            (b"EXAMPLE.org.", Some(1)),
            (b"a.example.org", Some(2)),
            (b"b.example.org", Some(2)),
            (b"x.y.B.example.org", Some(3)),
            (b"[2001:DB8::1]", Some(4)),
            (b"notexample.org", None),
            (b"org", None),
            (&long, None),
        ];
        for (host, number) in hosts {
            assert!(find(&map, Some(host)) == number);
        }
        assert!(find(&map, None).is_none());
        insert(&mut map, b"*", 0)?;
        for (host, number) in hosts {
            assert!(find(&map, Some(host)) == number.or(Some(0)));
        }
        assert!(insert(&mut map, b"EXAMPLE.ORG", 5) == Err(EEXIST));
        Ok(())
    }

    #[test]
    fn pattern_with_the_scheme_wins_over_any_without() -> Result {
        let mut map = OriginMap::new();
        insert(&mut map, b"http://*.a.org", 1)?;
        insert(&mut map, b"https://b.org", 2)?;
        insert(&mut map, b"*", 3)?;
        insert(&mut map, b"x.a.org", 4)?;
        insert(&mut map, b"b.org", 5)?;
        let find = |host| {
            Scheme::ALL.map(|scheme| {
                let host = Some(host);
                map.find(Origin { scheme, host })
            })
        };
        assert!(find(b"X.A.org") == [Some(1), Some(4)]);
        assert!(find(b"y.a.org") == [Some(1), Some(3)]);
        assert!(find(b"b.org") == [Some(5), Some(2)]);
        assert!(find(b"c.org") == [Some(3), Some(3)]);
        Ok(())
    }

    #[test]
    fn star_of_a_scheme_matches_every_host_and_none() -> Result {
        let mut map = OriginMap::new();
        insert(&mut map, b"http://*", 1)?;
        insert(&mut map, b"b.org", 2)?;
        for (scheme, host, number) in [
            (Scheme::Http, Some(&b"b.org"[..]), Some(1)),
            (Scheme::Http, None, Some(1)),
            (Scheme::Https, Some(&b"b.org"[..]), Some(2)),
            (Scheme::Https, Some(&b"c.org"[..]), None),
            (Scheme::Https, None, None),
        ] {
            assert!(map.find(Origin { scheme, host }) == number);
        }
        assert!(insert(&mut map, b"HTTP://*", 3) == Err(EEXIST));
        Ok(())
    }

    #[test]
    fn number_is_found_by_the_pattern() -> Result {
        let mut map = OriginMap::new();
        let patterns: [&[u8]; 4] = [b"*", b"*.b.org", b"https://b.org", b"http://*"];
        for (number, pattern) in (0..).zip(patterns) {
            insert(&mut map, pattern, number)?;
        }
        let number_of = |pattern| Some(map.number_of(OriginPattern::parse(pattern).ok()?));
        for (number, pattern) in (0..).zip(patterns) {
            assert!(number_of(pattern) == Some(Some(number)));
        }
        assert!(number_of(b"*.B.org") == Some(Some(1)));
        let unknown: [&[u8]; 4] = [b"b.org", b"http://*.b.org", b"http://b.org", b"https://*"];
        for pattern in unknown {
            assert!(number_of(pattern) == Some(None));
        }
        Ok(())
    }
}
