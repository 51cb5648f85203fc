// SPDX-License-Identifier: GPL-2.0-only

//! The hardening that SECURITY.md describes.

mod common;

use std::process::Command;

use common::{assert_quiet, machine, put_guest, Client, Result};
use machine::{Builder, Machine};

/// The bytes with which the slab allocator, the page allocator and this test fill unused memory.
const POISON: [u8; 5] = [0x6b, 0x5a, 0xa5, 0xaa, 0x4e];

/// The length of a run of them that is neither chance nor khttpd's text.
const RUN: usize = 4;

/// Finds an address as `%px` prints it: canonical, in the upper half.
fn address_in(text: &str) -> Option<&str> {
    const DIGITS: usize = 16;
    (0..text.len()).find_map(|at| {
        let word = text.get(at..at + DIGITS)?.strip_prefix("ffff")?;
        let is_address = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_address.then(|| &text[at..at + DIGITS])
    })
}

/// Finds an address as it is stored in memory.
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
fn scanners_find_addresses_and_poison() {
    assert_eq!(address_in("at ffff888012345678."), Some("ffff888012345678"));
    assert_eq!(address_in("# memory 0xffff 281474976710655"), None);
    assert!(pointer_in(b"ab\x78\x56\x34\x12\x80\x88\xff\xffcd").is_some());
    assert!(pointer_in("aé\u{10ffff}".as_bytes()).is_none());
    assert!(poison_in(b"ab\x6b\x6b\x6b\x6bc").is_some());
    assert!(poison_in(b"ab\x6b\x6b\x6bc").is_none());
}

/// Returns files without any byte sequence that this test looks for. Their lengths are near the
/// boundaries of pages and of copied contents.
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

/// Boots a machine that serves this site and in which unused memory is poisoned.
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
    // Where the page allocator does not poison, pages keep what a process has written to them.
    machine.exec_ok("python3 -c 'x = bytearray(b\"\\x5a\") * (1 << 30)'")?;
    machine.exec_ok(
        "insmod khttpd.ko root=/srv/site commands='metrics /status; redirect 301 /old /1.txt; \
         field /100.txt X-Field: value'",
    )?;
    Ok(machine)
}

/// Returns requests for all kinds of responses, and whether each is a HEAD.
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

/// Returns requests after which the server closes.
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

/// Asserts that bytes are text without addresses and poison.
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

fn request_everything(machine: &Machine) -> Result {
    let address = machine.http_address()?;
    let mut client = Client::connect(address)?;
    for (request, head_only) in requests() {
        client.send(&request)?;
        let response = client.response(head_only)?;
        assert_clean(&request, response.head.as_bytes());
        assert_clean(&request, &response.body);
    }
    for request in last_requests() {
        let mut client = Client::connect(address)?;
        client.send(&request)?;
        let response = client.response(false)?;
        assert!(response.status >= 400, "{request}: {}", response.head);
        assert_clean(&request, response.head.as_bytes());
        assert_clean(&request, &response.body);
    }
    for (path, content) in site() {
        client.send(common::get(&path))?;
        let response = client.response(false)?;
        assert!(
            response.body == content,
            "{path}: {}",
            response.body.escape_ascii()
        );
    }
    Ok(())
}

#[test]
fn no_uninitialised_byte_is_sent_or_read() -> Result {
    let machine = poisoned()?;
    put_guest(&machine, &["edges.py"])?;
    for _ in 0..3 {
        request_everything(&machine)?;
        // Freed memory is reused.
        machine.exec_ok("python3 /tmp/edges.py && echo reload > /dev/khttpd")?;
    }
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn no_output_contains_a_kernel_address() -> Result {
    let machine = poisoned()?;
    // All kinds of output: states, rejected commands, help, and failed loads.
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
    request_everything(&machine)?;
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
fn callbacks_and_parameters_are_read_only_after_init() -> Result {
    let module = std::env::var("KHTTPD_MODULE")?;
    let output = Command::new("llvm-objdump")
        .args(["--syms", &module])
        .output()?;
    let symbols = String::from_utf8(output.stdout)?;
    for name in [
        "khttpd_pernet_on_pre_exit",
        "khttpd_pernet_on_exit_batch",
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
