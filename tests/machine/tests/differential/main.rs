// SPDX-License-Identifier: GPL-2.0-only

//! The same requests to khttpd and to nginx, which serve the same files, also with rules. The tables
//! in `differences.rs` and `sites.rs` explain each difference.
//!
//! Compared are the status, whether the connection persists and how it continues, and for a
//! response with content its fields and the content itself. The texts of errors differ.

#[path = "../common/mod.rs"]
mod common;
mod differences;
mod requests;
mod sites;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use common::{assert_quiet, wired, Client, Response, Result};
use differences::Differences;
use machine::Machine;

const NGINX: u16 = 8081;

/// The settings that make nginx most similar to khttpd.
const CONFIGURATION: &str = "
user root;
worker_processes 1;
error_log /tmp/nginx.log;
pid /tmp/nginx.pid;
events {}
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    charset utf-8;
    charset_types text/plain text/css;
    access_log off;
    server {
        listen 8081 default_server;
        root /share/site;
        absolute_redirect off;
    }
    SITES
}
";

/// The aspects of a response.
type Outcome = BTreeMap<&'static str, String>;

/// Fields that are compared if the response has content or its status requires them.
const COMPARED: [&str; 10] = [
    "Accept-Ranges",
    "Allow",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Last-Modified",
    "Location",
    "X-Always",
    "X-Plain",
];

/// Sends a request to a server, and another one on the same connection.
fn ask(server: SocketAddr, tag: &str, request: &str) -> Result<Outcome> {
    let mut client = Client::connect(server)?;
    client.send(request.replace("TAG", tag))?;
    let mut outcome = Outcome::new();
    let Ok(response) = client.response(request.trim_start().starts_with("HEAD ")) else {
        outcome.insert("status", "none".into());
        return Ok(outcome);
    };
    outcome.insert("status", response.status.to_string());
    describe(&response, &mut outcome);
    let next = "GET /hello.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let said = response.field("Connection").unwrap_or_default().to_owned();
    // A server that closes may do so before this request arrives.
    let then = client.send(next).and_then(|()| client.response(false));
    let then = match then {
        Ok(response) if response.body == b"hello world\n" => "persists".to_owned(),
        Ok(response) => format!("persists with {}", response.status),
        Err(_) if said == "close" => "ends".into(),
        Err(_) => "ends unannounced".into(),
    };
    outcome.insert("connection", then);
    Ok(outcome)
}

fn describe(response: &Response, outcome: &mut Outcome) {
    let mut fields: BTreeMap<_, _> = COMPARED
        .iter()
        .filter_map(|name| Some((*name, response.field(name)?.to_owned())))
        .collect();
    let mut body = String::from_utf8_lossy(&response.body).into_owned();
    if response.status >= 300 {
        // The text of an error differs.
        fields.retain(|name, _| !name.starts_with("Content-") || *name == "Content-Range");
        body.clear();
    }
    let boundary = fields
        .get("Content-Type")
        .and_then(|value| value.split_once("boundary="))
        .map(|(_, boundary)| boundary.to_owned());
    if let Some(boundary) = boundary {
        body = body.replace(&boundary, "BOUNDARY");
        fields.insert("Content-Type", "multipart/byteranges".into());
        fields.insert("Content-Length", body.len().to_string());
    }
    outcome.extend(fields);
    outcome.insert("body", body);
    let has = |name| response.field(name).is_some().to_string();
    outcome.insert("Date", has("Date"));
    outcome.insert("ETag", has("ETag"));
}

/// Returns `aspect: khttpd's, nginx's` for all aspects that differ.
fn difference(khttpd: &Outcome, nginx: &Outcome) -> String {
    let aspects = if khttpd["status"] == nginx["status"] {
        let both = khttpd.keys().chain(nginx.keys());
        both.copied().collect()
    } else {
        // The other aspects depend on the status.
        BTreeSet::from(["connection", "status"])
    };
    let value = |outcome: &Outcome, aspect| match outcome.get(aspect) {
        Some(text) if aspect == "body" => format!("{} bytes", text.len()),
        Some(text) => text.clone(),
        None => "none".to_owned(),
    };
    let differing: Vec<_> = aspects
        .into_iter()
        .filter(|aspect| khttpd.get(aspect) != nginx.get(aspect))
        .map(|aspect| {
            let (ours, theirs) = (value(khttpd, aspect), value(nginx, aspect));
            format!("{aspect}: {ours}, nginx {theirs}")
        })
        .collect();
    differing.join("; ")
}

/// Returns the entity tag of the file that the requests with fields name.
fn tag(server: SocketAddr) -> Result<String> {
    let mut client = Client::connect(server)?;
    client.send(common::get("/range.txt"))?;
    let response = client.response(false)?;
    Ok(response.field("ETag").ok_or("no entity tag")?.to_owned())
}

/// Boots a machine in which both serve all sites.
fn both() -> Result<Machine> {
    let machine = wired()?.forward(8080).forward(NGINX).boot()?;
    machine.exec_ok(common::LOAD_WIRED)?;
    for site in sites::SITES {
        let (folder, host) = (sites::FOLDER, site.host);
        machine.exec_ok(&format!(
            "mkdir -p {folder}/{host}; cd {folder}/{host}; {}",
            site.files
        ))?;
        let rules = format!("{folder}/{host}/.khttpd");
        machine.put_file(&rules, 0o644, site.rules.as_bytes())?;
        machine.exec_ok(&format!(
            "find {folder}/{host} -exec touch -d '2020-01-02 03:04:05 UTC' {{}} +;
             echo 'root {folder}/{host} for {host}' > /dev/khttpd"
        ))?;
    }
    let configuration = CONFIGURATION.replace("SITES", &sites::configuration(NGINX));
    machine.put_file("/tmp/nginx.conf", 0o644, configuration.as_bytes())?;
    machine.exec_ok("nginx -c /tmp/nginx.conf")?;
    Ok(machine)
}

/// Asserts that the responses differ as the table says.
fn compare(
    machine: &Machine,
    requests: &BTreeMap<String, String>,
    differences: Differences,
) -> Result {
    let (khttpd, nginx) = (machine.address(8080)?, machine.address(NGINX)?);
    let (khttpd_tag, nginx_tag) = (tag(khttpd)?, tag(nginx)?);
    let mut known: BTreeMap<_, _> = BTreeMap::new();
    for (_, entries) in differences {
        for (name, difference) in *entries {
            assert!(requests.contains_key(*name), "no request is {name:?}");
            assert!(known.insert(*name, *difference).is_none(), "{name:?} twice");
        }
    }
    let mut wrong = Vec::new();
    let mut differing = 0;
    for (name, request) in requests {
        let ours = ask(khttpd, &khttpd_tag, request)?;
        let theirs = ask(nginx, &nginx_tag, request)?;
        let found = difference(&ours, &theirs);
        let known = known.get(name.as_str()).copied().unwrap_or_default();
        differing += u32::from(!found.is_empty());
        if found != known {
            wrong.push(format!(
                "{name:?}: {found:?}, where the table says {known:?}"
            ));
        }
    }
    println!("{} requests, {differing} differ", requests.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_quiet(machine)
}

#[test]
fn khttpd_and_nginx_differ_only_as_listed() -> Result {
    compare(&both()?, &requests::all(), differences::DIFFERENCES)
}

#[test]
fn sites_with_rules_and_nginx_differ_only_as_listed() -> Result {
    compare(&both()?, &sites::all(), sites::DIFFERENCES)
}
