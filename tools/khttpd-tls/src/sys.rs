// SPDX-License-Identifier: GPL-2.0-only

//! Interfaces of the kernel that neither std nor rustix has. All unsafe code of the agent is here.

mod adopt_node;
mod ktls;
mod send_queue;

pub(crate) use adopt_node::{AdoptNode, Returned};
pub(crate) use ktls::{Keys, Ktls, Received};
pub(crate) use send_queue::unacknowledged;
