// SPDX-License-Identifier: GPL-2.0-only

//! Clients that start at once and keep a server busy.
//!
//! A client sends its requests when it is connected, and the next ones when it has all responses: a
//! closed loop. Each sample is the wait for one response. None is added or corrected: wrk fills a
//! pause with samples of its own, as if the clients had sent requests meanwhile.

use std::io::Result;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags};
use rustix::event::Timespec;
use stream::Trust;

use crate::client::{Client, Wait};
use crate::requests::Requests;

/// Time between two checks of the limit while no packet arrives.
const CHECK: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// Number of events that the kernel returns at once.
const EVENTS: usize = 256;

/// Clients of a server.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) address: SocketAddr,
    /// Trust in the server's certificate, for TLS.
    pub(crate) trust: Option<Trust>,
    pub(crate) requests: Requests,
    /// Number of clients, of which each has one connection at a time.
    pub(crate) clients: u32,
    pub(crate) duration: Duration,
    /// Time limit beyond the duration.
    pub(crate) limit: Duration,
}

impl Crowd {
    /// Lets all clients start, and returns their waits when each has its last response.
    ///
    /// The run takes the duration, or longer: the load goes on until each client has a response, so
    /// that its end does not help a client that waits. At the time limit, clients without a
    /// response count with the time for which they have waited.
    pub(crate) fn run(&mut self) -> Result<Vec<Wait>> {
        let begin = Instant::now();
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let mut clients = (0..self.clients)
            .map(|number| Client::connect(self.address, self.trust.clone(), &epoll, number))
            .collect::<Result<Vec<_>>>()?;
        let (mut new, mut waiting) = (self.clients, self.clients);
        let mut waits = Vec::new();
        let mut events = Vec::with_capacity(EVENTS);
        while waiting > 0 {
            if begin.elapsed() > self.duration + self.limit {
                waits.extend(clients.iter().filter_map(Client::unserved));
                break;
            }
            epoll::wait(&epoll, spare_capacity(&mut events), Some(&CHECK))?;
            for event in events.drain(..) {
                let client = usize::try_from(event.data.u64())
                    .ok()
                    .and_then(|number| clients.get_mut(number));
                let Some(client) = client else { continue };
                let was_new = client.is_new();
                let is_done = client.on_ready(&epoll, &mut self.requests, &mut waits)?;
                new -= u32::from(was_new && !client.is_new());
                if !is_done {
                    continue;
                }
                if new == 0 && begin.elapsed() >= self.duration {
                    waiting -= 1;
                    client.stop(&epoll)?;
                } else {
                    client.go_on(&epoll, &mut self.requests)?;
                }
            }
        }
        Ok(waits)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::case::{Case, Flow, PLAIN};

    const REQUEST: &[u8] = b"GET /612.html HTTP/1.1\r\nHost: khttpd\r\n\r\n";
    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const CLOSING: &[u8] =
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    const LIMIT: Duration = Duration::from_secs(60);
    const DURATION: Duration = Duration::from_millis(100);

    /// Serves each connection in a thread of its own: each part of a response by a write. Returns
    /// the address and the number of responses.
    fn serve(parts: &'static [&'static [u8]]) -> Result<(SocketAddr, Arc<AtomicUsize>)> {
        serve_last(parts, 0)
    }

    /// Like [`serve`], but the first connection is not served before there are `others` responses,
    /// or for ten seconds.
    fn serve_last(
        parts: &'static [&'static [u8]],
        others: usize,
    ) -> Result<(SocketAddr, Arc<AtomicUsize>)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let count = Arc::new(AtomicUsize::new(0));
        let respond = move |nth, mut stream: TcpStream, count: Arc<AtomicUsize>| -> Result<()> {
            stream.set_nodelay(true)?;
            let begin = Instant::now();
            while nth == 0
                && count.load(Ordering::SeqCst) < others
                && begin.elapsed() < Duration::from_secs(10)
            {
                thread::sleep(Duration::from_millis(1));
            }
            loop {
                stream.read_exact(&mut [0; REQUEST.len()])?;
                count.fetch_add(1, Ordering::SeqCst);
                for part in parts {
                    stream.write_all(part)?;
                }
            }
        };
        let responses = count.clone();
        thread::spawn(move || {
            for (nth, stream) in listener.incoming().flatten().enumerate() {
                let count = count.clone();
                thread::spawn(move || respond(nth, stream, count));
            }
        });
        Ok((address, responses))
    }

    fn run(address: SocketAddr, duration: Duration) -> Result<Vec<Wait>> {
        run_case(address, duration, &PLAIN)
    }

    fn run_case(address: SocketAddr, duration: Duration, case: &Case) -> Result<Vec<Wait>> {
        let mut crowd = Crowd {
            address,
            trust: None,
            requests: Requests::new(case, None),
            clients: 5,
            duration,
            limit: LIMIT,
        };
        crowd.run()
    }

    #[test]
    fn each_response_is_one_wait() -> Result<()> {
        let (address, responses) = serve(&[RESPONSE])?;
        let waits = run(address, DURATION)?;
        assert_eq!(waits.len(), responses.load(Ordering::SeqCst));
        Ok(())
    }

    #[test]
    fn response_in_parts_is_one_wait() -> Result<()> {
        let (address, responses) = serve(&[
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"ngth: 5\r\n\r\n",
            b"hello",
        ])?;
        let waits = run(address, DURATION)?;
        assert_eq!(waits.len(), responses.load(Ordering::SeqCst));
        Ok(())
    }

    #[test]
    fn each_pipelined_response_is_one_wait() -> Result<()> {
        let (address, responses) = serve(&[RESPONSE])?;
        let case = Case {
            flow: Flow::Pipelined(16),
            ..PLAIN
        };
        let waits = run_case(address, DURATION, &case)?;
        assert_eq!(waits.len(), responses.load(Ordering::SeqCst));
        assert_eq!(waits.iter().filter(|wait| wait.is_first).count(), 5);
        Ok(())
    }

    #[test]
    fn client_connects_again_when_the_server_closes() -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read_exact(&mut [0; REQUEST.len()]);
                let _ = stream.write_all(CLOSING);
            }
        });
        let waits = run(address, DURATION)?;
        assert!(waits.len() > 5);
        assert_eq!(waits.iter().filter(|wait| wait.is_first).count(), 5);
        Ok(())
    }

    #[test]
    fn run_lasts_until_each_client_has_one_first_response() -> Result<()> {
        for duration in [Duration::ZERO, DURATION] {
            let (address, _) = serve(&[RESPONSE])?;
            let waits = run(address, duration)?;
            assert_eq!(waits.iter().filter(|wait| wait.is_first).count(), 5);
        }
        Ok(())
    }

    #[test]
    fn load_goes_on_until_the_last_client_has_a_response() -> Result<()> {
        let (address, _) = serve_last(&[RESPONSE], 50)?;
        assert!(run(address, Duration::ZERO)?.len() > 50);
        Ok(())
    }

    #[test]
    fn client_without_a_response_counts_at_the_time_limit() -> Result<()> {
        let (address, _) = serve_last(&[RESPONSE], usize::MAX)?;
        let mut crowd = Crowd {
            address,
            trust: None,
            requests: Requests::new(&PLAIN, None),
            clients: 1,
            duration: Duration::ZERO,
            limit: DURATION,
        };
        let waits = crowd.run()?;
        assert!(matches!(waits[..], [wait] if wait.is_first && wait.duration >= DURATION));
        Ok(())
    }

    #[test]
    fn unexpected_response_is_an_error() -> Result<()> {
        let parts: [&'static [&'static [u8]]; 3] = [
            &[b"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nhello"],
            &[b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello"],
            &[b"HTTP/1.1 200 OK\r\n\r\n"],
        ];
        for parts in parts {
            let (address, _) = serve(parts)?;
            assert!(run(address, DURATION).is_err());
        }
        Ok(())
    }

    #[test]
    fn refused_connection_is_an_error() -> Result<()> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        assert!(run(address, DURATION).is_err());
        Ok(())
    }
}
