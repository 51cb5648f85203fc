// SPDX-License-Identifier: GPL-2.0-only

//! Networks between host and guest.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;

use crate::{Error, Result};

/// The guest's network device.
const DEVICE: &str = "virtio-net-pci,netdev=net,romfile=";

/// The kind of network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Net {
    /// QEMU's user network, which forwards ports of the host's loopback address. Needs no
    /// privileges; QEMU itself responds to FIN and RST.
    #[default]
    User,
    /// A tap device in the current network namespace, preferably a separate one. Packets pass
    /// unchanged.
    Tap,
}

/// A forwarded TCP port of the guest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forward {
    pub(crate) guest: u16,
    /// Port of the host; [`None`] for any free one.
    pub(crate) host: Option<u16>,
}

/// A configured network.
#[derive(Debug)]
pub(crate) struct Network {
    /// Arguments for QEMU.
    pub(crate) arguments: Vec<String>,
    /// Words on the kernel's command line for the guest's init.
    pub(crate) parameters: Vec<String>,
    /// Host address of each forwarded port of the guest.
    pub(crate) addresses: Vec<(u16, SocketAddr)>,
    _tap: Option<Tap>,
}

impl Network {
    /// Creates a network for a machine with `cpus` CPUs.
    pub(crate) fn set_up(net: Net, forwards: &[Forward], cpus: u32) -> Result<Self> {
        match net {
            Net::User => Self::user(forwards),
            Net::Tap => Self::tap(forwards, cpus),
        }
    }

    fn user(forwards: &[Forward]) -> Result<Self> {
        let mut netdev = "user,id=net".to_owned();
        let mut addresses = Vec::new();
        // Keep all listeners until the last port is chosen, so that the ports differ.
        let mut listeners = Vec::new();
        for forward in forwards {
            let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, forward.host.unwrap_or(0)));
            let listener = TcpListener::bind(wanted).map_err(|error| match error.kind() {
                std::io::ErrorKind::AddrInUse => Error::Setup(format!(
                    "port {} of 127.0.0.1 is in use; choose another with PORT=",
                    wanted.port()
                )),
                _ => Error::io(format!("listening on {wanted}"))(error),
            })?;
            let address = listener
                .local_addr()
                .map_err(Error::io("choosing a port"))?;
            netdev.push_str(&format!(",hostfwd=tcp:{address}-:{}", forward.guest));
            addresses.push((forward.guest, address));
            listeners.push(listener);
        }
        Ok(Self {
            arguments: vec!["-netdev".into(), netdev, "-device".into(), DEVICE.into()],
            parameters: vec![
                "machine.address=10.0.2.15/24".into(),
                "machine.gateway=10.0.2.2".into(),
            ],
            addresses,
            _tap: None,
        })
    }

    /// Creates a tap with one queue per CPU, so that each CPU can receive packets.
    fn tap(forwards: &[Forward], queues: u32) -> Result<Self> {
        let tap = Tap::create(queues)?;
        let guest = Ipv4Addr::new(10, 76, tap.number, 2);
        let port = |forward: &Forward| (forward.guest, SocketAddr::from((guest, forward.guest)));
        Ok(Self {
            arguments: vec![
                "-netdev".into(),
                format!(
                    "tap,id=net,ifname={},script=no,downscript=no,queues={queues}",
                    tap.name()
                ),
                "-device".into(),
                // Two interrupts per queue, two for the device.
                format!("{DEVICE},mq=on,vectors={}", 2 * queues + 2),
            ],
            parameters: vec![
                format!("machine.address={guest}/24"),
                format!("machine.address6={}2/64", tap.prefix6()),
                format!("machine.gateway=10.76.{}.1", tap.number),
            ],
            addresses: forwards.iter().map(port).collect(),
            _tap: Some(tap),
        })
    }
}

/// A tap device. Dropping it deletes the device.
#[derive(Debug)]
struct Tap {
    number: u8,
}

impl Tap {
    /// Creates the first free device and configures the host's addresses.
    fn create(queues: u32) -> Result<Self> {
        // QEMU opens a device according to its number of queues.
        let mode: &[&str] = match queues {
            0 | 1 => &["mode", "tap"],
            _ => &["mode", "tap", "multi_queue"],
        };
        let mut said = String::new();
        for number in 0..=u8::MAX {
            let tap = Self { number };
            let name = tap.name();
            match ip(&[&["tuntap", "add", "dev", &name], mode].concat()) {
                Ok(()) => {
                    let v4 = format!("10.76.{number}.1/24");
                    let v6 = format!("{}1/64", tap.prefix6());
                    ip(&["address", "add", &v4, "dev", &name])?;
                    ip(&["address", "add", &v6, "dev", &name, "nodad"])?;
                    // Do not drop packets of a thousand simultaneous clients before they reach the
                    // machine.
                    ip(&["link", "set", &name, "txqueuelen", "10000", "up"])?;
                    return Ok(tap);
                }
                Err(error) => {
                    said = error.to_string();
                    std::mem::forget(tap);
                }
            }
            if !said.contains("busy") {
                break;
            }
        }
        Err(Error::Setup(format!("creating a tap device: {said}")))
    }

    fn name(&self) -> String {
        format!("khttpd{}", self.number)
    }

    fn prefix6(&self) -> String {
        format!("fd76:6b68:7474:{:x}::", self.number)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // It ends with the namespace at the latest.
        let _ = ip(&["link", "delete", &self.name()]);
    }
}

fn ip(arguments: &[&str]) -> Result {
    let doing = format!("ip {}", arguments.join(" "));
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .map_err(Error::io(doing.clone()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::Setup(format!("{doing}: {}", said.trim())))
}
