// SPDX-License-Identifier: GPL-2.0-only

//! Files that are skipped unless a setting allows them.

use crate::common::{assert_quiet, get, put_guest, Client, Result, PYTHON};
use crate::{command, commanded, tell};

#[test]
fn special_hidden_and_private_files_are_skipped_unless_allowed() -> Result {
    let machine = commanded()?;
    let name = "n".repeat(255);
    let deep = "d/".repeat(64);
    machine.exec_ok(&format!(
        "mkdir -p /tmp/t/{deep} /tmp/t/.hidden /tmp/t/.well-known /tmp/t/closed /tmp/t/mount; cd /tmp/t
         mount -t tmpfs none mount; echo mounted > mount/f; chmod 755 mount
         for f in {name} {deep}f .hidden/f .well-known/f closed/f private plain; do echo \"$f\" > \"$f\"; done
         : > empty; mkfifo fifo; mknod null c 1 3; ln -s plain link; ln -s /tmp/t/plain absolute; ln -s nothing dangling
         printf x > \"$(printf 'a\\nb')\"; echo 'sp%20 ace' > 'sp ace'; printf latin > \"$(printf 'caf\\351')\"
         chmod 600 private; chmod 700 closed; chmod 777 plain",
    ))?;
    command(&machine, "'root /tmp/t'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    let mut status = |path: &str| -> Result<(u16, usize)> {
        client.send(get(path))?;
        let response = client.response(false)?;
        Ok((response.status, response.body.len()))
    };
    let served = [
        (format!("/{name}"), 256),
        (format!("/{deep}f"), 130),
        ("/empty".to_owned(), 0),
        ("/plain".to_owned(), 6),
        ("/.well-known/f".to_owned(), 14),
        ("/sp%20ace".to_owned(), 10),
        ("/caf%E9".to_owned(), 5),
    ];
    for (path, length) in &served {
        assert_eq!(status(path)?, (200, *length), "{path}");
    }
    let odd = [
        "/fifo",
        "/null",
        "/link",
        "/absolute",
        "/dangling",
        "/private",
        "/closed/f",
        "/.hidden/f",
        "/mount/f",
    ];
    for path in odd {
        assert_eq!(status(path)?.0, 404, "{path}");
    }
    let allow = "'hidden-files yes' 'cross-mounts yes' 'perm-required 0' 'perm-forbid 0111'";
    command(&machine, allow)?;
    for (path, expected) in [
        ("/private", 200),
        ("/closed/f", 200),
        ("/.hidden/f", 200),
        ("/mount/f", 200),
        ("/plain", 404),
        ("/link", 404),
        ("/fifo", 404),
    ] {
        assert_eq!(status(path)?.0, expected, "{path}");
    }
    // A link is followed as if the root were the root of the file system.
    machine.exec_ok("cd /tmp/t; rm absolute dangling; ln -s /closed/f absolute; ln -s ../../closed inside; chmod 644 plain")?;
    command(&machine, "'follow-links yes'")?;
    for path in ["/link", "/absolute", "/inside/f"] {
        assert_eq!(status(path)?.0, 200, "{path}");
    }
    // A link does not lead to a file that is skipped at its own place.
    machine.exec_ok(
        "cd /tmp/t; ln -s .hidden bare; ln -s .hidden/f naked; ln -s mount/f over; chmod 755 mount",
    )?;
    let path = ["/bare/f", "/naked", "/absolute", "/inside/f", "/over"];
    for (commands, expected) in [
        (
            "'perm-forbid 0' 'perm-required 4' 'hidden-files no'",
            [404, 404, 404, 404, 200],
        ),
        ("'hidden-files yes'", [200, 200, 404, 404, 200]),
        (
            "'hidden-files no' 'perm-required 0'",
            [404, 404, 200, 200, 200],
        ),
        (
            "'hidden-files yes' 'cross-mounts no'",
            [200, 200, 200, 200, 404],
        ),
    ] {
        command(&machine, commands)?;
        for (path, expected) in path.iter().zip(expected) {
            assert_eq!(status(path)?.0, expected, "{commands}: {path}");
        }
    }
    assert_quiet(&machine)
}

#[test]
fn busy_file_is_left_out_if_the_policy_says_so() -> Result {
    let machine = commanded()?;
    put_guest(&machine, &["mapping.py"])?;
    machine.exec_ok(
        "mkdir /tmp/t; echo page > /tmp/t/index.html; head -c 4096 /dev/zero > /tmp/t/data.rrd
         (python3 /tmp/mapping.py /tmp/t/data.rrd > /tmp/mapped &); until [ -s /tmp/mapped ]; do sleep 0.1; done",
    )?;
    assert!(
        tell(&machine, PYTHON, "'root /tmp/t'")?.contains("/tmp/t/data.rrd: "),
        "a mapped file is loaded"
    );
    command(&machine, "'root /tmp/t' 'when-busy skip'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    for (path, status) in [("/", 200), ("/data.rrd", 404)] {
        client.send(get(path))?;
        assert_eq!(client.response(false)?.status, status, "{path}");
    }
    assert_eq!(
        machine.exec_ok("grep -E '^(# skipped|when-busy)' /dev/khttpd")?,
        "when-busy skip\n# skipped 1\n"
    );
    assert_eq!(
        tell(&machine, PYTHON, "'when-busy wait'")?,
        "EINVAL\nline 1: \"wait\": must be skip or fail\n"
    );
    assert!(
        tell(&machine, PYTHON, "'when-busy fail'")?.starts_with("ETXTBSY\n"),
        "a mapped file is loaded"
    );
    assert_quiet(&machine)
}

#[test]
fn root_behind_a_changed_link_is_loaded_again() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir /tmp/v1 /tmp/v2; echo one > /tmp/v1/index.html; echo two > /tmp/v2/index.html
         ln -s v1 /tmp/current",
    )?;
    let mut client = Client::connect(machine.http_address()?)?;
    let mut page = || -> Result<String> {
        client.send(get("/"))?;
        Ok(String::from_utf8(client.response(false)?.body)?)
    };
    command(&machine, "'root /tmp/current'")?;
    assert_eq!(page()?, "one\n");
    machine.exec_ok("ln -sfn v2 /tmp/current; echo changed > /tmp/v1/index.html")?;
    command(&machine, "'timeout idle 20'")?;
    assert_eq!(page()?, "one\n", "another command loads the site");
    command(&machine, "'root /tmp/current'")?;
    assert_eq!(page()?, "two\n");
    // The same directory is not read again.
    machine.exec_ok("echo changed > /tmp/v2/index.html")?;
    command(&machine, "'root /tmp/current'")?;
    assert_eq!(page()?, "two\n");
    machine.exec_ok("rm /tmp/current")?;
    assert!(tell(&machine, PYTHON, "'root /tmp/current'")?.starts_with("ENOENT\n"));
    assert_eq!(page()?, "two\n");
    assert_quiet(&machine)
}
