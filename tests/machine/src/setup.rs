// SPDX-License-Identifier: GPL-2.0-only

//! Where the parts of a machine are.

use std::path::PathBuf;
use std::{env, fs, io};

use crate::architecture::Architecture;
use crate::{Error, Result};

/// Paths of the parts of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) architecture: Architecture,
    kernel: PathBuf,
    pub(crate) agent: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) machines: PathBuf,
    pub(crate) cache: Option<PathBuf>,
}

impl Setup {
    pub(crate) fn from_environment() -> Result<Self> {
        let path = |name: &str| {
            let missing = || {
                Error::Setup(format!(
                    "{name} is not set; use `make test-machine` or `make run`"
                ))
            };
            env::var_os(name).map(PathBuf::from).ok_or_else(missing)
        };
        Ok(Self {
            architecture: Architecture::from_environment()?,
            kernel: path("KHTTPD_KERNEL")?,
            agent: path("KHTTPD_AGENT")?,
            root: path("KHTTPD_GUEST_ROOT")?,
            machines: path("KHTTPD_MACHINES")?,
            cache: path("KHTTPD_CACHE").ok(),
        })
    }

    /// Returns the kernel's image.
    pub(crate) fn image(&self) -> Result<PathBuf> {
        let image = self.kernel.join(self.architecture.image());
        match image.is_file() {
            true => Ok(image),
            false => Err(Error::missing("the kernel", image)),
        }
    }

    /// Returns the folder of the kernel's modules, /lib/modules in the guest, if it has any.
    pub(crate) fn modules(&self) -> Option<PathBuf> {
        let modules = self.kernel.join("modules");
        modules.is_dir().then_some(modules)
    }

    /// Returns the modules that the guest loads before it has a root, in the order of their names.
    pub(crate) fn early_modules(&self) -> io::Result<Vec<PathBuf>> {
        let folder = self.kernel.join("early");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let entries: io::Result<Vec<_>> = fs::read_dir(folder)?.collect();
        let mut paths: Vec<_> = entries?.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        Ok(paths)
    }
}
