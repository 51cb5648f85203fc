// SPDX-License-Identifier: GPL-2.0-only

//! A certificate with its private key, as read from files.

use std::path::Path;
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use crate::config::{CertificateFiles, ConfigError};
use crate::file_stamp::FileStamp;

/// A certificate with its private key.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    files: CertificateFiles,
    stamps: [FileStamp; 2],
    key: Arc<CertifiedKey>,
}

impl Certificate {
    /// Reads a certificate, those between it and the root, and its key.
    pub(crate) fn read(files: &CertificateFiles) -> Result<Self, ConfigError> {
        // If a file changes in this moment, it is read again.
        let stamps = Self::stamps(files);
        let chain = read_chain(&files.chain)?;
        let of_key = |what: String| ConfigError::of_file(&files.key, what);
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|error| of_key(format!("no private key in PEM: {error}")))?;
        let key = any_supported_type(&key)
            .map_err(|error| of_key(format!("unsupported private key: {error}")))?;
        let key = CertifiedKey::new(chain, key);
        key.keys_match().map_err(|error| {
            let chain = files.chain.display();
            of_key(format!(
                "not the key of the first certificate in {chain}: {error}"
            ))
        })?;
        Ok(Self {
            files: files.clone(),
            stamps,
            key: Arc::new(key),
        })
    }

    /// Returns the stamps of a certificate's files as they are now.
    pub(crate) fn stamps(files: &CertificateFiles) -> [FileStamp; 2] {
        [FileStamp::of(&files.chain), FileStamp::of(&files.key)]
    }

    /// Returns the files that it was read from.
    pub(crate) fn files(&self) -> &CertificateFiles {
        &self.files
    }

    /// Returns the stamps of its files when they were read.
    pub(crate) fn read_as(&self) -> [FileStamp; 2] {
        self.stamps
    }

    /// Returns whether it is for a host, by one of its names or wildcards.
    pub(crate) fn is_for(&self, host: &ServerName<'_>) -> bool {
        let parsed = self.key.cert.first().map(ParsedCertificate::try_from);
        parsed.is_some_and(|parsed| {
            parsed.is_ok_and(|parsed| verify_server_name(&parsed, host).is_ok())
        })
    }

    /// Returns what rustls needs of it.
    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

/// Reads all certificates of a file, of which there must be one at least.
pub(crate) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let wrong = |what: String| ConfigError::of_file(path, what);
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(format!("no certificates in PEM: {error}")))?;
    if chain.is_empty() {
        return Err(wrong("no certificate in PEM".into()));
    }
    Ok(chain)
}
