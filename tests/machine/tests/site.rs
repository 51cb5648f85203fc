// SPDX-License-Identifier: GPL-2.0-only

//! Sites from directories: what comes over TCP is what lies there, and what can't be had leaves the old site in place.

mod common;

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{
    assert_quiet, assert_untroubled, fewer, flavour, get, machine, number, patience, roomy, Client,
    Result, HANG,
};
use machine::{Accelerator, Machine, Process};

/// A real site: thousands of pages, styles and images of Debian's package python3.13-doc. The guest's root has it at the same
/// place.
const REAL: &str = "/usr/share/doc/python3.13/html";

/// Says a figure; unlike what `println!` prints, it is seen when the test passes too.
macro_rules! say {
    ($($words:tt)*) => {
        writeln!(std::io::stdout(), $($words)*)?
    };
}

/// A machine that serves `www/`, in which commands can be written and what came of them is told.
fn commanded() -> Result<Machine> {
    let machine = machine()?.boot()?;
    machine.put_file("/tmp/command.py", 0o600, include_bytes!("guest/command.py"))?;
    machine.exec_ok("insmod khttpd.ko")?;
    Ok(machine)
}

/// Writes commands that must be carried out.
fn command(machine: &Machine, lines: &str) -> Result {
    let said = tell(machine, "python3", lines)?;
    assert_eq!(said, "OK\n", "{lines}");
    Ok(())
}

/// Writes commands, each in quotes; what came of it.
fn tell(machine: &Machine, python: &str, lines: &str) -> Result<String> {
    let output = machine.exec(&format!("{python} /tmp/command.py {lines}"))?;
    Ok(output.stdout_text().into_owned() + &output.stderr_text())
}

/// The regular files of a folder: the path to ask for, and where it lies. What is hidden is skipped.
fn files(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if entry.file_name().as_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.push((format!("/{}", escaped(path.strip_prefix(root)?)), path));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A path as it stands in a URI.
fn escaped(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let bytes = path.as_os_str().as_bytes().iter();
    bytes
        .map(|byte| match plain(*byte) {
            true => char::from(*byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// Asks for a path in a coding; the coding it came in, and the content.
fn ask(client: &mut Client, path: &str, coding: &str) -> Result<(Option<String>, Vec<u8>)> {
    client.send(format!(
        "GET {path} HTTP/1.1\r\nHost: khttpd\r\nAccept-Encoding: {coding}\r\n\r\n"
    ))?;
    let reply = client.reply(false)?;
    assert_eq!(reply.status, 200, "{path}: {}", reply.head);
    Ok((
        reply.field("Content-Encoding").map(str::to_owned),
        reply.body,
    ))
}

/// Says what a load took; the bytes that an entry takes beside its content.
fn report(machine: &Machine, what: &str, files: &[(String, PathBuf)]) -> Result<u64> {
    let bytes: u64 = files
        .iter()
        .map(|(_, path)| fs::metadata(path).map_or(0, |facts| facts.len()))
        .sum();
    let (entries, memory) = (
        number(machine, "entries")?,
        number(machine, "memory")?,
    );
    let milliseconds = number(machine, "load-milliseconds")?;
    let beside = memory.saturating_sub(bytes) / entries;
    say!("{what}: {entries} entries of {bytes} bytes take {memory} bytes, {beside} beside the content of each, loaded in {milliseconds} ms");
    Ok(beside)
}

#[test]
fn every_file_of_a_real_site_comes_as_it_lies_there() -> Result {
    let machine = machine()?.boot()?;
    machine.exec_ok(&format!("insmod khttpd.ko root={REAL}"))?;
    let files = files(Path::new(REAL))?;
    assert!(
        files.len() > 1000,
        "python3.13-doc has only {} files",
        files.len()
    );
    let beside = report(&machine, "python3.13-doc", &files)?;
    assert!(
        beside < 512,
        "{beside} bytes beside the content of an entry"
    );
    assert_eq!(number(&machine, "entries")?, files.len() as u64);

    let begin = Instant::now();
    let mut client = Client::connect(machine.http_address()?)?;
    for (path, file) in &files {
        let (coding, content) = ask(&mut client, path, "gzip, br, zstd")?;
        assert_eq!(coding, None, "{path}");
        assert!(content == fs::read(file)?, "{path} differs");
    }
    say!("all of them fetched and compared in {:?}", begin.elapsed());
    assert_eq!(
        ask(&mut client, "/library/", "")?.1,
        fs::read(format!("{REAL}/library/index.html"))?
    );
    client.send(get("/library"))?;
    assert_eq!(client.reply(false)?.field("Location"), Some("/library/"));
    // A link in the tree is no file of it.
    client.send(get("/_static/jquery.js"))?;
    assert_eq!(client.reply(false)?.status, 404);
    assert_quiet(&machine)
}

/// A part of the real site with its forms in gzip, and in two codings that only look like it.
fn variants(folder: &Path) -> Result {
    fs::create_dir_all(folder)?;
    for part in ["library", "_static", "index.html"] {
        let status = Command::new("cp")
            .arg("-r")
            .arg(Path::new(REAL).join(part))
            .arg(folder)
            .status()?;
        assert!(status.success(), "cp {part}");
    }
    // Links are left alone: there are some that lead nowhere.
    let find = Command::new("find")
        .arg(folder)
        .args(["-type", "f", "-exec", "gzip", "-1", "-k", "{}", "+"])
        .status()?;
    assert!(find.success(), "gzip");
    fs::write(folder.join("index.html.br"), b"not really br")?;
    fs::write(folder.join("index.html.zst"), vec![b'z'; 1 << 20])?;
    Ok(())
}

#[test]
fn precompressed_forms_come_to_who_takes_them() -> Result {
    let share = std::env::temp_dir().join(format!("khttpd-variants-{}", std::process::id()));
    variants(&share.join("site"))?;
    let machine = machine()?.share(&share).boot()?;
    machine.exec_ok("insmod khttpd.ko root=/share/site")?;
    let files = files(&share.join("site"))?;
    report(&machine, "a part of it with forms in gzip", &files)?;

    let mut client = Client::connect(machine.http_address()?)?;
    let (mut coded, mut plain) = (0, 0);
    for (path, file) in &files {
        let content = fs::read(file)?;
        assert!(
            ask(&mut client, path, "identity")?.1 == content,
            "{path} differs"
        );
        let beside = PathBuf::from(format!("{}.gz", file.display()));
        let form = fs::read(beside)
            .ok()
            .filter(|form| form.len() < content.len());
        let (coding, got) = ask(&mut client, path, "gzip")?;
        assert_eq!(coding.as_deref(), form.as_ref().map(|_| "gzip"), "{path}");
        match form {
            Some(form) => coded += usize::from(got == form),
            None => plain += usize::from(got == content),
        }
    }
    assert_eq!(coded + plain, files.len());
    assert!(coded > 300, "only {coded} have a form in gzip");
    let (coding, content) = ask(&mut client, "/index.html", "gzip, br, zstd")?;
    assert_eq!(
        (coding.as_deref(), &content[..]),
        (Some("br"), &b"not really br"[..])
    );
    // The one that is longer than what it holds is not used.
    assert_eq!(ask(&mut client, "/index.html", "zstd")?.0, None);
    fs::remove_dir_all(&share)?;
    assert_quiet(&machine)
}

#[test]
fn hosts_get_their_trees_by_name_without_regard_to_case_and_port() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "for host in any exact below; do mkdir -p /tmp/$host; echo $host > /tmp/$host/index.html; done
         echo 'error 404 /index.html' > /tmp/exact/.khttpd",
    )?;
    command(
        &machine,
        "'root /tmp/any' 'root /tmp/exact for Example.org' 'root /tmp/any for *.example.org'",
    )?;
    // A host has one tree, however it is written.
    command(&machine, "'root /tmp/below for *.example.ORG.'")?;
    command(&machine, "'root /tmp/below for *.example.org'")?;
    let shown = machine.exec_ok("grep ^root /dev/khttpd")?;
    assert_eq!(
        shown,
        "root /tmp/any\nroot /tmp/exact for Example.org\nroot /tmp/below for *.example.org\n"
    );
    let mut client = Client::connect(machine.http_address()?)?;
    for (host, tree) in [
        ("localhost", "any\n"),
        ("example.org", "exact\n"),
        ("EXAMPLE.org:8080", "exact\n"),
        ("example.org.", "exact\n"),
        ("www.example.org", "below\n"),
        ("a.b.EXAMPLE.ORG:1", "below\n"),
        ("notexample.org", "any\n"),
        ("[::1]:8080", "any\n"),
    ] {
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
        assert_eq!(client.reply(false)?.body, tree.as_bytes(), "{host}");
    }
    for (host, page) in [
        ("example.org", "exact\n"),
        ("localhost", "404 Not Found\r\n"),
    ] {
        client.send(format!("GET /none HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
        let reply = client.reply(false)?;
        assert_eq!(
            (reply.status, &reply.body[..]),
            (404, page.as_bytes()),
            "{host}"
        );
    }
    client.send("GET / HTTP/1.0\r\n\r\n")?;
    assert_eq!(client.reply(false)?.body, b"any\n");
    assert_quiet(&machine)
}

#[test]
fn rules_of_a_tree_and_of_the_node_shape_replies() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/app /tmp/t/dir; cd /tmp/t
         echo root > index.html; echo app > app/index.html; echo dir > dir/index.html; echo x > a.wasm; echo old > old.html
         printf '%s\n' 'cache-control *.html max-age=60' 'redirect 308 /old.html /index.html' 'redirect 302 /docs/* https://docs.example/' \
             'fallback /app/* /app/index.html' 'media-type *.wasm application/wasm; v=1' 'field /dir/* X-Frame-Options: DENY' \
             'trailing-slash serve' > .khttpd
         # As long as it may be.
         head -c $((65536 - $(stat -c %s .khttpd))) /dev/zero | tr '\\0' '#' >> .khttpd",
    )?;
    command(
        &machine,
        "'root /tmp/t' 'cache-control * no-store' 'error 404 /index.html'",
    )?;
    let mut client = Client::connect(machine.http_address()?)?;
    let mut ask = |path: &str| -> Result<common::Reply> {
        client.send(get(path))?;
        client.reply(false)
    };
    let page = ask("/index.html")?;
    assert_eq!(page.field("Cache-Control"), Some("max-age=60"));
    let program = ask("/a.wasm")?;
    assert_eq!(program.field("Cache-Control"), Some("no-store"));
    assert_eq!(program.field("Content-Type"), Some("application/wasm; v=1"));
    assert_eq!(ask("/dir")?.body, b"dir\n");
    assert_eq!(ask("/dir")?.field("X-Frame-Options"), Some("DENY"));
    let moved = ask("/old.html?q")?;
    assert_eq!(
        (moved.status, moved.field("Location")),
        (308, Some("/index.html?q"))
    );
    let moved = ask("/docs/a%20b/c?d")?;
    assert_eq!(
        (moved.status, moved.field("Location")),
        (302, Some("https://docs.example/a%20b/c?d"))
    );
    let page = ask("/app/some/where")?;
    assert_eq!((page.status, &page.body[..]), (200, &b"app\n"[..]));
    let missing = ask("/.khttpd")?;
    assert_eq!((missing.status, &missing.body[..]), (404, &b"root\n"[..]));

    command(&machine, "'status-page /status'")?;
    let status = ask("/status")?;
    let text = String::from_utf8(status.body.clone())?;
    assert_eq!(status.field("Cache-Control"), Some("no-store"));
    assert!(
        text.starts_with("accepted 1\nrequests ") && text.contains("\nentries 5\n"),
        "{text}"
    );

    // What the node shows makes the same site again, and without rules they are gone.
    machine.exec_ok("cat /dev/khttpd > /tmp/shown; cat /tmp/shown > /dev/khttpd")?;
    assert_eq!(ask("/a.wasm")?.field("Cache-Control"), Some("no-store"));
    command(&machine, "clear 'root built-in'")?;
    assert!(ask("/")?.body.starts_with(b"<!"), "not what is built in");
    assert_eq!(ask("/")?.field("Cache-Control"), None);
    command(&machine, "clear")?;
    assert_eq!(ask("/")?.status, 404);
    assert_quiet(&machine)
}

/// What is told of a tree that can't be loaded.
struct Refused {
    /// How the tree at `/tmp/bad` is made.
    made: &'static str,
    /// The commands that go with it.
    commands: &'static str,
    errno: &'static str,
    reason: &'static str,
}

const REFUSED: [Refused; 18] = [
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
        made: "echo 'error 404 /x.html' > .khttpd",
        commands: "",
        errno: "ENOENT",
        reason: "/tmp/bad: the rule \"error 404 /x.html\" names no file that is served",
    },
];

/// The old site is what is served.
fn assert_old(machine: &Machine) -> Result {
    let mut client = Client::connect(machine.http_address()?)?;
    client.send(get("/"))?;
    assert_eq!(client.reply(false)?.body, b"old\n");
    Ok(())
}

#[test]
fn what_cannot_be_loaded_is_named_and_the_old_site_stays() -> Result {
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
        let said = tell(&machine, "python3", &format!("{commands} 'root /tmp/bad'"))?;
        say!("{}", said.replace('\n', ": ").trim_end_matches(": "));
        assert!(said.starts_with(&format!("{errno}\n")), "{made}: {said}");
        assert!(said.contains(reason), "{made}: {said}");
        assert_old(&machine)?;
    }
    let shown = machine.exec_ok("grep -E '^(root|max-|follow)' /dev/khttpd")?;
    assert_eq!(shown, "root /tmp/old\nmax-connections 65536\n");
    assert_quiet(&machine)
}

/// A program that says when it has begun what it does until it is ended.
fn begun(machine: &Machine, program: &str) -> Result<Process> {
    let process = machine.spawn(&format!("exec python3 -c \"\n{program}\""))?;
    while !String::from_utf8_lossy(&process.stdout_so_far()).contains("begun") {
        assert!(process.is_running(), "{program}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(process)
}

/// What is told when a tree is refused, which it is sooner or later: how its load meets what is done to it is up to the machine.
fn refused(machine: &Machine) -> Result<String> {
    let begin = Instant::now();
    loop {
        let said = tell(machine, "python3", "'root /tmp/bad'")?;
        if said != "OK\n" {
            return Ok(said);
        }
        assert!(begin.elapsed() < HANG, "it was always loaded");
        command(machine, "'root /tmp/old'")?;
    }
}

#[test]
fn a_file_that_cannot_be_read_or_is_never_at_rest_is_named() -> Result {
    let machine = commanded()?;
    machine.exec_ok("mkdir /tmp/old /tmp/bad; echo old > /tmp/old/index.html")?;
    command(&machine, "'root /tmp/old'")?;

    // Root without the capabilities that make files readable to it.
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

    // Somebody appends to a file without end.
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

    // Somebody can write to a file without a trace.
    machine.exec_ok("rm -f /tmp/bad/*; head -c 5000 /dev/zero > /tmp/bad/mapped")?;
    let mapper = begun(
        &machine,
        "import mmap, time\nf = open('/tmp/bad/mapped', 'r+b')\nm = mmap.mmap(f.fileno(), 0)\nprint('begun', flush=True)\ntime.sleep(600)",
    )?;
    let said = tell(&machine, "python3", "'root /tmp/bad'")?;
    assert_eq!(said.lines().next(), Some("ETXTBSY"), "{said}");
    assert!(
        said.contains("/tmp/bad/mapped: mapped for writing by a process"),
        "{said}"
    );
    mapper.signal(9)?;
    mapper.wait(HANG)?;
    command(&machine, "'root /tmp/bad'")?;
    command(&machine, "'root /tmp/old'")?;

    // Or by way of another file system.
    machine.exec_ok(
        "cd /tmp; mkdir lower layers merged; mount -t tmpfs none layers; mkdir layers/upper layers/work
         head -c 5000 /dev/zero > lower/mapped; mount -t overlay none -o lowerdir=lower,upperdir=layers/upper,workdir=layers/work merged",
    )?;
    let mapper = begun(
        &machine,
        "import mmap, time\nf = open('/tmp/merged/mapped', 'r+b')\nm = mmap.mmap(f.fileno(), 0)\nprint('begun', flush=True)\ntime.sleep(600)",
    )?;
    let said = tell(&machine, "python3", "'root /tmp/merged'")?;
    assert_eq!(said.lines().next(), Some("ETXTBSY"), "{said}");
    mapper.signal(9)?;
    mapper.wait(HANG)?;

    // Files come and go: sooner or later one has gone between the directory and the file.
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

#[test]
fn a_file_that_is_written_in_place_is_never_torn() -> Result {
    let machine = commanded()?;
    machine.put_file("/tmp/torn.py", 0o600, include_bytes!("guest/torn.py"))?;
    let output = machine.exec(&format!(
        "python3 /tmp/torn.py /tmp/torn {} 2>&1",
        fewer(30)
    ))?;
    let said = output.stdout_text().into_owned();
    say!("{}", said.trim());
    assert!(output.status.success(), "{said}");
    assert_quiet(&machine)
}

#[test]
fn what_is_odd_is_left_out_unless_it_is_allowed() -> Result {
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
        let reply = client.reply(false)?;
        Ok((reply.status, reply.body.len()))
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
    // A link is followed as if the tree were all there is.
    machine.exec_ok("cd /tmp/t; rm absolute dangling; ln -s /closed/f absolute; ln -s ../../closed inside; chmod 644 plain")?;
    command(&machine, "'follow-links yes'")?;
    for path in ["/link", "/absolute", "/inside/f"] {
        assert_eq!(status(path)?.0, 200, "{path}");
    }
    // It opens nothing that is closed or hidden where it stands.
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
fn a_file_that_is_closed_while_it_is_read_is_served_as_it_was_or_not_at_all() -> Result {
    let machine = commanded()?;
    machine.put_file("/tmp/closing.py", 0o600, include_bytes!("guest/closing.py"))?;
    let output = machine.exec("python3 /tmp/closing.py /tmp/closing 20 2>&1")?;
    let said = output.stdout_text().into_owned();
    say!("{}", said.trim());
    assert!(output.status.success(), "{said}");
    assert_quiet(&machine)
}

/// Runs a case of `guest/interrupt.py`. The machine's clock counts instructions, so that it is not the host that takes its time.
fn interrupt(case: &str) -> Result {
    let machine = machine()?
        .cpus(1)
        .accelerator(Accelerator::Counting)
        .boot()?;
    machine.put_file("/tmp/status.py", 0o600, include_bytes!("guest/status.py"))?;
    machine.put_file(
        "/tmp/interrupt.py",
        0o600,
        include_bytes!("guest/interrupt.py"),
    )?;
    let said = machine.exec_ok(&format!(
        "insmod khttpd.ko && python3 /tmp/interrupt.py {case} {}",
        fewer(1000)
    ))?;
    say!("{case}: {}", said.trim());
    assert_quiet(&machine)
}

#[test]
fn rules_that_keep_it_busy_do_not_keep_a_signal_away() -> Result {
    interrupt("rules")
}

#[test]
fn a_load_shows_how_far_it_is_and_can_be_interrupted() -> Result {
    interrupt("files")
}

#[test]
fn a_signal_interrupts_a_writer_that_waits_for_another() -> Result {
    interrupt("waits")
}

#[test]
fn a_site_is_charged_to_the_group_of_who_loads_it() -> Result {
    let machine = commanded()?;
    let controllers = machine
        .exec_ok("mount -t cgroup2 none /sys/fs/cgroup; cat /sys/fs/cgroup/cgroup.controllers")?;
    if !controllers.contains("memory") {
        // The kernel that finds most mistakes has it.
        assert!(flavour() != Some("sanitize".into()), "{controllers}");
        return Ok(());
    }
    machine.exec_ok(
        "echo +memory > /sys/fs/cgroup/cgroup.subtree_control; mkdir /sys/fs/cgroup/small; echo 30M > /sys/fs/cgroup/small/memory.max
         mkdir /tmp/old /tmp/t; echo old > /tmp/old/index.html; cd /tmp/t; for i in 1 2; do head -c 32M /dev/urandom > $i; done",
    )?;
    command(&machine, "'root /tmp/old'")?;
    let python = "echo $$ > /sys/fs/cgroup/small/cgroup.procs; python3";
    let said = tell(&machine, python, "'root /tmp/t'")?;
    // Its own memory is charged to the group, too, and who takes the last of it is killed, which the kernel says at length.
    let killed = said.starts_with("Killed");
    assert!(killed || said.starts_with("ENOMEM\n"), "{said}");
    assert_old(&machine)?;
    command(&machine, "'root /tmp/t'")?;
    match killed {
        true => assert_untroubled(&machine).map(drop),
        false => assert_quiet(&machine),
    }
}

#[test]
fn a_site_larger_than_memory_is_refused_and_nobody_is_killed() -> Result {
    let memory = roomy(400);
    let machine = machine()?.memory(memory).boot()?;
    machine.put_file("/tmp/command.py", 0o600, include_bytes!("guest/command.py"))?;
    machine.exec_ok("insmod khttpd.ko; mkdir /tmp/old /tmp/bad; echo old > /tmp/old/index.html")?;
    command(&machine, "'root /tmp/old'")?;
    machine.exec_ok(&format!("for i in 1 2 3; do truncate -s {}M /tmp/bad/$i; echo $i | dd of=/tmp/bad/$i conv=notrunc 2> /dev/null; done", memory / 2))?;
    for _ in 0..3 {
        let said = tell(
            &machine,
            "python3",
            "'max-file-bytes 2000000000' 'max-site-bytes 2000000000' 'root /tmp/bad'",
        )?;
        assert!(said.starts_with("ENOMEM\n"), "{said}");
        assert!(said.contains("not enough memory"), "{said}");
        assert_old(&machine)?;
    }
    command(&machine, "'root /tmp/old' reload")?;
    assert_quiet(&machine)
}

/// What the guest's script counted.
fn counts(said: &str) -> HashMap<String, f64> {
    let words: Vec<_> = said.split_ascii_whitespace().collect();
    words
        .chunks_exact(2)
        .filter_map(|pair| Some((pair[0].to_owned(), pair[1].parse().ok()?)))
        .collect()
}

#[test]
fn ten_thousand_reloads_under_load_tear_nothing_and_leak_nothing() -> Result {
    let machine = commanded()?;
    machine.put_file("/tmp/reload.py", 0o600, include_bytes!("guest/reload.py"))?;
    machine.put_file("/tmp/status.py", 0o600, include_bytes!("guest/status.py"))?;
    // A grace period that waits for nobody would be most of the time otherwise.
    machine.exec_ok("echo 1 > /sys/kernel/rcu_expedited")?;
    let reloads = fewer(10_000);
    let output = machine.exec_within(
        &format!("python3 /tmp/reload.py {reloads} 2>&1"),
        patience(HANG),
    )?;
    let said = output.stdout_text().into_owned();
    say!("{}", said.trim());
    assert!(output.status.success(), "{said}");
    let counts = counts(&said);
    assert!(counts.get("reloads") >= Some(&f64::from(reloads)));
    assert_eq!(counts.get("lost"), Some(&0.0));
    // A page for each reload would be twice as much.
    assert!(counts
        .get("leaked-kib")
        .is_some_and(|leaked| *leaked < 2.0 * f64::from(reloads)));
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
