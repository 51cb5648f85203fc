// SPDX-License-Identifier: GPL-2.0-only

//! The certificates of all hosts, which are read again when their files change.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::certificate::Certificate;
use crate::config::{CertificateFiles, ConfigError};
use crate::file_stamp::FileStamp;

/// The certificates in the order of the configuration.
#[derive(Debug)]
pub(crate) struct CertificateStore {
    certificates: RwLock<Vec<Certificate>>,
    /// Stamps of files that could not be read, so that each failure is told once.
    failed: Mutex<Vec<[FileStamp; 2]>>,
}

impl CertificateStore {
    /// Reads all certificates.
    pub(crate) fn read(files: &[CertificateFiles]) -> Result<Self, ConfigError> {
        let certificates = files.iter().map(Certificate::read);
        Ok(Self {
            certificates: RwLock::new(certificates.collect::<Result<_, _>>()?),
            failed: Mutex::default(),
        })
    }

    /// Reads the certificates whose files have changed. Where this fails, the old certificate
    /// stays, and the error is returned once for each change.
    pub(crate) fn refresh(&self) -> Vec<Result<CertificateFiles, ConfigError>> {
        let known: Vec<_> = self.with(|certificates| {
            let known = |one: &Certificate| (one.files().clone(), one.read_as());
            certificates.iter().map(known).collect()
        });
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut still_failed, mut results) = (Vec::new(), Vec::new());
        for (index, (files, read_as)) in known.into_iter().enumerate() {
            let stamps = Certificate::stamps(&files);
            if stamps == read_as {
                continue;
            }
            match Certificate::read(&files) {
                Ok(new) => {
                    self.replace(index, new);
                    results.push(Ok(files));
                }
                Err(error) => {
                    if !failed.contains(&stamps) {
                        results.push(Err(error));
                    }
                    still_failed.push(stamps);
                }
            }
        }
        *failed = still_failed;
        results
    }

    /// Returns the certificate for a host: the first one that has its name, else the first of all.
    fn choose(&self, host: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let host = host.and_then(|host| ServerName::try_from(host).ok());
        self.with(|certificates| {
            let has_name = |one: &&Certificate| host.as_ref().is_some_and(|host| one.is_for(host));
            let named = certificates.iter().find(has_name);
            named.or(certificates.first()).map(Certificate::key)
        })
    }

    fn replace(&self, index: usize, new: Certificate) {
        let mut all = self
            .certificates
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = all.get_mut(index) {
            *old = new;
        }
    }

    fn with<T>(&self, look: impl FnOnce(&[Certificate]) -> T) -> T {
        look(
            &self
                .certificates
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl ResolvesServerCert for CertificateStore {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name())
    }
}

#[cfg(test)]
mod tests;
