// SPDX-License-Identifier: GPL-2.0-only

//! Connections that processes have given to the server.
//!
//! Other descriptors of such a connection may still be in use. So the server leaves its socket's
//! callbacks, user data and protocol alone: an entry in the socket's wait queue kicks a work item,
//! which polls the connection with the socket's lock held, but never waits for this lock
//! ([`SocketTransport`](socket_transport::SocketTransport)). The poll loop is that of all connections.
//!
//! TLS in the kernel waits for the lock. So a connection with TLS is polled only while no process can
//! use it, and without the lock: the worker decrypts before a poll, and encrypts after it
//! ([`TlsTransport`](tls_transport::TlsTransport), [`TlsLink`](tls_link::TlsLink)).
//!
//! A connection whose next request is for a process goes back by descriptor: it waits in the
//! [`ReturnQueue`](return_queue::ReturnQueue) for a process that reads the adopt node.

mod adopted_connection;
mod adopted_set;
mod early_bytes;
mod give_back;
mod return_queue;
mod socket_transport;
mod tls_exchange;
mod tls_link;
mod tls_transport;

pub(crate) use self::give_back::Returned;
pub(in crate::server) use self::{
    adopted_connection::AdoptedConnection,
    adopted_set::AdoptedSet, //
};
