// SPDX-License-Identifier: GPL-2.0-only

//! `agent python PROGRAM [ARGUMENT...]`: runs a Python program in a child of `guest/warm-python`, or
//! by itself if that does not run in this network namespace.

use std::env;
use std::ffi::OsString;
use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::net::{sendmsg, SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

/// Runs a program and returns its exit status.
pub(crate) fn run(arguments: &[OsString]) -> io::Result<ExitCode> {
    let server = SocketAddr::from_abstract_name("warm-python")?;
    match UnixStream::connect_addr(&server) {
        Ok(server) => ask(&server, arguments),
        Err(_) => Err(Command::new("python3").args(arguments).exec()),
    }
}

/// Lets the server run the program with our standard descriptors, and waits for its end.
fn ask(mut server: &UnixStream, arguments: &[OsString]) -> io::Result<ExitCode> {
    let folder = env::current_dir()?.into_os_string();
    let mut message = Vec::new();
    for word in std::iter::once(&folder).chain(arguments) {
        message.extend_from_slice(word.as_bytes());
        message.push(0);
    }
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let standard = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut descriptors = SendAncillaryBuffer::new(&mut space);
    descriptors.push(SendAncillaryMessage::ScmRights(&standard));
    sendmsg(
        server,
        &[IoSlice::new(&message)],
        &mut descriptors,
        SendFlags::empty(),
    )?;
    let mut status = [0];
    server.read_exact(&mut status)?;
    Ok(ExitCode::from(status[0]))
}
