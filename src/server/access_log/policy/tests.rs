// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the policy of the access log.

use kernel::prelude::kunit_tests;

#[kunit_tests(khttpd_log_policy)]
mod suite {
    use super::super::{
        LogPolicy,
        HOSTS_MAX,
        NETWORKS_MAX, //
    };
    use crate::sys::text::render;
    use core::net::{
        IpAddr,
        Ipv6Addr, //
    };
    use kernel::{
        prelude::*,
        str::CString, //
    };
    use protocol::{
        control::{
            Network,
            ProxyField, //
        },
        http::HostPattern,
        log::{
            LogFormat,
            RequestHead, //
        }, //
    };

    fn set(policy: &mut LogPolicy, host: &[u8], format: LogFormat) -> Result {
        policy.set_format_for(HostPattern::parse(host).map_err(|_| EINVAL)?, format)
    }

    fn add(policy: &mut LogPolicy, name: &str, network: &[u8]) -> Result {
        policy.add_proxy(ProxyField {
            name,
            network: Network::parse(network).map_err(|_| EINVAL)?,
        })
    }

    /// Parses an address; one of IPv4 is mapped.
    fn address(text: &str) -> Result<Ipv6Addr> {
        Ok(match text.parse().map_err(|_| EINVAL)? {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        })
    }

    #[test]
    fn most_specific_host_decides_about_the_format() -> Result {
        let mut policy = LogPolicy::new();
        assert!(!policy.is_on() && !policy.needs_host());
        set(&mut policy, b"Example.org.", LogFormat::Common)?;
        set(&mut policy, b"*.example.org", LogFormat::Json)?;
        set(&mut policy, b"*.b.example.org", LogFormat::Combined)?;
        set(&mut policy, b"[2001:db8::1]", LogFormat::Combined)?;
        assert!(policy.is_on() && policy.needs_host());
        let expected: [(&[u8], LogFormat); 10] = [
            (b"example.org", LogFormat::Common),
            (b"EXAMPLE.org.:80", LogFormat::Common),
            (b"a.example.org", LogFormat::Json),
            (b"b.example.org:", LogFormat::Json),
            (b"x.y.B.example.org", LogFormat::Combined),
            (b"[2001:DB8::1]:80", LogFormat::Combined),
            (b"notexample.org", LogFormat::Off),
            (b".example.org", LogFormat::Off),
            (b"org", LogFormat::Off),
            (b"", LogFormat::Off),
        ];
        for (host, format) in expected {
            assert!(policy.format(Some(host)) == format);
        }
        assert!(policy.format(None) == LogFormat::Off);
        Ok(())
    }

    #[test]
    fn format_for_all_hosts_replaces_those_of_hosts() -> Result {
        let mut policy = LogPolicy::new();
        set(&mut policy, b"a.org", LogFormat::Json)?;
        set(&mut policy, b"A.org", LogFormat::Combined)?;
        set(&mut policy, b"*", LogFormat::Common)?;
        assert!(policy.format(Some(b"a.org")) == LogFormat::Combined);
        assert!(policy.format(Some(b"b.org")) == LogFormat::Common);
        policy.set_format(LogFormat::Off);
        assert!(!policy.is_on() && !policy.needs_host());
        assert!(policy.format(Some(b"a.org")) == LogFormat::Off);
        set(&mut policy, b"a.org", LogFormat::Off)?;
        assert!(!policy.is_on());
        Ok(())
    }

    #[test]
    fn address_is_from_the_field_of_the_narrowest_network() -> Result {
        let mut policy = LogPolicy::new();
        let head = b"GET / HTTP/1.1\r\nA: 192.0.2.1\r\nB: x, 192.0.2.2:80\r\nC: unknown\r\n\r\n";
        let head = RequestHead::new(head);
        let proxy = address("::ffff:10.0.0.1")?;
        assert!(policy.client(proxy, head) == proxy);
        add(&mut policy, "a", b"10.0.0.0/8")?;
        add(&mut policy, "c", b"::1")?;
        assert!(policy.client(proxy, head) == address("192.0.2.1")?);
        add(&mut policy, "b", b"10.0.0.0/24")?;
        add(&mut policy, "a", b"10.0.0.0/16")?;
        assert!(policy.client(proxy, head) == address("192.0.2.2")?);
        // Without an address in the field, that of the proxy counts.
        assert!(policy.client(address("::1")?, head) == address("::1")?);
        assert!(policy.client(address("192.0.2.9")?, head) == address("192.0.2.9")?);
        add(&mut policy, "none", b"10.0.0.0/24")?;
        assert!(policy.client(proxy, head) == proxy);
        policy.clear_proxies();
        assert!(policy.client(proxy, head) == proxy);
        Ok(())
    }

    #[test]
    fn hosts_and_networks_are_bounded() -> Result {
        let mut policy = LogPolicy::new();
        for number in 0..HOSTS_MAX {
            let host = CString::try_from_fmt(fmt!("h{number}"))?;
            set(&mut policy, host.to_bytes(), LogFormat::Json)?;
        }
        assert!(set(&mut policy, b"other", LogFormat::Json) == Err(E2BIG));
        set(&mut policy, b"h0", LogFormat::Off)?;
        for number in 0..NETWORKS_MAX {
            let network = CString::try_from_fmt(fmt!("10.0.0.{number}"))?;
            add(&mut policy, "a", network.to_bytes())?;
        }
        assert!(add(&mut policy, "a", b"::1") == Err(E2BIG));
        add(&mut policy, "b", b"10.0.0.0")?;
        Ok(())
    }

    #[test]
    fn copy_is_equal_and_shown_as_commands() -> Result {
        let mut policy = LogPolicy::new();
        policy.set_format(LogFormat::Combined);
        set(&mut policy, b"*.a.org", LogFormat::Json)?;
        set(&mut policy, b"b.org", LogFormat::Off)?;
        policy.buffer_bytes = 65_536;
        add(&mut policy, "X-Real-IP", b"10.0.0.0/8")?;
        let copy = policy.try_clone()?;
        assert!(copy == policy);
        let shown = render(fmt!("{copy}"))?;
        let expected = "log combined\nlog json for *.a.org\nlog off for b.org\n\
             log-buffer 65536\nclient-address off\nclient-address X-Real-IP from 10.0.0.0/8\n";
        assert!(shown[..] == *expected.as_bytes());
        policy.set_format(LogFormat::Combined);
        assert!(copy != policy);
        Ok(())
    }
}
