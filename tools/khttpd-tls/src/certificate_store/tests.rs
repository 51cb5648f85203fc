// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the choice and of the renewal of certificates.

use super::*;
use std::fs;
use std::path::{Path, PathBuf};

/// Certificates of `example.com` and `www.example.com`, and of `*.example.org`. Their keys protect
/// nothing.
const NAMES: [&str; 2] = ["first", "wildcard"];

fn files(folder: &Path, name: &str) -> CertificateFiles {
    CertificateFiles {
        chain: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    }
}

fn given() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn store(folder: &Path) -> CertificateStore {
    CertificateStore::read(&NAMES.map(|name| files(folder, name))).unwrap()
}

/// Returns which certificate a host gets.
fn chosen(store: &CertificateStore, host: Option<&str>) -> usize {
    let chosen = store.choose(host).unwrap();
    let is_chosen = |one: &Certificate| one.key().cert == chosen.cert;
    store.with(|all| all.iter().position(is_chosen)).unwrap()
}

/// A folder with copies of the files, which is removed at the end.
struct Copies(PathBuf);

impl Copies {
    fn new(test: &str) -> Self {
        let name = format!("khttpd-tls.{}.{test}", std::process::id());
        let copies = Self(std::env::temp_dir().join(name));
        fs::create_dir(&copies.0).unwrap();
        for name in NAMES {
            copies.put(name, name);
        }
        copies
    }

    /// Replaces the files of a certificate, as ACME clients do: by renaming.
    fn put(&self, name: &str, from: &str) {
        let (old, new) = (files(&given(), from), files(&self.0, name));
        for (old, new) in [(old.chain, new.chain), (old.key, new.key)] {
            fs::copy(old, self.0.join("new")).unwrap();
            fs::rename(self.0.join("new"), new).unwrap();
        }
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn host_gets_the_certificate_with_its_name_and_others_get_the_first() {
    let store = store(&given());
    for (host, certificate) in [
        (Some("example.com"), 0),
        (Some("WWW.example.com"), 0),
        (Some("a.example.org"), 1),
        (Some("a.b.example.org"), 0),
        (Some("example.org"), 0),
        (Some("unknown"), 0),
        (Some("192.0.2.1"), 0),
        (None, 0),
    ] {
        assert_eq!(chosen(&store, host), certificate, "{host:?}");
    }
}

#[test]
fn replaced_certificate_is_used_from_then_on() {
    let copies = Copies::new("replaced");
    let store = store(&copies.0);
    assert!(store.refresh().is_empty());
    copies.put("first", "wildcard");
    let results = store.refresh();
    assert!(matches!(&results[..], [Ok(files)] if files.chain.ends_with("first.pem")));
    assert_eq!(chosen(&store, Some("a.example.org")), 0);
    assert!(store.refresh().is_empty());
}

#[test]
fn old_certificate_stays_while_the_files_are_wrong_which_is_told_once() {
    let copies = Copies::new("wrong");
    let store = store(&copies.0);
    let of_first = files(&copies.0, "first");
    for wrong in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        fs::write(&of_first.chain, wrong).unwrap();
        assert!(matches!(&store.refresh()[..], [Err(_)]), "{wrong}");
        assert!(store.refresh().is_empty(), "{wrong}");
    }
    // The certificate has come, its key has not.
    fs::copy(given().join("wildcard.pem"), &of_first.chain).unwrap();
    let results = store.refresh();
    let [Err(error)] = &results[..] else {
        panic!("{results:?}");
    };
    let message = error.to_string();
    assert!(
        message.contains("not the key of the first certificate"),
        "{message}"
    );
    assert_eq!(chosen(&store, Some("example.com")), 0);
    copies.put("first", "first");
    assert!(matches!(&store.refresh()[..], [Ok(_)]));
}

#[test]
fn missing_file_is_an_error_with_its_name() {
    let error = CertificateStore::read(&[files(&given(), "missing")]).unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
}
