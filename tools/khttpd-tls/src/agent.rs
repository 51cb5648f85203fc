// SPDX-License-Identifier: GPL-2.0-only

//! The agent as a whole: its workers, and a main thread that waits for signals and changed files.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::alarm::Alarm;
use crate::certificate_store::CertificateStore;
use crate::config::{Config, ConfigError};
use crate::file_stamp::FileStamp;
use crate::listener::Listener;
use crate::log::Log;
use crate::signals::{Signal, Signals};
use crate::state::{Shared, State};
use crate::sys::AdoptNode;
use crate::tls_settings::tls_settings;
use crate::worker::Worker;

/// Interval between looks at the files.
const TICK: Duration = Duration::from_secs(1);

/// The agent.
pub(crate) struct Agent {
    path: PathBuf,
    shared: Arc<Shared>,
    certificates: Arc<CertificateStore>,
    /// Stamp of the authorities of client certificates.
    authorities: Option<FileStamp>,
    /// Error of the last attempt to open the node, which is told once.
    node_error: Option<io::ErrorKind>,
    workers: Vec<(Arc<Alarm>, JoinHandle<()>)>,
}

/// Reads all that the configuration names.
pub(crate) fn check(config: &Config) -> Result<(), ConfigError> {
    let certificates = CertificateStore::read(&config.certificates)?;
    tls_settings(config, Arc::new(certificates)).map(drop)
}

impl Agent {
    /// Listens, and starts the workers.
    pub(crate) fn start(path: PathBuf, config: Config) -> Result<Self, Box<dyn Error>> {
        let log = Arc::new(Log::new(config.log_lines));
        let certificates = Arc::new(CertificateStore::read(&config.certificates)?);
        let state = State {
            tls: Arc::new(tls_settings(&config, Arc::clone(&certificates))?),
            listeners: listeners(&config, &[])?,
            node: None,
            end: None,
            config: Arc::new(config),
        };
        let authorities = authorities_stamp(&state.config);
        let threads = state.config.threads;
        let mut agent = Self {
            path,
            shared: Arc::new(Shared::new(state, log)),
            certificates,
            authorities,
            node_error: None,
            workers: Vec::new(),
        };
        agent.open_node();
        for _ in 0..threads {
            let alarm = Arc::new(Alarm::new()?);
            let worker = Worker::new(Arc::clone(&agent.shared), Arc::clone(&alarm))?;
            let thread = thread::Builder::new().name("worker".into());
            agent.workers.push((alarm, thread.spawn(|| run(worker))?));
        }
        Ok(agent)
    }

    /// Serves until a signal ends it.
    pub(crate) fn run(mut self, mut signals: Signals) -> io::Result<()> {
        let log = Arc::clone(&self.shared.log);
        loop {
            match signals.wait(TICK)? {
                Some(Signal::End) => break,
                Some(Signal::Reload) => self.reload(),
                None => {}
            }
            self.look_at_files();
            self.open_node();
            log.settle();
        }
        self.stop();
        for (_, thread) in self.workers.drain(..) {
            while !thread.is_finished() {
                // A second signal ends it at once.
                if let Some(Signal::End) = signals.wait(TICK / 20)? {
                    return Ok(());
                }
            }
        }
        log.settle();
        Ok(())
    }

    /// Stops to listen, and lets the workers finish what they have begun.
    fn stop(&self) {
        let mut state = State::clone(&self.shared.state());
        state.listeners.clear();
        state.end = Some(Instant::now() + state.config.stop_timeout);
        self.publish(state);
    }

    fn publish(&self, state: State) {
        self.shared.publish(state);
        for (alarm, _) in &self.workers {
            alarm.ring();
        }
    }

    /// Reads the configuration again. If anything is wrong with it, the old one stays.
    fn reload(&mut self) {
        let log = Arc::clone(&self.shared.log);
        match Config::read(&self.path)
            .map_err(Into::into)
            .and_then(|new| self.apply(new))
        {
            Ok(()) => log.say("configuration read again"),
            Err(error) => log.say(format_args!("the old configuration stays: {error}")),
        }
    }

    fn apply(&mut self, new: Config) -> Result<(), Box<dyn Error>> {
        let old = self.shared.state();
        if new.threads != old.config.threads || new.node != old.config.node {
            return Err("`threads` and `node` need a restart".into());
        }
        let certificates = Arc::new(CertificateStore::read(&new.certificates)?);
        let node = if new.relays() == old.config.relays() {
            old.node.clone()
        } else {
            Some(Arc::new(AdoptNode::open(&new.node, new.relays())?))
        };
        let state = State {
            tls: Arc::new(tls_settings(&new, Arc::clone(&certificates))?),
            listeners: listeners(&new, &old.listeners)?,
            node,
            end: None,
            config: Arc::new(new),
        };
        self.certificates = certificates;
        self.authorities = authorities_stamp(&state.config);
        self.shared.log.set_rate(state.config.log_lines);
        self.publish(state);
        Ok(())
    }

    /// Reads certificates again that have changed.
    fn look_at_files(&mut self) {
        let log = Arc::clone(&self.shared.log);
        for result in self.certificates.refresh() {
            match result {
                Ok(files) => log.say(format_args!("{}: read again", files.chain.display())),
                Err(error) => log.say(format_args!("the old certificate stays: {error}")),
            }
        }
        let state = self.shared.state();
        let authorities = authorities_stamp(&state.config);
        if authorities == self.authorities {
            return;
        }
        self.authorities = authorities;
        match tls_settings(&state.config, Arc::clone(&self.certificates)) {
            Ok(settings) => {
                let tls = Arc::new(settings);
                self.publish(State {
                    tls,
                    ..State::clone(&state)
                });
                log.say("authorities of client certificates read again");
            }
            Err(error) => log.say(format_args!("the old authorities stay: {error}")),
        }
    }

    /// Opens the node, unless it is open. It does not exist before the module is loaded, and cannot
    /// be opened before a command has made the namespace's server.
    fn open_node(&mut self) {
        let state = self.shared.state();
        if state.node.is_some() {
            return;
        }
        let path = &state.config.node;
        match AdoptNode::open(path, state.config.relays()) {
            Ok(node) => {
                let node = Some(Arc::new(node));
                self.publish(State {
                    node,
                    ..State::clone(&state)
                });
            }
            Err(error) => {
                if self.node_error.replace(error.kind()) != Some(error.kind()) {
                    let path = path.display();
                    self.shared
                        .log
                        .say(format_args!("{path}: {error}; it is tried again"));
                }
            }
        }
    }
}

/// Runs a worker. Without one of them the bounds do not hold, so that its error ends the process.
fn run(worker: Worker) {
    if let Err(error) = worker.run() {
        let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("worker: {error}\n"));
        std::process::exit(1);
    }
}

/// Listens at all addresses; those of `old` go on.
fn listeners(config: &Config, old: &[Arc<Listener>]) -> Result<Vec<Arc<Listener>>, Box<dyn Error>> {
    let mut listeners = Vec::new();
    for at in &config.listen {
        if let Some(same) = old.iter().find(|old| old.address() == at.address) {
            listeners.push(Arc::clone(same));
            continue;
        }
        let new = Listener::bind(*at, config.backlog)
            .map_err(|error| format!("listen {}: {error}", at.address))?;
        listeners.extend(new.map(Arc::new));
    }
    Ok(listeners)
}

fn authorities_stamp(config: &Config) -> Option<FileStamp> {
    let clients = config.client_certificates.as_ref()?;
    Some(FileStamp::of(Path::new(&clients.authorities)))
}
