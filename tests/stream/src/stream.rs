// SPDX-License-Identifier: GPL-2.0-only

//! A connection that blocks.

use std::io::{self, Read, Result, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::secure::Secure;
use crate::trust::Trust;

/// A client's connection. A clone shares it, so that one thread reads while another writes.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    secure: Option<Arc<Secure>>,
}

impl Stream {
    /// Connects to a server, by TLS if there is a trust. The handshake is done with the first bytes
    /// that are read or written.
    ///
    /// # Errors
    ///
    /// No connection, or no descriptor.
    pub fn connect(address: SocketAddr, trust: Option<&Trust>) -> Result<Self> {
        let tcp = TcpStream::connect(address)?;
        tcp.set_nodelay(true)?;
        let secure = match trust {
            Some(trust) => Some(Arc::new(Secure::new(trust.connection()?))),
            None => None,
        };
        Ok(Self { tcp, secure })
    }

    /// Returns another handle of the connection.
    ///
    /// # Errors
    ///
    /// No descriptor.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            tcp: self.tcp.try_clone()?,
            secure: self.secure.clone(),
        })
    }

    /// Bounds the time in which a read must return.
    ///
    /// # Errors
    ///
    /// The bound is zero.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> Result<()> {
        self.tcp.set_read_timeout(limit)
    }

    /// Takes the pending error of the socket, such as a reset.
    ///
    /// # Errors
    ///
    /// The socket does not tell.
    pub fn take_error(&self) -> Result<Option<io::Error>> {
        self.tcp.take_error()
    }

    /// Ends this direction: by FIN, after close_notify in TLS.
    ///
    /// # Errors
    ///
    /// The connection is not there any more.
    pub fn finish(&self) -> Result<()> {
        if let Some(secure) = &self.secure {
            secure.finish(&self.tcp)?;
        }
        self.tcp.shutdown(Shutdown::Write)
    }
}

impl Read for Stream {
    /// Reads what has arrived. In TLS, an end without close_notify is
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match &self.secure {
            Some(secure) => secure.read(&self.tcp, buffer),
            None => self.tcp.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match &self.secure {
            Some(secure) => secure.write(&self.tcp, bytes),
            None => self.tcp.write(bytes),
        }
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
