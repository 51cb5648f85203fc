// SPDX-License-Identifier: GPL-2.0-only

//! Loads that fail: the message names the cause, and the old site stays.

use std::io::Write;
use std::time::{Duration, Instant};

use machine::{Machine, Process};

use crate::common::{assert_quiet, Result, HANG, PYTHON};
use crate::{assert_old, command, commanded, tell};

/// A root that cannot be loaded.
struct Refused {
    /// Shell command that makes the root at `/tmp/bad`, in which it runs.
    made: &'static str,
    /// Further commands of the same write.
    commands: &'static str,
    errno: &'static str,
    reason: &'static str,
}

const REFUSED: [Refused; 19] = [
    Refused {
        made: "cd ..; rmdir bad",
        commands: "",
        errno: "ENOENT",
        reason: "/tmp/bad: no such file or directory, or removed during the load",
    },
    Refused {
        made: "cd ..; rmdir bad; echo > bad",
        commands: "",
        errno: "ENOTDIR",
        reason: "/tmp/bad: not a directory",
    },
    Refused {
        made: "truncate -s 200M film.mp4",
        commands: "",
        errno: "EFBIG",
        reason: "/tmp/bad/film.mp4: has 209715200 bytes, more than max-file-bytes 67108864",
    },
    Refused {
        made: "for i in $(seq 9); do echo $i > $i; done",
        commands: "'max-entries 8'",
        errno: "ENOSPC",
        reason: ": more files and directories than max-entries 8",
    },
    Refused {
        made: "for i in $(seq 9); do mkdir $i; done",
        commands: "'max-entries 8'",
        errno: "ENOSPC",
        reason: ": more files and directories than max-entries 8",
    },
    Refused {
        made: "for i in $(seq 4); do mkdir $i; echo $i > $i/f; done; echo > f",
        commands: "'max-entries 8'",
        errno: "ENOSPC",
        reason: ": more files and directories than max-entries 8",
    },
    Refused {
        made: "touch $(seq -f .hidden-%g 1000)",
        commands: "'max-site-bytes 10000'",
        errno: "ENOSPC",
        reason: "/tmp/bad/: the site takes more memory than max-site-bytes 10000",
    },
    Refused {
        made: "touch $(seq -f f%g 40); for i in $(seq 60); do echo \"field * X-$i: $(printf %1000s | tr ' ' x)\"; done > .khttpd",
        commands: "'max-site-bytes 1000000'",
        errno: "ENOSPC",
        reason: "/tmp/bad/f24: the site takes more memory than max-site-bytes 1000000",
    },
    Refused {
        made: "for i in $(seq 9); do head -c 100000 /dev/urandom > $i; done",
        commands: "'max-site-bytes 500000'",
        errno: "ENOSPC",
        reason: ": the site takes more memory than max-site-bytes 500000",
    },
    Refused {
        made: "p=.; for i in $(seq 65); do p=$p/d; mkdir $p; done; echo > $p/f",
        commands: "",
        errno: "ELOOP",
        reason: "/d: more than 64 directories deep; look for a symbolic link that leads back",
    },
    Refused {
        made: "ln -s loop loop",
        commands: "'follow-links yes'",
        errno: "ELOOP",
        reason: "/tmp/bad/loop: loop of symbolic links, or a symbolic link replaced a directory",
    },
    Refused {
        made: "ln -s . self",
        commands: "'follow-links yes'",
        errno: "ELOOP",
        reason: "/self: loop of symbolic links, or a symbolic link replaced a directory",
    },
    Refused {
        made: "ln -s /etc/passwd out",
        commands: "'follow-links yes'",
        errno: "ENOENT",
        reason: "/tmp/bad/out: no such file or directory, or removed during the load",
    },
    Refused {
        made: "echo 'field * A: b' > rules; ln -s rules .khttpd",
        commands: "",
        errno: "EINVAL",
        reason: "/tmp/bad/.khttpd: must be a regular file, or with follow-links yes a symbolic link to one",
    },
    Refused {
        made: "head -c 65537 /dev/zero | tr '\\0' '#' > .khttpd",
        commands: "",
        errno: "EFBIG",
        reason: "/tmp/bad/.khttpd: has 65537 bytes, more than the 65536 allowed for rules",
    },
    Refused {
        made: "printf '\\n# a comment\\nerror 404 /x\\nredirect 304 /a /b\\n' > .khttpd",
        commands: "",
        errno: "EINVAL",
        reason: "/tmp/bad/.khttpd: line 4: \"304\": must be 301, 302, 307 or 308",
    },
    Refused {
        made: "echo 'max-entries 5' > .khttpd",
        commands: "",
        errno: "EINVAL",
        reason: "/tmp/bad/.khttpd: line 1: \"max-entries 5\": only the control node may set this, not the rules of a root",
    },
    Refused {
        made: "echo 'hand-over * 22' > .khttpd",
        commands: "",
        errno: "EINVAL",
        reason: "/tmp/bad/.khttpd: line 1: \"hand-over * 22\": only the control node may set this, not the rules of a root",
    },
    Refused {
        made: "echo 'error 404 /x.html' > .khttpd",
        commands: "",
        errno: "ENOENT",
        reason: "/tmp/bad: the rule \"error 404 /x.html\" names no file that is served",
    },
];

#[test]
fn failed_load_names_the_cause_and_keeps_the_old_site() -> Result {
    let machine = commanded()?;
    machine.exec_ok("mkdir /tmp/old; echo old > /tmp/old/index.html")?;
    command(&machine, "'root /tmp/old'")?;
    for Refused {
        made,
        commands,
        errno,
        reason,
    } in REFUSED
    {
        machine.exec_ok(&format!(
            "rm -rf /tmp/bad; mkdir /tmp/bad; cd /tmp/bad; {made}"
        ))?;
        let said = tell(&machine, PYTHON, &format!("{commands} 'root /tmp/bad'"))?;
        say!("{}", said.replace('\n', ": ").trim_end_matches(": "));
        assert!(said.starts_with(&format!("{errno}\n")), "{made}: {said}");
        assert!(said.contains(reason), "{made}: {said}");
        assert_old(&machine)?;
    }
    let shown = machine.exec_ok("grep -E '^(root|max-|follow)' /dev/khttpd")?;
    assert_eq!(
        shown,
        "root /tmp/old\nmax-connections 65536\nmax-old-sites 2\nmax-head-bytes 8192\n"
    );
    assert_quiet(&machine)
}

/// Starts a Python program that goes on until it is killed, and waits until it prints `begun`.
fn begun(machine: &Machine, program: &str) -> Result<Process> {
    let process = machine.spawn(&format!("exec python3 -c \"\n{program}\""))?;
    while !String::from_utf8_lossy(&process.stdout_so_far()).contains("begun") {
        assert!(process.is_running(), "{program}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(process)
}

/// Loads a root until it is rejected, and returns the error and its reason. When a load meets a
/// change is up to the machine.
fn refused(machine: &Machine) -> Result<String> {
    let begin = Instant::now();
    loop {
        let said = tell(machine, PYTHON, "'root /tmp/bad'")?;
        if said != "OK\n" {
            return Ok(said);
        }
        assert!(begin.elapsed() < HANG, "it was never rejected");
        command(machine, "'root /tmp/old'")?;
    }
}

#[test]
fn unreadable_or_changing_file_fails_the_load_by_name() -> Result {
    let machine = commanded()?;
    machine.exec_ok("mkdir /tmp/old /tmp/bad; echo old > /tmp/old/index.html")?;
    command(&machine, "'root /tmp/old'")?;

    // Root without the capabilities to read all files.
    machine.exec_ok("echo > /tmp/bad/secret; chmod 0004 /tmp/bad/secret")?;
    let caps = "-dac_override,-dac_read_search";
    let python = format!("setpriv --bounding-set={caps} --inh-caps={caps} python3");
    let said = tell(&machine, &python, "'root /tmp/bad'")?;
    assert_eq!(said.lines().next(), Some("EACCES"), "{said}");
    assert!(
        said.contains("/tmp/bad/secret: permission denied"),
        "{said}"
    );
    assert_old(&machine)?;

    // A process appends to a file without end.
    machine.exec_ok("rm -f /tmp/bad/*; truncate -s 20M /tmp/bad/log; chmod 0644 /tmp/bad/log")?;
    let writer = begun(
        &machine,
        "f = open('/tmp/bad/log', 'ab', 0); f.write(b'x')\nprint('begun', flush=True)\nwhile True: f.write(b'x')",
    )?;
    let said = refused(&machine)?;
    assert_eq!(said.lines().next(), Some("EAGAIN"), "{said}");
    assert!(
        said.contains("/tmp/bad/log: changes each time it is read"),
        "{said}"
    );
    writer.signal(9)?;
    writer.wait(HANG)?;
    assert_old(&machine)?;

    // A process can write to a file without changing its times.
    machine.exec_ok("rm -f /tmp/bad/*; head -c 5000 /dev/zero > /tmp/bad/mapped")?;
    let mapper = begun(
        &machine,
        "import mmap, time\nf = open('/tmp/bad/mapped', 'r+b')\nm = mmap.mmap(f.fileno(), 0)\nprint('begun', flush=True)\ntime.sleep(600)",
    )?;
    let said = tell(&machine, PYTHON, "'root /tmp/bad'")?;
    assert_eq!(said.lines().next(), Some("ETXTBSY"), "{said}");
    assert!(
        said.contains("/tmp/bad/mapped: mapped for writing by a process"),
        "{said}"
    );
    mapper.signal(9)?;
    mapper.wait(HANG)?;
    command(&machine, "'root /tmp/bad'")?;
    command(&machine, "'root /tmp/old'")?;

    // The same through another file system.
    machine.exec_ok(
        "cd /tmp; mkdir lower layers merged; mount -t tmpfs none layers; mkdir layers/upper layers/work
         head -c 5000 /dev/zero > lower/mapped; mount -t overlay none -o lowerdir=lower,upperdir=layers/upper,workdir=layers/work merged",
    )?;
    let mapper = begun(
        &machine,
        "import mmap, time\nf = open('/tmp/merged/mapped', 'r+b')\nm = mmap.mmap(f.fileno(), 0)\nprint('begun', flush=True)\ntime.sleep(600)",
    )?;
    let said = tell(&machine, PYTHON, "'root /tmp/merged'")?;
    assert_eq!(said.lines().next(), Some("ETXTBSY"), "{said}");
    mapper.signal(9)?;
    mapper.wait(HANG)?;

    // Files are created and removed: sooner or later a load finds a name whose file is gone.
    let come_and_go = begun(
        &machine,
        "import os\nprint('begun', flush=True)\nnames = [f'/tmp/bad/{n}' for n in range(100)]\nwhile True:\n  for name in names: open(name, 'w').close()\n  for name in names: os.unlink(name)",
    )?;
    let said = refused(&machine)?;
    assert_eq!(said.lines().next(), Some("ENOENT"), "{said}");
    assert!(
        said.contains(": no such file or directory, or removed during the load"),
        "{said}"
    );
    come_and_go.signal(9)?;
    come_and_go.wait(HANG)?;
    assert_old(&machine)?;
    assert_quiet(&machine)
}
