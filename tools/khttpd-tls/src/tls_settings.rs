// SPDX-License-Identifier: GPL-2.0-only

//! How rustls shakes hands.

use std::sync::Arc;

use rustls::crypto::ring::{default_provider, Ticketer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, NoServerSessionStorage, ServerConfig, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::RootCertStore;

use crate::certificate::read_chain;
use crate::certificate_store::CertificateStore;
use crate::config::{ClientCertificates, Config, ConfigError};

/// The only protocol that khttpd speaks.
const HTTP: &[u8] = b"http/1.1";

/// Returns the settings of all handshakes. All cipher suites of the provider are ones that the
/// kernel has, too.
pub(crate) fn tls_settings(
    config: &Config,
    certificates: Arc<CertificateStore>,
) -> Result<ServerConfig, ConfigError> {
    let versions = if config.tls_1_2 {
        &[&TLS13, &TLS12][..]
    } else {
        &[&TLS13]
    };
    let verifier = match &config.client_certificates {
        Some(clients) => client_verifier(clients)?,
        None => Arc::new(NoClientAuth),
    };
    let mut settings = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .map_err(of_library)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(certificates);
    settings.alpn_protocols = vec![HTTP.to_vec()];
    settings.enable_secret_extraction = true;
    settings.session_storage = Arc::new(NoServerSessionStorage {});
    if config.tickets {
        // It keeps its keys for hours, then makes new ones.
        settings.ticketer = Ticketer::new().map_err(of_library)?;
    } else {
        settings.send_tls13_tickets = 0;
    }
    Ok(settings)
}

fn client_verifier(
    clients: &ClientCertificates,
) -> Result<Arc<dyn ClientCertVerifier>, ConfigError> {
    let wrong = |what: String| ConfigError::of_file(&clients.authorities, what);
    let mut roots = RootCertStore::empty();
    for authority in read_chain(&clients.authorities)? {
        roots
            .add(authority)
            .map_err(|error| wrong(error.to_string()))?;
    }
    let provider = Arc::new(default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if clients.required {
        builder
    } else {
        builder.allow_unauthenticated()
    };
    builder.build().map_err(|error| wrong(error.to_string()))
}

fn of_library(error: rustls::Error) -> ConfigError {
    ConfigError::of_file("TLS".as_ref(), error.to_string())
}
