// SPDX-License-Identifier: GPL-2.0-only

//! The results as a picture: how many times better than nginx khttpd is in each case.

use std::error::Error as Any;

use machine::{Error, Result};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::case::CASES;
use crate::grid::Grid;
use crate::results::Results;

const WIDTH: u32 = 900;
const CASE_HEIGHT: u32 = 42;
const COLOURS: [RGBColor; 3] = [
    RGBColor(0x2a, 0x6f, 0x97),
    RGBColor(0xd9, 0x6c, 0x06),
    RGBColor(0x5b, 0x8c, 0x3a),
];

/// One colour of bars: what they are, and for each case how long its bar is.
struct Series {
    label: String,
    ratios: Vec<Option<f64>>,
}

/// The picture as SVG.
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
    if let Some(section) = &results.rates {
        for cpus in section.cpus() {
            let grid = Grid::of_cpus(&section.figures, cpus);
            let label = format!("requests per second: khttpd / nginx, {cpus} CPU");
            add(label, &|case| grid.faster(case));
        }
    }
    all
}

fn draw_into<'a>(svg: &'a mut String, all: &[Series]) -> Result<(), Box<dyn Any + 'a>> {
    let ratios = || all.iter().flat_map(|series| &series.ratios).flatten();
    let least = ratios().copied().fold(0.8, f64::min);
    let most = ratios().copied().fold(2.0, f64::max) * 1.3;
    let rows = CASES.len() as f64;
    let height = CASE_HEIGHT * u32::try_from(CASES.len())? + 110;

    let area = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "khttpd beside nginx: how many times better",
            ("sans-serif", 20),
        )
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(120)
        // The first case is at the top.
        .build_cartesian_2d((least..most).log_scale(), rows..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .draw()?;

    let right = Pos::new(HPos::Right, VPos::Center);
    let left = Pos::new(HPos::Left, VPos::Center);
    let font = ("sans-serif", 14).into_font();
    chart.draw_series(CASES.iter().zip(0u32..).map(|(case, row)| {
        let name = Text::new(case.name, (-8, 0), font.color(&BLACK).pos(right));
        EmptyElement::at((least, f64::from(row) + 0.5)) + name
    }))?;
    let bar = 0.8 / all.len().max(1) as f64;
    for ((series, colour), nth) in all.iter().zip(COLOURS).zip(0u32..) {
        let bars = || {
            series
                .ratios
                .iter()
                .zip(0u32..)
                .filter_map(move |(ratio, row)| {
                    Some(((*ratio)?, f64::from(row) + 0.1 + f64::from(nth) * bar))
                })
        };
        chart
            .draw_series(
                bars().map(|(ratio, y)| {
                    Rectangle::new([(1.0, y), (ratio, y + bar)], colour.filled())
                }),
            )?
            .label(&series.label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        chart.draw_series(bars().map(|(ratio, y)| {
            let style = ("sans-serif", 11).into_font().color(&BLACK).pos(left);
            let value = Text::new(format!("{ratio:.2}"), (4, 0), style);
            EmptyElement::at((ratio.max(1.0), y + bar / 2.0)) + value
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
