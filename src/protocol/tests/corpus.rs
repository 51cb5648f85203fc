// SPDX-License-Identifier: GPL-2.0-only

//! The checks of the fuzz targets, on every file of their corpora: seeds and earlier findings.

#[path = "../../../tests/fuzz/cases.rs"]
mod cases;

use std::fs;
use std::path::Path;

/// Runs a target on every file of its corpus. The name of the file precedes the message of a panic.
fn check(target: &str, case: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let files = fs::read_dir(corpus.join(target)).expect("a corpus");
    let mut count = 0;
    for file in files {
        let file = file.expect("a file").path();
        println!("{}", file.display());
        case(&fs::read(&file).expect("its content"));
        count += 1;
    }
    assert!(count > 0, "no corpus for {target}");
}

#[test]
fn every_fuzz_target_has_a_test() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/targets");
    let source = include_str!("corpus.rs");
    for target in fs::read_dir(targets).expect("the targets") {
        let name = target.expect("a file").file_name();
        let name = name.to_string_lossy();
        let call = format!("check(\"{}\",", name.trim_end_matches(".rs"));
        assert!(source.contains(&call), "{name}");
    }
}

#[test]
fn corpus_of_archive() {
    check("archive", cases::archive);
}

#[test]
fn corpus_of_chunked() {
    check("chunked", cases::chunked);
}

#[test]
fn corpus_of_command() {
    check("command", cases::command);
}

#[test]
fn corpus_of_conditional() {
    check("conditional", cases::conditional);
}

#[test]
fn corpus_of_hand_over() {
    check("hand_over", cases::hand_over);
}

#[test]
fn corpus_of_head() {
    check("head", cases::head);
}

#[test]
fn corpus_of_log() {
    check("log", cases::log);
}

#[test]
fn corpus_of_negotiation() {
    check("negotiation", cases::negotiation);
}

#[test]
fn corpus_of_range() {
    check("range", cases::range);
}

#[test]
fn corpus_of_rule() {
    check("rule", cases::rule);
}

#[test]
fn corpus_of_session() {
    check("session", cases::session);
}

#[test]
fn corpus_of_target() {
    check("target", cases::target);
}
