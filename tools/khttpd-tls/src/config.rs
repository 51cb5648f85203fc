// SPDX-License-Identifier: GPL-2.0-only

//! The configuration: a file with a command in each line.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use error::ConfigError;

mod error;
#[cfg(test)]
mod tests;
mod words;

use words::Words;

/// The most threads, and seconds of a time limit.
const THREADS_MAX: u64 = 1024;
const SECONDS_MAX: u64 = 86_400;
const CONNECTIONS_MAX: u64 = 1 << 20;
const BACKLOG_MAX: u64 = 65_535;

/// Files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    /// The certificate, and those between it and the root, in PEM.
    pub(crate) chain: PathBuf,
    /// The private key in PEM.
    pub(crate) key: PathBuf,
}

/// Certificates that clients show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientCertificates {
    /// Certificates, in PEM, of the authorities that may have signed them.
    pub(crate) authorities: PathBuf,
    /// Whether a client without a certificate is refused.
    pub(crate) required: bool,
}

/// An address to listen at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListenAddress {
    pub(crate) address: SocketAddr,
    /// Whether the machine may lack this address, as it lacks `::1` without IPv6.
    pub(crate) optional: bool,
}

/// The configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) listen: Vec<ListenAddress>,
    pub(crate) certificates: Vec<CertificateFiles>,
    pub(crate) client_certificates: Option<ClientCertificates>,
    pub(crate) node: PathBuf,
    pub(crate) threads: usize,
    pub(crate) backlog: i32,
    pub(crate) max_handshakes: usize,
    pub(crate) max_relays: usize,
    pub(crate) handshake_timeout: Duration,
    pub(crate) relay_timeout: Duration,
    pub(crate) stop_timeout: Duration,
    pub(crate) tls_1_2: bool,
    pub(crate) tickets: bool,
    pub(crate) proxy_protocol: bool,
    pub(crate) log_lines: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            certificates: Vec::new(),
            client_certificates: None,
            node: "/dev/khttpd-adopt".into(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            backlog: 1024,
            max_handshakes: 1024,
            max_relays: 1024,
            handshake_timeout: Duration::from_secs(10),
            relay_timeout: Duration::from_secs(3600),
            stop_timeout: Duration::from_secs(10),
            tls_1_2: true,
            tickets: true,
            proxy_protocol: false,
            log_lines: 10,
        }
    }
}

impl Config {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|error| ConfigError::of_file(path, error.to_string()))?;
        Self::parse(&text, path)
    }

    /// Returns whether khttpd may return connections.
    pub(crate) fn relays(&self) -> bool {
        self.max_relays > 0
    }

    /// Parses the text of the file `path`.
    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        // Commands of which one alone makes sense.
        let mut seen = BTreeSet::new();
        for (number, line) in (1..).zip(text.lines()) {
            let mut words = Words::new(line);
            let at = |(word, what): (String, String)| ConfigError::new(path, number, word, what);
            let Some(command) = words.command() else {
                continue;
            };
            if !matches!(command, "listen" | "certificate") {
                let name = match command {
                    "timeout" => format!("timeout {}", words.peek().unwrap_or_default()),
                    _ => command.to_owned(),
                };
                if !seen.insert(name.clone()) {
                    return Err(at((name, "given twice".into())));
                }
            }
            config.command(command, &mut words).map_err(at)?;
            words.end().map_err(at)?;
        }
        if config.listen.is_empty() {
            return Err(ConfigError::of_file(path, "no `listen`".into()));
        }
        if config.certificates.is_empty() {
            return Err(ConfigError::of_file(path, "no `certificate`".into()));
        }
        Ok(config)
    }

    /// Carries out a command. An error names the word that is wrong, and what is wrong with it.
    fn command(&mut self, command: &str, words: &mut Words<'_>) -> Result<(), (String, String)> {
        match command {
            "listen" => self.listen(words)?,
            "certificate" => self.certificates.push(CertificateFiles {
                chain: words.next("a file")?.into(),
                key: words.next("the file of the key")?.into(),
            }),
            "client-certificates" => {
                self.client_certificates = Some(ClientCertificates {
                    authorities: words.next("a file")?.into(),
                    required: words.choice(["required", "optional"])?,
                });
            }
            "node" => self.node = words.next("a file")?.into(),
            "threads" => self.threads = words.count(1, THREADS_MAX)?,
            "backlog" => self.backlog = words.count(1, BACKLOG_MAX)?,
            "max-handshakes" => self.max_handshakes = words.count(1, CONNECTIONS_MAX)?,
            "max-relays" => self.max_relays = words.count(0, CONNECTIONS_MAX)?,
            "timeout" => {
                let limit = match words.next("`handshake`, `relay` or `stop`")? {
                    "handshake" => &mut self.handshake_timeout,
                    "relay" => &mut self.relay_timeout,
                    "stop" => &mut self.stop_timeout,
                    other => return Err((other.into(), "no such timeout".into())),
                };
                *limit = Duration::from_secs(words.count(1, SECONDS_MAX)?);
            }
            "min-version" => self.tls_1_2 = words.choice(["1.2", "1.3"])?,
            "tickets" => self.tickets = words.choice(["yes", "no"])?,
            "relay-proxy-protocol" => self.proxy_protocol = words.choice(["yes", "no"])?,
            "log-lines" => self.log_lines = words.count(0, u64::from(u32::MAX))?,
            other => return Err((other.into(), "no such command".into())),
        }
        Ok(())
    }

    fn listen(&mut self, words: &mut Words<'_>) -> Result<(), (String, String)> {
        let mut word = words.next("`PORT` or `ADDRESS:PORT`")?;
        loop {
            let wrong = |what: &str| (word.to_owned(), what.to_owned());
            let new = match word.parse::<u16>() {
                Ok(port) => [
                    (IpAddr::V4(Ipv4Addr::LOCALHOST), false),
                    (IpAddr::V6(Ipv6Addr::LOCALHOST), true),
                ]
                .map(|(address, optional)| ListenAddress {
                    address: SocketAddr::new(address, port),
                    optional,
                })
                .to_vec(),
                Err(_) => vec![ListenAddress {
                    address: word
                        .parse()
                        .map_err(|_| wrong("neither `PORT` nor `ADDRESS:PORT`"))?,
                    optional: false,
                }],
            };
            for listen in new {
                if listen.address.port() == 0 {
                    return Err(wrong("port 0"));
                }
                if self.listen.iter().any(|l| l.address == listen.address) {
                    return Err(wrong("given twice"));
                }
                self.listen.push(listen);
            }
            match words.more() {
                Some(next) => word = next,
                None => return Ok(()),
            }
        }
    }
}
