// SPDX-License-Identifier: GPL-2.0-only

//! From commands to an update of a server's configuration.

use crate::{
    device::{
        command_error::CommandError,
        errno_text, //
    },
    server::ConfigUpdate,
    sys::net::Net, //
};
use core::net::SocketAddr;
use kernel::{
    fs::File,
    prelude::*, //
};
use protocol::control::{
    command::{
        Addresses,
        Command, //
    },
    line::Line, //
};

/// A configuration update to which commands are applied; nothing takes effect yet.
pub(super) struct Stage<'a, 'b> {
    /// The update.
    pub(super) update: &'a mut ConfigUpdate<'b>,
    /// Network namespace of the server.
    pub(super) net: &'a Net,
    /// Open file that the commands were written to; without one, every port may be used.
    pub(super) file: Option<&'a File>,
}

impl Stage<'_, '_> {
    /// Applies `command`, which stands in `line`, to the update.
    ///
    /// `send` and `help` do not change the configuration.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EACCES` if the writer may not listen on a port, `EOPNOTSUPP` if a listener has `tls` and the
    /// kernel has not, `ENOENT` if an address or a rule to remove is not there, `ERANGE` for
    /// more connections than the server may serve, `E2BIG` and `ENOSPC` if there would be too many
    /// addresses, roots, rules, or hosts and networks of the log, `ENOMEM`.
    pub(super) fn apply(
        &mut self,
        line: Line<'_>,
        command: &Command<'_>,
    ) -> Result<(), CommandError> {
        let update = &mut *self.update;
        match command {
            Command::Listen { addresses, is_tls } => self.listen(line, addresses, *is_tls)?,
            Command::Unlisten(addresses) => self.unlisten(line, addresses)?,
            Command::TlsAgent(agent) => update.set_tls_agent(*agent),
            Command::Start => update.start(true),
            Command::Stop => update.start(false),
            Command::MaxConnections(max) => update
                .set_max_connections(*max)
                .map_err(|bound| connections_error(bound, line))?,
            Command::MinRate(rate) => update.set_min_rate(*rate),
            // CAST: Wider than 32 bits.
            Command::MaxHeadBytes(max) => update.request_policy.head_max = *max as usize,
            Command::MaxOldSites(max) => update.set_max_old_sites(*max),
            Command::IfModifiedSince(date_match) => {
                update.request_policy.if_modified_since = *date_match;
            }
            Command::MergeSlashes(slashes) => update.request_policy.slashes = *slashes,
            Command::Timeout(timeout, seconds) => update.set_timeout(*timeout, *seconds),
            Command::Log(format, None) => update.log_policy.set_format(*format),
            Command::Log(format, Some(host)) => update
                .log_policy
                .set_format_for(*host, *format)
                .map_err(|e| line_error(e, line, errno_text::of_log(e)))?,
            Command::LogBuffer(bytes) => update.log_policy.buffer_bytes = *bytes,
            Command::ClientAddress(None) => update.log_policy.clear_proxies(),
            Command::ClientAddress(Some(proxy)) => update
                .log_policy
                .add_proxy(*proxy)
                .map_err(|e| line_error(e, line, errno_text::of_client_address(e)))?,
            Command::Root(directory, host) => update
                .sources()
                .set_root(directory, *host)
                .map_err(|e| line_error(e, line, errno_text::of_sources(e)))?,
            Command::Rule(rule) => update
                .sources()
                .add_rule(rule)
                .map_err(|e| line_error(e, line, errno_text::of_sources(e)))?,
            Command::NoHandOver(files) => update
                .sources()
                .remove_hand_over(files)
                .map_err(|e| line_error(e, line, errno_text::of_sources(e)))?,
            Command::Reload => update.reload(),
            Command::Clear => update.sources().clear(),
            Command::Relay(peer) => update.set_relay(*peer),
            Command::ResetCounters => update.reset_counters(),
            Command::Send(..) | Command::Help => (),
        }
        Ok(())
    }

    fn listen(
        &mut self,
        line: Line<'_>,
        addresses: &Addresses<'_>,
        is_tls: bool,
    ) -> Result<(), CommandError> {
        for (word, address) in addresses.clone() {
            self.check_port(address)
                .and_then(|()| self.update.listen(address, is_tls))
                .map_err(|e| {
                    CommandError::of_word(e, line.error(word, errno_text::of_listen(e)))
                })?;
        }
        Ok(())
    }

    fn unlisten(&mut self, line: Line<'_>, addresses: &Addresses<'_>) -> Result<(), CommandError> {
        if addresses.clone().next().is_none() {
            self.update.unlisten_all();
        }
        for (word, address) in addresses.clone() {
            self.update.unlisten(address).map_err(|e| {
                CommandError::of_word(e, line.error(word, errno_text::of_unlisten(e)))
            })?;
        }
        Ok(())
    }

    fn check_port(&self, address: SocketAddr) -> Result {
        if self
            .file
            .is_some_and(|file| !self.net.may_listen(file, address.port()))
        {
            return Err(EACCES);
        }
        Ok(())
    }
}

fn connections_error(bound: u32, line: Line<'_>) -> CommandError {
    CommandError::of_line(
        ERANGE,
        line,
        fmt!(
            "the maximum of a container is {bound}; \
             the host sets it by the module parameter max_connections_user_ns"
        ),
    )
}

fn line_error(e: Error, line: Line<'_>, reason: &str) -> CommandError {
    CommandError::of_line(e, line, fmt!("{reason}"))
}
