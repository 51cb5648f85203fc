// SPDX-License-Identifier: GPL-2.0-only

//! A chart of the results: the improvement over nginx in each case.

use std::error::Error as Any;

use machine::{Error, Result};
use plotters::coord::combinators::LogCoord;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::case::CASES;
use crate::grid::Grid;
use crate::results::Results;

const WIDTH: u32 = 900;
const CASE_HEIGHT: u32 = 64;
/// Sizes of caption, numbers and margins.
const FRAME_HEIGHT: u32 = 90;
const LEGEND_ROWS: f64 = 1.6;

/// Ratios on the x axis, cases from top to bottom.
type Chart<'a, 's> = ChartContext<'a, SVGBackend<'s>, Cartesian2d<LogCoord<f64>, RangedCoordf64>>;

/// Bars of one colour: their label, and the length of each case's bar.
struct Series {
    label: String,
    ratios: Vec<Option<f64>>,
}

/// Draws the chart as SVG.
pub(crate) fn draw(results: &Results) -> Result<String> {
    let mut svg = String::new();
    draw_into(&mut svg, &all(results))
        .map_err(|error| Error::Setup(format!("drawing the results: {error}")))?;
    Ok(svg)
}

fn all(results: &Results) -> Vec<Series> {
    let mut all = Vec::new();
    let mut add = |label: String, ratio: &dyn Fn(&str) -> Option<f64>| {
        let ratios = CASES.iter().map(|case| ratio(case.name)).collect();
        all.push(Series { label, ratios });
    };
    if let Some(section) = &results.instructions {
        let grid = Grid::new(&section.figures);
        let label = "instructions per request: nginx / khttpd".into();
        add(label, &|case| grid.fewer(case));
    }
    if let Some(section) = &results.alone {
        let grid = Grid::new(&section.figures);
        let label = "instructions of the server alone: nginx / khttpd".into();
        add(label, &|case| grid.fewer_alone(case));
    }
    if let Some(section) = &results.rates {
        for cpus in section.cpus() {
            let grid = Grid::of_cpus(&section.figures, cpus);
            let label = format!("requests per second: khttpd / nginx, {cpus} CPU");
            add(label, &|case| grid.faster(case));
        }
    }
    if let Some(section) = &results.waits {
        let grid = Grid::new(&section.figures);
        let label = "99th percentile of waits: nginx / khttpd".into();
        add(label, &|case| grid.shorter(case));
    }
    all
}

fn draw_into<'a>(svg: &'a mut String, all: &[Series]) -> Result<(), Box<dyn Any + 'a>> {
    let ratios = || all.iter().flat_map(|series| &series.ratios).flatten();
    let least = ratios().copied().fold(0.8, f64::min);
    let most = ratios().copied().fold(2.0, f64::max) * 1.3;
    let rows = CASES.len() as f64;
    let height = (f64::from(CASE_HEIGHT) * (rows + LEGEND_ROWS)) as u32 + FRAME_HEIGHT;

    let area = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "khttpd beside nginx: improvement, times",
            ("sans-serif", 20),
        )
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(120)
        // The first case is at the top, the legend at the bottom.
        .build_cartesian_2d((least..most).log_scale(), rows + LEGEND_ROWS..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .draw()?;

    draw_names(&mut chart, least)?;
    for (series, nth) in all.iter().zip(0..) {
        draw_bars(&mut chart, series, nth, 0.8 / all.len() as f64)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}

/// Draws the names of the cases, left of `least`.
fn draw_names<'s>(chart: &mut Chart<'_, 's>, least: f64) -> Result<(), Box<dyn Any + 's>> {
    let end = Pos::new(HPos::Right, VPos::Center);
    let style = ("sans-serif", 14).into_font().color(&BLACK).pos(end);
    chart.draw_series(CASES.iter().zip(0u32..).map(|(case, row)| {
        let name = Text::new(case.name, (-8, 0), style.clone());
        EmptyElement::at((least, f64::from(row) + 0.5)) + name
    }))?;
    Ok(())
}

/// Draws the bars of a series, of `height` rows, as the `nth` in their rows.
fn draw_bars<'s>(
    chart: &mut Chart<'_, 's>,
    series: &Series,
    nth: usize,
    height: f64,
) -> Result<(), Box<dyn Any + 's>> {
    let colour = Palette99::pick(nth).filled();
    let first = 0.1 + nth as f64 * height;
    let bars = || {
        let rows = series.ratios.iter().zip(0u32..);
        rows.filter_map(|(ratio, row)| Some(((*ratio)?, f64::from(row) + first)))
    };
    chart
        .draw_series(
            bars().map(|(ratio, y)| Rectangle::new([(1.0, y), (ratio, y + height)], colour)),
        )?
        .label(&series.label)
        .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour));
    let end = Pos::new(HPos::Left, VPos::Center);
    let style = ("sans-serif", 11).into_font().color(&BLACK).pos(end);
    chart.draw_series(bars().map(|(ratio, y)| {
        let value = Text::new(format!("{ratio:.2}"), (4, 0), style.clone());
        EmptyElement::at((ratio.max(1.0), y + height / 2.0)) + value
    }))?;
    Ok(())
}
