// SPDX-License-Identifier: GPL-2.0-only

//! The requests of one connection, one after the other (RFC 9112 section 9).

use super::{
    body::{BodyDrain, DrainProgress},
    clock::{Clock, Persistence},
    method::Method,
    request::{Expectation, ParseError, Rejection, Request},
    resources::Resources,
    responder::{answer, refuse, ResponseParts},
    response::{Disposition, Response, Scratch},
    status::Status,
    version::Version,
    EMPTY_LINES_MAX,
    HEAD_MAX, //
};

/// Where a connection is in its stream of requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    state: SessionState,
    /// Requests answered.
    requests: u32,
    requests_max: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SessionState {
    /// Before a head, of which so many bytes were looked at, after so many empty lines; whether it
    /// is known to be that of a HEAD.
    Head {
        seen: u16,
        empty_lines: u8,
        head_only: bool,
    },
    /// In the body of a request that was answered.
    Body(BodyDrain),
    /// Behind the last request.
    Ended,
}

/// Before the first byte of a request.
const IDLE: SessionState = SessionState::Head {
    seen: 0,
    empty_lines: 0,
    head_only: false,
};

/// What a connection is waiting for, which decides how long it may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionPhase {
    /// A request.
    Idle,
    /// The rest of a head.
    Head,
    /// The rest of a body that is thrown away.
    Body,
    /// Nothing any more.
    Ended,
}

/// What came of some bytes.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a, B> {
    /// How many of them are done with.
    pub consumed: usize,
    /// What is to be sent.
    pub reply: Option<Response<'a, B>>,
    /// The body of a request that was answered already has no end that can be trusted. Nothing can
    /// be said any more: the connection ends as after [`Disposition::Linger`].
    pub broken: bool,
}

impl<B> Step<'_, B> {
    const fn silent(consumed: usize) -> Self {
        Step {
            consumed,
            reply: None,
            broken: false,
        }
    }
}

impl Session {
    /// A connection that was just accepted and may bring `requests_max` requests.
    pub const fn new(requests_max: u32) -> Session {
        Session {
            state: IDLE,
            requests: 0,
            requests_max,
        }
    }

    /// What the connection is waiting for.
    #[inline]
    pub const fn phase(&self) -> SessionPhase {
        match self.state {
            SessionState::Head { seen: 0, .. } => SessionPhase::Idle,
            SessionState::Head { .. } => SessionPhase::Head,
            SessionState::Body(_) => SessionPhase::Body,
            SessionState::Ended => SessionPhase::Ended,
        }
    }

    /// The number of requests answered.
    #[inline]
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// Looks at `bytes`: everything received and not consumed yet, in one piece.
    ///
    /// At most one request is answered at a time. While a step consumes something or has a reply
    /// that lets the connection persist, there may be more to be had from the bytes that are left.
    /// A step that does neither waits for more bytes; it never does so when [`HEAD_MAX`] bytes or
    /// more are left.
    pub fn receive<'a, S: Resources>(
        &mut self,
        bytes: &[u8],
        site: &'a S,
        clock: &'a Clock,
        scratch: &'a mut Scratch,
    ) -> Step<'a, S::Body> {
        let mut rest = bytes;
        if let SessionState::Body(discard) = &mut self.state {
            match discard.take(rest) {
                DrainProgress::More => return Step::silent(bytes.len()),
                DrainProgress::End(count) => rest = rest.get(count..).unwrap_or(&[]),
                DrainProgress::Broken => {
                    self.state = SessionState::Ended;
                    return Step {
                        consumed: bytes.len(),
                        reply: None,
                        broken: true,
                    };
                }
            }
            self.state = IDLE;
        }
        let SessionState::Head {
            seen,
            mut empty_lines,
            head_only,
        } = self.state
        else {
            return Step::silent(bytes.len());
        };
        while let Some(after) = rest.strip_prefix(b"\r\n") {
            empty_lines = empty_lines.saturating_add(1);
            rest = after;
        }
        let skipped = bytes.len().saturating_sub(rest.len());
        if empty_lines > EMPTY_LINES_MAX || rest.starts_with(b"\n") {
            let refusal = Rejection {
                status: Status::BadRequest,
                head_only: false,
            };
            return self.end(bytes.len(), refusal, clock, scratch);
        }

        let window = rest.get(..HEAD_MAX).unwrap_or(rest);
        // Each line is judged when it is complete, so that a head that comes in small pieces is not
        // read again for each.
        let fresh = window.get(usize::from(seen)..).unwrap_or(&[]);
        let mut request = Request::new();
        let parsed = if seen == 0 || window.len() == HEAD_MAX || fresh.contains(&b'\n') {
            request.parse(window)
        } else {
            Err(ParseError::Partial)
        };
        match parsed {
            Ok(()) => {
                let consumed = skipped.saturating_add(request.length);
                self.reply(&request, consumed, bytes.len(), site, clock, scratch)
            }
            Err(ParseError::Partial) if window.len() < HEAD_MAX => {
                self.state = SessionState::Head {
                    seen: u16::try_from(window.len()).unwrap_or(u16::MAX),
                    empty_lines,
                    head_only: head_only || request.method == Method::Head,
                };
                Step::silent(skipped)
            }
            Err(ParseError::Partial) => {
                let status = if window.contains(&b'\n') {
                    Status::FieldsTooLarge
                } else {
                    Status::UriTooLong
                };
                let head_only = request.method == Method::Head;
                self.end(bytes.len(), Rejection { status, head_only }, clock, scratch)
            }
            Err(ParseError::Refused(refusal)) => self.end(bytes.len(), refusal, clock, scratch),
        }
    }

    /// The time for a head ran out: 408 if one was begun (RFC 9110 section 15.5.9), nothing if the
    /// connection was idle. Either way it ends.
    pub fn expire<'a, B>(
        &mut self,
        clock: &'a Clock,
        scratch: &'a mut Scratch,
    ) -> Option<Response<'a, B>> {
        let begun = match self.state {
            SessionState::Head {
                seen, head_only, ..
            } if seen != 0 => Some(head_only),
            _ => None,
        };
        self.state = SessionState::Ended;
        begun.map(|head_only| {
            let status = Status::RequestTimeout;
            error(Rejection { status, head_only }, clock, scratch)
        })
    }

    /// The peer has sent its last byte: what is unfinished stays so, and nothing more is answered.
    pub fn finish(&mut self) {
        self.state = SessionState::Ended;
    }

    /// The server itself is unable to go on: 500 or 503. The connection ends.
    pub fn fail<'a, B>(
        &mut self,
        status: Status,
        clock: &'a Clock,
        scratch: &'a mut Scratch,
    ) -> Response<'a, B> {
        self.state = SessionState::Ended;
        error(
            Rejection {
                status,
                head_only: false,
            },
            clock,
            scratch,
        )
    }

    /// Answers a request whose head ends `consumed` bytes into the `received` ones.
    ///
    /// It is not inlined, so that what it needs is not on the stack while a head is read.
    #[inline(never)]
    fn reply<'a, S: Resources>(
        &mut self,
        request: &Request<'_>,
        consumed: usize,
        received: usize,
        site: &'a S,
        clock: &'a Clock,
        scratch: &'a mut Scratch,
    ) -> Step<'a, S::Body> {
        self.requests = self.requests.saturating_add(1);
        let ResponseParts {
            status,
            head: [first, second],
            body,
        } = answer(request, site, clock.now(), scratch);

        let discard = BodyDrain::new(request.framing);
        // A client that waits for 100 and hears a final status may send the body or may not (RFC
        // 9110 section 10.1.1): where the next request begins can't be known.
        let unknown_end = request.expectation == Expectation::Continue && discard.is_some();
        let persists = request.persistent
            && !status.closes()
            && !unknown_end
            && self.requests < self.requests_max;
        let persistence = match (persists, request.version) {
            (false, _) => Persistence::Ended,
            (true, Version::Http10) => Persistence::Granted,
            (true, Version::Http11) => Persistence::Implied,
        };
        // A client that did not ask for the end may have sent more already.
        let quiet =
            !request.persistent && discard.is_none() && consumed == received && !status.closes();
        self.state = match discard {
            _ if !persists => SessionState::Ended,
            Some(discard) => SessionState::Body(discard),
            None => IDLE,
        };
        let then = match (persists, quiet) {
            (true, _) => Disposition::KeepAlive,
            (false, true) => Disposition::Close,
            (false, false) => Disposition::Linger,
        };
        Step {
            consumed: if persists { consumed } else { received },
            reply: Some(Response {
                status,
                head: [first, second, clock.tail(persistence)],
                body,
                then,
            }),
            broken: false,
        }
    }

    #[inline(never)]
    fn end<'a, B>(
        &mut self,
        consumed: usize,
        refusal: Rejection,
        clock: &'a Clock,
        scratch: &'a mut Scratch,
    ) -> Step<'a, B> {
        self.state = SessionState::Ended;
        Step {
            consumed,
            reply: Some(error(refusal, clock, scratch)),
            broken: false,
        }
    }
}

/// An error after which the connection ends.
fn error<'a, B>(refusal: Rejection, clock: &'a Clock, scratch: &'a mut Scratch) -> Response<'a, B> {
    let ResponseParts {
        status,
        head: [first, second],
        body,
    } = refuse(refusal, scratch);
    let head = [first, second, clock.tail(Persistence::Ended)];
    Response {
        status,
        head,
        body,
        then: Disposition::Linger,
    }
}
