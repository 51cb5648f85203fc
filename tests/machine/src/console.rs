// SPDX-License-Identifier: GPL-2.0-only

//! The guest's serial console, as a file that QEMU writes.

use std::fs;
use std::path::PathBuf;

use crate::{Error, KernelLog, Result};

/// Number of lines in an error.
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

    /// Returns the output so far.
    pub(crate) fn text(&self) -> Result<String> {
        let bytes = fs::read(&self.path)
            .map_err(Error::io_at("reading the guest's console", &self.path))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the last lines, for an error.
    pub(crate) fn tail(&self) -> Vec<String> {
        KernelLog::parse(&self.text().unwrap_or_default()).tail(TAIL)
    }
}
