// SPDX-License-Identifier: GPL-2.0-only

//! The parameters of TLS, which processes have agreed on with clients.
//!
//! C header: [`include/uapi/linux/tls.h`](srctree/include/uapi/linux/tls.h)

/// The version and the cipher of a connection with TLS. The key exchange is unknown: the kernel has no
/// part in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TlsParameters {
    /// The version.
    pub version: TlsVersion,
    /// The cipher.
    pub cipher: TlsCipher,
}

/// A version of TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsVersion {
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
    /// One that came later.
    Other,
}

/// A cipher of TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsCipher {
    /// AES with a key of 128 bits in Galois/Counter Mode.
    Aes128Gcm,
    /// AES with a key of 256 bits in Galois/Counter Mode.
    Aes256Gcm,
    /// ChaCha20 with Poly1305.
    ChaCha20Poly1305,
    /// One that few use.
    Other,
}

impl TlsParameters {
    /// Returns the parameters by the numbers of the C header.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::tls::TlsParameters;
    ///
    /// let tls = TlsParameters::from_numbers(0x0304, 52);
    /// assert_eq!((tls.version.word(), tls.cipher.word()), ("1.3", "AES_256_GCM"));
    /// ```
    pub const fn from_numbers(version: u16, cipher: u16) -> Self {
        Self {
            version: match version {
                0x0303 => TlsVersion::V1_2,
                0x0304 => TlsVersion::V1_3,
                _ => TlsVersion::Other,
            },
            cipher: match cipher {
                51 => TlsCipher::Aes128Gcm,
                52 => TlsCipher::Aes256Gcm,
                54 => TlsCipher::ChaCha20Poly1305,
                _ => TlsCipher::Other,
            },
        }
    }
}

impl TlsVersion {
    /// Returns the version as the access log names it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
            Self::Other => "other",
        }
    }
}

impl TlsCipher {
    /// Returns the cipher as the access log names it: a part of the names of cipher suites.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "AES_128_GCM",
            Self::Aes256Gcm => "AES_256_GCM",
            Self::ChaCha20Poly1305 => "CHACHA20_POLY1305",
            Self::Other => "other",
        }
    }
}
