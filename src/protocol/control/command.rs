// SPDX-License-Identifier: GPL-2.0-only

//! The commands of the control node: one a line, each with one spelling.
//!
//! A [`Command`] is well-formed: its addresses have ports, its numbers lie within their bounds.
//! Whether it can be carried out is for others to say.

use core::{
    net::{
        IpAddr,
        Ipv6Addr,
        SocketAddr, //
    },
    ops::RangeInclusive,
    str, //
};

use crate::{
    control::line::{
        Error,
        Line,
        Words, //
    }, //
    control::rule::Rule,
    http::HostPattern,
};

/// How many connections may be served at a time.
pub const CONNECTIONS: RangeInclusive<u32> = 1..=1 << 20;

/// How many seconds a timeout may have: up to a day.
pub const SECONDS: RangeInclusive<u32> = 1..=86_400;

/// What can be written to the control node.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// Listen at these addresses.
    Listen(Addresses<'a>),
    /// Listen at these addresses no more; without any: nowhere.
    Unlisten(Addresses<'a>),
    /// Serve.
    Start,
    /// Take no new connections, and let the others finish.
    Stop,
    /// The bound of connections served at a time.
    MaxConnections(u32),
    /// The time, in seconds, that a peer or a stop has.
    Timeout(Timeout, u32),
    /// Serve the tree at this absolute path, or the one that is `built-in`, to these hosts.
    Root(&'a [u8], HostPattern<'a>),
    /// A rule of the site.
    Rule(Rule<'a>),
    /// Load the site anew.
    Reload,
    /// Forget all roots and rules.
    Clear,
    /// Where the relay node connects to.
    Relay(SocketAddr),
    /// Connect, send this text and a line feed, close.
    Send(SocketAddr, &'a [u8]),
    /// Count from zero again.
    ResetCounters,
    /// List the commands.
    Help,
}

/// What takes its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// A peer that has sent no request.
    Idle,
    /// A peer that has begun a request.
    Head,
    /// A peer that takes nothing of a reply.
    Send,
    /// Replies that run when the server is stopped.
    Stop,
}

impl Timeout {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Idle, Self::Head, Self::Send, Self::Stop];

    /// The word that stands for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Head => "head",
            Self::Send => "send",
            Self::Stop => "stop",
        }
    }
}

/// What there is to write, a line for each command.
pub const HELP: &str = "\
# listen [ADDRESS:]PORT...         listen there too; without ADDRESS: at all of this machine
# unlisten [[ADDRESS:]PORT...]     do not listen there any more; without PORT: nowhere
# start                            serve
# stop                             take no new connections, finish the replies under way
# max-connections N                serve up to N connections at a time; more wait
# timeout idle SECONDS             close a connection that sends no request for so long
# timeout head SECONDS             408 for a head that takes so long; close for a body
# timeout send SECONDS             reset a connection that takes nothing for so long
# timeout stop SECONDS             reset what is not finished so long after stop
# root DIRECTORY [for HOST]        serve its files, or what is built-in; HOST may be *.DOMAIN
# reload                           load the site anew
# clear                            forget all roots and rules
# error STATUS /PAGE               the page that goes with a status
# fallback FILES /PAGE             what is served for FILES that are not there
# cache-control FILES VALUE        Cache-Control of *, *.SUFFIX, /DIRECTORY/* or /FILE
# field FILES NAME: VALUE          another field of theirs
# media-type FILES TYPE/SUBTYPE    their Content-Type
# redirect STATUS FROM TO          301, 302, 307 or 308 from /FILE or /DIRECTORY/*
# trailing-slash POLICY            of a directory: redirect, serve or refuse
# status-page /PATH                where the server tells how it is
# follow-links yes|no              whether symbolic links within a root are followed
# hidden-files yes|no              whether names that begin with a dot are served
# cross-mounts yes|no              whether file systems mounted within a root are entered
# perm-required MODE               mode bits that a file must have, as 0004
# perm-forbid MODE                 mode bits that it must not have
# max-site-bytes N                 the most memory of a site
# max-file-bytes N                 the longest file
# max-entries N                    the most paths of a site
# relay ADDRESS:PORT               where /dev/khttpd-relay connects to
# send ADDRESS:PORT TEXT           connect there, send TEXT and a line feed, close
# reset counters                   count from zero again
# help                             this list
";

impl<'a> Command<'a> {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What word of it is wrong, and why.
    pub fn parse(line: Line<'a>) -> Result<Command<'a>, Error<'a>> {
        let mut words = line.words();
        let arguments = Arguments {
            line,
            name: words.next().unwrap_or_default(),
            words,
        };
        match arguments.name {
            b"listen" => arguments.listen(),
            b"unlisten" => Ok(Self::Unlisten(arguments.addresses()?)),
            b"start" => arguments.end(Self::Start),
            b"stop" => arguments.end(Self::Stop),
            b"max-connections" => arguments.max_connections(),
            b"timeout" => arguments.timeout(),
            b"root" => arguments.root(),
            b"reload" => arguments.end(Self::Reload),
            b"clear" => arguments.end(Self::Clear),
            b"relay" => arguments.relay(),
            b"send" => arguments.send(),
            b"reset" => arguments.reset(),
            b"help" => arguments.end(Self::Help),
            name => Rule::parse(line)?
                .map(Self::Rule)
                .ok_or_else(|| line.error(name, "no such command; \"help\" lists them")),
        }
    }
}

/// Addresses of a command, each `[ADDRESS:]PORT`, with the words that they are written as.
#[derive(Clone, Debug)]
pub struct Addresses<'a>(Words<'a>);

impl<'a> Iterator for Addresses<'a> {
    type Item = (&'a [u8], SocketAddr);

    fn next(&mut self) -> Option<Self::Item> {
        let word = self.0.next()?;
        // They were parsed once before, so that there is none that is wrong.
        Some((word, listen_address(word).ok()?))
    }
}

/// The words of a command behind its name.
struct Arguments<'a> {
    line: Line<'a>,
    name: &'a [u8],
    words: Words<'a>,
}

impl<'a> Arguments<'a> {
    fn listen(self) -> Result<Command<'a>, Error<'a>> {
        if self.words.rest().is_empty() {
            return Err(self.missing("needs a port, or an address and a port"));
        }
        Ok(Command::Listen(self.addresses()?))
    }

    fn max_connections(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs a number")?;
        let max = number(word)
            .filter(|max| CONNECTIONS.contains(max))
            .ok_or_else(|| self.line.error(word, "must be 1 to 1048576"))?;
        self.end(Command::MaxConnections(max))
    }

    fn timeout(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs one of idle, head, send, stop")?;
        let timeout = Timeout::ALL
            .into_iter()
            .find(|timeout| timeout.word().as_bytes() == word)
            .ok_or_else(|| self.line.error(word, "must be idle, head, send or stop"))?;
        let word = self.next("needs seconds")?;
        let seconds = number(word)
            .filter(|seconds| SECONDS.contains(seconds))
            .ok_or_else(|| self.line.error(word, "must be 1 to 86400 seconds"))?;
        self.end(Command::Timeout(timeout, seconds))
    }

    fn root(mut self) -> Result<Command<'a>, Error<'a>> {
        let directory = self.next("needs a directory")?;
        if !is_directory(directory) {
            let reason = "must be an absolute path, or built-in";
            return Err(self.line.error(directory, reason));
        }
        let host = match self.words.next() {
            None => HostPattern::Any,
            Some(b"for") => self.host()?,
            Some(word) => return Err(self.line.error(word, "must be for, and a host")),
        };
        self.end(Command::Root(directory, host))
    }

    fn host(&mut self) -> Result<HostPattern<'a>, Error<'a>> {
        let word = self.next("needs a host")?;
        HostPattern::parse(word).map_err(|reason| self.line.error(word, reason))
    }

    fn relay(mut self) -> Result<Command<'a>, Error<'a>> {
        let peer = self.peer()?;
        self.end(Command::Relay(peer))
    }

    fn send(mut self) -> Result<Command<'a>, Error<'a>> {
        let peer = self.peer()?;
        let text = self.words.rest();
        if text.is_empty() {
            return Err(self.missing("needs a text to send"));
        }
        Ok(Command::Send(peer, text))
    }

    fn reset(mut self) -> Result<Command<'a>, Error<'a>> {
        match self.next("needs to know what: counters")? {
            b"counters" => self.end(Command::ResetCounters),
            word => Err(self.line.error(word, "must be counters")),
        }
    }

    /// All that is left is addresses to listen at.
    fn addresses(self) -> Result<Addresses<'a>, Error<'a>> {
        for word in self.words.clone() {
            listen_address(word).map_err(|reason| self.line.error(word, reason))?;
        }
        Ok(Addresses(self.words))
    }

    /// The address of somebody to connect to.
    fn peer(&mut self) -> Result<SocketAddr, Error<'a>> {
        let word = self.next("needs an address and a port")?;
        peer_address(word).map_err(|reason| self.line.error(word, reason))
    }

    /// The next word.
    fn next(&mut self, missing: &'static str) -> Result<&'a [u8], Error<'a>> {
        self.words.next().ok_or_else(|| self.missing(missing))
    }

    fn missing(&self, reason: &'static str) -> Error<'a> {
        self.line.error(self.name, reason)
    }

    /// `command`, if nothing follows.
    fn end(mut self, command: Command<'a>) -> Result<Command<'a>, Error<'a>> {
        match self.words.next() {
            None => Ok(command),
            Some(word) => Err(self.line.error(word, "one word too many")),
        }
    }
}

/// Whether `word` is what `root` can serve: an absolute path, or `built-in`.
pub fn is_directory(word: &[u8]) -> bool {
    word == b"built-in" || word.starts_with(b"/") && str::from_utf8(word).is_ok_and(is_plain)
}

/// What can be shown as a word again.
fn is_plain(text: &str) -> bool {
    !text.contains(|character: char| character == ' ' || character.is_control())
}

/// `[ADDRESS:]PORT`, where no address is all of both families.
fn listen_address(word: &[u8]) -> Result<SocketAddr, &'static str> {
    let all = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    match number(word) {
        Some(port) => u16::try_from(port)
            .ok()
            .filter(|port| *port != 0)
            .map(|port| SocketAddr::new(all, port))
            .ok_or("a port must be 1 to 65535"),
        None => peer_address(word),
    }
}

/// `ADDRESS:PORT`.
fn peer_address(word: &[u8]) -> Result<SocketAddr, &'static str> {
    let address = str::from_utf8(word)
        .ok()
        .and_then(|text| text.parse::<SocketAddr>().ok())
        .ok_or("must be like 192.0.2.1:80 or [2001:db8::1]:80")?;
    match address.port() {
        0 => Err("a port must be 1 to 65535"),
        _ => Ok(address),
    }
}

/// Decimal digits and nothing else.
fn number(word: &[u8]) -> Option<u32> {
    if !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(word).ok()?.parse().ok()
}

/// Cuts `text` behind its last line feed: lines that are complete, and the beginning of another.
pub fn complete(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().rposition(|byte| *byte == b'\n');
    let length = end.map_or(0, |end| end.saturating_add(1));
    text.split_at_checked(length).unwrap_or((text, &[]))
}

#[cfg(test)]
mod tests;
