// SPDX-License-Identifier: GPL-2.0-only

//! The host: commands and properties.

use std::fs;
use std::process::Command;

use machine::{Accelerator, Error, Machine, Result};

use crate::results::Section;

/// Runs a shell command and returns its output; a failure is an error.
pub(crate) fn shell(command: &str) -> Result<String> {
    let output = Command::new("sh")
        .args(["-c", command])
        .output()
        .map_err(Error::io(format!("starting `{command}`")))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Error::Setup(format!(
        "`{command}`: {}\n{errors}{printed}",
        output.status
    )))
}

/// Reads a file.
pub(crate) fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).map_err(Error::io(format!("reading {path}")))
}

/// Combines figures with their date and conditions.
pub(crate) fn section<T>(machine: &Machine, figures: Vec<T>) -> Result<Section<T>> {
    let accelerator = match machine.accelerator() {
        Accelerator::Kvm => "KVM",
        Accelerator::Tcg => "QEMU's translator (TCG)",
        Accelerator::Counting => "QEMU's translator (TCG), counting instructions",
    };
    Ok(Section {
        date: shell("date --utc +%F")?.trim().into(),
        host: processors()?,
        accelerator: accelerator.into(),
        kernel: machine.exec_ok("uname -r")?.trim().into(),
        figures,
    })
}

/// Describes the host's CPUs, as "2 x Some Processor".
fn processors() -> Result<String> {
    let text = read("/proc/cpuinfo")?;
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, name)| name.trim())
        .collect();
    let name = names.first().copied().unwrap_or("unknown");
    Ok(format!("{} x {name}", names.len()))
}
