// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd-adopt`: connections that come from processes and go back to them.
//!
//! Each call of `write(2)` gives the server one connection, and each call of `read(2)` takes one
//! back, as an [`AdoptionRecord`].

use crate::{
    server::{
        PerNet,
        Server, //
    },
    sys::{
        device::{
            FileSession,
            PollCall, //
        },
        errno::ESHUTDOWN,
        net::Net,
        tcp::SocketFile,
        uio, //
    }, //
};
use core::fmt::Write;
use kernel::{
    fs::{
        file::{
            flags,
            FileDescriptorReservation, //
        },
        File, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    sync::Arc, //
};
use protocol::adoption::{
    AdoptionRecord,
    LINE_MAX,
    RECORD_MAX, //
};

/// An open file of the adopt node. It belongs to the network namespace of the task that has opened
/// it.
pub(crate) struct AdoptFile {
    server: Arc<Server>,
    /// The number of the namespace.
    net: u64,
    is_reader: bool,
}

impl AdoptFile {
    /// Copies a record to a reader, and returns its length.
    fn put_record(record: &AdoptionRecord<'_>, to: &mut IovIterDest<'_>) -> Result<usize> {
        let mut line = heapless::String::<LINE_MAX>::new();
        write!(line, "{record}").map_err(|_| EIO)?;
        let copied = to.copy_to_iter(line.as_bytes()) + to.copy_to_iter(record.early);
        if copied < line.len() + record.early.len() {
            return Err(EFAULT);
        }
        Ok(copied)
    }
}

#[vtable]
impl FileSession for AdoptFile {
    type Subject = PerNet;

    fn open(servers: &Arc<PerNet>, file: &File) -> Result<Pin<KBox<Self>>> {
        let (server, net) = Net::with_current(|net| (servers.find(net), net.cookie()));
        // Only a transaction makes a server.
        let server = server.ok_or(ESHUTDOWN)?;
        let is_reader = file.flags() & flags::O_ACCMODE != flags::O_WRONLY;
        if is_reader {
            server.add_reader();
        }
        // Without memory it is dropped, which removes the reader.
        let this = Self {
            server,
            net,
            is_reader,
        };
        Ok(KBox::pin(this, GFP_KERNEL_ACCOUNT)?)
    }

    fn read(&self, file: &File, to: &mut IovIterDest<'_>) -> Result<usize> {
        let descriptor = FileDescriptorReservation::get_unused_fd_flags(flags::O_CLOEXEC)?;
        let wait = file.flags() & flags::O_NONBLOCK == 0;
        let room = to.len().checked_sub(LINE_MAX).ok_or(EINVAL)?;
        uio::fault_in_writeable(to, RECORD_MAX)?;
        let Some(returned) = self.server.take_back(room, wait)? else {
            return Ok(0);
        };
        let record = AdoptionRecord {
            descriptor: descriptor.reserved_fd(),
            early: &returned.early,
            to: Some(returned.to),
        };
        // The connection is closed if another task has just taken the memory of the reader away.
        let len = Self::put_record(&record, to)?;
        descriptor.fd_install(returned.socket.into_file());
        Ok(len)
    }

    fn write(&self, _file: &File, from: &mut IovIterSource<'_>) -> Result<usize> {
        if from.len() > RECORD_MAX {
            return Err(EINVAL);
        }
        let (mut bytes, len) = (KVVec::new(), from.len());
        if from.copy_from_iter_vec(&mut bytes, GFP_KERNEL_ACCOUNT)? < len {
            return Err(EFAULT);
        }
        let record = AdoptionRecord::parse(&bytes).ok_or(EINVAL)?;
        let socket = SocketFile::of_descriptor(record.descriptor)?;
        if socket.net().cookie() != self.net {
            return Err(EXDEV);
        }
        let mut early = KVec::new();
        early.extend_from_slice(record.early, GFP_KERNEL_ACCOUNT)?;
        self.server.adopt(socket, early)?;
        Ok(len)
    }

    fn poll(&self, file: &File, poll: &PollCall<'_>) -> u32 {
        self.server.poll_returns(file, poll)
    }

    fn close(&self, _file: &File) -> Result {
        Ok(())
    }
}

impl Drop for AdoptFile {
    fn drop(&mut self) {
        if self.is_reader {
            self.server.remove_reader();
        }
    }
}
