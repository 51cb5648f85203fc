// SPDX-License-Identifier: GPL-2.0-only

//! The header of the PROXY protocol, version 1: a line that tells a process the client's address.
//! Source: "The PROXY protocol", section 2.1, in the documentation of HAProxy.

use std::net::SocketAddr;

/// Returns the line for a connection from `client` to `server`.
pub(super) fn proxy_header(client: SocketAddr, server: SocketAddr) -> String {
    let (from, to) = (client.ip().to_canonical(), server.ip().to_canonical());
    let family = match (from.is_ipv4(), to.is_ipv4()) {
        (true, true) => "TCP4",
        (false, false) => "TCP6",
        _ => return "PROXY UNKNOWN\r\n".into(),
    };
    let (from_port, to_port) = (client.port(), server.port());
    format!("PROXY {family} {from} {to} {from_port} {to_port}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_names_client_and_server() {
        for (client, server, line) in [
            (
                "192.0.2.1:5000",
                "192.0.2.2:443",
                "PROXY TCP4 192.0.2.1 192.0.2.2 5000 443\r\n",
            ),
            (
                "[::ffff:192.0.2.1]:5000",
                "[::ffff:192.0.2.2]:443",
                "PROXY TCP4 192.0.2.1 192.0.2.2 5000 443\r\n",
            ),
            (
                "[2001:db8::1]:5000",
                "[2001:db8::2]:443",
                "PROXY TCP6 2001:db8::1 2001:db8::2 5000 443\r\n",
            ),
        ] {
            let written = proxy_header(client.parse().unwrap(), server.parse().unwrap());
            assert_eq!(written, line);
        }
    }
}
