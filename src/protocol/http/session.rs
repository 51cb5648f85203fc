// SPDX-License-Identifier: GPL-2.0-only

//! The requests of one connection, in their order (RFC 9112 section 9).

use super::{
    body::{
        BodyDrain,
        DrainProgress,
        Framing, //
    },
    clock::{
        Clock,
        Persistence, //
    },
    limits::EMPTY_LINES_MAX,
    method::Method,
    request::{
        Expectation,
        ParseError,
        Rejection,
        Request, //
    },
    resources::Resources,
    responder::respond,
    response::{
        Disposition,
        Response,
        ResponseRoom, //
    },
    response_parts::{
        reject,
        ResponseParts, //
    },
    scheme::Scheme,
    session_state::SessionState,
    status::Status,
    step::{
        DeferredRequest,
        SessionPhase,
        Step, //
    },
};

/// The position of a connection in its stream of requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    state: SessionState,
    /// Number of requests that received a response.
    requests: u32,
    requests_max: u32,
    scheme: Scheme,
}

/// The rejection of bytes that are not the beginning of a head.
const BAD_REQUEST: Rejection = Rejection {
    status: Status::BadRequest,
    head_only: false,
};

impl Session {
    /// Creates the session of a new connection, which ends after `requests_max` requests.
    pub const fn new(requests_max: u32) -> Session {
        Session {
            state: SessionState::IDLE,
            requests: 0,
            requests_max,
            scheme: Scheme::Http,
        }
    }

    /// Returns the session of a new connection of another scheme.
    #[must_use]
    pub const fn with_scheme(self, scheme: Scheme) -> Session {
        Session { scheme, ..self }
    }

    /// Returns the next input of the connection.
    #[inline]
    pub const fn phase(&self) -> SessionPhase {
        self.state.phase()
    }

    /// Returns the number of requests that received a response, apart from malformed ones.
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// Returns the number of bytes of an unfinished head that were received, and that the last step
    /// has left.
    #[inline]
    pub const fn searched(&self) -> usize {
        self.state.searched()
    }

    /// Searches `fresh`, which follows the [`Session::searched`] bytes of an unfinished head, for
    /// the end of a line. Returns `false` if the head needs more bytes, and counts `fresh` as
    /// searched then; otherwise [`Session::receive`] must be called, with all of the head. A head
    /// has at most `head_max` bytes.
    ///
    /// So a caller need not copy a head for each of many small pieces that it arrives in.
    #[inline]
    pub fn search(&mut self, fresh: &[u8], head_max: usize) -> bool {
        let SessionState::Head { searched, .. } = &mut self.state else {
            return true;
        };
        let total = usize::from(*searched).saturating_add(fresh.len());
        match u16::try_from(total) {
            Ok(total) if usize::from(total) < head_max && !fresh.contains(&b'\n') => {
                *searched = total;
                false
            }
            _ => true,
        }
    }

    /// Processes `bytes`: everything that was received and not yet consumed, in one piece.
    ///
    /// A step processes one request at most. If it consumes bytes, or has a response after which
    /// the connection persists, the caller must call this function again with the bytes that are
    /// left. Otherwise the session needs more bytes, unless it leaves the request to others; it never
    /// needs more if [`RequestPolicy::head_max`](super::RequestPolicy) bytes or more are left.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::http::{Clock, Scratch, Session, Status};
    /// # use protocol::http::{
    /// #     Coding, Disposition, Full, Lookup, Origin, Path, ProcessAddress, Representation,
    /// #     Resources, Sink,
    /// # };
    /// #
    /// # struct EmptySite;
    /// #
    /// # impl Resources for EmptySite {
    /// #     type Body = ();
    /// #     type Resource = ();
    /// #
    /// #     fn find(&self, _origin: Origin<'_>, _path: Path<'_>) -> Lookup<'_, ()> {
    /// #         Lookup::NotFound
    /// #     }
    /// #
    /// #     fn process(&self, _: Origin<'_>, _: Path<'_>) -> Option<ProcessAddress> {
    /// #         None
    /// #     }
    /// #
    /// #     fn representation(&self, _: (), _: Coding) -> Option<Representation<'_, ()>> {
    /// #         None
    /// #     }
    /// #
    /// #     fn put_fields(
    /// #         &self, _: Origin<'_>, _: Path<'_>, _: Status, _: &mut impl Sink,
    /// #     ) -> Result<(), Full> {
    /// #         Ok(())
    /// #     }
    /// #
    /// #     fn error_page(
    /// #         &self,
    /// #         _origin: Origin<'_>,
    /// #         _status: Status,
    /// #     ) -> Option<Representation<'_, ()>> {
    /// #         None
    /// #     }
    /// # }
    ///
    /// // `EmptySite` implements `Resources` without any.
    /// let (site, clock) = (EmptySite, Clock::new(784_111_777));
    /// let mut scratch = Scratch::new();
    /// let mut session = Session::new(100);
    ///
    /// let bytes = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\nGET /next";
    /// let step = session.receive(bytes, &site, &clock, &mut scratch.room());
    /// assert_eq!(step.consumed, bytes.len() - b"GET /next".len());
    /// assert!(step.response.is_some_and(|response| {
    ///     response.status == Status::NotFound
    ///         && response.disposition == Disposition::KeepAlive
    ///         && response.head.concat().starts_with(b"HTTP/1.1 404 Not Found\r\n")
    /// }));
    /// ```
    pub fn receive<'a, S: Resources>(
        &mut self,
        bytes: &[u8],
        site: &'a S,
        clock: &'a Clock,
        room: &mut ResponseRoom<'a>,
    ) -> Step<'a, S::Body> {
        let rest = match self.drain(bytes) {
            Ok(rest) => rest,
            Err(step) => return step,
        };
        let searched = self.searched();
        let fresh = rest.get(searched..).unwrap_or(&[]);
        if searched != 0 && !self.search(fresh, site.policy().head_max) {
            return Step::silent(0);
        }
        let SessionState::Head {
            empty_lines,
            head_only,
            is_refused,
            ..
        } = self.state
        else {
            return Step::silent(bytes.len());
        };
        let (rest, empty_lines) = skip_empty_lines(rest, empty_lines);
        if empty_lines > EMPTY_LINES_MAX || rest.starts_with(b"\n") {
            return self.reject((bytes, rest), BAD_REQUEST, clock, room);
        }
        let skipped = bytes.len().saturating_sub(rest.len());
        let mut request = Request::new();
        match request.parse_bounded(rest, || site.policy().head_max) {
            Ok(()) => {
                let consumed = skipped.saturating_add(request.length);
                self.respond(&request, consumed, bytes.len(), site, clock, room)
            }
            Err(ParseError::Partial) => {
                self.state = SessionState::Head {
                    searched: u16::try_from(rest.len()).unwrap_or(u16::MAX),
                    empty_lines,
                    head_only: head_only || request.method == Method::Head,
                    is_refused,
                };
                Step::silent(skipped)
            }
            Err(ParseError::Rejected(rejection)) => {
                self.reject((bytes, rest), rejection, clock, room)
            }
        }
    }

    /// Discards what `bytes` has of a body. Returns the bytes after the body, or the step if there
    /// are none.
    #[inline]
    fn drain<'b, 'a, B>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Step<'a, B>> {
        let SessionState::Body(drain) = &mut self.state else {
            return Ok(bytes);
        };
        match drain.take(bytes) {
            DrainProgress::More => Err(Step::silent(bytes.len())),
            DrainProgress::End(count) => {
                self.state = SessionState::IDLE;
                Ok(bytes.get(count..).unwrap_or(&[]))
            }
            DrainProgress::Broken => {
                self.state = SessionState::Ended;
                Err(Step {
                    broken: true,
                    ..Step::silent(bytes.len())
                })
            }
        }
    }

    /// Refuses the request before which the session stands, if it is for others. Where
    /// [`Session::receive`] would return their destination, it returns a 503 with `Retry-After`.
    pub fn refuse(&mut self) {
        if let SessionState::Head { is_refused, .. } = &mut self.state {
            *is_refused = true;
        }
    }

    /// Ends the session because the time for a head is over. Returns a 408 if a head has begun (RFC
    /// 9110 section 15.5.9).
    pub fn expire<'a, B>(
        &mut self,
        clock: &'a Clock,
        room: &mut ResponseRoom<'a>,
    ) -> Option<Response<'a, B>> {
        let head_only = match self.state {
            SessionState::Head {
                searched: 1..,
                head_only,
                ..
            } => Some(head_only),
            _ => None,
        };
        self.state = SessionState::Ended;
        head_only.map(|head_only| {
            let status = Status::RequestTimeout;
            reject(Rejection { status, head_only }, clock, room)
        })
    }

    /// Responds to a request whose head ends after `consumed` of the `received` bytes, unless it is
    /// for others.
    ///
    /// It is not inlined, so that its variables are not on the stack while a head is parsed.
    #[inline(never)]
    fn respond<'a, S: Resources>(
        &mut self,
        request: &Request<'_>,
        consumed: usize,
        received: usize,
        site: &'a S,
        clock: &'a Clock,
        room: &mut ResponseRoom<'a>,
    ) -> Step<'a, S::Body> {
        let is_refused = self.state.is_refused();
        let mut deferral = None;
        let ResponseParts {
            status,
            head: [first, second],
            body,
        } = respond(
            request,
            self.scheme,
            site,
            clock.now(),
            room,
            is_refused,
            &mut deferral,
        );
        if let Some(to) = deferral.filter(|_| !is_refused) {
            self.state = SessionState::IDLE;
            let has_body = request.framing != Framing::None;
            let before = consumed.saturating_sub(request.length);
            return Step::deferred(DeferredRequest { to, has_body }, before);
        }
        self.requests = self.requests.saturating_add(1);
        let drain = BodyDrain::new(request.framing);
        let persists = self.persists(request, status, drain.is_some());
        let persistence = Persistence::new(persists, request.version);
        // A client that did not ask for the end of the connection may have sent more.
        let is_last =
            !request.persistent && drain.is_none() && consumed == received && !status.closes();
        self.state = match drain {
            _ if !persists => SessionState::Ended,
            Some(drain) => SessionState::Body(drain),
            None => SessionState::IDLE,
        };
        let disposition = match (persists, is_last) {
            (true, _) => Disposition::KeepAlive,
            (false, true) => Disposition::Close,
            (false, false) => Disposition::Linger,
        };
        Step {
            consumed: if persists { consumed } else { received },
            response: Some(Response {
                status,
                head: [first, second, clock.tail(persistence)],
                body,
                disposition,
            }),
            head_start: consumed.saturating_sub(request.length),
            head_length: request.length,
            ..Step::silent(0)
        }
    }

    /// Returns whether the connection persists after a response with this status.
    #[inline]
    fn persists(&self, request: &Request<'_>, status: Status, has_body: bool) -> bool {
        // A client that expects 100 and receives a final status may or may not send the body (RFC
        // 9110 section 10.1.1), so the beginning of the next request is unknown. The end of a body
        // that is too long is too far away.
        let is_end_unknown = has_body
            && (request.expectation == Expectation::Continue
                || request.framing == Framing::TooLong);
        request.persistent
            && !status.closes()
            && !is_end_unknown
            && self.requests < self.requests_max
    }

    /// Rejects a head, which `rest` of the received bytes begin with, and ends the session.
    #[inline(never)]
    fn reject<'a, B>(
        &mut self,
        (bytes, rest): (&[u8], &[u8]),
        rejection: Rejection,
        clock: &'a Clock,
        room: &mut ResponseRoom<'a>,
    ) -> Step<'a, B> {
        self.state = SessionState::Ended;
        Step {
            response: Some(reject(rejection, clock, room)),
            head_start: bytes.len().saturating_sub(rest.len()),
            head_length: rest.len(),
            ..Step::silent(bytes.len())
        }
    }
}

/// Skips empty lines, and adds their number to `count`.
#[inline]
fn skip_empty_lines(bytes: &[u8], mut count: u8) -> (&[u8], u8) {
    let mut rest = bytes;
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        count = count.saturating_add(1);
        rest = after;
    }
    (rest, count)
}
