// SPDX-License-Identifier: GPL-2.0-only

//! Connections: from accept to close.
//!
//! A [`Connection`] joins an accepted socket to a [`Slot`](slot::Slot) of the [`ConnectionPool`]. TCP's
//! callbacks and the connection's work item poll it ([`poll`]): the poll loop reads requests
//! ([`request_reader`]), writes responses ([`response_writer`]), and keeps the rest until the next
//! poll in the [`ConnState`](state::ConnState), which the socket's lock guards.
//!
//! The parts that a connection is made of are generic over it, so that none of them imports it.

mod adopted;
mod borrowed_cpu;
mod burst;
mod burst_log;
mod close_queue;
mod close_reason;
mod conn_log;
mod connection;
mod connection_pool;
mod connection_table;
mod cpu_scratch;
mod defer_reason;
mod hand_over;
mod pace;
mod pending_response;
mod poll;
mod request_context;
mod request_reader;
mod response_writer;
mod send_page;
mod slot;
mod slots;
mod state;
mod table_owner;
mod timing;
mod transport;

pub(crate) use self::adopted::Returned;

pub(super) use self::{
    adopted::{
        AdoptedConnection,
        AdoptedSet, //
    },
    connection::Connection,
    connection_pool::ConnectionPool,
    connection_table::TableEntry,
    cpu_scratch::CpuScratch,
    state::ConnPhase,
    table_owner::TableOwner,
    timing::{
        Timed,
        Timing, //
    }, //
};
