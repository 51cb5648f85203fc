// SPDX-License-Identifier: GPL-2.0-only

//! The Python programs of `guest/`.

use std::fs;
use std::path::Path;

use machine::Machine;

use super::{scaled_time, serving, unload, Result, HANG, PYTHON};

/// Copies programs of `guest/` to `/tmp` in the guest.
pub(crate) fn put_guest(machine: &Machine, names: &[&str]) -> Result {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest");
    for name in names {
        machine.put_file(
            &format!("/tmp/{name}"),
            0o600,
            &fs::read(folder.join(name))?,
        )?;
    }
    Ok(())
}

/// Runs a program of `guest/`, which must succeed.
pub(crate) fn run(machine: &Machine, command: &str) -> Result {
    let output =
        machine.exec_within(&format!("exec {PYTHON} /tmp/{command}"), scaled_time(HANG))?;
    println!("{}{}", output.stdout_text(), output.stderr_text());
    if !output.status.success() {
        println!(
            "{}",
            machine.exec_ok("cat /dev/khttpd; ss -tane | head -100; cat /tmp/nginx.log || true")?
        );
    }
    assert!(output.status.success(), "{command} failed");
    Ok(())
}

/// Runs a program, which may need the others, in a machine that serves, and unloads the module.
pub(crate) fn check(programs: &[&str], command: &str) -> Result {
    let machine = serving()?;
    put_guest(&machine, programs)?;
    run(&machine, command)?;
    unload(&machine)
}
