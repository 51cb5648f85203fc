// SPDX-License-Identifier: GPL-2.0-only

//! The protocol's own tests, one for each requirement of the RFCs, against the module over TCP.
//!
//! They run in the guest, because QEMU's user network does not forward FIN and RST as they are.

mod common;

use common::{assert_quiet, wired, Result, LOAD_WIRED};

/// Test binaries of `src/protocol/tests` with a filter: of the properties only one is about
/// connections.
const TESTS: [(&str, &str); 7] = [
    ("conditional", ""),
    ("negotiation", ""),
    (
        "properties",
        "responses_do_not_depend_on_the_split_of_a_stream",
    ),
    ("range", ""),
    ("request", ""),
    ("session", ""),
    ("target", ""),
];

#[test]
fn rfc_requirements_hold_over_tcp() -> Result {
    let machine = wired()?.boot()?;
    machine.exec_ok(LOAD_WIRED)?;
    let (mut passed, mut skipped) = (0, 0);
    let mut failed = Vec::new();
    for (test, filter) in TESTS {
        let command =
            format!("KHTTPD_SERVER=127.0.0.1:8080 /share/tests/{test} --nocapture {filter} 2>&1");
        let output = machine.exec(&command)?;
        let said = output.stdout_text();
        if !output.status.success() {
            failed.push(test);
            // Indented, so that tests/tools/check does not count its totals.
            said.lines().for_each(|line| println!("    {line}"));
        }
        for line in said.lines() {
            // Libtest writes the name of the test to the same line.
            if let Some((_, what)) = line.split_once("skipped over TCP: ") {
                println!("{test}: skipped: {what}");
                // khttpd has every other feature.
                assert!(what.ends_with(": only the fixture has this"));
                skipped += 1;
            }
            if let Some((_, counts)) = line.split_once("test result: ") {
                println!("{test}: {counts}");
                passed += count(counts, "passed");
            }
        }
    }
    println!("{passed} tests of the protocol passed over TCP, {skipped} with cases skipped");
    assert!(failed.is_empty(), "failed over TCP: {failed:?}");
    assert!(passed > 50, "only {passed} have run");
    assert_quiet(&machine)
}

/// Returns the number before a word.
fn count(counts: &str, of: &str) -> u32 {
    let mut words = counts.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        if words
            .peek()
            .is_some_and(|next| next.trim_end_matches(';') == of)
        {
            return word.parse().unwrap_or(0);
        }
    }
    0
}
