// SPDX-License-Identifier: GPL-2.0-only

//! Commands of a transaction, each with its line.

use crate::device::command_error::CommandError;
use core::net::SocketAddr;
use kernel::prelude::*;
use protocol::control::{
    command::Command,
    line::{
        Line,
        Lines, //
    }, //
};

/// Maximum number of commands that are carried out together: more than a configuration has, and
/// more than fit into one write.
const COMMANDS_MAX: usize = 32_768;

/// The commands of a text, in their order, parsed once.
pub(super) struct Commands<'a>(KVVec<(Line<'a>, Command<'a>)>);

impl<'a> Commands<'a> {
    /// Parses `text`, which follows `lines_before` other lines.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for the first line that is no command, `E2BIG` for more than [`COMMANDS_MAX`],
    /// `ENOMEM`.
    pub(super) fn parse(lines_before: u32, text: &'a [u8]) -> Result<Self, CommandError> {
        // Some 20 times as large as a text of short commands, hence accounted to the writer.
        let mut commands = KVVec::new();
        for line in Lines::after(lines_before, text) {
            if commands.len() == COMMANDS_MAX {
                return Err(CommandError::of_line(
                    E2BIG,
                    line,
                    fmt!("too many commands; the maximum is {COMMANDS_MAX}"),
                ));
            }
            commands.push((line, Command::parse(line)?), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Self(commands))
    }

    /// Iterates over the commands and their lines.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Line<'a>, &Command<'a>)> {
        self.0.iter().map(|(line, command)| (*line, command))
    }

    /// Returns whether one of the commands is `help`.
    pub(super) fn ask_for_help(&self) -> bool {
        self.iter()
            .any(|(_, command)| matches!(command, Command::Help))
    }

    /// Returns the line of the first command that is about a server, as all but `help` are.
    pub(super) fn first_for_server(&self) -> Option<Line<'a>> {
        self.iter()
            .find(|(_, command)| !matches!(command, Command::Help))
            .map(|(line, _)| line)
    }

    /// Returns the line of the last command that makes the site be loaded.
    pub(super) fn last_for_site(&self) -> Option<Line<'a>> {
        self.last(|command| {
            matches!(
                command,
                Command::Root(..)
                    | Command::Rule(_)
                    | Command::NoHandOver(_)
                    | Command::Reload
                    | Command::Clear
            )
        })
    }

    /// Returns the line of the last command about the access log.
    pub(super) fn last_for_log(&self) -> Option<Line<'a>> {
        self.last(|command| {
            matches!(
                command,
                Command::Log(..) | Command::LogBuffer(_) | Command::ClientAddress(_)
            )
        })
    }

    /// Returns the line of the last `start`.
    pub(super) fn last_start(&self) -> Option<Line<'a>> {
        self.last(|command| matches!(command, Command::Start))
    }

    /// Returns the line of the last command about the TLS agent.
    pub(super) fn last_for_tls_agent(&self) -> Option<Line<'a>> {
        self.last(|command| matches!(command, Command::TlsAgent(_)))
    }

    /// Returns the first word that adds a listener on `address`, and its line.
    pub(super) fn listen_word(&self, address: SocketAddr) -> Option<(Line<'a>, &'a [u8])> {
        self.iter().find_map(|(line, command)| {
            let Command::Listen { addresses, .. } = command else {
                return None;
            };
            let mut words = addresses.clone();
            let (word, _) = words.find(|(_, listed)| *listed == address)?;
            Some((line, word))
        })
    }

    fn last(&self, is: impl Fn(&Command<'a>) -> bool) -> Option<Line<'a>> {
        self.iter()
            .filter(|(_, command)| is(command))
            .map(|(line, _)| line)
            .last()
    }
}

#[kunit_tests(khttpd_commands)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<Commands<'_>> {
        Commands::parse(0, text).map_err(|error| error.errno())
    }

    fn number(line: Option<Line<'_>>) -> Option<u32> {
        line.map(Line::number)
    }

    #[test]
    fn commands_keep_their_order_and_the_numbers_of_their_lines() -> Result {
        let text = b"stop\n\n# comment\ntimeout idle 7\nstart\n";
        let commands = Commands::parse(10, text).map_err(|error| error.errno())?;
        let mut commands = commands.iter();
        let stop = commands.next().ok_or(EINVAL)?;
        assert!(stop.0.number() == 11 && matches!(stop.1, Command::Stop));
        let timeout = commands.next().ok_or(EINVAL)?;
        assert!(timeout.0.number() == 14 && matches!(timeout.1, Command::Timeout(_, 7)));
        let start = commands.next().ok_or(EINVAL)?;
        assert!(start.0.number() == 15 && matches!(start.1, Command::Start));
        assert!(commands.next().is_none());
        Ok(())
    }

    #[test]
    fn the_first_wrong_line_is_the_error() -> Result {
        let error = Commands::parse(0, b"start\nlisten 0\nfoo\n")
            .err()
            .ok_or(EINVAL)?;
        assert!(error.errno() == EINVAL);
        assert!(error.text().starts_with(b"line 2: \"0\": "));
        assert!(error.text().ends_with(b"\n"));
        Ok(())
    }

    #[test]
    fn help_alone_is_not_about_a_server() -> Result {
        let help = parse(b"# comment\nhelp\n")?;
        assert!(help.ask_for_help());
        assert!(help.first_for_server().is_none());
        let more = parse(b"help\nstop\nstart\n")?;
        assert!(more.ask_for_help());
        assert!(number(more.first_for_server()) == Some(2));
        assert!(!parse(b"start\n")?.ask_for_help());
        Ok(())
    }

    #[test]
    fn the_last_command_about_the_site_is_found_whichever_it_is() -> Result {
        assert!(parse(b"start\nlisten 80\n")?.last_for_site().is_none());
        for text in [
            &b"start\nclear\nroot /srv/www\nstart"[..],
            b"reload\nmetrics /status\nfield * A: b\nlisten 80",
            b"root built-in\n\nclear\n",
            b"\nclear\nreload",
            b"reload\n\nno-hand-over *\nstart",
        ] {
            assert!(number(parse(text)?.last_for_site()) == Some(3));
        }
        Ok(())
    }

    #[test]
    fn a_word_of_listen_is_found_by_its_address() -> Result {
        let commands =
            parse(b"unlisten 127.0.0.1:80\nlisten 81 127.0.0.1:80\nlisten 127.0.0.1:80")?;
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let (line, word) = commands.listen_word(address).ok_or(EINVAL)?;
        assert!(line.number() == 2 && word == b"127.0.0.1:80");
        let unspecified = SocketAddr::from(([0_u16; 8], 81));
        let (line, word) = commands.listen_word(unspecified).ok_or(EINVAL)?;
        assert!(line.number() == 2 && word == b"81");
        assert!(commands
            .listen_word(SocketAddr::from(([127, 0, 0, 1], 81)))
            .is_none());
        Ok(())
    }
}
