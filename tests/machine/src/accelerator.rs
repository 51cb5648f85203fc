// SPDX-License-Identifier: GPL-2.0-only

//! Accelerators: KVM or QEMU's translator.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::builder::Builder;
use crate::folder::lock;
use crate::setup::Setup;
use crate::{Error, Result};

/// Time limit for a boot in the probe.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// An accelerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// The host's CPU.
    Kvm,
    /// QEMU's translator: slower, available everywhere.
    Tcg,
    /// QEMU's translator for one CPU, whose clock advances one nanosecond per instruction. Idle
    /// time of the guest is skipped. For measurements; never chosen automatically.
    Counting,
}

impl Accelerator {
    /// Chooses KVM if it works. /dev/kvm may exist, open and create a machine, and QEMU may still
    /// hang on it. Therefore a machine is booted within a time limit, once per boot of the host.
    pub(crate) fn detect(setup: &Setup) -> Result<Self> {
        if !setup.architecture.is_native() {
            return Ok(Self::Tcg);
        }
        if OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_err()
        {
            return Ok(Self::Tcg);
        }
        let Some(cache) = &setup.cache else {
            return Ok(Self::probe(setup));
        };
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_err(Error::io("reading the boot id"))?;
        let answer = cache.join("accelerator");
        let _guard: File = lock(
            &cache.join(".lock-accelerator"),
            FlockOperation::LockExclusive,
        )?;
        if let Some(known) = Self::known(&answer, boot.trim()) {
            return Ok(known);
        }
        let found = Self::probe(setup);
        let line = format!("{} {}\n", boot.trim(), found.name());
        fs::write(&answer, line).map_err(Error::io_at("writing", &answer))?;
        Ok(found)
    }

    fn known(answer: &Path, boot: &str) -> Option<Self> {
        let text = fs::read_to_string(answer).ok()?;
        match text.trim().strip_prefix(boot)?.trim() {
            "kvm" => Some(Self::Kvm),
            "tcg" => Some(Self::Tcg),
            _ => None,
        }
    }

    fn probe(setup: &Setup) -> Self {
        eprintln!("trying to boot a machine with KVM (limit {PROBE_LIMIT:?}) ...");
        let booted = Builder::with_setup(setup.clone())
            .name("probe")
            .without_module()
            .accelerator(Self::Kvm)
            .boot_limit(PROBE_LIMIT)
            .boot();
        match booted {
            Ok(_) => {
                eprintln!("KVM works");
                Self::Kvm
            }
            Err(_) => {
                eprintln!("KVM does not work here; using QEMU's translator (TCG)");
                Self::Tcg
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
            Self::Counting => "counting",
        }
    }

    /// Returns the arguments for QEMU.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Kvm => &["-accel", "kvm"],
            Self::Tcg => &["-accel", "tcg,thread=multi"],
            Self::Counting => &[
                "-accel",
                "tcg,thread=single",
                "-icount",
                "shift=0,sleep=off",
            ],
        }
    }
}
