// SPDX-License-Identifier: GPL-2.0-only

//! A root: a directory, or the built-in files, and the origins that it is for.

use crate::sys::fs::FsPath;
use heapless::String;
use kernel::{
    prelude::*,
    str::CString, //
};
use protocol::http::{
    HostPattern,
    OriginPattern,
    Scheme,
    HOST_MAX, //
};

/// The name of the root that is part of the module.
const BUILT_IN: &[u8] = b"built-in";

/// A root of a site.
pub(super) struct Root {
    /// Absolute path; [`None`] for the built-in files.
    directory: Option<CString>,
    /// Device and inode that the path led to, if it led to a directory: a link may be changed.
    identity: Option<(u32, u64)>,
    /// Scheme of the requests that it is for, or [`None`] for both.
    scheme: Option<Scheme>,
    hosts: RootHosts,
}

/// The hosts of a root: a [`HostPattern`] that owns its name.
#[derive(Clone, PartialEq, Eq)]
enum RootHosts {
    Any,
    Below(String<HOST_MAX>),
    Exact(String<HOST_MAX>),
}

impl Root {
    /// Creates a root. A path is resolved with the credentials and in the mount namespace of the
    /// calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if `directory` is neither an absolute path nor `built-in`;
    /// - `ENOMEM`.
    pub(super) fn new(directory: &[u8], origins: OriginPattern<'_>) -> Result<Self> {
        let directory = match directory {
            BUILT_IN => None,
            [b'/', ..] => {
                let mut bytes = KVec::with_capacity(directory.len() + 1, GFP_KERNEL_ACCOUNT)?;
                bytes.extend_from_slice(directory, GFP_KERNEL_ACCOUNT)?;
                bytes.push(0, GFP_KERNEL_ACCOUNT)?;
                Some(CString::try_from(
                    CStr::from_bytes_with_nul(&bytes).map_err(|_| EINVAL)?,
                )?)
            }
            _ => return Err(EINVAL),
        };
        let identity = directory.as_deref().and_then(identity);
        Ok(Self {
            directory,
            identity,
            scheme: origins.scheme,
            hosts: RootHosts::new(origins.host)?,
        })
    }

    /// Returns a copy.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn try_clone(&self) -> Result<Self> {
        let directory = match &self.directory {
            Some(directory) => Some(CString::try_from(&**directory)?),
            None => None,
        };
        Ok(Self {
            directory,
            identity: self.identity,
            scheme: self.scheme,
            hosts: self.hosts.clone(),
        })
    }

    /// Returns whether both are the same root for the same origins, and are shown the same. The path
    /// of a directory must have led to the same one.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.directory() == other.directory()
            && self.identity == other.identity
            && self.scheme == other.scheme
            && self.hosts == other.hosts
    }

    /// Returns whether both are for the same origins. A name may be written in more ways than one.
    pub(super) fn has_origins_of(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.hosts.is_same(&other.hosts)
    }

    /// Returns the path of the directory, or [`None`] for the built-in files.
    pub(super) fn directory(&self) -> Option<&CStr> {
        self.directory.as_deref()
    }

    /// Returns the name, as in a command.
    pub(super) fn name(&self) -> &[u8] {
        self.directory().map_or(BUILT_IN, CStr::to_bytes)
    }

    /// Returns the origins that the root is for.
    pub(super) fn origins(&self) -> OriginPattern<'_> {
        OriginPattern {
            scheme: self.scheme,
            host: self.hosts.pattern(),
        }
    }
}

impl RootHosts {
    fn new(pattern: HostPattern<'_>) -> Result<Self> {
        let owned = |name| String::try_from(name).map_err(|()| EINVAL);
        Ok(match pattern {
            HostPattern::Any => Self::Any,
            HostPattern::Below(domain) => Self::Below(owned(domain)?),
            HostPattern::Exact(name) => Self::Exact(owned(name)?),
        })
    }

    fn pattern(&self) -> HostPattern<'_> {
        match self {
            Self::Any => HostPattern::Any,
            Self::Below(domain) => HostPattern::Below(domain),
            Self::Exact(name) => HostPattern::Exact(name),
        }
    }

    /// Returns whether both are the same hosts.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Below(ours), Self::Below(theirs)) | (Self::Exact(ours), Self::Exact(theirs)) => {
                without_dot(ours).eq_ignore_ascii_case(without_dot(theirs))
            }
            _ => false,
        }
    }
}

/// Returns device and inode of the directory at a path.
fn identity(directory: &CStr) -> Option<(u32, u64)> {
    let stat = FsPath::root_of_current()
        .directory(directory)
        .and_then(|path| path.stat());
    stat.ok().map(|stat| stat.identity())
}

/// Returns the name of a host without the dot at its end, which means nothing.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}
