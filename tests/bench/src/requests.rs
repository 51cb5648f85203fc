// SPDX-License-Identifier: GPL-2.0-only

//! The requests of a case, for clients outside the guest.

use crate::case::{Case, Flow};

/// Requests of clients.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    /// What a client sends at once, one of these at random.
    texts: Vec<Vec<u8>>,
    /// Number of requests in a text.
    pub(crate) depth: u32,
    /// Expected status of each response.
    pub(crate) status: u16,
    random: u64,
}

impl Requests {
    /// Writes the requests of a case, with an additional field.
    pub(crate) fn new(case: &Case, field: Option<&str>) -> Self {
        let (files, depth) = match case.flow {
            Flow::Same | Flow::Closing => (1, 1),
            Flow::Pipelined(depth) | Flow::LongHeads(depth) => (1, depth),
            Flow::Random(files) => (files, 1),
        };
        let field = field.map_or(String::new(), |field| format!("{field}\r\n"));
        let text = |file| {
            let path = case.path.replace("%05d", &format!("{file:05}"));
            let request = format!("GET {path} HTTP/1.1\r\nHost: khttpd\r\n{field}\r\n");
            request.into_bytes().repeat(depth as usize)
        };
        Self {
            texts: (0..files).map(text).collect(),
            depth,
            status: case.status,
            random: 1,
        }
    }

    /// Returns what a client sends next, by a linear congruential generator.
    pub(crate) fn next(&mut self) -> &[u8] {
        self.random = self
            .random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1);
        let number = (self.random >> 33) as usize % self.texts.len().max(1);
        self.texts.get(number).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::PLAIN;

    #[test]
    fn pipelined_requests_are_sent_at_once() {
        let case = Case {
            flow: Flow::Pipelined(2),
            ..PLAIN
        };
        let mut requests = Requests::new(&case, Some("A: b"));
        let once = "GET /612.html HTTP/1.1\r\nHost: khttpd\r\nA: b\r\n\r\n";
        assert_eq!(requests.next(), once.repeat(2).as_bytes());
        assert_eq!(requests.depth, 2);
    }

    #[test]
    fn random_requests_differ() {
        let case = Case {
            path: "/%05d",
            flow: Flow::Random(10_000),
            ..PLAIN
        };
        let mut requests = Requests::new(&case, None);
        let first = requests.next().to_vec();
        assert!((0..100).any(|_| requests.next() != first));
    }
}
