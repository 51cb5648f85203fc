// SPDX-License-Identifier: GPL-2.0-only

//! The results as tables, for the terminal and for Markdown alike.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use crate::case::CASES;
use crate::results::{Instructions, Latency, Memory, Rate, Results, Section, Summary};
use crate::server::Server;

/// All tables of what was measured.
pub(crate) fn tables(results: &Results) -> String {
    let mut text = String::new();
    let mut add = |title: String, table: Table| text += &format!("{title}\n\n{table}\n\n");
    if let Some(section) = &results.instructions {
        let title = "Instructions per request, client and server together";
        add(titled(title, 1, section), instructions(&section.figures));
    }
    if let Some(section) = &results.rates {
        for cpus in cpus(&section.figures) {
            let figures: Vec<_> = section
                .figures
                .iter()
                .filter(|rate| rate.cpus == cpus)
                .collect();
            add(
                titled("Requests per second", cpus, section),
                rates(&figures),
            );
            let title = "Latency at that rate: p50 / p99 / p99.9 in ms";
            add(titled(title, cpus, section), full_latencies(&figures));
        }
    }
    if let Some(section) = &results.latencies {
        for latency in section
            .figures
            .iter()
            .filter(|latency| latency.server == Server::Khttpd.name())
        {
            let figures = section
                .figures
                .iter()
                .filter(|other| other.cpus == latency.cpus);
            let title = format!(
                "Latency at {:.0} requests per second, half of what nginx can do: ms",
                latency.requests_per_second
            );
            add(titled(&title, latency.cpus, section), latencies(figures));
        }
    }
    if let Some(section) = &results.memory {
        let title = "Memory per idle connection, both ends: bytes";
        add(titled(title, 1, section), memory(&section.figures));
    }
    text
}

/// How many processors the guests had.
pub(crate) fn cpus(rates: &[Rate]) -> Vec<u32> {
    let mut cpus: Vec<_> = rates.iter().map(|rate| rate.cpus).collect();
    cpus.dedup();
    cpus
}

fn titled<T>(title: &str, cpus: u32, section: &Section<T>) -> String {
    let Section {
        date,
        host,
        accelerator,
        kernel,
        ..
    } = section;
    let plural = if cpus == 1 { "" } else { "s" };
    format!("{title} ({cpus} processor{plural}, {accelerator} on {host}, Linux {kernel}, {date})")
}

fn table(head: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A table with a row for each case and a column for each server, and as the last one what khttpd is to nginx.
fn by_case(
    last: &str,
    cell: impl Fn(&str, &str) -> Option<String>,
    ratio: impl Fn(&str) -> Option<f64>,
) -> Table {
    let names = Server::ALL.map(Server::name);
    let head = ["case"].into_iter().chain(names).chain([last]);
    let mut table = table(head.map(str::to_owned));
    for case in CASES {
        let cells = names.map(|server| cell(case.name, server));
        if cells.iter().any(Option::is_some) {
            let ratio = ratio(case.name).map(|ratio| format!("{ratio:.2}"));
            let cells = cells
                .into_iter()
                .chain([ratio])
                .map(Option::unwrap_or_default);
            table.add_row([case.name.to_owned()].into_iter().chain(cells));
        }
    }
    table
}

/// How many times as many instructions nginx takes, where it does not wait instead.
pub(crate) fn fewer(figures: &[Instructions], case: &str) -> Option<f64> {
    let of = |server: Server| {
        let figure = find(figures, case, server.name())?;
        (figure.idle == 0.0).then_some(figure.instructions)
    };
    Some(of(Server::Nginx)? / of(Server::Khttpd)?)
}

/// How many times as many requests khttpd serves.
pub(crate) fn faster(figures: &[&Rate], case: &str) -> Option<f64> {
    let of = |server: Server| {
        let rate = figures
            .iter()
            .find(|rate| rate.case == case && rate.server == server.name());
        rate.map(|rate| rate.requests_per_second.median)
    };
    Some(of(Server::Khttpd)? / of(Server::Nginx)?)
}

fn find<'a>(figures: &'a [Instructions], case: &str, server: &str) -> Option<&'a Instructions> {
    figures
        .iter()
        .find(|figure| figure.case == case && figure.server == server)
}

fn instructions(figures: &[Instructions]) -> Table {
    let cell = |case: &str, server: &str| {
        let figure = find(figures, case, server)?;
        let idle = match figure.idle {
            0.0 => String::new(),
            share => format!(" (idle {:.0} %)", share * 100.0),
        };
        Some(thousands(figure.instructions) + &idle)
    };
    by_case("nginx / khttpd", cell, |case| fewer(figures, case))
}

fn rates(figures: &[&Rate]) -> Table {
    let cell = |case: &str, server: &str| {
        let rate = figures
            .iter()
            .find(|rate| rate.case == case && rate.server == server)?;
        let Summary {
            median,
            least,
            most,
        } = rate.requests_per_second;
        let late = match rate.timeouts {
            0 => String::new(),
            count => format!(", {count} late"),
        };
        let spread = (most - least) / 2.0 / median * 100.0;
        Some(format!("{} ±{spread:.0} %{late}", thousands(median)))
    };
    by_case("khttpd / nginx", cell, |case| faster(figures, case))
}

fn full_latencies(figures: &[&Rate]) -> Table {
    let cell = |case: &str, server: &str| {
        let rate = figures
            .iter()
            .find(|rate| rate.case == case && rate.server == server)?;
        Some(
            [rate.p50, rate.p99, rate.p999]
                .map(milliseconds)
                .join(" / "),
        )
    };
    let ratio = |case: &str| {
        let of = |server: Server| {
            let rate = figures
                .iter()
                .find(|rate| rate.case == case && rate.server == server.name());
            rate.map(|rate| rate.p99.median)
        };
        Some(of(Server::Khttpd)? / of(Server::Nginx)?)
    };
    by_case("khttpd / nginx, p99", cell, ratio)
}

fn latencies<'a>(figures: impl Iterator<Item = &'a Latency>) -> Table {
    let mut table = table(["server", "p50", "p99", "p99.9"].map(str::to_owned));
    for latency in figures {
        let cells = [latency.p50, latency.p99, latency.p999].map(milliseconds);
        table.add_row([latency.server.clone()].into_iter().chain(cells));
    }
    table
}

fn memory(figures: &[Memory]) -> Table {
    let head = [
        "server",
        "kernel objects",
        "more than the floor",
        "all pages",
        "more than the floor",
    ];
    let mut table = table(head.map(str::to_owned));
    let floor = figures
        .iter()
        .find(|memory| memory.server == Server::Floor.name());
    for memory in figures {
        let more = |value: fn(&Memory) -> f64| {
            floor.map_or(String::new(), |floor| {
                format!("{:.0}", value(memory) - value(floor))
            })
        };
        table.add_row([
            memory.server.clone(),
            format!("{:.0}", memory.objects),
            more(|memory| memory.objects),
            format!("{:.0}", memory.pages),
            more(|memory| memory.pages),
        ]);
    }
    table
}

fn milliseconds(microseconds: Summary) -> String {
    format!("{:.2}", microseconds.median / 1000.0)
}

/// As 1,234,567.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_commas() {
        let shown = [0.0, 999.0, 1000.0, 1234567.4].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
