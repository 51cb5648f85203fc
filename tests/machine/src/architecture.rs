// SPDX-License-Identifier: GPL-2.0-only

//! Architectures of the guest, by the kernel's names for them.

use std::env;

use crate::{Accelerator, Error, Result};

/// An architecture: what QEMU and the kernel call its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    X86_64,
    Arm64,
}

impl Architecture {
    /// Returns the architecture that KHTTPD_ARCH names; x86-64 by default.
    pub(crate) fn from_environment() -> Result<Self> {
        match env::var("KHTTPD_ARCH").as_deref() {
            Err(_) | Ok("" | "x86_64") => Ok(Self::X86_64),
            Ok("arm64") => Ok(Self::Arm64),
            Ok(other) => Err(Error::Setup(format!(
                "ARCH={other}: neither x86_64 nor arm64"
            ))),
        }
    }

    /// Returns whether this is the host's own architecture, whose CPU KVM can use.
    pub(crate) fn is_native(self) -> bool {
        self.program().ends_with(env::consts::ARCH)
    }

    /// Returns the name of QEMU's program.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::X86_64 => "qemu-system-x86_64",
            Self::Arm64 => "qemu-system-aarch64",
        }
    }

    /// Returns the name of the kernel's image.
    pub(crate) fn image(self) -> &'static str {
        match self {
            Self::X86_64 => "bzImage",
            Self::Arm64 => "Image",
        }
    }

    /// Returns QEMU's arguments for the machine and its CPU.
    pub(crate) fn arguments(self, accelerator: Accelerator) -> &'static [&'static str] {
        match (self, accelerator) {
            (Self::X86_64, Accelerator::Kvm) => &["-cpu", "host"],
            // The counts in tests/bench/baseline.json are this CPU's.
            (Self::X86_64, Accelerator::Counting) => &["-cpu", "max"],
            // A fifth less work: page tables have four levels, and no program copies or clears
            // memory by REP MOVSB and STOSB, which QEMU emulates byte by byte.
            (Self::X86_64, Accelerator::Tcg) => &["-cpu", "max,la57=off,erms=off,fsrm=off"],
            // A CPU of servers, with instructions for atomics and AES, but none that are slow to
            // emulate.
            (Self::Arm64, _) => &["-machine", "virt,gic-version=3", "-cpu", "neoverse-n1"],
        }
    }

    /// Returns words for the kernel's command line.
    pub(crate) fn parameters(self) -> &'static str {
        match self {
            // Under TCG a CPU may respond late to the clocksource watchdog, which logs it; and the
            // timer may seem stuck, which is a panic.
            Self::X86_64 => "console=ttyS0 reboot=t tsc=reliable no_timer_check",
            Self::Arm64 => "console=ttyAMA0",
        }
    }
}
