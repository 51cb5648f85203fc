// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the commands that choose between words.

use super::{error, parse, Command};
use crate::http::{DateMatch, Slashes};

#[test]
fn if_modified_since_is_exact_or_before() {
    for date_match in DateMatch::ALL {
        let text = format!("if-modified-since {}", date_match.word());
        let parsed = parse(&text);
        assert!(
            matches!(parsed, Ok(Command::IfModifiedSince(found)) if found == date_match),
            "{text}: {parsed:?}"
        );
    }
    for word in ["off", "Exact", "exactly", "after"] {
        assert_eq!(
            error(&format!("if-modified-since {word}")),
            format!("line 1: {word:?}: must be exact or before")
        );
    }
}

#[test]
fn merge_slashes_is_on_or_off() {
    for slashes in Slashes::ALL {
        let text = format!("merge-slashes {}", slashes.word());
        let parsed = parse(&text);
        assert!(
            matches!(parsed, Ok(Command::MergeSlashes(found)) if found == slashes),
            "{text}: {parsed:?}"
        );
    }
    for word in ["yes", "On", "1"] {
        assert_eq!(
            error(&format!("merge-slashes {word}")),
            format!("line 1: {word:?}: must be on or off")
        );
    }
}
