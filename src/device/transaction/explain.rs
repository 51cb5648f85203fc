// SPDX-License-Identifier: GPL-2.0-only

//! From an error of a configuration update to the command that it is about.

use super::commands::Commands;
use crate::{
    device::{
        command_error::CommandError,
        errno_text, //
    },
    server::UpdateError,
    sys::errno::EDESTADDRREQ, //
};
use core::net::SocketAddr;
use kernel::prelude::*;

/// Explains why the update that `commands` make cannot be prepared.
///
/// # Context
///
/// Process context, may sleep.
pub(super) fn explain(commands: &Commands<'_>, error: UpdateError) -> CommandError {
    match error {
        UpdateError::Other(e) => e.into(),
        UpdateError::Site(e) => match commands.last_for_site() {
            Some(line) => CommandError::of_line(e.errno(), line, fmt!("{e}")),
            None => CommandError::new(e.errno(), fmt!("{e}")),
        },
        UpdateError::Log(e) => match commands.last_for_log() {
            Some(line) => CommandError::of_line(e, line, fmt!("{}", errno_text::of_log(e))),
            None => e.into(),
        },
        UpdateError::Listen(address, e) => explain_listen(commands, address, e),
        UpdateError::NoTlsAgent(address) => explain_no_agent(commands, address),
    }
}

fn explain_listen(commands: &Commands<'_>, address: SocketAddr, e: Error) -> CommandError {
    let reason = errno_text::of_listen(e);
    if let Some((line, word)) = commands.listen_word(address) {
        return CommandError::of_word(e, line.error(word, reason));
    }
    // An earlier transaction has set the address.
    match commands.last_start() {
        Some(line) => CommandError::of_line(e, line, format_args!("listen {address}: {reason}")),
        None => CommandError::new(e, format_args!("listen {address}: {reason}")),
    }
}

fn explain_no_agent(commands: &Commands<'_>, address: SocketAddr) -> CommandError {
    const REASON: &str = errno_text::NEEDS_TLS_AGENT;
    if let Some(line) = commands.last_for_tls_agent() {
        return CommandError::of_line(
            EDESTADDRREQ,
            line,
            format_args!("listen {address} tls: {REASON}"),
        );
    }
    match commands.listen_word(address) {
        Some((line, word)) => CommandError::of_word(EDESTADDRREQ, line.error(word, REASON)),
        None => CommandError::new(EDESTADDRREQ, format_args!("listen {address} tls: {REASON}")),
    }
}

#[kunit_tests(khttpd_explain)]
mod tests {
    use super::*;
    use crate::sys::errno::EADDRNOTAVAIL;

    /// Checks that listening at 127.0.0.1:80 after the commands `text` fails with `expected`.
    fn check_listen(text: &[u8], expected: &[u8]) -> Result {
        let commands = Commands::parse(0, text).map_err(|error| error.errno())?;
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let error = explain(&commands, UpdateError::Listen(address, EADDRNOTAVAIL));
        assert!(error.errno() == EADDRNOTAVAIL);
        assert!(error.text().starts_with(expected));
        Ok(())
    }

    #[test]
    fn listen_error_names_the_word_or_else_the_start_or_else_the_address() -> Result {
        check_listen(
            b"start\nlisten 81 127.0.0.1:80",
            b"line 2: \"127.0.0.1:80\": address not available on this machine",
        )?;
        check_listen(
            b"timeout idle 7\nstart\nlisten 81",
            b"line 2: \"start\": listen 127.0.0.1:80: address not available on this machine",
        )?;
        check_listen(
            b"reload\n",
            b"listen 127.0.0.1:80: address not available on this machine",
        )
    }

    #[test]
    fn missing_tls_agent_is_told_at_its_command_or_else_at_the_word() -> Result {
        for (text, expected) in [
            (
                &b"start\nlisten 81 127.0.0.1:80 tls"[..],
                &b"line 2: \"127.0.0.1:80\": a listener with tls needs tls-agent\n"[..],
            ),
            (
                b"start\ntls-agent off",
                b"line 2: \"tls-agent off\": listen 127.0.0.1:80 tls: \
                  a listener with tls needs tls-agent\n",
            ),
        ] {
            let commands = Commands::parse(0, text).map_err(|error| error.errno())?;
            let address = SocketAddr::from(([127, 0, 0, 1], 80));
            let error = explain(&commands, UpdateError::NoTlsAgent(address));
            assert!(error.errno() == EDESTADDRREQ && *error.text() == *expected);
        }
        Ok(())
    }

    #[test]
    fn error_of_no_command_has_no_line_and_a_signal_is_eintr() -> Result {
        let commands = Commands::parse(0, b"start\nreload").map_err(|error| error.errno())?;
        let error = explain(&commands, UpdateError::Other(ERESTARTSYS));
        assert!(error.errno() == EINTR);
        assert!(error.text() == b"interrupted by a signal\n");
        Ok(())
    }
}
