// SPDX-License-Identifier: GPL-2.0-only

//! TLS over a socket that blocks, for a reader and a writer at the same time.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::ClientConnection;

/// Length of the header of a record in bytes (RFC 8446 section 5.1).
const HEADER: usize = 5;

/// A TLS connection without its socket.
///
/// A thread that waits for the socket to take bytes holds `out`, never `tls`, so that the peer's
/// bytes can be read meanwhile. A reader waits for `handshake` alone, which no one holds later. They
/// are locked in the order in which they stand here.
#[derive(Debug)]
pub(crate) struct Secure {
    /// Held while the handshake is made.
    handshake: Mutex<()>,
    /// Held while records are made and sent, which keeps their order.
    out: Mutex<()>,
    tls: Mutex<ClientConnection>,
}

/// Locks, whether or not another thread has failed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Secure {
    pub(crate) fn new(tls: ClientConnection) -> Self {
        Self {
            handshake: Mutex::new(()),
            out: Mutex::new(()),
            tls: Mutex::new(tls),
        }
    }

    /// Reads what has arrived, shaking hands first.
    pub(crate) fn read(&self, tcp: &TcpStream, buffer: &mut [u8]) -> Result<usize> {
        self.shake_hands(tcp)?;
        loop {
            match lock(&self.tls).reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            self.receive(tcp)?;
        }
    }

    /// Writes all bytes, shaking hands first.
    pub(crate) fn write(&self, tcp: &TcpStream, bytes: &[u8]) -> Result<usize> {
        self.shake_hands(tcp)?;
        let out = lock(&self.out);
        let count = lock(&self.tls).writer().write(bytes)?;
        self.send(&out, tcp)?;
        Ok(count)
    }

    /// Sends close_notify.
    pub(crate) fn finish(&self, tcp: &TcpStream) -> Result<()> {
        self.shake_hands(tcp)?;
        let out = lock(&self.out);
        lock(&self.tls).send_close_notify();
        self.send(&out, tcp)
    }

    /// Shakes hands, if that is not done. The other thread waits for it.
    fn shake_hands(&self, tcp: &TcpStream) -> Result<()> {
        let _handshake = lock(&self.handshake);
        if !lock(&self.tls).is_handshaking() {
            return Ok(());
        }
        let out = lock(&self.out);
        while lock(&self.tls).is_handshaking() {
            self.send(&out, tcp)?;
            self.receive(tcp)?;
        }
        self.send(&out, tcp)
    }

    /// Waits for a record of the peer and takes it: rustls takes no more before its content is read.
    fn receive(&self, tcp: &TcpStream) -> Result<()> {
        let record = read_record(tcp)?;
        let mut bytes = record.as_slice();
        let mut tls = lock(&self.tls);
        loop {
            // Nothing to read is the end.
            tls.read_tls(&mut bytes)?;
            let taken = tls.process_new_packets();
            taken.map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends what the connection has to send. The lock shows that no other thread does.
    fn send(&self, _out: &MutexGuard<'_, ()>, mut tcp: &TcpStream) -> Result<()> {
        let mut records = Vec::new();
        let mut tls = lock(&self.tls);
        while tls.wants_write() {
            tls.write_tls(&mut records)?;
        }
        drop(tls);
        tcp.write_all(&records)
    }
}

/// Reads a record with its header; nothing at the end of the stream.
fn read_record(mut tcp: &TcpStream) -> Result<Vec<u8>> {
    let mut record = vec![0; HEADER];
    let count = tcp.read(&mut record)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    tcp.read_exact(record.get_mut(count..).unwrap_or_default())?;
    let length = match *record.as_slice() {
        [_, _, _, high, low] => u16::from_be_bytes([high, low]),
        _ => 0,
    };
    record.resize(HEADER + usize::from(length), 0);
    tcp.read_exact(record.get_mut(HEADER..).unwrap_or_default())?;
    Ok(record)
}
