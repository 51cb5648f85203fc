// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd` shows what the server is set to and what it has done.

mod common;

use common::{assert_quiet, get, serving, Client, Result};
use machine::Machine;

/// The number behind a word of the node's text.
fn number(machine: &Machine, word: &str) -> Result<u64> {
    let text = machine.exec_ok("cat /dev/khttpd")?;
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    Ok(line
        .ok_or_else(|| format!("no {word} in {text}"))?
        .trim()
        .parse()?)
}

#[test]
fn node_is_roots_alone_and_counts_connections_requests_and_bytes() -> Result {
    let machine = serving()?;
    assert_eq!(
        machine.exec_ok("stat -c '%a %U %F' /dev/khttpd")?.trim(),
        "600 root character special file"
    );
    let text = machine.exec_ok("cat /dev/khttpd")?;
    assert!(text.starts_with("# khttpd 0."), "no version: {text}");
    assert!(text.contains("\nlisten [::]:8080\n"), "no listener: {text}");
    assert_eq!(number(&machine, "# requests ")?, 0);

    let mut clients = Vec::new();
    let mut bytes = 0;
    for _ in 0..3 {
        let mut client = Client::connect(machine.http_address()?)?;
        client.send(get("/robots.txt"))?;
        let reply = client.reply(false)?;
        bytes += reply.head.len() + reply.body.len();
        clients.push(client);
    }
    assert_eq!(number(&machine, "# connections ")?, 3);
    assert_eq!(number(&machine, "# requests ")?, 3);
    assert_eq!(number(&machine, "# bytes ")?, u64::try_from(bytes)?);
    drop(clients);
    machine.exec_ok("for i in $(seq 50); do grep -q '# connections 0' /dev/khttpd && exit 0; sleep 0.1; done; exit 1")?;
    assert_quiet(&machine)
}

#[test]
fn open_node_keeps_its_text_and_the_module() -> Result {
    let machine = serving()?;
    let script = "exec 3< /dev/khttpd; ! rmmod khttpd 2> /dev/null && curl -s -o /dev/null http://127.0.0.1:8080/ \
                  && grep -q '# requests 0' <&3; exec 3<&-; rmmod khttpd && test ! -e /dev/khttpd";
    machine.exec_ok(script)?;
    assert_quiet(&machine)
}
