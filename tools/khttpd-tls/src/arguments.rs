// SPDX-License-Identifier: GPL-2.0-only

//! The words of the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

/// File of the configuration, unless the command line names another.
const DEFAULT: &str = "/etc/khttpd-tls.conf";

pub(crate) const HELP: &str = "\
khttpd-tls [--config FILE] [--check]
khttpd-tls --help | --version

Shakes hands with the clients of khttpd's TLS listeners, and gives their connections back to it.

  --config FILE   read this configuration instead of /etc/khttpd-tls.conf
  --check         read the configuration and all that it names, then exit
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Serve, or check the configuration only.
    Run {
        /// File of the configuration.
        config: PathBuf,
        /// Whether to exit after reading it.
        check: bool,
    },
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

impl Action {
    /// Parses the arguments behind the name of the program.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, lexopt::Error> {
        let mut parser = Parser::from_args(arguments);
        let (mut config, mut check) = (PathBuf::from(DEFAULT), false);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("config") | Arg::Short('c') => config = parser.value()?.parse()?,
                Arg::Long("check") => check = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(Self::Help),
                Arg::Long("version") => return Ok(Self::Version),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Self::Run { config, check })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Action, lexopt::Error> {
        Action::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn command_line_names_the_configuration() {
        let run = |config: &str, check| Action::Run {
            config: config.into(),
            check,
        };
        assert_eq!(parse("").unwrap(), run(DEFAULT, false));
        assert_eq!(parse("--config a --check").unwrap(), run("a", true));
        assert_eq!(parse("--config=a").unwrap(), run("a", false));
        assert_eq!(parse("--help").unwrap(), Action::Help);
        assert!(parse("--config").is_err());
        assert!(parse("file").is_err());
    }
}
