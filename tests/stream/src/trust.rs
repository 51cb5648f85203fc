// SPDX-License-Identifier: GPL-2.0-only

//! The certificates that a TLS client trusts.

use std::io::{Error, Result};
use std::sync::Arc;

use rustls::client;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// The name that a client asks for, whatever the address of the server. The server's certificate
/// must have it.
const NAME: &str = "localhost";

/// Whether a client resumes earlier sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumption {
    /// Each connection begins with a full handshake.
    Never,
    /// A connection resumes a session if the server has sent a ticket.
    Always,
}

/// A set of trusted authorities, and the sessions with servers that have proved themselves.
#[derive(Clone, Debug)]
pub struct Trust {
    config: Arc<ClientConfig>,
}

impl Trust {
    /// Trusts the certificates in a PEM file's text.
    ///
    /// # Errors
    ///
    /// The text has no certificate, or one that is malformed.
    pub fn new(pem: &[u8], resumption: Resumption) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots
                .add(certificate.map_err(Error::other)?)
                .map_err(Error::other)?;
        }
        if roots.is_empty() {
            return Err(Error::other("no certificate to trust"));
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if resumption == Resumption::Never {
            config.resumption = client::Resumption::disabled();
        }
        Ok(Self {
            config: Arc::new(config),
        })
    }

    /// Begins a TLS connection; the caller moves its bytes.
    ///
    /// # Errors
    ///
    /// The random number generator has failed.
    pub fn connection(&self) -> Result<ClientConnection> {
        let name = ServerName::try_from(NAME).map_err(Error::other)?;
        ClientConnection::new(self.config.clone(), name).map_err(Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_requires_a_certificate() {
        let empty: [&[u8]; 2] = [
            b"",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ];
        assert!(empty
            .iter()
            .all(|pem| Trust::new(pem, Resumption::Always).is_err()));
    }
}
