// SPDX-License-Identifier: GPL-2.0-only

//! Commands that are carried out together or not at all.
//!
//! The steps: parse all lines, check the rights, stage the commands in a configuration update,
//! prepare that, send, and commit. After `send`, only a lack of memory for a listener can fail.

mod commands;
mod explain;
mod stage;

use self::{
    commands::Commands,
    explain::explain,
    stage::Stage, //
};
use super::{
    command_error::CommandError,
    errno_text, //
};
use crate::{
    server::{
        ConfigUpdate,
        PerNet,
        PreparedUpdate, //
    },
    sys::{
        log::UserLog,
        net::Net,
        task_rights::opener_may_read_files,
        tcp::Client,
        text::{
            render,
            Text, //
        }, //
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
    http::OriginPattern, //
};

/// How long `send` waits, in milliseconds, until the peer has acknowledged the text.
const SEND_MILLISECONDS: Msecs = 10_000;

/// The commands of one write, or of the module parameters.
pub(crate) struct Transaction<'a> {
    commands: Commands<'a>,
    /// Open file that they were written to. Module parameters have none: the task that loads the
    /// module has all rights.
    file: Option<&'a File>,
    /// Address of a module parameter, staged before the commands.
    listen: Option<SocketAddr>,
    /// Directory of a module parameter, staged before the commands.
    root: Option<&'a [u8]>,
}

impl<'a> Transaction<'a> {
    /// Carries out the module parameters in the initial network namespace: listens on `listen`,
    /// serves `root`, and carries out `commands`, which semicolons separate. An error is logged.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The error of the first step that fails; then nothing has changed.
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
        let done = Commands::parse(0, &text).and_then(|commands| {
            let transaction = Transaction {
                commands,
                file: None,
                listen,
                root,
            };
            transaction.run(servers, Net::initial())
        });
        done.map_err(|error| {
            error.log_at_load(UserLog::LIMITED);
            error.errno()
        })
    }

    /// Parses `text`, which was written to `file` after `lines_before` other lines.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for the first line that is no command, `ENOMEM`.
    pub(super) fn written(
        file: &'a File,
        lines_before: u32,
        text: &'a [u8],
    ) -> Result<Self, CommandError> {
        Ok(Self {
            commands: Commands::parse(lines_before, text)?,
            file: Some(file),
            listen: None,
            root: None,
        })
    }

    /// Carries the commands out, in the network namespace of the calling task, and returns the
    /// text that they ask for, which is empty if they ask for none. With `log_help`, the help goes
    /// to the log, too.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    ///
    /// # Errors
    ///
    /// The error of the first step that fails; then nothing has changed.
    pub(super) fn carry_out(&self, servers: &PerNet, log_help: bool) -> Result<Text, CommandError> {
        let helps = self.commands.ask_for_help();
        // Rendered before anything takes effect, because it can fail.
        let output = if helps {
            render(fmt!("{HELP}"))?
        } else {
            Text::new()
        };
        if self.commands.first_for_server().is_some() {
            Net::with_current(|net| self.run(servers, net))?;
        }
        if helps && log_help {
            self.log().info_lines(HELP);
        }
        Ok(output)
    }

    /// Changes the server of `net` as the commands say.
    fn run(&self, servers: &PerNet, net: &Net) -> Result<(), CommandError> {
        self.check_rights(net)?;
        let server = servers.of(net)?;
        let mut update = ConfigUpdate::begin(&server, net, self.log())?;
        self.stage_parameters(&mut update)?;
        self.stage_commands(&mut update, net)?;
        let explained = |error| explain(&self.commands, error);
        let prepared = PreparedUpdate::prepare(update).map_err(explained)?;
        self.send_texts()?;
        prepared.commit().map_err(explained)
    }

    /// Returns the log for what the commands cause.
    fn log(&self) -> UserLog {
        self.file.map_or(UserLog::LIMITED, UserLog::of_writer)
    }

    /// Checks the rights of the writer and of the opener of the file.
    fn check_rights(&self, net: &Net) -> Result<(), CommandError> {
        let Some(file) = self.file else {
            return Ok(());
        };
        let (line, reason) = if !net.may_administer(file) {
            (
                self.commands.first_for_server(),
                errno_text::NEEDS_NET_ADMIN,
            )
        } else if !opener_may_read_files(file) {
            (
                self.commands.last_for_site(),
                errno_text::OPENER_MAY_NOT_READ,
            )
        } else {
            return Ok(());
        };
        line.map_or(Ok(()), |line| {
            Err(CommandError::of_line(EPERM, line, fmt!("{reason}")))
        })
    }

    fn stage_parameters(&self, update: &mut ConfigUpdate<'_>) -> Result<(), CommandError> {
        if let Some(address) = self.listen {
            update.listen(address, false)?;
        }
        if let Some(directory) = self.root {
            update.sources().set_root(directory, OriginPattern::ANY)?;
        }
        Ok(())
    }

    fn stage_commands(&self, update: &mut ConfigUpdate<'_>, net: &Net) -> Result<(), CommandError> {
        let mut stage = Stage {
            update,
            net,
            file: self.file,
        };
        self.commands
            .iter()
            .try_for_each(|(line, command)| stage.apply(line, command))
    }

    /// Carries out `send`, which cannot be undone and hence comes when all else is prepared.
    fn send_texts(&self) -> Result<(), CommandError> {
        for (line, command) in self.commands.iter() {
            if let Command::Send(peer, text) = command {
                send(*peer, text).map_err(|e| {
                    CommandError::of_line(e, line, format_args!("{}", errno_text::of_send(e)))
                })?;
            }
        }
        Ok(())
    }
}

/// Sends `text` and a line feed to `peer` and waits until it has acknowledged them.
fn send(peer: SocketAddr, text: &[u8]) -> Result {
    let client = Client::connect(peer, true)?;
    client.send_all(text)?;
    client.send_all(b"\n")?;
    client.finish(SEND_MILLISECONDS)
}
