// SPDX-License-Identifier: GPL-2.0-only

//! A thread that serves many connections.

use std::io::{self, ErrorKind};
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::alarm::Alarm;
use crate::handover::Handover;
use crate::handshake::Handshake;
use crate::listener::Listener;
use crate::poller::Poller;
use crate::relay::Relay;
use crate::state::{Shared, State};
use crate::task::{Outcome, Task};

mod table;

use table::{Kind, Table, Token};

/// Interval between looks at the deadlines.
const TICK: Duration = Duration::from_millis(500);
/// Connections that a worker takes in one turn, so that those it has go on.
const TAKEN_AT_ONCE: usize = 16;

/// A worker.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    state: Arc<State>,
    edition: u64,
    alarm: Arc<Alarm>,
    poller: Poller,
    table: Table,
    /// Listeners in the poller.
    accepting: Vec<Arc<Listener>>,
    /// Whether the node is in the poller.
    is_taking: bool,
    /// Set if the process or the system is short of something: no connection is taken until then.
    pause: Option<Instant>,
    last_tick: Instant,
}

impl Worker {
    /// Returns a worker that the alarm wakes.
    pub(crate) fn new(shared: Arc<Shared>, alarm: Arc<Alarm>) -> io::Result<Self> {
        let poller = Poller::new()?;
        poller.share(&*alarm, Token::Alarm.into(), true)?;
        Ok(Self {
            edition: shared.edition(),
            state: shared.state(),
            shared,
            alarm,
            poller,
            table: Table::new(),
            accepting: Vec::new(),
            is_taking: false,
            pause: None,
            last_tick: Instant::now(),
        })
    }

    /// Serves until the agent stops.
    pub(crate) fn run(mut self) -> io::Result<()> {
        loop {
            self.update_doors()?;
            if let Some(end) = self.state.end {
                if self.table.is_empty() || Instant::now() >= end {
                    self.end_all();
                    return Ok(());
                }
            }
            let idle = self.table.is_empty() && self.pause.is_none() && self.state.end.is_none();
            let tokens = self.poller.wait((!idle).then_some(TICK))?;
            // A connection that has come after a change of the configuration is subject to it.
            self.follow_state()?;
            for token in tokens {
                self.handle(Token::from(token));
            }
            self.tick();
        }
    }

    fn handle(&mut self, token: Token) {
        match token {
            Token::Alarm => {
                self.alarm.quiet();
            }
            Token::Listener => {
                for listener in self.accepting.clone() {
                    self.accept(&listener, TAKEN_AT_ONCE);
                }
            }
            Token::Node => self.take_back(),
            Token::Task(key) => {
                let result = self.table.advance(&self.poller, key, &self.shared.log);
                self.give(result);
            }
        }
    }

    /// Takes connections out of an accept queue, this many at most.
    fn accept(&mut self, listener: &Listener, count: usize) {
        for _ in 0..count {
            if !self.has_room(Kind::Handshake) {
                return;
            }
            match listener.socket().accept() {
                Ok((socket, peer)) => self.begin_handshake(socket, peer),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => return self.pause("accept", &error),
                },
            }
        }
    }

    fn begin_handshake(&mut self, socket: TcpStream, peer: SocketAddr) {
        let (tls, limit) = (&self.state.tls, self.state.config.handshake_timeout);
        let handshake = socket
            .set_nonblocking(true)
            .and_then(|()| socket.set_nodelay(true))
            .and_then(|()| Handshake::begin(socket, peer, Arc::clone(tls), limit));
        match handshake {
            Ok(handshake) => {
                let outcome = Box::new(handshake).advance(&self.shared.log);
                self.insert(Kind::Handshake, outcome);
            }
            // The client has gone already.
            Err(error) if error.kind() == ErrorKind::NotConnected => {}
            Err(error) => self.shared.log.peer(format_args!("{peer}: kTLS: {error}")),
        }
    }

    /// Takes connections that khttpd returns.
    fn take_back(&mut self) {
        for _ in 0..TAKEN_AT_ONCE {
            let Some(node) = &self.state.node else { return };
            if !self.has_room(Kind::Relay) {
                return;
            }
            match node.take() {
                Ok(returned) => {
                    let config = &self.state.config;
                    let (limit, header) = (config.relay_timeout, config.proxy_protocol);
                    let outcome = Relay::begin(returned, limit, header, &self.shared.log);
                    self.insert(Kind::Relay, outcome);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted => {}
                    _ => return self.pause("adopt node", &error),
                },
            }
        }
    }

    /// Puts a new connection into the table.
    fn insert(&mut self, kind: Kind, outcome: Outcome) {
        let result = self.table.insert(&self.poller, kind, outcome);
        self.give(result);
    }

    /// Gives a connection to khttpd, if there is one.
    fn give(&mut self, connection: rustix::io::Result<Option<Handover>>) {
        let log = Arc::clone(&self.shared.log);
        let handover = match connection {
            Ok(Some(handover)) => handover,
            Ok(None) => return,
            Err(error) => return log.peer(format_args!("epoll: {error}")),
        };
        let result = match &self.state.node {
            Some(node) => node.give(handover.as_fd()),
            None => Err(ErrorKind::NotFound.into()),
        };
        match result {
            // khttpd waits until this descriptor is closed.
            Ok(()) => drop(handover),
            Err(error) if error.kind() == ErrorKind::ResourceBusy => {
                self.insert(Kind::Handshake, Outcome::Wait(Task::Handover(handover)));
            }
            Err(error) => log.peer(format_args!("adopt node: {error}")),
        }
    }

    /// Returns whether a connection may be taken. The bounds are divided among the workers.
    fn has_room(&self, kind: Kind) -> bool {
        let config = &self.state.config;
        let max = match kind {
            Kind::Handshake => config.max_handshakes,
            Kind::Relay => config.max_relays,
        };
        self.table.count(kind) < max.div_ceil(config.threads)
    }

    /// Takes no connection for a while: the descriptors that the poller reports stay ready.
    fn pause(&mut self, what: &str, error: &io::Error) {
        self.shared.log.peer(format_args!("{what}: {error}"));
        self.pause = Some(Instant::now() + TICK);
    }

    /// Waits for new connections if there is room for them, and for those of the current state.
    fn update_doors(&mut self) -> io::Result<()> {
        self.follow_state()?;
        let is_paused = self.pause.is_some();
        let accepts = !is_paused && self.has_room(Kind::Handshake);
        if accepts && self.accepting.is_empty() {
            for listener in &self.state.listeners {
                self.poller
                    .share(&**listener, Token::Listener.into(), true)?;
            }
            self.accepting.clone_from(&self.state.listeners);
        } else if !accepts {
            self.close_listeners()?;
        }
        let takes = !is_paused && self.state.end.is_none() && self.has_room(Kind::Relay);
        if let Some(node) = &self.state.node {
            if takes != self.is_taking {
                self.poller.share(&**node, Token::Node.into(), takes)?;
                self.is_taking = takes;
            }
        }
        Ok(())
    }

    /// Takes the current state over.
    fn follow_state(&mut self) -> io::Result<()> {
        let edition = self.shared.edition();
        if self.edition != edition {
            // The old node would be closed before it is taken out of the poller.
            self.close_doors()?;
            self.edition = edition;
            let old = mem::replace(&mut self.state, self.shared.state());
            self.empty_removed(&old);
        }
        Ok(())
    }

    /// Takes the connections that wait at listeners which are closed now: the kernel would reset
    /// them.
    fn empty_removed(&mut self, old: &State) {
        let state = Arc::clone(&self.state);
        let count = usize::try_from(old.config.backlog).unwrap_or_default();
        for listener in &old.listeners {
            if !state.listeners.iter().any(|new| Arc::ptr_eq(new, listener)) {
                self.accept(listener, count);
            }
        }
    }

    fn close_doors(&mut self) -> io::Result<()> {
        self.close_listeners()?;
        if let (true, Some(node)) = (self.is_taking, &self.state.node) {
            self.poller.share(&**node, Token::Node.into(), false)?;
        }
        self.is_taking = false;
        Ok(())
    }

    fn close_listeners(&mut self) -> io::Result<()> {
        for listener in self.accepting.drain(..) {
            self.poller
                .share(&*listener, Token::Listener.into(), false)?;
        }
        Ok(())
    }

    /// Goes on with what waits for the tick, and ends what takes too long.
    fn tick(&mut self) {
        let now = Instant::now();
        if now.saturating_duration_since(self.last_tick) < TICK {
            return;
        }
        self.last_tick = now;
        self.pause = self.pause.filter(|end| *end > now);
        for key in self.table.waiting_for_tick() {
            self.handle(Token::Task(key));
        }
        for task in self.table.remove_late(now) {
            task.expire(&self.shared.log);
        }
    }

    fn end_all(&mut self) {
        for task in self.table.remove_all() {
            task.expire(&self.shared.log);
        }
    }
}
