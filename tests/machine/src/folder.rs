// SPDX-License-Identifier: GPL-2.0-only

//! The folder of a running machine: agent ports, console, and the lock of its owner.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use rustix::fs::{flock, FlockOperation};

use crate::{Error, Result};

const LOCK: &str = "lock";

/// The folder of one machine. Dropping it removes the folder and keeps the console as a log.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    log: PathBuf,
    _lock: File,
}

impl Folder {
    /// Creates the folder `name` in `machines`, after removing folders of killed machines.
    pub(crate) fn create(machines: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(machines).map_err(Error::io_at("making", machines))?;
        let _guard = lock(&machines.join(".lock"), FlockOperation::LockExclusive)?;
        for entry in entries(machines)? {
            if !lives(&entry) {
                fs::remove_dir_all(&entry).map_err(Error::io_at("removing", &entry))?;
            }
        }
        let path = machines.join(name);
        if path.exists() {
            let what = format!(
                "a machine named {name} is already running; end it first (Ctrl-C in its terminal)"
            );
            return Err(Error::Setup(what));
        }
        fs::create_dir(&path).map_err(Error::io_at("making", &path))?;
        let lock = lock(&path.join(LOCK), FlockOperation::NonBlockingLockExclusive)?;
        let logs = machines.with_file_name("logs");
        fs::create_dir_all(&logs).map_err(Error::io_at("making", &logs))?;
        let log = logs.join(format!("{}.log", name.split('@').next().unwrap_or(name)));
        Ok(Self {
            path,
            log,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn console(&self) -> PathBuf {
        self.path.join("console.log")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: the next machine removes a folder that stays.
        let _ = fs::rename(self.console(), &self.log);
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Finds the folder of the running machine `name`; without a name, the machine of `make run` or the
/// only one.
pub fn running(machines: &Path, name: Option<&str>) -> Result<PathBuf> {
    let mut alive = Vec::new();
    if machines.is_dir() {
        let _guard = lock(&machines.join(".lock"), FlockOperation::LockExclusive)?;
        alive = entries(machines)?;
        alive.retain(|entry| lives(entry));
    }
    let wanted = machines.join(name.unwrap_or("run"));
    if alive.contains(&wanted) {
        return Ok(wanted);
    }
    match (name, alive.as_slice()) {
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(Error::Setup(
            "no machine is running; start one with: make run".into(),
        )),
        (Some(name), _) => Err(Error::Setup(format!("no machine named {name} is running"))),
        (None, many) => {
            let names: Vec<_> = many
                .iter()
                .filter_map(|path| path.file_name()?.to_str())
                .collect();
            let what = format!(
                "several machines are running; choose one with MACHINE=: {}",
                names.join(" ")
            );
            Err(Error::Setup(what))
        }
    }
}

fn entries(machines: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(machines).map_err(Error::io_at("reading", machines))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_dir());
    paths.sort();
    Ok(paths)
}

fn lives(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(LOCK)) else {
        return false;
    };
    flock(&file, FlockOperation::NonBlockingLockShared).is_err()
}

/// Opens a lock file and takes the lock.
pub(crate) fn lock(path: &Path, how: FlockOperation) -> Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(Error::io_at("opening", path))?;
    flock(&file, how)
        .map_err(Into::into)
        .map_err(Error::io_at("locking", path))?;
    Ok(file)
}
