// SPDX-License-Identifier: GPL-2.0-only

//! Media types by suffix, as IANA, Debian or nginx have them.

use crate::common::{assert_quiet, get, Client, Result};
use crate::{command, commanded};

/// Names of files and their types.
const TYPES: [(&str, &str); 34] = [
    ("a.rpm", "application/x-rpm"),
    ("a.deb", "application/vnd.debian.binary-package"),
    ("a.apk", "application/vnd.android.package-archive"),
    ("a.dtb", "application/octet-stream"),
    ("a.img", "application/octet-stream"),
    ("a.iso", "application/x-iso9660-image"),
    ("a.zst", "application/zstd"),
    ("a.xz", "application/x-xz"),
    ("a.gz", "application/gzip"),
    ("seg.ts", "video/mp2t"),
    ("seg.m4s", "video/iso.segment"),
    ("a.m3u8", "application/vnd.apple.mpegurl"),
    ("a.mp4", "video/mp4"),
    ("a.webm", "video/webm"),
    ("a.opus", "audio/ogg"),
    ("x.usdz", "model/vnd.usdz+zip"),
    ("x.mobileconfig", "application/x-apple-aspen-config"),
    ("x.js", "text/javascript; charset=utf-8"),
    ("x.mjs", "text/javascript; charset=utf-8"),
    ("x.js.map", "application/json"),
    ("x.wasm", "application/wasm"),
    ("x.webmanifest", "application/manifest+json"),
    ("x.woff", "font/woff"),
    ("x.WOFF2", "font/woff2"),
    ("x.avif", "image/avif"),
    ("x.jxl", "image/jxl"),
    ("x.svg", "image/svg+xml"),
    ("x.md", "text/markdown; charset=utf-8"),
    ("x.yaml", "application/yaml"),
    ("x.toml", "application/toml"),
    ("x.log", "text/plain; charset=utf-8"),
    ("feed.rss", "application/rss+xml"),
    ("README", "application/octet-stream"),
    ("x.unknown", "application/octet-stream"),
];

#[test]
fn suffix_determines_media_type_as_registered() -> Result {
    let machine = commanded()?;
    let names = TYPES.map(|(name, _)| name).join(" ");
    machine.exec_ok(&format!(
        "mkdir /tmp/t; cd /tmp/t; for name in {names}; do echo . > $name; done"
    ))?;
    command(&machine, "'root /tmp/t'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    for (name, media_type) in TYPES {
        client.send(get(&format!("/{name}")))?;
        let response = client.response(false)?;
        assert_eq!(response.field("Content-Type"), Some(media_type), "{name}");
    }
    assert_quiet(&machine)
}
