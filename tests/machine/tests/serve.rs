// SPDX-License-Identifier: GPL-2.0-only

//! The built-in site over TCP: every file, and the fields and statuses of responses.

mod common;

use std::fs;
use std::process::Command;

use common::{assert_quiet, get, serving, www, Client, Result};

#[test]
fn curl_gets_every_file_over_http_1_1_and_1_0() -> Result {
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

/// Returns sixteen requests for the files of `www/` in turn, and the expected contents.
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
fn pipelined_requests_are_answered_in_order_in_any_segmentation() -> Result {
    let machine = serving()?;
    let (requests, contents) = sixteen()?;
    for piece in [requests.len(), 1, 7] {
        let mut client = Client::connect(machine.http_address()?)?;
        for part in requests.as_bytes().chunks(piece) {
            client.send(part)?;
        }
        for content in &contents {
            let response = client.response(false)?;
            assert_eq!(response.status, 200);
            assert!(response.body == *content, "in pieces of {piece}");
        }
    }
    assert_quiet(&machine)
}

#[test]
fn responses_have_their_fields_and_errors_their_status() -> Result {
    let machine = serving()?;
    let address = machine.http_address()?;

    let mut client = Client::connect(address)?;
    client.send(get("/"))?;
    let whole = client.response(false)?;
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
        client.response(false)?.body == whole.body,
        "/ is not /index.html"
    );

    for (path, _) in www()? {
        let media_type = match path.rsplit('.').next() {
            Some("css") => "text/css",
            Some("html") => "text/html",
            Some("js") => "text/javascript",
            Some("ico") => "image/vnd.microsoft.icon",
            Some("svg") => "image/svg+xml",
            Some("txt") => "text/plain",
            _ => return Err(format!("{path}: no media type").into()),
        };
        client.send(get(&path))?;
        let response = client.response(false)?;
        let sent = response.field("Content-Type").unwrap_or_default();
        assert_eq!(sent.split(';').next(), Some(media_type), "{path}");
        assert_eq!(
            sent.ends_with("; charset=utf-8"),
            media_type.starts_with("text/"),
            "{path}: {sent}"
        );
    }

    client.send("HEAD / HTTP/1.1\r\nHost: khttpd\r\n\r\n")?;
    let head = client.response(true)?;
    assert_eq!(head.field("Content-Length"), whole.field("Content-Length"));
    assert_eq!(head.field("ETag"), whole.field("ETag"));

    client.send(get("/about"))?;
    let redirect = client.response(false)?;
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
    let response = client.response(false)?;
    assert_eq!(response.status, 404);
    assert!(response.body == missing, "the 404 page is not the body");

    client.send("POST / HTTP/1.1\r\nHost: khttpd\r\nContent-Length: 3\r\n\r\nabc")?;
    let response = client.response(false)?;
    assert_eq!(response.status, 405);
    assert!(response
        .field("Allow")
        .is_some_and(|allow| allow.contains("GET")));
    // The server has discarded the content of the request, so the connection persists.
    client.send(get("/robots.txt"))?;
    assert_eq!(client.response(false)?.status, 200);

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
        let response = client.response(false)?;
        assert_eq!(
            response.status,
            status,
            "{}",
            &request[..request.len().min(60)]
        );
        assert!(client.is_closed()?, "{status} does not close");
    }
    assert_quiet(&machine)
}

#[test]
fn wildcard_listener_serves_ipv6_and_ipv4() -> Result {
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
