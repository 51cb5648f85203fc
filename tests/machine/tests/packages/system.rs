// SPDX-License-Identifier: GPL-2.0-only

//! A Debian that starts with systemd and keeps its files when it is booted again.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use machine::Machine;

use crate::common::{machine, Result, HANG};

/// The files of a Debian: the guest's root, below a layer with what the guest changes.
pub(crate) struct System {
    folder: PathBuf,
    below: PathBuf,
    root: PathBuf,
}

impl System {
    /// Makes a system from the guest's root and the headers of the kernel, in a folder of this name
    /// among the packages.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let below = PathBuf::from(env::var("KHTTPD_GUEST_ROOT")?);
        let folder = packages()?.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        // A file system that never gives a removed file's inode to another one, because the guest
        // caches the content of files by their inodes.
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", "inode64,size=8g", "tmpfs"])
            .arg(&folder))?;
        let [layer, work, root] = ["layer", "work", "root"].map(|part| folder.join(part));
        for part in [&layer, &work, &root] {
            fs::create_dir_all(part)?;
        }
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            below.display(),
            layer.display(),
            work.display()
        );
        run(Command::new("mount")
            .args(["-t", "overlay", "-o", &options, "overlay"])
            .arg(&root))?;
        let system = Self {
            folder,
            below,
            root,
        };
        // In the guest it would take minutes.
        run(Command::new("dpkg")
            .arg(format!("--root={}", system.root.display()))
            .args(["--log=/dev/null", "--install"])
            .arg(headers()?))?;
        // The list of manual pages would take minutes, and nothing here reads it.
        fs::remove_file(system.root.join("var/lib/man-db/auto-update"))?;
        // As the package of a kernel does; without its files DKMS would leave it out.
        run(Command::new("depmod")
            .arg("--basedir")
            .arg(&system.root)
            .arg(release()?))?;
        Ok(system)
    }

    /// Boots it, and waits until systemd has started all units.
    pub(crate) fn boot(&self) -> Result<Machine> {
        let files = format!(
            "local,id=system,path={},security_model=none,multidevs=remap",
            self.root.display()
        );
        let machine = machine()?
            .without_module()
            .share(packages()?)
            .argument("-fsdev")
            .argument(&files)
            .argument("-device")
            .argument("virtio-9p-pci,fsdev=system,mount_tag=system")
            .parameter("machine.system=/usr/lib/systemd/systemd")
            // If the kernel can verify modules, it loads none that is unsigned.
            .parameter("module.sig_enforce=1")
            .parameter("systemd.show_status=no systemd.journald.forward_to_console=no")
            .boot()?;
        // It may be degraded: the kernel has no block devices, for example.
        machine.exec("systemctl is-system-running --wait")?;
        Ok(machine)
    }

    /// Lets the guest end all units and restart, and returns it when it has booted again.
    pub(crate) fn reboot(&self, machine: Machine) -> Result<Machine> {
        machine.exec_ok("systemctl reboot --no-block")?;
        let deadline = Instant::now() + HANG;
        // QEMU ends instead of restarting.
        while machine.is_running() {
            if Instant::now() > deadline {
                return Err(format!("no reboot: {:#?}", machine.last_lines()).into());
            }
            thread::sleep(Duration::from_millis(200));
        }
        drop(machine);
        self.boot()
    }

    /// Returns the files that the guest's root has not had before, sorted, without logs and caches.
    pub(crate) fn added(&self, machine: &Machine) -> Result<Vec<String>> {
        const PASSING: [&str; 4] = ["/var/log/", "/var/cache/", "/var/lib/systemd/", "/tmp/"];
        machine.exec_ok("sync")?;
        let layer = self.folder.join("layer");
        let mut found = Vec::new();
        collect(&layer, &self.below, &mut found)?;
        let prefix = layer.display().to_string();
        let mut found: Vec<_> = found
            .iter()
            .filter_map(|path| path.strip_prefix(&prefix))
            .filter(|path| !PASSING.iter().any(|folder| path.starts_with(folder)))
            .map(str::to_owned)
            .collect();
        found.sort();
        Ok(found)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // The mount ends with the namespace at the latest.
        for folder in [&self.root, &self.folder] {
            let _ = Command::new("umount").arg("--lazy").arg(folder).status();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Adds the paths of all files below a folder that are not below another one, nor devices or pipes.
fn collect(folder: &Path, below: &Path, found: &mut Vec<String>) -> Result {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let counterpart = below.join(entry.file_name());
        if kind.is_dir() {
            collect(&entry.path(), &counterpart, found)?;
        } else if (kind.is_file() || kind.is_symlink()) && counterpart.symlink_metadata().is_err() {
            found.push(entry.path().display().to_string());
        }
    }
    Ok(())
}

/// Runs a program of the tool-chain root.
fn run(command: &mut Command) -> Result {
    let status = command.status()?;
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    Ok(())
}

/// Returns the package with the headers of the kernel.
fn headers() -> Result<PathBuf> {
    for entry in fs::read_dir(packages()?)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "deb") {
            return Ok(path);
        }
    }
    Err("no package linux-headers".into())
}

/// Returns the version of the kernel, as the name of the package with its headers has it.
fn release() -> Result<String> {
    let path = headers()?;
    let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    Ok(name.trim_start_matches("linux-headers-").into())
}

/// Returns the folder with the packages of two versions.
fn packages() -> Result<PathBuf> {
    Ok(env::var_os("KHTTPD_PACKAGES")
        .ok_or("KHTTPD_PACKAGES is not set; use make test-packages")?
        .into())
}
