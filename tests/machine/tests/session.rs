// SPDX-License-Identifier: GPL-2.0-only

//! What README.md shows of a session is what happens.

mod common;

use std::fmt::Write as _;

use common::{assert_quiet, machine, Result};

const README: &str = include_str!("../../../README.md");

const PROMPT: &str = "root@khttpd:~# ";

/// Stands for any lines.
const ELLIPSIS: &str = "...";

/// The commands of the session, each with the lines that it prints.
fn session() -> Vec<(&'static str, Vec<&'static str>)> {
    let begin = README.find("```console\n").expect("a session");
    let block = README[begin..].lines().skip(1);
    let mut steps: Vec<(_, Vec<_>)> = Vec::new();
    for line in block.take_while(|line| *line != "```") {
        match line.strip_prefix(PROMPT) {
            Some(command) => steps.push((command, Vec::new())),
            None => steps.last_mut().expect("a prompt").1.push(line),
        }
    }
    steps
}

/// Whether what was printed is what is shown, but for what an ellipsis stands for.
fn is_shown(printed: &[&str], shown: &[&str]) -> bool {
    match shown.iter().position(|line| *line == ELLIPSIS) {
        None => printed == shown,
        Some(at) => {
            let (before, after) = (&shown[..at], &shown[at + 1..]);
            printed.starts_with(before)
                && printed.ends_with(after)
                && printed.len() >= before.len() + after.len()
        }
    }
}

/// A shell that is not typed into tells the number of the line, too.
fn as_typed(line: &str) -> String {
    match line
        .strip_prefix("bash: line ")
        .and_then(|rest| rest.split_once(": "))
    {
        Some((_, said)) => format!("bash: {said}"),
        None => line.to_owned(),
    }
}

/// Whether a command is a job in the background that writes to `file`.
fn writes(command: &str, file: &str) -> bool {
    command.ends_with(&format!("> {file} &"))
}

/// What is waited for after a job in the background has been started.
const LISTENS: &str = "until ss -ltn | grep -q :2001; do sleep 0.1; done";

/// What is waited for after all others: no connection is left of the command.
const QUIET: &str =
    "while [ -e /dev/khttpd ] && ! grep -qx '# connections 0' /dev/khttpd; do sleep 0.1; done";

#[test]
fn session_of_the_readme_is_what_happens() -> Result {
    const MARK: &str = "=== step";
    let steps = session();
    assert!(steps.len() > 15, "{steps:?}");
    // One shell for all of it, as it has a job in the background.
    let mut script = String::from("cd /root; exec 2>&1\n");
    for (command, _) in &steps {
        let then = match command.strip_suffix(" &") {
            Some(_) => LISTENS,
            None => QUIET,
        };
        let before = match command.strip_prefix("cat ") {
            Some(file) if steps.iter().any(|(job, _)| writes(job, file)) => "wait; ",
            _ => "",
        };
        writeln!(script, "{before}echo '{MARK}'; {{ {command}\n}}; {then}")?;
    }
    let machine = machine()?.boot()?;
    machine.put_file("/tmp/session.sh", 0o600, script.as_bytes())?;
    let printed = machine.exec_ok("bash < /tmp/session.sh")?;
    let printed: Vec<_> = printed.split(MARK).skip(1).collect();
    assert_eq!(printed.len(), steps.len(), "{printed:?}");
    for (printed, (command, shown)) in printed.iter().zip(&steps) {
        let lines: Vec<_> = printed.lines().skip(1).map(as_typed).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert!(
            is_shown(&lines, shown),
            "{command}\nprints {lines:#?}\nand not {shown:#?}"
        );
    }
    assert_quiet(&machine)
}
