// SPDX-License-Identifier: GPL-2.0-only

//! The results as tables, for the terminal and for Markdown.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use crate::case::CASES;
use crate::grid::{Figure, Grid};
use crate::results::{
    Alone, Instructions, Latency, Memory, Percentiles, Rate, Results, Section, SoftirqRun, Summary,
    Waits,
};
use crate::server::Server;
use crate::waits::NEWCOMERS;

/// Formats all tables.
pub(crate) fn tables(results: &Results) -> String {
    let mut text = String::new();
    let mut add = |title: &str, conditions: String, table: Table| {
        if !table.is_empty() {
            text += &format!("{title}. {conditions}\n\n{table}\n\n");
        }
    };
    if let Some(section) = &results.instructions {
        let title = "Instructions per request, client and server together";
        add(title, section.conditions(1), instructions(&section.figures));
    }
    if let Some(section) = &results.alone {
        let title = "Instructions per request, the server alone";
        add(title, section.conditions(1), alone(&section.figures));
    }
    if let Some(section) = &results.softirq {
        let title = "khttpd's longest softirq run, in instructions";
        add(title, section.conditions(1), softirq(&section.figures));
    }
    if let Some(section) = &results.rates {
        for cpus in section.cpus() {
            let grid = Grid::of_cpus(&section.figures, cpus);
            add(
                "Requests per second",
                section.conditions(cpus),
                rates(&grid),
            );
        }
        if let [few, .., many] = section.cpus()[..] {
            let grids = [few, many].map(|cpus| Grid::of_cpus(&section.figures, cpus));
            let title = format!(
                "Ratio of requests with {many} CPUs to {few}: \
                 per second, and per time of the busiest CPU"
            );
            add(&title, section.conditions(many), scaling(&grids));
        }
    }
    if let Some(section) = &results.latencies {
        for same in section.figures.chunk_by(|one, next| one.cpus == next.cpus) {
            if let [Latency {
                cpus,
                requests_per_second,
                ..
            }, ..] = same
            {
                let title = format!(
                    "Latency at {requests_per_second:.0} requests per second, \
                     half of nginx's maximum, in ms"
                );
                add(&title, section.conditions(*cpus), latencies(same));
            }
        }
    }
    if let Some(section) = &results.waits {
        let grid = Grid::new(&section.figures);
        let title = "Waits of clients that start at once in ms, median of all rounds (worst round)";
        add(title, section.conditions(1), newcomers(&grid));
        let title = "99th percentile of all waits in ms, median of all rounds (worst round)";
        add(title, section.conditions(1), waits(&grid));
    }
    if let Some(section) = &results.memory {
        let title = "Memory per idle connection, client and server together, in bytes";
        add(title, section.conditions(1), memory(&section.figures));
    }
    text
}

impl<T> Section<T> {
    /// Describes the conditions in a guest with `cpus` CPUs.
    fn conditions(&self, cpus: u32) -> String {
        let Self {
            date,
            host,
            accelerator,
            kernel,
            ..
        } = self;
        let plural = if cpus == 1 { "" } else { "s" };
        format!("{date}, Linux {kernel}, {cpus} CPU{plural}, {accelerator}, on {host}")
    }
}

fn table<'a>(head: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Builds a table with a row per case, a column per server, and khttpd's ratio to nginx in the last
/// column.
fn by_case<T: Figure>(
    grid: &Grid<'_, T>,
    cell: impl Fn(&T) -> Option<String>,
    ratio_name: &str,
    ratio: impl Fn(&str) -> Option<f64>,
) -> Table {
    let servers = grid.servers();
    let names = servers.iter().map(|server| server.name());
    let mut table = table(["case"].into_iter().chain(names).chain([ratio_name]));
    for case in CASES {
        let cells = servers
            .iter()
            .map(|server| cell(grid.get(case.name, *server)?));
        let cells: Vec<_> = cells.collect();
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

fn instructions(figures: &[Instructions]) -> Table {
    let grid = Grid::new(figures);
    let cell = |figure: &Instructions| {
        let waits = if figure.waits { " (waits)" } else { "" };
        Some(thousands(figure.instructions) + waits)
    };
    by_case(&grid, cell, "nginx / khttpd", |case| grid.fewer(case))
}

fn alone(figures: &[Alone]) -> Table {
    let grid = Grid::new(figures);
    let cell = |figure: &Alone| Some(with_spread(figure.instructions));
    by_case(&grid, cell, "nginx / khttpd", |case| grid.fewer_alone(case))
}

fn softirq(figures: &[SoftirqRun]) -> Table {
    let mut table = table(["load", "instructions"]);
    for run in figures {
        table.add_row([run.case.clone(), thousands(run.instructions)]);
    }
    table
}

fn rates(grid: &Grid<'_, Rate>) -> Table {
    let cell = |rate: &Rate| {
        let late = match rate.timeouts {
            0 => String::new(),
            count => format!(", {count} late"),
        };
        Some(with_spread(rate.requests_per_second) + &late)
    };
    by_case(grid, cell, "khttpd / nginx", |case| grid.faster(case))
}

fn scaling([few, many]: &[Grid<'_, Rate>; 2]) -> Table {
    let names = Server::ALL.map(Server::name);
    let mut table = table(["case"].into_iter().chain(names));
    for case in CASES {
        let cells = Server::ALL.map(|server| {
            let [rates, times] = many.scaling(few, case.name, server)?;
            Some(format!("{rates:.2} / {times:.2}"))
        });
        if cells.iter().any(Option::is_some) {
            let cells = cells.map(Option::unwrap_or_default);
            table.add_row([case.name.to_owned()].into_iter().chain(cells));
        }
    }
    table
}

fn latencies(figures: &[Latency]) -> Table {
    let mut table = table(["server", "p50", "p99", "p99.9"]);
    for figure in figures {
        let cells = milliseconds(figure.latency);
        table.add_row([figure.server.clone()].into_iter().chain(cells));
    }
    table
}

fn newcomers(grid: &Grid<'_, Waits>) -> Table {
    type Cell = fn(&Waits) -> String;
    let rows: [(&str, Cell); 5] = [
        ("first response, p99", |of| with_worst(of.first.p99)),
        ("first response, longest", |of| with_worst(of.first.longest)),
        ("all responses, p99", |of| with_worst(of.all.p99)),
        ("all responses, longest", |of| with_worst(of.all.longest)),
        ("the guest's CPU ran", |of| {
            let Summary { median, least, .. } = of.processor_time;
            format!("{:.0} % ({:.0} %)", median * 100.0, least * 100.0)
        }),
    ];
    let names = Server::ALL.map(Server::name);
    let mut table = table(["case", "figure"].into_iter().chain(names));
    for case in NEWCOMERS {
        for (row, cell) in rows {
            let cells = Server::ALL.map(|server| Some(cell(grid.get(case, server)?)));
            if cells.iter().any(Option::is_some) {
                let cells = cells.map(Option::unwrap_or_default);
                table.add_row([case.to_owned(), row.to_owned()].into_iter().chain(cells));
            }
        }
    }
    table
}

fn waits(grid: &Grid<'_, Waits>) -> Table {
    let cell = |waits: &Waits| Some(with_worst(waits.all.p99));
    by_case(grid, cell, "nginx / khttpd", |case| grid.shorter(case))
}

/// Formats the median and half of the distance between the extremes.
fn with_spread(summary: Summary) -> String {
    let Summary {
        median,
        least,
        most,
    } = summary;
    let spread = (most - least) / 2.0 / median * 100.0;
    format!("{} ±{spread:.0} %", thousands(median))
}

/// Formats the median and the longest of waits in milliseconds.
fn with_worst(wait: Summary) -> String {
    format!("{:.1} ({:.1})", wait.median / 1000.0, wait.most / 1000.0)
}

fn memory(figures: &[Memory]) -> Table {
    let more = "more than the floor";
    let mut table = table(["server", "kernel objects", more, "all", more]);
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
            format!("{:.0}", memory.all),
            more(|memory| memory.all),
        ]);
    }
    table
}

fn milliseconds(latency: Percentiles) -> [String; 3] {
    let Percentiles { p50, p99, p999 } = latency;
    [p50, p99, p999].map(|microseconds| format!("{:.2}", microseconds.median / 1000.0))
}

/// Formats a number as 1,234,567.
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
