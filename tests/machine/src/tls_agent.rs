// SPDX-License-Identifier: GPL-2.0-only

//! The TLS agent, tools/khttpd-tls, in a machine.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::{Builder, Error, Result};

impl Builder {
    /// Adds /usr/bin/khttpd-tls, and in /usr/lib/khttpd `certify`, which makes certificates in the
    /// guest, and `serve-https`, which lets khttpd serve HTTPS.
    pub fn tls_agent(self) -> Result<Self> {
        let path = env::var_os("KHTTPD_TLS_AGENT").map(PathBuf::from);
        let path = path.ok_or_else(|| Error::Setup("KHTTPD_TLS_AGENT is not set".into()))?;
        let agent = fs::read(&path).map_err(Error::io_at("reading", &path))?;
        let certify = include_bytes!("../guest/certify");
        let serve = include_bytes!("../guest/serve-https");
        Ok(self
            .file("/usr/bin/khttpd-tls", 0o755, agent)
            .file("/usr/lib/khttpd/certify", 0o755, certify)
            .file("/usr/lib/khttpd/serve-https", 0o755, serve))
    }
}
