// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd-relay`: a TCP connection to a configured peer.
//!
//! What is written is sent to the peer, and what the peer sends is read.

use crate::{
    server::PerNet,
    sys::{
        device::{
            FileSession,
            PollCall, //
        },
        net::Net,
        tcp::Client, //
    }, //
};
use kernel::{
    fs::{
        file::flags,
        File, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    sync::Arc,
    time::Msecs, //
};

/// How long `close(2)` and `fsync(2)` wait, in milliseconds, for the peer's acknowledgement.
const SYNC_MILLISECONDS: Msecs = 10_000;

/// An open file of the relay node, with a connection of its own.
pub(crate) struct RelayFile(Client);

#[vtable]
impl FileSession for RelayFile {
    type Subject = PerNet;

    fn open(servers: &Arc<PerNet>, file: &File) -> Result<Pin<KBox<Self>>> {
        let peer = Net::with_current(|net| servers.relay(net));
        let client = Client::connect(peer, is_blocking(file))?;
        Ok(KBox::pin(Self(client), GFP_KERNEL)?)
    }

    fn read(&self, file: &File, to: &mut IovIterDest<'_>) -> Result<usize> {
        self.0.receive(to, is_blocking(file))
    }

    fn write(&self, file: &File, from: &mut IovIterSource<'_>) -> Result<usize> {
        self.0.send(from, is_blocking(file))
    }

    fn poll(&self, file: &File, poll: &PollCall<'_>) -> u32 {
        self.0.poll(file, poll)
    }

    fn sync(&self, _file: &File) -> Result {
        self.0.wait_acknowledged(SYNC_MILLISECONDS)
    }

    fn close(&self, _file: &File) -> Result {
        self.0.finish(SYNC_MILLISECONDS)
    }
}

fn is_blocking(file: &File) -> bool {
    file.flags() & flags::O_NONBLOCK == 0
}
