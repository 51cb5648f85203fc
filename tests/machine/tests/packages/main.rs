// SPDX-License-Identifier: GPL-2.0-only

//! Debian's packages, on a Debian of their own with systemd, from their installation to their purge.
//! `make test-packages` makes all that these tests need.

#[path = "../common/mod.rs"]
mod common;

mod system;

use common::{assert_no_trouble, Result};
use machine::Machine;
use system::System;

/// Installs the packages of a version, of which DKMS has built the module already.
fn install(machine: &Machine, version: &str) -> Result {
    let said = machine.exec_ok(&format!(
        "set -e; cd /share/{version}; mkdir -p /usr/share/khttpd-dkms; \
         cp *.dkms.tar.gz /usr/share/khttpd-dkms/; DEBIAN_FRONTEND=noninteractive \
         dpkg --force-unsafe-io --install khttpd_*.deb khttpd-dkms_*.deb khttpd-tls_*.deb 2>&1"
    ))?;
    println!("{said}");
    Ok(())
}

/// Returns the content of a page that khttpd serves.
fn page(machine: &Machine, path: &str) -> Result<String> {
    Ok(machine.exec_ok(&format!(
        "curl --silent --show-error --fail http://127.0.0.1{path}"
    ))?)
}

/// Asserts that the server and its log run with the administrator's configuration.
fn assert_serves_configured(machine: &Machine, agent: &str) -> Result {
    machine.exec_ok("systemctl is-active khttpd khttpd-log")?;
    let content = machine.exec_ok(&format!(
        "curl --silent --show-error --fail --user-agent {agent} http://127.0.0.1/"
    ))?;
    assert_eq!(content, "A site of the administrator.\n");
    machine.exec_ok(&format!(
        "for i in $(seq 600); do grep -q {agent} /var/log/khttpd/access.log && exit 0; sleep 0.2; done; \
         cat /var/log/khttpd/access.log; exit 1"
    ))?;
    Ok(())
}

#[test]
#[ignore = "needs packages; make test-packages"]
fn packages_serve_from_boot_and_survive_upgrades_until_they_are_purged() -> Result {
    let system = System::new("packages")?;
    let machine = system.boot()?;
    let before = system.added(&machine)?;

    install(&machine, "now")?;
    // Nothing is served, and nothing is loaded, before the administrator wishes.
    machine.exec_ok(
        "! systemctl is-enabled khttpd && ! systemctl is-active khttpd && ! test -e /dev/khttpd",
    )?;
    unsigned_module_is_refused(&machine)?;
    machine.exec_ok("systemctl enable --now khttpd khttpd-log")?;
    assert!(page(&machine, "/robots.txt")?.starts_with("User-agent"));
    machine
        .exec_ok("ss -Htln 'sport = :80' | grep -q . && ! ss -Htln 'sport = :8080' | grep -q .")?;
    assert_eq!(
        machine.exec_ok("stat --format=%G /dev/khttpd-adopt")?,
        "khttpd-tls\n"
    );

    machine.exec_ok(
        "set -e; mkdir -p /srv/www; echo 'A site of the administrator.' > /srv/www/index.html; \
         sed -i 's|^root built-in|root /srv/www|; s|^#log combined|log combined|' /etc/khttpd.conf; \
         systemctl reload khttpd",
    )?;
    assert_serves_configured(&machine, "reloaded")?;
    refused_reload_changes_nothing(&machine)?;
    assert_no_trouble(&machine)?;

    let machine = system.reboot(machine)?;
    assert_serves_configured(&machine, "rebooted")?;

    let version = machine.exec_ok("sed -n 's/^# khttpd //p' /dev/khttpd")?;
    let config = machine.read_file("/etc/khttpd.conf")?;
    install(&machine, "next")?;
    println!(
        "{}",
        machine.exec_ok("journalctl --no-pager --unit='khttpd*'")?
    );
    assert_eq!(machine.read_file("/etc/khttpd.conf")?, config);
    assert_ne!(
        machine.exec_ok("sed -n 's/^# khttpd //p' /dev/khttpd")?,
        version
    );
    assert_serves_configured(&machine, "upgraded")?;

    machine.exec_ok(
        "rm -r /srv/www; dpkg --purge khttpd-tls khttpd khttpd-dkms; rm -rf /usr/share/khttpd-dkms",
    )?;
    machine.exec_ok("! test -e /dev/khttpd && ! grep -w ^khttpd /proc/modules")?;
    let after = system.added(&machine)?;
    let left: Vec<_> = after
        .iter()
        .filter(|path| !before.contains(path) && !is_of_users(path))
        .collect();
    assert!(left.is_empty(), "the purge has left: {left:#?}");
    assert_no_trouble(&machine).map(drop)
}

/// Asserts that DKMS has signed the module, without whose signature the kernel would not load it.
fn unsigned_module_is_refused(machine: &Machine) -> Result {
    // Without its last byte the kernel does not recognize the signature.
    let output = machine.exec(
        "set -e; module=$(modinfo --field=filename khttpd); cp \"$module\" /tmp/khttpd.ko; \
         truncate --size=-1 /tmp/khttpd.ko; insmod /tmp/khttpd.ko",
    )?;
    assert!(!output.status.success());
    let reason = output.stderr_text();
    assert!(reason.contains("Key was rejected by service"), "{reason}");
    Ok(())
}

/// Asserts that a reload of a wrong configuration fails with the reason.
fn refused_reload_changes_nothing(machine: &Machine) -> Result {
    machine.exec_ok(
        "set -e; cp /etc/khttpd.conf /run/khttpd.conf; \
         sed -i 's|^listen 80$|listen 99999|' /etc/khttpd.conf",
    )?;
    let output = machine.exec("systemctl reload khttpd")?;
    assert!(!output.status.success());
    let log = machine.exec_ok("journalctl --unit=khttpd --no-pager")?;
    assert!(
        log.contains("/etc/khttpd.conf: line ") && log.contains("99999"),
        "{log}"
    );
    machine.exec_ok("cp /run/khttpd.conf /etc/khttpd.conf")?;
    assert_serves_configured(machine, "refused")
}

/// Returns whether a file is a copy of the lists of users and groups, or one of dpkg's own. The user of
/// the TLS agent stays, and dpkg keeps a copy of its lists.
fn is_of_users(path: &str) -> bool {
    const LISTS: [&str; 6] = [
        "/etc/passwd-",
        "/etc/group-",
        "/etc/shadow-",
        "/etc/gshadow-",
        "/etc/.pwd.lock",
        "/var/lib/dpkg/",
    ];
    LISTS.iter().any(|list| path.starts_with(list))
}
