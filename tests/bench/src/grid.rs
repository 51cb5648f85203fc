// SPDX-License-Identifier: GPL-2.0-only

//! Figures by case and server.

use crate::results::{Instructions, Rate};
use crate::server::Server;

/// A figure of one server in one case.
pub(crate) trait Figure {
    /// The name of the case.
    fn case(&self) -> &str;
    /// The name of the server.
    fn server(&self) -> &str;
}

impl Figure for Instructions {
    fn case(&self) -> &str {
        &self.case
    }

    fn server(&self) -> &str {
        &self.server
    }
}

impl Figure for Rate {
    fn case(&self) -> &str {
        &self.case
    }

    fn server(&self) -> &str {
        &self.server
    }
}

/// Figures of one kind.
pub(crate) struct Grid<'a, T>(Vec<&'a T>);

impl<'a, T: Figure> Grid<'a, T> {
    /// The figure of a server in a case, if that was measured.
    pub(crate) fn get(&self, case: &str, server: Server) -> Option<&'a T> {
        let is_it = |figure: &&&T| figure.case() == case && figure.server() == server.name();
        self.0.iter().find(is_it).copied()
    }

    /// What khttpd's value is to nginx's.
    fn ratio(&self, case: &str, value: impl Fn(&T) -> Option<f64>) -> Option<f64> {
        let of = |server| self.get(case, server).and_then(&value);
        Some(of(Server::Khttpd)? / of(Server::Nginx)?)
    }
}

impl<'a> Grid<'a, Instructions> {
    pub(crate) fn new(figures: &'a [Instructions]) -> Self {
        Self(figures.iter().collect())
    }

    /// How many times as many instructions nginx takes, where neither waits instead.
    pub(crate) fn fewer(&self, case: &str) -> Option<f64> {
        let busy = |figure: &Instructions| (!figure.waits).then_some(figure.instructions);
        self.ratio(case, busy).map(f64::recip)
    }
}

impl<'a> Grid<'a, Rate> {
    /// The figures of the guest with so many processors.
    pub(crate) fn of_cpus(figures: &'a [Rate], cpus: u32) -> Self {
        Self(figures.iter().filter(|rate| rate.cpus == cpus).collect())
    }

    /// How many times as many requests khttpd serves.
    pub(crate) fn faster(&self, case: &str) -> Option<f64> {
        self.ratio(case, |rate| Some(rate.requests_per_second.median))
    }

    /// How many times as many requests a server serves as in the guest of `other`, and how many times as many for the
    /// busiest processor's time: that is what it would be if the host had a processor for everyone who runs.
    pub(crate) fn scaling(&self, other: &Self, case: &str, server: Server) -> Option<[f64; 2]> {
        let (here, there) = (self.get(case, server)?, other.get(case, server)?);
        let rates = here.requests_per_second.median / there.requests_per_second.median;
        let times = there.processor_time.median / here.processor_time.median;
        Some([rates, times])
    }

    /// How many times as long the slowest hundredth of khttpd's replies takes.
    pub(crate) fn later(&self, case: &str) -> Option<f64> {
        self.ratio(case, |rate| Some(rate.latency?.p99.median))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Summary;

    fn figure(server: Server, instructions: f64, waits: bool) -> Instructions {
        Instructions {
            case: "612B-8".into(),
            server: server.name().into(),
            instructions,
            waits,
        }
    }

    fn rate(cpus: u32, requests: f64, processor_time: f64) -> Rate {
        let exactly = |value| Summary {
            median: value,
            least: value,
            most: value,
        };
        Rate {
            cpus,
            case: "closing".into(),
            server: Server::Khttpd.name().into(),
            requests_per_second: exactly(requests),
            processor_time: exactly(processor_time),
            latency: None,
            timeouts: 0,
        }
    }

    #[test]
    fn scaling_is_of_rates_and_of_the_busiest_processors_time() {
        let rates = [rate(1, 1000.0, 30.0), rate(2, 1200.0, 15.0)];
        let [one, two] = [1, 2].map(|cpus| Grid::of_cpus(&rates, cpus));
        assert_eq!(
            two.scaling(&one, "closing", Server::Khttpd),
            Some([1.2, 2.0])
        );
        assert_eq!(two.scaling(&one, "closing", Server::Nginx), None);
    }

    #[test]
    fn a_ratio_is_of_two_who_were_busy() {
        let busy = [
            figure(Server::Khttpd, 20.0, false),
            figure(Server::Nginx, 50.0, false),
        ];
        assert_eq!(Grid::new(&busy).fewer("612B-8"), Some(2.5));
        assert_eq!(Grid::new(&busy).fewer("404"), None);
        let waiting = [
            figure(Server::Khttpd, 20.0, false),
            figure(Server::Nginx, 50.0, true),
        ];
        assert_eq!(Grid::new(&waiting).fewer("612B-8"), None);
    }
}
