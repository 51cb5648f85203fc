// SPDX-License-Identifier: GPL-2.0-only

//! How the guest is reached over the network.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;

use crate::{Error, Result};

/// The guest's end of the network.
const DEVICE: &str = "virtio-net-pci,netdev=net,romfile=";

/// The kind of network a machine has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Net {
    /// QEMU's own network: ports of the host's loopback address are forwarded. It needs no rights, and it answers FIN
    /// and RST by itself.
    #[default]
    User,
    /// A tap device in the current network namespace, which is better one of its own: packets are what they are.
    Tap,
}

/// A TCP port of the guest that is to be reached, and from which port of the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forward {
    pub(crate) guest: u16,
    /// [`None`]: any that is free.
    pub(crate) host: Option<u16>,
}

/// A network that is set up.
#[derive(Debug)]
pub(crate) struct Network {
    /// For QEMU's command line.
    pub(crate) arguments: Vec<String>,
    /// For the guest's init, on the kernel's command line.
    pub(crate) parameters: Vec<String>,
    /// Where each forwarded port of the guest is reached.
    pub(crate) addresses: Vec<(u16, SocketAddr)>,
    _tap: Option<Tap>,
}

impl Network {
    /// A network for a machine with so many processors.
    pub(crate) fn set_up(net: Net, forwards: &[Forward], cpus: u32) -> Result<Self> {
        match net {
            Net::User => Self::user(forwards),
            Net::Tap => Self::tap(forwards, cpus),
        }
    }

    fn user(forwards: &[Forward]) -> Result<Self> {
        let mut netdev = "user,id=net".to_owned();
        let mut addresses = Vec::new();
        // Each listener is kept until all ports are chosen, so that they differ.
        let mut listeners = Vec::new();
        for forward in forwards {
            let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, forward.host.unwrap_or(0)));
            let listener = TcpListener::bind(wanted).map_err(|error| match error.kind() {
                std::io::ErrorKind::AddrInUse => Error::Setup(format!(
                    "port {} of 127.0.0.1 is taken by another program; choose another with PORT=",
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

    /// With a queue for each processor, so that each can take in packets of its own.
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
                // Each queue has two interrupts; the other two are the device's.
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

/// A tap device. It goes with this value.
#[derive(Debug)]
struct Tap {
    number: u8,
}

impl Tap {
    /// Makes the first device that is still free, and gives the host its address there.
    fn create(queues: u32) -> Result<Self> {
        // QEMU opens a device in the way of its number of queues.
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
                    // A thousand clients begin at once: what they send must not be lost before it is in the machine.
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
        Err(Error::Setup(format!("no tap device can be made: {said}")))
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
        // It goes with the namespace at the latest.
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
