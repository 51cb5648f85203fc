// SPDX-License-Identifier: GPL-2.0-only

//! Commands that are carried out together or not at all.

use super::{
    command_error::CommandError, //
    errno_text,
};
use crate::{
    server::{
        ConfigUpdate,
        PerNet, //
        PreparedUpdate,
        UpdateError,
    },
    sys::{
        log,
        net::Net,
        tcp::Client,
        text::render, //
    }, //
};
use core::net::SocketAddr;
use kernel::{
    fs::File,
    prelude::*,
    time::Msecs, //
};
use protocol::{
    control::command::{
        Command,
        HELP, //
    },
    control::line::{
        Line,
        Lines, //
    }, //
    http::HostPattern,
};

/// How long `send` waits, in milliseconds, until the peer has what was sent.
const SEND_MILLISECONDS: Msecs = 10_000;

/// What is said to who has no right to administer.
pub(super) const NEEDS_RIGHT: &str = "needs CAP_NET_ADMIN in its network namespace";

/// Lines of commands from one writer.
pub(crate) struct Transaction<'a> {
    /// Whom they may be about.
    pub(super) servers: &'a PerNet,
    /// What was opened to write them. Without it, whoever loads the module may do anything.
    pub(super) file: Option<&'a File>,
    /// Whether help goes to the log, too.
    pub(super) logs: bool,
    /// Where to listen and what to serve before they are carried out.
    pub(super) listen: Option<SocketAddr>,
    pub(super) root: Option<&'a [u8]>,
    /// The lines.
    pub(super) text: &'a [u8],
    /// How many other lines were written before.
    pub(super) before: u32,
}

impl<'a> Transaction<'a> {
    /// Listens at `listen`, serves what is in `root`, and carries out commands that are given when
    /// the module is loaded, in the initial network namespace; a semicolon ends one as well as a
    /// line feed. What is wrong goes to the log. Process context, sleeps.
    ///
    /// # Errors
    ///
    /// That of the first thing that can't be done; then nothing is.
    pub(crate) fn at_load(
        servers: &PerNet,
        listen: Option<SocketAddr>,
        root: Option<&[u8]>,
        commands: &[u8],
    ) -> Result {
        let mut text = KVVec::new();
        text.extend_from_slice(commands, GFP_KERNEL)?;
        for byte in text.iter_mut().filter(|byte| **byte == b';') {
            *byte = b'\n';
        }
        let transaction = Transaction {
            servers,
            file: None,
            logs: true,
            listen,
            root,
            text: &text,
            before: 0,
        };
        let done = transaction
            .check()
            .and_then(|()| transaction.run(Net::initial()));
        done.map_err(|command_error| {
            command_error.log(match command_error.line() {
                [b'l', b'i', b'n', b'e', ..] => "commands=, ",
                _ => "",
            });
            command_error.errno()
        })
    }

    /// Carries the commands out, in the network namespace of the calling task. Process context,
    /// sleeps; a signal interrupts it.
    pub(super) fn carry_out(&self) -> Result<KVec<u8>, CommandError> {
        self.check()?;
        let asks = self.commands().any(|(_, command)| is_help(&command));
        // Before anything is done, as it may fail.
        let answer = match asks {
            true => render(fmt!("{HELP}")).map_err(failure)?,
            false => KVec::new(),
        };
        if self.commands().any(|(_, command)| !is_help(&command)) {
            Net::with_current(|net| self.run(net))?;
        }
        if asks && self.logs && log::admits() {
            HELP.lines().for_each(|line| pr_info!("{line}\n"));
        }
        Ok(answer)
    }

    /// Whether all of the lines are commands.
    fn check(&self) -> Result<(), CommandError> {
        for line in Lines::after(self.before, self.text) {
            Command::parse(line)?;
        }
        Ok(())
    }

    /// The commands, all of which are well-formed, and their lines.
    fn commands(&self) -> impl Iterator<Item = (Line<'a>, Command<'a>)> + use<'a> {
        Lines::after(self.before, self.text)
            .filter_map(|line| Some((line, Command::parse(line).ok()?)))
    }

    fn run(&self, net: &Net) -> Result<(), CommandError> {
        self.check_rights(net)?;
        let server = self.servers.of(net).map_err(failure)?;
        let mut change = ConfigUpdate::begin(&server, net).map_err(failure)?;
        if let Some(address) = self.listen {
            change.listen(address).map_err(failure)?;
        }
        if let Some(directory) = self.root {
            let sources = change.sources();
            sources
                .set_root(directory, HostPattern::Any)
                .map_err(failure)?;
        }
        for (line, command) in self.commands() {
            self.add(net, &mut change, line, command)?;
        }
        let prepared =
            PreparedUpdate::prepare(change).map_err(|obstacle| self.explain(obstacle))?;
        for (line, command) in self.commands() {
            if let Command::Send(peer, text) = command {
                send(peer, text).map_err(|e| {
                    let why = errno_text::of_sending(e);
                    CommandError::of_line(e, line, format_args!("{why}"))
                })?;
            }
        }
        prepared.commit();
        Ok(())
    }

    fn check_rights(&self, net: &Net) -> Result<(), CommandError> {
        if self.file.is_none_or(|file| net.may_administer(file)) {
            return Ok(());
        }
        match self.commands().find(|(_, command)| !is_help(command)) {
            Some((line, _)) => Err(CommandError::of_line(
                EPERM,
                line,
                format_args!("{NEEDS_RIGHT}"),
            )),
            None => Ok(()),
        }
    }

    /// Adds what a command says to a change.
    fn add(
        &self,
        net: &Net,
        change: &mut ConfigUpdate<'_>,
        line: Line<'_>,
        command: Command<'_>,
    ) -> Result<(), CommandError> {
        match command {
            Command::Listen(addresses) => {
                for (word, address) in addresses {
                    self.may_listen(net, address)
                        .and_then(|()| change.listen(address))
                        .map_err(|e| {
                            CommandError::of_word(e, line.error(word, errno_text::of_listening(e)))
                        })?;
                }
            }
            Command::Unlisten(addresses) => {
                if addresses.clone().next().is_none() {
                    change.unlisten_all();
                }
                for (word, address) in addresses {
                    change.unlisten(address).map_err(|e| {
                        CommandError::of_word(
                            e,
                            line.error(word, "nobody was told to listen there"),
                        )
                    })?;
                }
            }
            Command::Start => change.start(true),
            Command::Stop => change.start(false),
            Command::MaxConnections(max) => change.set_max_connections(max),
            Command::Timeout(timeout, seconds) => change.set_timeout(timeout, seconds),
            Command::Root(directory, host) => {
                let added = change.sources().set_root(directory, host);
                added.map_err(|e| no_source(e, line))?;
            }
            Command::Rule(rule) => {
                let added = change.sources().add_rule(&rule);
                added.map_err(|e| no_source(e, line))?;
            }
            Command::Reload => change.reload(),
            Command::Clear => change.sources().clear(),
            Command::Relay(peer) => change.set_relay(peer),
            Command::ResetCounters => change.reset_counters(),
            Command::Send(..) | Command::Help => (),
        }
        Ok(())
    }

    fn may_listen(&self, net: &Net, address: SocketAddr) -> Result {
        match self.file {
            Some(file) if !net.may_listen(file, address.port()) => Err(EACCES),
            _ => Ok(()),
        }
    }

    /// Which command it is that has met with `obstacle`.
    fn explain(&self, obstacle: UpdateError) -> CommandError {
        match obstacle {
            UpdateError::Other(e) => failure(e),
            UpdateError::Site(e) => {
                let line = self.last(|command| {
                    matches!(
                        command,
                        Command::Root(..) | Command::Rule(_) | Command::Reload | Command::Clear
                    )
                });
                match line {
                    Some(line) => CommandError::of_line(e.errno(), line, fmt!("{e}")),
                    None => CommandError::new(e.errno(), fmt!("{e}\n")),
                }
            }
            UpdateError::Listen(address, e) => self.explain_listening(address, e),
        }
    }

    fn explain_listening(&self, address: SocketAddr, e: Error) -> CommandError {
        let why = errno_text::of_listening(e);
        for (line, command) in self.commands() {
            if let Command::Listen(mut addresses) = command {
                if let Some((word, _)) = addresses.find(|(_, found)| *found == address) {
                    return CommandError::of_word(e, line.error(word, why));
                }
            }
        }
        // It was told before, and now it comes to it.
        match self.last(|command| matches!(command, Command::Start)) {
            Some(line) => CommandError::of_line(e, line, format_args!("{address}: {why}")),
            None => CommandError::new(e, format_args!("cannot listen at {address}: {why}\n")),
        }
    }

    fn last(&self, is: impl Fn(&Command<'a>) -> bool) -> Option<Line<'a>> {
        self.commands()
            .filter(|(_, command)| is(command))
            .map(|(line, _)| line)
            .last()
    }
}

/// Whether it only asks.
fn is_help(command: &Command<'_>) -> bool {
    matches!(command, Command::Help)
}

/// Why a root or a rule can't be added.
fn no_source(e: Error, line: Line<'_>) -> CommandError {
    let why = errno_text::of_sources(e);
    CommandError::of_line(e, line, format_args!("{why}"))
}

/// An error that no command in particular is to blame for.
fn failure(e: Error) -> CommandError {
    CommandError::new(e, fmt!("{}\n", errno_text::of_anything(e)))
}

/// Sends `text` and a line feed to `peer` and waits until it has them.
fn send(peer: SocketAddr, text: &[u8]) -> Result {
    let client = Client::connect(peer, true)?;
    client.send_all(text)?;
    client.send_all(b"\n")?;
    client.finish(SEND_MILLISECONDS)
}
