// SPDX-License-Identifier: GPL-2.0-only

//! What SECURITY.md says of hardening.

mod common;

use std::process::Command;

use common::{assert_quiet, machine, Client, Result};
use machine::{Builder, Machine};

/// What freed and fresh memory is filled with by the slab allocator, the page allocator, and this test.
const POISON: [u8; 5] = [0x6b, 0x5a, 0xa5, 0xaa, 0x4e];

/// So many of them in a row are no chance, and no text of ours.
const RUN: usize = 4;

/// An address as `%px` shows it: canonical, in the upper half.
fn address_in(text: &str) -> Option<&str> {
    const DIGITS: usize = 16;
    (0..text.len()).find_map(|at| {
        let word = text.get(at..at + DIGITS)?.strip_prefix("ffff")?;
        let is_address = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_address.then(|| &text[at..at + DIGITS])
    })
}

/// An address as it lies in memory.
fn pointer_in(bytes: &[u8]) -> Option<&[u8]> {
    bytes
        .windows(8)
        .find(|eight| eight[6..] == [0xff, 0xff] && eight[5] >= 0x80 && eight[..6] != [0xff; 6])
}

fn poison_in(bytes: &[u8]) -> Option<&[u8]> {
    bytes
        .windows(RUN)
        .find(|run| POISON.contains(&run[0]) && run.iter().all(|byte| *byte == run[0]))
}

#[test]
fn what_must_not_be_there_would_be_found() {
    assert_eq!(address_in("at ffff888012345678."), Some("ffff888012345678"));
    assert_eq!(address_in("# memory 0xffff 281474976710655"), None);
    assert!(pointer_in(b"ab\x78\x56\x34\x12\x80\x88\xff\xffcd").is_some());
    assert!(pointer_in("aé\u{10ffff}".as_bytes()).is_none());
    assert!(poison_in(b"ab\x6b\x6b\x6b\x6bc").is_some());
    assert!(poison_in(b"ab\x6b\x6b\x6bc").is_none());
}

/// Contents without anything that this test looks for, around the edges of pages and of what is copied.
fn site() -> Vec<(String, Vec<u8>)> {
    let lengths = [
        0, 1, 15, 16, 17, 100, 1500, 4095, 4096, 4097, 5000, 8191, 8192, 8193, 65_535, 65_537,
        200_000,
    ];
    let file = |length: usize| {
        let content = b"abcdefghij".iter().cycle().take(length).copied();
        (format!("/{length}.txt"), content.collect())
    };
    lengths.into_iter().map(file).collect()
}

/// The site in a machine where memory that nobody has written to tells so.
fn poisoned() -> Result<Machine> {
    let poisoned = |builder: Builder| {
        [
            "slub_debug=P",
            "page_poison=1",
            "init_on_alloc=0",
            "init_on_free=0",
        ]
        .into_iter()
        .fold(builder, Builder::parameter)
    };
    let machine = poisoned(machine()?).boot()?;
    let poisons = machine.exec_ok("cat /sys/kernel/slab/kmalloc-64/poison")?;
    assert_eq!(poisons.trim(), "1", "the slab allocator does not poison");
    machine.exec_ok("mkdir /srv/site")?;
    for (path, content) in site() {
        machine.put_file(&format!("/srv/site{path}"), 0o644, &content)?;
    }
    machine.put_file("/srv/site/4096.txt.gz", 0o644, b"not really packed")?;
    // Pages that a process has filled come back as they are, where the page allocator does not poison them.
    machine.exec_ok("python3 -c 'x = bytearray(b\"\\x5a\") * (1 << 30)'")?;
    machine.exec_ok(
        "insmod khttpd.ko root=/srv/site commands='status-page /status; redirect 301 /old /1.txt; \
         field /100.txt X-Field: value'",
    )?;
    Ok(machine)
}

/// Requests for all kinds of replies, each for one path.
fn requests() -> Vec<(String, bool)> {
    let mut requests = Vec::new();
    for (path, _) in site() {
        for fields in [
            "",
            "Range: bytes=1-\r\n",
            "Range: bytes=0-0, 5-9, -3\r\n",
            "If-None-Match: *\r\n",
            "Accept-Encoding: gzip\r\n",
        ] {
            requests.push((
                format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"),
                false,
            ));
        }
        requests.push((format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"), true));
    }
    for request in [
        "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /old HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /status HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "DELETE /1.txt HTTP/1.1\r\nHost: a\r\n\r\n",
        "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /100.txt HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n",
        "GET /100.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=200-\r\n\r\n",
    ] {
        requests.push((request.to_owned(), false));
    }
    requests
}

/// Requests after which the server closes.
fn last_requests() -> Vec<String> {
    vec![
        "GET / HTTP/1.1\r\n\r\n".into(),
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n".into(),
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(8050)),
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
            "x".repeat(8300)
        ),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n".into(),
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".into(),
    ]
}

/// Nothing but text, and no text that tells of memory.
fn assert_clean(what: &str, bytes: &[u8]) {
    assert_eq!(poison_in(bytes), None, "{what}: {}", bytes.escape_ascii());
    assert_eq!(pointer_in(bytes), None, "{what}: {}", bytes.escape_ascii());
    let text = std::str::from_utf8(bytes);
    assert!(text.is_ok(), "{what}: {}", bytes.escape_ascii());
    assert_eq!(text.ok().and_then(address_in), None, "{what}");
    let odd = bytes
        .iter()
        .find(|byte| byte.is_ascii_control() && !b"\r\n\t".contains(byte));
    assert_eq!(odd, None, "{what}: {}", bytes.escape_ascii());
}

fn ask_everything(machine: &Machine) -> Result {
    let address = machine.http_address()?;
    let mut client = Client::connect(address)?;
    for (request, head_only) in requests() {
        client.send(&request)?;
        let reply = client.reply(head_only)?;
        assert_clean(&request, reply.head.as_bytes());
        assert_clean(&request, &reply.body);
    }
    for request in last_requests() {
        let mut client = Client::connect(address)?;
        client.send(&request)?;
        let reply = client.reply(false)?;
        assert!(reply.status >= 400, "{request}: {}", reply.head);
        assert_clean(&request, reply.head.as_bytes());
        assert_clean(&request, &reply.body);
    }
    for (path, content) in site() {
        client.send(common::get(&path))?;
        let reply = client.reply(false)?;
        assert!(
            reply.body == content,
            "{path}: {}",
            reply.body.escape_ascii()
        );
    }
    Ok(())
}

#[test]
fn no_byte_is_sent_or_read_that_nobody_has_written() -> Result {
    let machine = poisoned()?;
    machine.put_file("/tmp/edges.py", 0o600, include_bytes!("guest/edges.py"))?;
    for _ in 0..3 {
        ask_everything(&machine)?;
        // What is freed is used again.
        machine.exec_ok("python3 /tmp/edges.py && echo reload > /dev/khttpd")?;
    }
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn no_output_tells_an_address_of_the_kernel() -> Result {
    let machine = poisoned()?;
    // Everything that has something to say: states, refusals of each kind, help, and a load that fails.
    let said = machine.exec_ok(
        "exec 2>&1
        for text in help 'listen 80 nowhere' 'listen 10.99.99.99:80' 'root /missing' 'timeout idle x' 'send 127.0.0.1:1 x' \
            'error 404 /none' stop start 'listen 81 [::1]:82' reload 'unlisten 99' 'root /srv/site/1.txt'; do
            exec 3<>/dev/khttpd; echo \"$text\" >&3; cat <&3; exec 3>&-; cat /dev/khttpd
        done
        echo x > /dev/khttpd-relay
        cat /sys/class/khttpd/*/uevent; ls -l /dev/khttpd*; test -e /sys/module/khttpd && test ! -e /sys/module/khttpd/parameters && echo no parameters
        rmmod khttpd; insmod khttpd.ko root=/missing; insmod khttpd.ko backlog=0; insmod khttpd.ko address=x
        insmod khttpd.ko root=/srv/site && cat /dev/khttpd",
    )?;
    for expected in ["# help", "no such", "\nno parameters\n"] {
        assert!(said.contains(expected), "no {expected:?}: {said}");
    }
    assert_clean("the nodes", said.as_bytes());
    ask_everything(&machine)?;
    machine.exec_ok("rmmod khttpd")?;
    let log = machine.log()?;
    let lines: Vec<_> = log
        .lines()
        .iter()
        .filter(|line| line.text.starts_with("khttpd"))
        .collect();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        assert_clean("the log", line.text.as_bytes());
    }
    assert_quiet(&machine)
}

#[test]
fn what_is_set_once_is_read_only_afterwards() -> Result {
    let module = std::env::var("KHTTPD_MODULE")?;
    let output = Command::new("llvm-objdump")
        .args(["--syms", &module])
        .output()?;
    let symbols = String::from_utf8(output.stdout)?;
    for name in [
        "khttpd_pernet_exit",
        "khttpd_pernet_context",
        "khttpd_address",
        "khttpd_commands",
        "khttpd_root",
    ] {
        let found: Vec<_> = symbols
            .lines()
            .filter(|line| line.split_whitespace().last() == Some(name))
            .collect();
        assert!(
            found.len() == 1 && found[0].contains(".data..ro_after_init"),
            "{name}: {found:?}"
        );
    }
    Ok(())
}
