// SPDX-License-Identifier: GPL-2.0-only

//! Commands and rules.

use protocol::control::command::Command;
use protocol::control::line::{split_complete_lines, Lines};
use protocol::control::rule::{Rule, VALUE_MAX};
use protocol::control::section::{Section, Sections};

/// Checks writes to the control node: the same commands arrive, however they are split.
pub fn command(bytes: &[u8]) {
    let parsed = |text: &[u8]| -> Vec<String> {
        Lines::new(text)
            .map(|line| match Command::parse(line) {
                Ok(Command::Listen { addresses, is_tls }) => {
                    assert!(addresses.clone().count() > 0);
                    format!("{:?} {is_tls}", addresses.collect::<Vec<_>>())
                }
                Ok(command) => format!("{command:?}"),
                Err(error) => format!("{:?}: {}", error.word, error.reason),
            })
            .collect()
    };
    let whole = parsed(bytes);
    let sections = Sections::after(0, bytes).flat_map(|section| match section {
        Section::Begin(line) | Section::Commit(line) => parsed(line.as_bytes()),
        Section::Commands { text, .. } => parsed(text),
    });
    assert_eq!(sections.collect::<Vec<_>>(), whole);
    for at in [1, bytes.len() / 3, bytes.len() / 2] {
        let (first, second) = bytes.split_at(at.min(bytes.len()));
        let (lines, rest) = split_complete_lines(first);
        let mut split = parsed(lines);
        split.extend(parsed(&[rest, second].concat()));
        assert_eq!(split, whole, "{at}");
    }
}

/// Checks a file of rules of a site.
pub fn rule(bytes: &[u8]) {
    let mut last = 0;
    for line in Lines::new(bytes) {
        assert!(line.number() > last);
        last = line.number();
        let rule = match Rule::parse(line) {
            Ok(Some(rule)) => rule,
            Ok(None) => continue,
            Err(error) => {
                let shown = error.to_string();
                assert!(shown.is_ascii() && shown.len() < 500, "{shown}");
                assert!(shown.starts_with(&format!("line {last}: ")), "{shown}");
                continue;
            }
        };
        let shown = rule.to_string();
        // A name that is not UTF-8 is shown escaped, which is stable.
        let again = Lines::new(shown.as_bytes()).next().expect("a line");
        let parsed = Rule::parse(again).expect("a rule").expect("a rule");
        assert_eq!(parsed.to_string(), shown);
        assert!(
            !shown.chars().any(|c| c.is_control() && c != '\t'),
            "{shown}"
        );
        check_rule(&rule);
    }
}

/// Checks that a field value of a rule cannot end its line, and that its pattern can be evaluated.
fn check_rule(rule: &Rule<'_>) {
    let (files, value) = match rule {
        Rule::CacheControl { files, value } | Rule::MediaType { files, value } => {
            (files, value.as_bytes())
        }
        Rule::Field {
            files, name, value, ..
        } => {
            assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()));
            (files, value.as_bytes())
        }
        Rule::Redirect { from, to, .. } => (from, to.as_bytes()),
        _ => return,
    };
    assert!((1..=VALUE_MAX).contains(&value.len()));
    assert!(value
        .iter()
        .all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\t'));
    assert!(!matches!(rule, Rule::Redirect { .. }) || !value.starts_with(b"//"));
    let _ = files.matches(b"/a/b.html");
}
