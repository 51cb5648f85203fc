// SPDX-License-Identifier: GPL-2.0-only

//! Character devices in `/dev` that belong to an object.
//!
//! [`kernel::miscdevice`] does not fit: its files have neither `poll` nor `flush`, and all of its
//! nodes share a lock that is held while one is opened, which may take long if that includes
//! connecting to a peer.
//!
//! C header: [`include/linux/cdev.h`](srctree/include/linux/cdev.h)

mod char_devices;
mod class;
mod devt_range;
mod file_ops;
mod owner;
mod session;

pub(crate) use self::{
    char_devices::{
        CharDevice,
        CharDevices, //
    },
    class::DeviceClass,
    session::{
        FileSession,
        PollCall, //
    }, //
};
