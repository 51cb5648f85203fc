// SPDX-License-Identifier: GPL-2.0-only

//! The keys of a connection in the kernel's form, `struct tls12_crypto_info_*`.

use rustls::{ConnectionTrafficSecrets, ExtractedSecrets, ProtocolVersion};

const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

const TLS_CIPHER_AES_GCM_128: u16 = 51;
const TLS_CIPHER_AES_GCM_256: u16 = 52;
const TLS_CIPHER_CHACHA20_POLY1305: u16 = 54;

/// Bytes of the initialization vector that AES-GCM never changes.
const SALT: usize = 4;

/// Distance between the nonces of the handshake and those of the kernel.
const NONCES_APART: u64 = 1 << 32;

/// The keys of both directions, each as the value of a socket option.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(super) transmit: Vec<u8>,
    pub(super) receive: Vec<u8>,
}

impl Keys {
    /// Translates the keys of a finished handshake. Returns [`None`] if the kernel does not have
    /// the protocol version or the cipher suite.
    pub(crate) fn new(version: ProtocolVersion, secrets: &ExtractedSecrets) -> Option<Self> {
        let version = match version {
            ProtocolVersion::TLSv1_2 => TLS_1_2,
            ProtocolVersion::TLSv1_3 => TLS_1_3,
            _ => return None,
        };
        Some(Self {
            transmit: crypto_info(version, secrets.tx.0, &secrets.tx.1)?,
            receive: crypto_info(version, secrets.rx.0, &secrets.rx.1)?,
        })
    }
}

/// Overwrites the keys, so that freed memory does not keep them.
impl Drop for Keys {
    fn drop(&mut self) {
        for bytes in [&mut self.transmit, &mut self.receive] {
            bytes.fill(0);
            std::hint::black_box(bytes);
        }
    }
}

fn crypto_info(version: u16, sequence: u64, secrets: &ConnectionTrafficSecrets) -> Option<Vec<u8>> {
    let (cipher, key, vector) = match secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (TLS_CIPHER_AES_GCM_128, key, iv),
        ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (TLS_CIPHER_AES_GCM_256, key, iv),
        ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => {
            (TLS_CIPHER_CHACHA20_POLY1305, key, iv)
        }
        _ => return None,
    };
    let has_salt = cipher != TLS_CIPHER_CHACHA20_POLY1305;
    let (salt, rest) = vector
        .as_ref()
        .split_at_checked(if has_salt { SALT } else { 0 })?;
    let rest = match version {
        TLS_1_2 if has_salt => explicit_nonce(rest)?.to_vec(),
        _ => rest.to_vec(),
    };
    let parts: [&[u8]; 6] = [
        &version.to_ne_bytes(),
        &cipher.to_ne_bytes(),
        &rest,
        key.as_ref(),
        salt,
        &sequence.to_be_bytes(),
    ];
    Some(parts.concat())
}

/// Returns the explicit nonce (RFC 5288 section 3) of the kernel's first record.
///
/// A nonce must never occur twice with one key. rustls makes those of the handshake by XOR of this
/// part with the sequence number, so that they are close to it. The kernel counts upwards from what
/// it is given.
fn explicit_nonce(of_handshake: &[u8]) -> Option<[u8; 8]> {
    let nonce = u64::from_be_bytes(of_handshake.try_into().ok()?);
    Some(nonce.wrapping_add(NONCES_APART).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::crypto::cipher::{AeadKey, Iv};

    const VECTOR: [u8; 12] = [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 9];

    fn info(version: u16, secrets: ConnectionTrafficSecrets) -> Vec<u8> {
        crypto_info(version, 7, &secrets).unwrap()
    }

    fn key() -> AeadKey {
        AeadKey::from([5; 32])
    }

    #[test]
    fn aes_256_of_tls_1_3_has_the_layout_of_the_header() {
        let iv = Iv::copy(&VECTOR);
        let bytes = info(
            TLS_1_3,
            ConnectionTrafficSecrets::Aes256Gcm { key: key(), iv },
        );
        let expected = [
            &TLS_1_3.to_ne_bytes()[..],
            &52_u16.to_ne_bytes(),
            &[0, 0, 0, 0, 0, 0, 0, 9],
            &[5; 32],
            &[1, 2, 3, 4],
            &[0, 0, 0, 0, 0, 0, 0, 7],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn chacha20_has_no_salt() {
        let iv = Iv::copy(&VECTOR);
        let secrets = ConnectionTrafficSecrets::Chacha20Poly1305 { key: key(), iv };
        let bytes = info(TLS_1_3, secrets);
        assert_eq!(bytes.len(), 4 + 12 + 32 + 8);
        assert_eq!(bytes[4..16], VECTOR);
    }

    #[test]
    fn tls_1_2_does_not_use_a_nonce_of_the_handshake_again() {
        let iv = Iv::copy(&VECTOR);
        let bytes = info(
            TLS_1_2,
            ConnectionTrafficSecrets::Aes256Gcm { key: key(), iv },
        );
        let first = u64::from_be_bytes(bytes[4..12].try_into().unwrap());
        // The handshake sends a handful of records.
        assert!((0..1000).all(|sequence| (9 ^ sequence) < first));
    }
}
