// SPDX-License-Identifier: GPL-2.0-only

//! What comes over the wire is what stands in `www/`, however it is asked for.

mod common;

use std::fs;
use std::process::Command;

use common::{assert_quiet, get, serving, www, Client, Result};

#[test]
fn curl_gets_every_file_byte_for_byte_over_one_connection_and_over_http_1_0() -> Result {
    let machine = serving()?;
    let address = machine.http_address()?;
    let folder = std::env::temp_dir().join(format!("khttpd-curl-{}", std::process::id()));
    for version in ["--http1.1", "--http1.0"] {
        fs::create_dir_all(&folder)?;
        let mut curl = Command::new("curl");
        curl.args([
            version,
            "--silent",
            "--show-error",
            "--fail",
            "--max-time",
            "600",
        ]);
        curl.args(["--write-out", "%{num_connects}\n"]);
        for (number, (path, _)) in www()?.iter().enumerate() {
            curl.arg("--output").arg(folder.join(number.to_string()));
            curl.arg(format!("http://{address}{path}"));
        }
        let output = curl.output()?;
        assert!(
            output.status.success(),
            "{version}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        for (number, (path, content)) in www()?.iter().enumerate() {
            assert!(
                fs::read(folder.join(number.to_string()))? == *content,
                "{version}: {path} differs"
            );
        }
        let connects: u32 = String::from_utf8(output.stdout)?
            .lines()
            .filter_map(|line| line.parse::<u32>().ok())
            .sum();
        let expected = if version == "--http1.1" {
            1
        } else {
            u32::try_from(www()?.len())?
        };
        assert_eq!(connects, expected, "{version}: connections used");
        fs::remove_dir_all(&folder)?;
    }
    assert_quiet(&machine)
}

/// Sixteen requests for the files of `www/` in turn, and what must come back.
fn sixteen() -> Result<(String, Vec<Vec<u8>>)> {
    let files = www()?;
    let sixteen: Vec<_> = files.iter().cycle().take(16).collect();
    let requests = sixteen.iter().map(|(path, _)| get(path)).collect();
    Ok((
        requests,
        sixteen
            .into_iter()
            .map(|(_, content)| content.clone())
            .collect(),
    ))
}

#[test]
fn sixteen_requests_get_their_replies_in_order_in_one_write_and_a_byte_at_a_time() -> Result {
    let machine = serving()?;
    let (requests, contents) = sixteen()?;
    for piece in [requests.len(), 1, 7] {
        let mut client = Client::connect(machine.http_address()?)?;
        for part in requests.as_bytes().chunks(piece) {
            client.send(part)?;
        }
        for content in &contents {
            let reply = client.reply(false)?;
            assert_eq!(reply.status, 200);
            assert!(reply.body == *content, "in pieces of {piece}");
        }
    }
    assert_quiet(&machine)
}

#[test]
fn replies_carry_their_fields_and_errors_their_status() -> Result {
    let machine = serving()?;
    let address = machine.http_address()?;

    let mut client = Client::connect(address)?;
    client.send(get("/"))?;
    let whole = client.reply(false)?;
    assert_eq!(whole.status, 200);
    for name in [
        "Date",
        "Server",
        "Content-Type",
        "Content-Length",
        "ETag",
        "Last-Modified",
    ] {
        assert!(
            whole.field(name).is_some(),
            "{name} is missing: {}",
            whole.head
        );
    }
    client.send(get("/index.html"))?;
    assert!(
        client.reply(false)?.body == whole.body,
        "/ is not /index.html"
    );

    for (path, _) in www()? {
        let media_type = mime_guess::from_path(&path)
            .first_raw()
            .ok_or("no media type")?;
        client.send(get(&path))?;
        let reply = client.reply(false)?;
        let sent = reply.field("Content-Type").unwrap_or_default();
        assert_eq!(sent.split(';').next(), Some(media_type), "{path}");
        assert_eq!(
            sent.ends_with("; charset=utf-8"),
            media_type.starts_with("text/"),
            "{path}: {sent}"
        );
    }

    client.send("HEAD / HTTP/1.1\r\nHost: khttpd\r\n\r\n")?;
    let head = client.reply(true)?;
    assert_eq!(head.field("Content-Length"), whole.field("Content-Length"));
    assert_eq!(head.field("ETag"), whole.field("ETag"));

    client.send(get("/about"))?;
    let redirect = client.reply(false)?;
    assert_eq!(
        (redirect.status, redirect.field("Location")),
        (301, Some("/about/"))
    );

    let missing = www()?
        .into_iter()
        .find(|(path, _)| path == "/404.html")
        .ok_or("no 404.html")?
        .1;
    client.send(get("/nothing/here"))?;
    let reply = client.reply(false)?;
    assert_eq!(reply.status, 404);
    assert!(reply.body == missing, "the 404 page is not the body");

    client.send("POST / HTTP/1.1\r\nHost: khttpd\r\nContent-Length: 3\r\n\r\nabc")?;
    let reply = client.reply(false)?;
    assert_eq!(reply.status, 405);
    assert!(reply
        .field("Allow")
        .is_some_and(|allow| allow.contains("GET")));
    // The body was thrown away, so the connection goes on.
    client.send(get("/robots.txt"))?;
    assert_eq!(client.reply(false)?.status, 200);

    let long_field = format!(
        "GET / HTTP/1.1\r\nHost: k\r\nX: {}\r\n\r\n",
        "x".repeat(9000)
    );
    let cases = [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost : k\r\n\r\n".to_owned(), 400),
        ("GARBAGE\r\n\r\n".to_owned(), 400),
        (long_field, 431),
        (
            format!("GET /{} HTTP/1.1\r\nHost: k\r\n\r\n", "x".repeat(8000)),
            414,
        ),
        ("GET / HTTP/2.0\r\nHost: k\r\n\r\n".to_owned(), 505),
    ];
    for (request, status) in cases {
        let mut client = Client::connect(address)?;
        client.send(&request)?;
        let reply = client.reply(false)?;
        assert_eq!(
            reply.status,
            status,
            "{}",
            &request[..request.len().min(60)]
        );
        assert!(client.is_closed()?, "{status} does not close");
    }
    assert_quiet(&machine)
}

#[test]
fn one_listener_serves_ipv6_and_ipv4_and_address_narrows_it() -> Result {
    let machine = serving()?;
    for host in ["127.0.0.1", "[::1]"] {
        machine.exec_ok(&format!(
            "curl --silent --fail --globoff -o /dev/null http://{host}:8080/"
        ))?;
    }
    machine.exec_ok("rmmod khttpd && insmod khttpd.ko address=127.0.0.1 port=81")?;
    machine.exec_ok("curl --silent --fail -o /dev/null http://127.0.0.1:81/")?;
    machine.exec_ok("! curl --silent --globoff -o /dev/null http://[::1]:81/")?;
    assert_quiet(&machine)
}
