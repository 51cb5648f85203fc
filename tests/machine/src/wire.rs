// SPDX-License-Identifier: GPL-2.0-only

//! Protocol between host and agent over a virtio-serial port.
//!
//! A frame is one byte of kind, four bytes of length (little endian) and the payload. A client
//! sends [`Frame::Hello`] with a number of its choice; the agent echoes it. Each side looks for the
//! other's hello with [`Decoder::skip_to_hello`] first, because a port may still contain bytes of
//! an earlier client, even parts of a frame. The client then requests one program with
//! [`Frame::Exec`] and receives its end as [`Frame::Ended`]. The program of a client that
//! disconnects is killed.

use std::{error, fmt};

/// Number of ports, and so of simultaneous commands.
pub const PORTS: usize = 16;

/// Maximum length of a payload; longer streams are split into several frames.
pub const PAYLOAD_MAX: usize = 64 * 1024;

const HEAD: usize = 5;

/// Head of a hello and first half of its payload, a pattern that is found among other bytes.
const HELLO: &[u8; 13] = b"\0\x10\0\0\0\nkhttpd\n";

/// The exit status of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Exited with this code.
    Exited(u8),
    /// Killed by this signal.
    Killed(u8),
}

impl Status {
    /// Tells whether the program exited with code 0.
    pub fn success(self) -> bool {
        self == Self::Exited(0)
    }

    /// Returns a shell's exit code: 128 plus the signal's number for a killed program.
    pub fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed(signal) => signal.saturating_add(128),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit status {code}"),
            Self::Killed(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

/// A terminal for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Initial size.
    pub size: Size,
    /// Value of TERM.
    pub name: String,
}

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Terminal of the program; three pipes if there is none.
    pub terminal: Option<Terminal>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Both ways: a new client; the agent's echo.
    Hello(u64),
    /// To the agent: start this program.
    Exec(Exec),
    /// To the agent: bytes for the program's standard input.
    Input(Vec<u8>),
    /// To the agent: close the program's standard input.
    InputEnd,
    /// To the agent: new size of the terminal.
    Resize(Size),
    /// To the agent: send this signal to the program's process group.
    Signal(u8),
    /// From the agent: bytes of standard output (or of the terminal).
    Output(Vec<u8>),
    /// From the agent: bytes of standard error.
    ErrorOutput(Vec<u8>),
    /// From the agent: the program has ended.
    Ended(Status),
    /// From the agent: the program did not start, with the reason.
    Refused(String),
}

/// A malformed frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed frame from the port")
    }
}

impl error::Error for Malformed {}

impl Frame {
    /// Appends the frame's bytes to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut payload = Vec::new();
        let kind = match self {
            Self::Hello(number) => {
                payload.extend(&HELLO[HEAD..]);
                payload.extend(number.to_le_bytes());
                0
            }
            Self::Exec(exec) => {
                let (size, name) = match &exec.terminal {
                    Some(terminal) => (terminal.size, terminal.name.as_str()),
                    None => (
                        Size {
                            rows: 0,
                            columns: 0,
                        },
                        "",
                    ),
                };
                payload.push(u8::from(exec.terminal.is_some()));
                payload.extend(size_bytes(size));
                payload.extend(name.bytes().filter(|b| *b != 0));
                for argument in &exec.arguments {
                    payload.push(0);
                    payload.extend(argument.bytes().filter(|b| *b != 0));
                }
                1
            }
            Self::Input(bytes) => {
                payload.extend(bytes);
                2
            }
            Self::InputEnd => 3,
            Self::Resize(size) => {
                payload.extend(size_bytes(*size));
                4
            }
            Self::Signal(number) => {
                payload.push(*number);
                5
            }
            Self::Output(bytes) => {
                payload.extend(bytes);
                16
            }
            Self::ErrorOutput(bytes) => {
                payload.extend(bytes);
                17
            }
            Self::Ended(status) => {
                payload.extend(match status {
                    Status::Exited(code) => [0, *code],
                    Status::Killed(signal) => [1, *signal],
                });
                18
            }
            Self::Refused(why) => {
                payload.extend(why.bytes());
                19
            }
        };
        payload.truncate(PAYLOAD_MAX);
        let length = u32::try_from(payload.len()).unwrap_or(0);
        out.push(kind);
        out.extend(length.to_le_bytes());
        out.extend(payload);
    }

    fn parse(kind: u8, payload: &[u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            0 => Self::Hello(parse_hello(payload)?),
            1 => Self::Exec(parse_exec(payload)?),
            2 => Self::Input(payload.to_vec()),
            3 => Self::InputEnd,
            4 => Self::Resize(parse_size(payload)?),
            5 => match payload {
                [number] => Self::Signal(*number),
                _ => return Err(Malformed),
            },
            16 => Self::Output(payload.to_vec()),
            17 => Self::ErrorOutput(payload.to_vec()),
            18 => Self::Ended(match payload {
                [0, code] => Status::Exited(*code),
                [1, signal] => Status::Killed(*signal),
                _ => return Err(Malformed),
            }),
            19 => Self::Refused(String::from_utf8_lossy(payload).into_owned()),
            _ => return Err(Malformed),
        })
    }
}

fn parse_hello(payload: &[u8]) -> Result<u64, Malformed> {
    let number = payload.strip_prefix(&HELLO[HEAD..]).ok_or(Malformed)?;
    Ok(u64::from_le_bytes(
        number.try_into().map_err(|_| Malformed)?,
    ))
}

fn size_bytes(size: Size) -> [u8; 4] {
    let [a, b] = size.rows.to_le_bytes();
    let [c, d] = size.columns.to_le_bytes();
    [a, b, c, d]
}

fn parse_size(bytes: &[u8]) -> Result<Size, Malformed> {
    match bytes {
        [a, b, c, d] => Ok(Size {
            rows: u16::from_le_bytes([*a, *b]),
            columns: u16::from_le_bytes([*c, *d]),
        }),
        _ => Err(Malformed),
    }
}

fn parse_exec(payload: &[u8]) -> Result<Exec, Malformed> {
    let (head, strings) = payload.split_at_checked(5).ok_or(Malformed)?;
    let (on_terminal, size) = head.split_first().ok_or(Malformed)?;
    let mut strings = strings
        .split(|b| *b == 0)
        .map(|bytes| String::from_utf8(bytes.to_vec()).map_err(|_| Malformed));
    let name = strings.next().ok_or(Malformed)??;
    let terminal = match on_terminal {
        0 => None,
        _ => Some(Terminal {
            size: parse_size(size)?,
            name,
        }),
    };
    let arguments = strings.collect::<Result<Vec<_>, _>>()?;
    if arguments.is_empty() {
        return Err(Malformed);
    }
    Ok(Exec {
        arguments,
        terminal,
    })
}

/// Splits a stream of bytes into frames.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Appends bytes from the port.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Drops everything before a hello, except a possible beginning of one.
    pub fn skip_to_hello(&mut self) {
        let found = self
            .bytes
            .windows(HELLO.len())
            .position(|bytes| bytes == HELLO);
        let keep_from = found.unwrap_or((self.bytes.len() + 1).saturating_sub(HELLO.len()));
        self.bytes.drain(..keep_from);
    }

    /// Returns the next frame, or [`None`] if it is incomplete.
    pub fn frame(&mut self) -> Result<Option<Frame>, Malformed> {
        let Some((head, rest)) = self.bytes.split_at_checked(HEAD) else {
            return Ok(None);
        };
        let [kind, a, b, c, d] = head else {
            return Err(Malformed);
        };
        let length = u32::from_le_bytes([*a, *b, *c, *d]);
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        if length > PAYLOAD_MAX {
            return Err(Malformed);
        }
        let Some(payload) = rest.get(..length) else {
            return Ok(None);
        };
        let frame = Frame::parse(*kind, payload)?;
        self.bytes.drain(..HEAD + length);
        Ok(Some(frame))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn every_kind() -> Vec<Frame> {
        vec![
            Frame::Hello(0x0123_4567_89ab_cdef),
            Frame::Exec(Exec {
                arguments: vec!["sh".into(), "-c".into(), "exit 3".into(), String::new()],
                terminal: None,
            }),
            Frame::Exec(Exec {
                arguments: vec!["bash".into()],
                terminal: Some(Terminal {
                    size: Size {
                        rows: 24,
                        columns: 300,
                    },
                    name: "xterm".into(),
                }),
            }),
            Frame::Input(b"in\0put".to_vec()),
            Frame::InputEnd,
            Frame::Resize(Size {
                rows: 1,
                columns: 2,
            }),
            Frame::Signal(15),
            Frame::Output(Vec::new()),
            Frame::ErrorOutput(vec![7; PAYLOAD_MAX]),
            Frame::Ended(Status::Exited(3)),
            Frame::Ended(Status::Killed(9)),
            Frame::Refused("no such file".into()),
        ]
    }

    #[test]
    fn frames_survive_any_split_of_the_stream() {
        let mut bytes = Vec::new();
        for frame in every_kind() {
            frame.encode(&mut bytes);
        }
        for cut in [1, 7, bytes.len()] {
            let mut decoder = Decoder::default();
            let mut frames = Vec::new();
            for piece in bytes.chunks(cut) {
                decoder.push(piece);
                while let Some(frame) = decoder.frame().unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, every_kind());
        }
    }

    #[test]
    fn hello_is_found_after_arbitrary_bytes() {
        let mut hello = Vec::new();
        Frame::Hello(7).encode(&mut hello);
        let mut output = Vec::new();
        Frame::Output(b"\0\x10\0\0\0\nkhttp".repeat(3)).encode(&mut output);
        for cut in 0..output.len() {
            let mut decoder = Decoder::default();
            for byte in output[cut..].iter().chain(&hello) {
                decoder.skip_to_hello();
                decoder.push(&[*byte]);
            }
            decoder.skip_to_hello();
            assert_eq!(decoder.frame(), Ok(Some(Frame::Hello(7))), "{cut}");
        }
    }

    #[test]
    fn malformed_frames_are_rejected() {
        for bytes in [
            &[99, 0, 0, 0, 0][..],
            &[0, 255, 255, 255, 255],
            &[0, 1, 0, 0, 0, 0],
            &[0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
            &[1, 0, 0, 0, 0],
            &[18, 2, 0, 0, 0, 7, 7],
        ] {
            let mut decoder = Decoder::default();
            decoder.push(bytes);
            assert_eq!(decoder.frame(), Err(Malformed));
        }
    }
}
