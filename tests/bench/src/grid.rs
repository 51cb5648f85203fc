// SPDX-License-Identifier: GPL-2.0-only

//! Figures by case and server.

use crate::results::{Alone, Instructions, Rate, Waits};
use crate::server::Server;

/// A figure of one server in one case.
pub(crate) trait Figure {
    /// Returns the name of the case.
    fn case(&self) -> &str;
    /// Returns the name of the server.
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

impl Figure for Waits {
    fn case(&self) -> &str {
        &self.case
    }

    fn server(&self) -> &str {
        &self.server
    }
}

impl Figure for Alone {
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
    pub(crate) fn new(figures: &'a [T]) -> Self {
        Self(figures.iter().collect())
    }

    /// Finds the figure of a server in a case.
    pub(crate) fn get(&self, case: &str, server: Server) -> Option<&'a T> {
        let is_it = |figure: &&&T| figure.case() == case && figure.server() == server.name();
        self.0.iter().find(is_it).copied()
    }

    /// Lists the servers with figures.
    pub(crate) fn servers(&self) -> Vec<Server> {
        let has_any = |server: &Server| self.0.iter().any(|it| it.server() == server.name());
        Server::ALL.into_iter().filter(has_any).collect()
    }

    /// Computes the ratio of khttpd's value to nginx's. In TLS, `better` chooses among nginx's two.
    fn ratio(
        &self,
        case: &str,
        value: impl Fn(&T) -> Option<f64>,
        better: fn(f64, f64) -> f64,
    ) -> Option<f64> {
        let of = |server| self.get(case, server).and_then(&value);
        let nginx = [Server::Nginx, Server::NginxKtls].into_iter();
        Some(of(Server::Khttpd)? / nginx.filter_map(of).reduce(better)?)
    }
}

impl Grid<'_, Instructions> {
    /// Computes nginx's instructions relative to khttpd's, if neither waits.
    pub(crate) fn fewer(&self, case: &str) -> Option<f64> {
        let busy = |figure: &Instructions| (!figure.waits).then_some(figure.instructions);
        self.ratio(case, busy, f64::min).map(f64::recip)
    }
}

impl<'a> Grid<'a, Rate> {
    /// Selects the figures of the guest with `cpus` CPUs.
    pub(crate) fn of_cpus(figures: &'a [Rate], cpus: u32) -> Self {
        Self(figures.iter().filter(|rate| rate.cpus == cpus).collect())
    }

    /// Computes khttpd's rate relative to nginx's.
    pub(crate) fn faster(&self, case: &str) -> Option<f64> {
        let rate = |rate: &Rate| Some(rate.requests_per_second.median);
        self.ratio(case, rate, f64::max)
    }

    /// Computes a server's rate relative to that in the guest of `other`, and the same by the time
    /// of the busiest CPU: the rate if the host had a CPU for every virtual CPU and client.
    pub(crate) fn scaling(&self, other: &Self, case: &str, server: Server) -> Option<[f64; 2]> {
        let (here, there) = (self.get(case, server)?, other.get(case, server)?);
        let rates = here.requests_per_second.median / there.requests_per_second.median;
        let times = there.processor_time.median / here.processor_time.median;
        Some([rates, times])
    }
}

impl Grid<'_, Waits> {
    /// Computes nginx's 99th percentile of all waits relative to khttpd's.
    pub(crate) fn shorter(&self, case: &str) -> Option<f64> {
        let wait = |waits: &Waits| Some(waits.all.p99.median);
        self.ratio(case, wait, f64::min).map(f64::recip)
    }
}

impl Grid<'_, Alone> {
    /// Computes nginx's instructions relative to khttpd's.
    pub(crate) fn fewer_alone(&self, case: &str) -> Option<f64> {
        let count = |alone: &Alone| Some(alone.instructions.median);
        self.ratio(case, count, f64::min).map(f64::recip)
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
            timeouts: 0,
        }
    }

    #[test]
    fn scaling_covers_rates_and_time_of_the_busiest_cpu() {
        let rates = [rate(1, 1000.0, 30.0), rate(2, 1200.0, 15.0)];
        let [one, two] = [1, 2].map(|cpus| Grid::of_cpus(&rates, cpus));
        assert_eq!(
            two.scaling(&one, "closing", Server::Khttpd),
            Some([1.2, 2.0])
        );
        assert_eq!(two.scaling(&one, "closing", Server::Nginx), None);
    }

    #[test]
    fn ratio_requires_two_busy_servers() {
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
