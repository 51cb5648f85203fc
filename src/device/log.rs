// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd-log`: the access log.
//!
//! `read(2)` returns whole lines; it waits for one, unless the file is non-blocking.

use crate::{
    server::{
        LogReader,
        PerNet, //
    },
    sys::{
        device::{
            FileSession,
            PollCall, //
        },
        errno::ESHUTDOWN,
        net::Net, //
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
    sync::Arc, //
};

/// An open file of the log node: the only reader of the log of the network namespace of the task
/// that has opened it.
pub(crate) struct LogFile(Pin<KBox<LogReader>>);

#[vtable]
impl FileSession for LogFile {
    type Subject = PerNet;

    fn open(servers: &Arc<PerNet>, file: &File) -> Result<Pin<KBox<Self>>> {
        if file.flags() & flags::O_ACCMODE == flags::O_WRONLY {
            return Err(EINVAL);
        }
        // Only a transaction makes a server.
        let server = Net::with_current(|net| servers.find(net)).ok_or(ESHUTDOWN)?;
        Ok(KBox::pin(Self(server.open_log()?), GFP_KERNEL_ACCOUNT)?)
    }

    fn read(&self, file: &File, to: &mut IovIterDest<'_>) -> Result<usize> {
        self.0.read(to, file.flags() & flags::O_NONBLOCK == 0)
    }

    fn write(&self, _file: &File, _from: &mut IovIterSource<'_>) -> Result<usize> {
        Err(EINVAL)
    }

    fn poll(&self, file: &File, poll: &PollCall<'_>) -> u32 {
        self.0.poll(file, poll)
    }

    fn close(&self, _file: &File) -> Result {
        Ok(())
    }
}
