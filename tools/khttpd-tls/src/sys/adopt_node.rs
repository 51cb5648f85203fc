// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd-adopt`: the door through which connections go to khttpd and come back.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The most bytes of a record: its line, and a request's head with what follows it.
const RECORD: usize = 32768 + 128;

/// An open file of the node.
#[derive(Debug)]
pub(crate) struct AdoptNode(File);

/// A connection that khttpd has returned, because a process shall answer its request.
#[derive(Debug)]
pub(crate) struct Returned {
    /// The connection.
    pub(crate) connection: OwnedFd,
    /// Decrypted bytes that khttpd has read and not answered.
    pub(crate) early: Vec<u8>,
    /// Address of the process: `PORT` or `ADDRESS:PORT`.
    pub(crate) to: String,
}

impl AdoptNode {
    /// Opens the node. khttpd returns connections only while the node is open for reading.
    pub(crate) fn open(path: &Path, takes: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(takes).write(true);
        Ok(Self(options.custom_flags(libc::O_NONBLOCK).open(path)?))
    }

    /// Gives a connection to khttpd, which takes a reference to it. The caller must close its own
    /// at once: khttpd waits until it is the only one.
    pub(crate) fn give(&self, connection: BorrowedFd<'_>) -> io::Result<()> {
        let record = format!("{}\n", connection.as_raw_fd());
        (&self.0).write_all(record.as_bytes())
    }

    /// Takes a connection that khttpd returns.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] if there is none.
    pub(crate) fn take(&self) -> io::Result<Returned> {
        let mut record = vec![0; RECORD];
        let count = (&self.0).read(&mut record)?;
        record.truncate(count);
        let (line, early) = split(&record).ok_or_else(|| unknown(&record))?;
        let mut words = line.split(' ');
        let number = words.next().and_then(|word| word.parse::<RawFd>().ok());
        let number = number.filter(|number| *number >= 0);
        let number = number.ok_or_else(|| unknown(&record))?;
        // SAFETY: khttpd has just installed this descriptor for the record, and the record was
        // read once, so that nothing else in this process owns it.
        let connection = unsafe { OwnedFd::from_raw_fd(number) };
        let (count, to) = (words.next(), words.next());
        if count.and_then(|count| count.parse().ok()) != Some(early.len()) {
            return Err(unknown(&record));
        }
        Ok(Returned {
            connection,
            early: early.to_vec(),
            to: to.ok_or_else(|| unknown(&record))?.to_owned(),
        })
    }
}

impl AsFd for AdoptNode {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Splits a record into its line and the bytes behind it.
fn split(record: &[u8]) -> Option<(&str, &[u8])> {
    let end = record.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = record.split_at_checked(end)?;
    Some((std::str::from_utf8(line).ok()?, rest.get(1..)?))
}

/// Returns the error for a record that this agent does not understand.
fn unknown(record: &[u8]) -> io::Error {
    let line = record.split(|byte| *byte == b'\n').next();
    let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    io::Error::other(format!("unknown record: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Takes the connection of a record from a file that stands for the node.
    fn take(name: &str, record: &str) -> io::Result<Returned> {
        let path = std::env::temp_dir().join(format!("khttpd-tls.{}.{name}", std::process::id()));
        fs::write(&path, record)?;
        let node = AdoptNode(File::open(&path)?);
        fs::remove_file(&path)?;
        node.take()
    }

    fn descriptor() -> io::Result<RawFd> {
        Ok(std::os::fd::IntoRawFd::into_raw_fd(File::open(
            "/dev/null",
        )?))
    }

    #[test]
    fn record_is_a_connection_its_early_bytes_and_the_address_of_the_process() -> io::Result<()> {
        let number = descriptor()?;
        let returned = take("early", &format!("{number} 5 [::1]:9000\nGET /"))?;
        assert_eq!(returned.connection.as_raw_fd(), number);
        assert_eq!(returned.early, b"GET /");
        assert_eq!(returned.to, "[::1]:9000");
        let returned = take("none", &format!("{} 0 9000\n", descriptor()?))?;
        assert_eq!((returned.early.len(), returned.to.as_str()), (0, "9000"));
        Ok(())
    }

    #[test]
    fn record_without_an_address_or_with_other_bytes_closes_the_connection() -> io::Result<()> {
        for (name, rest) in [("address", " 0\n"), ("bytes", " 2 9000\nG"), ("line", "")] {
            let text = format!("{}{rest}", descriptor()?);
            assert!(take(name, &text).is_err(), "{text}");
        }
        Ok(())
    }

    #[test]
    fn empty_record_is_an_error() {
        assert!(take("empty", "").is_err());
    }
}
