// SPDX-License-Identifier: GPL-2.0-only

//! The virtual machine that runs khttpd for tests.
//!
//! A [`Machine`] is a QEMU process with the project's own kernel. Its root file system is the
//! tool-chain root of the host, read-only over 9p, below an overlay in memory, so that the guest
//! has curl, wrk, nginx and a shell. An agent in the guest runs commands that arrive over
//! virtio-serial ports; the network is left to the tests.
//!
//! This crate runs inside the tool-chain root (tests/tools/root/enter), which has QEMU. `make
//! test-machine` and `make run` enter it and pass the paths of kernel, agent and module in KHTTPD_*
//! variables.
//!
//! ```no_run
//! use machine::Machine;
//!
//! # fn main() -> machine::Result {
//! let machine = Machine::builder()?.cpus(2).boot()?;
//! let mark = machine.log()?.mark();
//! machine.exec_ok("insmod khttpd.ko")?;
//! println!("http://{}/", machine.http_address()?);
//! assert!(machine.log()?.since(mark).trouble().is_empty());
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod accelerator;
mod architecture;
mod archive;
mod builder;
mod channel;
mod console;
mod error;
mod folder;
mod log;
mod network;
mod process;
mod qemu;
mod setup;
pub mod shell;
mod tls_agent;
pub mod wire;

mod instance;

pub use accelerator::Accelerator;
pub use builder::Builder;
pub use error::{Error, Result};
pub use folder::running;
pub use instance::Machine;
pub use log::{KernelLog, Kind, Line, Mark, Trouble};
pub use network::Net;
pub use process::{Output, Process};
pub use wire::Status;
