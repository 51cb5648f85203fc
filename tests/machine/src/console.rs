// SPDX-License-Identifier: GPL-2.0-only

//! The file into which QEMU writes what the guest's serial port says.

use std::fs;
use std::path::PathBuf;

use crate::{Error, KernelLog, Result};

/// How many lines an error shows.
const TAIL: usize = 20;

/// The guest's console.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    path: PathBuf,
}

impl Console {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// All that the guest has said up to now.
    pub(crate) fn text(&self) -> Result<String> {
        let bytes = fs::read(&self.path)
            .map_err(Error::io_at("reading the guest's console", &self.path))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Its last lines, for an error.
    pub(crate) fn tail(&self) -> Vec<String> {
        KernelLog::parse(&self.text().unwrap_or_default()).tail(TAIL)
    }
}
