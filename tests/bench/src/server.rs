// SPDX-License-Identifier: GPL-2.0-only

//! The measured servers.

use machine::{Builder, Machine, Result};

use crate::case::{Case, Flow};

/// Distance of a server's port of TLS from that of TCP.
const TLS_PORTS: u16 = 400;

/// A server. All serve the same files, each on its own port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// khttpd.
    Khttpd,
    /// Debian's nginx. It encrypts in its process.
    Nginx,
    /// The same, whose TLS records the kernel encrypts.
    NginxKtls,
    /// Debian's lighttpd.
    Lighttpd,
    /// The module in tests/bench/floor, which responds without HTTP. Its difference to khttpd is
    /// the cost of HTTP.
    Floor,
}

impl Server {
    /// All servers, in the order of the results.
    pub(crate) const ALL: [Self; 5] = [
        Self::Khttpd,
        Self::Nginx,
        Self::NginxKtls,
        Self::Lighttpd,
        Self::Floor,
    ];

    /// Returns the name on the command line and in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Khttpd => "khttpd",
            Self::Nginx => "nginx",
            Self::NginxKtls => "nginx-ktls",
            Self::Lighttpd => "lighttpd",
            Self::Floor => "floor",
        }
    }

    /// Returns the port of TCP, and that of TLS if the server knows it.
    pub(crate) fn ports(self) -> [u16; 2] {
        let port = self.port();
        [port, port + TLS_PORTS]
    }

    /// Returns the port for a case.
    pub(crate) fn port_for(self, case: &Case) -> u16 {
        let [tcp, tls] = self.ports();
        if case.is_tls() {
            tls
        } else {
            tcp
        }
    }

    /// Returns the port of TCP.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Khttpd => 8080,
            Self::Nginx => 8081,
            Self::Lighttpd => 8082,
            Self::Floor => 8083,
            Self::NginxKtls => 8085,
        }
    }

    /// Tells whether the server supports a case: the floor has one response and does not close, and
    /// only khttpd and nginx lead to the process.
    pub(crate) fn knows(self, case: &Case) -> bool {
        match self {
            Self::Khttpd => true,
            Self::Nginx => case.log == "off",
            Self::NginxKtls => case.is_tls(),
            Self::Lighttpd => case.log == "off" && !case.is_for_process() && !case.is_tls(),
            Self::Floor => {
                !case.is_tls()
                    && case.path == "/612.html"
                    && case.status == 200
                    && matches!(case.flow, Flow::Same | Flow::Pipelined(_))
            }
        }
    }

    /// Adds the servers' files to the machine.
    pub(crate) fn furnish(builder: Builder, floor: &[u8]) -> Builder {
        builder
            .file("/root/floor.ko", 0o644, floor)
            .file("/root/nginx.conf", 0o644, Self::Nginx.nginx_conf())
            .file("/root/nginx-ktls.conf", 0o644, Self::NginxKtls.nginx_conf())
            .file(
                "/root/lighttpd.conf",
                0o644,
                include_bytes!("../guest/lighttpd.conf"),
            )
            .file(
                "/root/process.conf",
                0o644,
                include_bytes!("../guest/process.conf"),
            )
    }

    /// Configures one of the nginxes.
    fn nginx_conf(self) -> String {
        let [tcp, tls] = self.ports();
        let ktls = if self == Self::NginxKtls { "" } else { "-" };
        include_str!("../guest/nginx.conf")
            .replace("PORT_OF_TCP", &tcp.to_string())
            .replace("PORT_OF_TLS", &tls.to_string())
            .replace("SIGN_OF_KTLS", ktls)
    }

    /// Starts the server and waits until it listens. The floor's response is read from khttpd.
    pub(crate) fn start(self, machine: &Machine) -> Result {
        let command = match self {
            Self::Khttpd => {
                "insmod khttpd.ko && /usr/lib/khttpd/serve-https 8480 && \
                 printf 'root /tmp/www\\nhand-over /app/* 8084\\n' >/dev/khttpd"
            }
            Self::Nginx => "nginx -c /root/nginx.conf",
            Self::NginxKtls => "nginx -c /root/nginx-ktls.conf",
            Self::Lighttpd => {
                "mkdir -p /tmp/lighttpd && echo server.max-worker = $(nproc) >>lighttpd.conf && \
                 lighttpd -f lighttpd.conf"
            }
            Self::Floor => {
                "curl -si http://127.0.0.1:8080/612.html >/tmp/response && \
                 insmod floor.ko response=/tmp/response"
            }
        };
        machine.exec_ok(command).map(drop)
    }

    /// Sets khttpd's access log to the format of `case`, with room for all lines of a run.
    pub(crate) fn begin_log(self, machine: &Machine, case: &Case) -> Result {
        if self == Self::Khttpd {
            let commands = format!("log-buffer 67108864\\nlog {}\\n", case.log);
            machine.exec_ok(&format!("printf '{commands}' >/dev/khttpd"))?;
        }
        Ok(())
    }

    /// Switches khttpd's access log off, after a run that must have lost no line.
    pub(crate) fn end_log(self, machine: &Machine) -> Result {
        if self == Self::Khttpd {
            machine.exec_ok("grep -qx '# log-lost 0' /dev/khttpd")?;
            // What no process has read counts as lost.
            machine.exec_ok("printf 'log off\\nreset counters\\n' >/dev/khttpd")?;
        }
        Ok(())
    }

    /// Starts the process to which khttpd hands connections over, and for which nginx is a proxy.
    /// Waits until it listens.
    pub(crate) fn start_process(machine: &Machine) -> Result {
        machine.exec_ok("nginx -c /root/process.conf").map(drop)
    }

    /// Stops the server, with connections open.
    pub(crate) fn stop(self, machine: &Machine) -> Result {
        let command = match self {
            Self::Khttpd => {
                "pkill -x khttpd-tls && while pgrep -x khttpd-tls; do sleep 0.1; done && \
                 rmmod khttpd"
            }
            Self::Nginx => "nginx -c /root/nginx.conf -s stop",
            Self::NginxKtls => "nginx -c /root/nginx-ktls.conf -s stop",
            Self::Lighttpd => "pkill lighttpd",
            Self::Floor => "rmmod floor",
        };
        machine.exec_ok(command).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_khttpd_and_nginx_lead_to_the_process() {
        let known = |name| {
            let case = Case::named(name)?;
            Some(Server::ALL.map(|server| server.knows(&case)))
        };
        assert_eq!(
            known("handed-over"),
            Some([true, true, false, false, false])
        );
        assert_eq!(known("closing"), Some([true, true, false, true, false]));
        assert_eq!(known("612B-8"), Some([true, true, false, true, true]));
    }
}
