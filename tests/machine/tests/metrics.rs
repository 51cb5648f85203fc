// SPDX-License-Identifier: GPL-2.0-only

//! The page of metrics, which a worker renders for each request.

mod common;

use common::program;
use common::{rounds, Result};

const PROGRAMS: [&str; 5] = [
    "status.py",
    "stream.py",
    "process.py",
    "adoption.py",
    "scrapes.py",
];

/// Runs a case in a machine that serves, and unloads the module.
fn check(case: &str) -> Result {
    program::check(&PROGRAMS, &format!("scrapes.py {case}"))
}

#[test]
fn page_of_metrics_is_a_resource_on_connections_of_listeners_and_of_processes() -> Result {
    check("http")
}

#[test]
fn many_pages_are_served_on_one_connection() -> Result {
    check(&format!("many {}", rounds(5000)))
}

#[test]
fn metrics_are_the_numbers_of_the_node_and_of_the_requests() -> Result {
    check("counts")
}

#[test]
fn responses_are_counted_by_host_across_reloads() -> Result {
    check("hosts")
}

#[test]
fn slow_reader_gets_its_page_though_the_site_is_replaced() -> Result {
    check("slow")
}

#[test]
fn module_is_unloaded_while_pages_are_rendered() -> Result {
    check(&format!("storm {}", rounds(20).max(4)))
}
