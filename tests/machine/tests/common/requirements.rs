// SPDX-License-Identifier: GPL-2.0-only

//! The protocol's own tests, one for each requirement of the RFCs, against the module.
//!
//! They run in the guest, because QEMU's user network does not forward FIN and RST as they are.

use machine::Machine;

use super::Result;

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

/// Runs the tests with variables that say where the server is, and how clients connect.
pub(crate) fn check_requirements(machine: &Machine, variables: &str) -> Result {
    let (mut passed, mut skipped) = (0, 0);
    let mut failed = Vec::new();
    for (test, filter) in TESTS {
        let command = format!("{variables} /share/tests/{test} --nocapture {filter} 2>&1");
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
    println!(
        "{passed} tests of the protocol passed with {variables}, {skipped} with cases skipped"
    );
    assert!(failed.is_empty(), "failed with {variables}: {failed:?}");
    assert!(passed > 50, "only {passed} have run");
    Ok(())
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
