// SPDX-License-Identifier: GPL-2.0-only

//! The control node `/dev/khttpd`: commands, settings and counters.

mod common;

use std::thread;
use std::time::Duration;

use common::{
    assert_quiet, get, never_time_out, number, put_guest, serving, wait_for, Client, Result,
    Shared, HANG, NEVER, PYTHON,
};
use machine::Machine;

/// Returns a connection that has had a response.
fn served(machine: &Machine) -> Result<Client> {
    let mut client = Client::connect(machine.http_address()?)?;
    client.send(get("/robots.txt"))?;
    client.response(false)?;
    Ok(client)
}

#[test]
fn control_node_is_root_only_and_counts_traffic() -> Result {
    let machine = serving()?;
    assert_eq!(
        machine.exec_ok("stat -c '%a %U %F' /dev/khttpd")?.trim(),
        "600 root character special file"
    );
    let text = machine.exec_ok("cat /dev/khttpd")?;
    assert!(text.starts_with("# khttpd 0."), "no version: {text}");
    assert!(text.contains("\nlisten [::]:8080\n"), "no listener: {text}");
    assert_eq!(number(&machine, "requests")?, 0);

    let mut clients = Vec::new();
    let mut bytes = 0;
    for _ in 0..3 {
        let mut client = Client::connect(machine.http_address()?)?;
        client.send(get("/robots.txt"))?;
        let response = client.response(false)?;
        bytes += response.head.len() + response.body.len();
        clients.push(client);
    }
    // A response may arrive before it is counted.
    for (key, expected) in [
        ("connections", 3),
        ("connections-idle", 3),
        ("requests", 3),
        ("responses-2xx", 3),
        ("bytes", u64::try_from(bytes)?),
    ] {
        wait_for(&machine, key, expected)?;
    }
    machine.exec_ok("echo reset counters > /dev/khttpd")?;
    assert_eq!(number(&machine, "requests")?, 0);
    assert_eq!(number(&machine, "bytes")?, 0);
    assert_eq!(number(&machine, "connections")?, 3);
    drop(clients);
    wait_for(&machine, "connections", 0)?;
    assert_quiet(&machine)
}

#[test]
fn open_control_node_keeps_its_snapshot_and_the_module() -> Result {
    let machine = serving()?;
    let script = "exec 3< /dev/khttpd; ! rmmod khttpd 2> /dev/null && curl -s -o /dev/null http://127.0.0.1:8080/ \
                  && grep -q '# requests 0' <&3; exec 3<&-; rmmod khttpd && test ! -e /dev/khttpd";
    machine.exec_ok(script)?;
    assert_quiet(&machine)
}

/// The cases are functions of `guest/node.py`, `guest/transaction.py` and `guest/rights.py`.
#[test]
fn commands_of_one_write_are_atomic() -> Result {
    const CASES: [(&str, &[&str]); 3] = [
        (
            "node.py",
            &[
                "split",
                "refuse",
                "sent",
                "bounds",
                "large",
                "unfinished",
                "interrupted",
                "together",
                "writers",
                "snapshot",
                "again",
                "logged",
            ],
        ),
        ("transaction.py", &["collected", "dropped", "vast"]),
        ("rights.py", &["borrowed", "credentials", "lent", "quiet"]),
    ];
    let machine = serving()?;
    for (program, cases) in CASES {
        put_guest(&machine, &[program])?;
        for case in cases {
            machine.exec_ok(&format!("{PYTHON} /tmp/{program} {case}"))?;
        }
    }
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn rejected_command_logs_one_line() -> Result {
    let machine = serving()?;
    let mark = machine.log()?.mark();
    assert!(!machine
        .exec("printf 'start\\nlisten 0\\n' > /dev/khttpd")?
        .status
        .success());
    let log = machine.log()?.since(mark);
    let lines: Vec<_> = log
        .lines()
        .iter()
        .map(|line| line.text.as_str())
        .filter(|text| text.starts_with("khttpd"))
        .collect();
    assert_eq!(lines, [r#"khttpd: line 2: "0": a port must be 1 to 65535"#]);
    assert_quiet(&machine)
}

#[test]
fn listeners_can_be_added_and_removed() -> Result {
    let machine = serving()?;
    let fetch = |address: &str| -> Result<bool> {
        let output = machine.exec(&format!("curl -s -g -o /dev/null http://{address}/"))?;
        Ok(output.status.success())
    };
    machine.exec_ok("echo 'listen 80 127.0.0.1:81 [::1]:82' > /dev/khttpd")?;
    for address in ["127.0.0.1:80", "[::1]:80", "127.0.0.1:81", "[::1]:82"] {
        assert!(fetch(address)?, "{address}");
    }
    assert!(!fetch("127.0.0.1:82")? && !fetch("[::1]:81")?);
    assert_eq!(number(&machine, "listeners")?, 4);

    // A specific address replaces the wildcard and vice versa. A failed change has no effect.
    machine.exec_ok("printf 'unlisten 80\\nlisten 127.0.0.1:80\\n' > /dev/khttpd")?;
    assert!(fetch("127.0.0.1:80")? && !fetch("[::1]:80")?);
    machine
        .exec_ok("! printf 'unlisten 127.0.0.1:80\\nlisten 80 10.99.99.99:80\\n' > /dev/khttpd")?;
    assert!(fetch("127.0.0.1:80")? && !fetch("[::1]:80")?);
    machine.exec_ok("printf 'unlisten 127.0.0.1:80\\nlisten 80\\n' > /dev/khttpd")?;
    assert!(fetch("[::1]:80")?);

    machine.exec_ok("printf 'unlisten\\nlisten 83\\n' > /dev/khttpd")?;
    assert!(fetch("127.0.0.1:83")? && !fetch("127.0.0.1:80")? && !fetch("127.0.0.1:8080")?);
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn externally_destroyed_listener_is_reopened_by_the_next_command() -> Result {
    let machine = serving()?;
    let mut client = served(&machine)?;
    machine.exec_ok("ss --kill --tcp state established 'sport = :8080'")?;
    assert!(client.is_closed()?);
    wait_for(&machine, "connections", 0)?;
    machine.exec_ok("curl -s --fail -o /dev/null http://127.0.0.1:8080/")?;

    machine.exec_ok("ss --kill --tcp --listening 'sport = :8080'")?;
    machine.exec_ok("! curl -s -o /dev/null http://127.0.0.1:8080/")?;
    wait_for(&machine, "listeners", 0)?;
    machine.exec_ok("grep -qx 'listen \\[::\\]:8080' /dev/khttpd && echo start > /dev/khttpd")?;
    assert_eq!(number(&machine, "listeners")?, 1);
    machine.exec_ok("curl -s --fail -o /dev/null http://127.0.0.1:8080/")?;

    machine.exec_ok("ss --kill --tcp --listening 'sport = :8080' && rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn stop_drains_and_start_serves_again() -> Result {
    let machine = serving()?;
    // Connections end only because of `stop`.
    never_time_out(&machine)?;
    let mut idle = served(&machine)?;
    let mut busy = Client::connect(machine.http_address()?)?;
    busy.send("GET / HTTP/1.1\r\nHost: khttpd\r\n")?;
    wait_for(&machine, "connections-reading", 1)?;
    machine.exec_ok("echo stop > /dev/khttpd")?;
    wait_for(&machine, "connections", 1)?;
    machine.exec_ok("! curl -s -o /dev/null http://127.0.0.1:8080/")?;
    // The request that was begun is served, and then its connection ends.
    busy.send("\r\n")?;
    assert_eq!(busy.response(false)?.status, 200);
    assert!(busy.is_closed()? && idle.is_closed()?);
    assert_eq!(number(&machine, "listeners")?, 0);
    machine.exec_ok(
        "grep -qx stop /dev/khttpd && echo start > /dev/khttpd && grep -qx start /dev/khttpd",
    )?;
    machine.exec_ok("curl -s --fail -o /dev/null http://127.0.0.1:8080/")?;

    // A request that is not finished is ended after `timeout stop`.
    let mut stuck = Client::connect(machine.http_address()?)?;
    stuck.send("GET / HTTP/1.1\r\n")?;
    wait_for(&machine, "connections-reading", 1)?;
    machine.exec_ok("printf 'timeout stop 2\\nstop\\n' > /dev/khttpd")?;
    // A later setting does not apply to a stop that has begun.
    machine.exec_ok(&format!("echo timeout stop {NEVER} > /dev/khttpd"))?;
    assert!(stuck.is_closed()?);
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn timeouts_and_limits_can_be_changed() -> Result {
    let machine = serving()?;
    never_time_out(&machine)?;
    machine.exec_ok("printf 'timeout idle 2\\nmax-connections 2\\n' > /dev/khttpd")?;
    let mut first = served(&machine)?;
    assert!(first.is_closed()?);

    never_time_out(&machine)?;
    let seated = [served(&machine)?, served(&machine)?];
    let waiting = machine.spawn("exec curl -s --fail -o /dev/null http://127.0.0.1:8080/")?;
    // The time in which a server that ignores the limit would serve it.
    thread::sleep(Duration::from_millis(1500));
    assert!(waiting.is_running(), "the third client was served");
    machine.exec_ok("echo max-connections 3 > /dev/khttpd")?;
    let output = waiting.wait(HANG)?;
    assert!(
        output.status.success(),
        "not served after the limit was raised"
    );
    drop(seated);
    assert_quiet(&machine)
}

#[test]
fn heads_of_the_configured_length_are_served() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["status.py", "workload.py", "heads.py"])?;
    print!("{}", machine.exec_ok("python3 /tmp/heads.py")?);
    assert_quiet(&machine)
}

#[test]
fn commands_need_capabilities_in_the_network_namespace() -> Result {
    let machine = serving()?;
    let without = |capability: &str, command: &str| -> Result<String> {
        let output = machine.exec(&format!(
            "exec 3<>/dev/khttpd; setpriv --bounding-set -{capability} --inh-caps -{capability} \
             sh -c \"echo '{command}' >&3\" 2> /dev/null && echo done; cat <&3"
        ))?;
        Ok(output.stdout_text().into_owned())
    };
    for command in [
        "stop",
        "timeout idle 5",
        "unlisten",
        "clear",
        "reset counters",
    ] {
        let said = without("net_admin", command)?;
        assert!(
            said.starts_with(&format!("line 1: \"{command}\": needs CAP_NET_ADMIN")),
            "{command}: {said}"
        );
    }
    let said = without("net_bind_service", "listen 127.0.0.1:1023")?;
    assert!(
        said.starts_with(
            "line 1: \"127.0.0.1:1023\": a port below 1024 needs CAP_NET_BIND_SERVICE"
        ),
        "{said}"
    );
    let said = without("net_bind_service", "listen 127.0.0.1:1024")?;
    assert!(said.starts_with("done\n"), "{said}");
    assert!(without("net_admin", "help")?.starts_with("done\n# listen"));
    machine.exec_ok("! setpriv --reuid 65534 --clear-groups cat /dev/khttpd 2> /dev/null")?;
    assert_quiet(&machine)
}

#[test]
fn module_parameters_run_commands() -> Result {
    let machine = Shared::take()?;
    machine.exec_ok(
        "insmod khttpd.ko port=0 commands='listen 127.0.0.1:85; timeout idle 7;max-connections 9'",
    )?;
    machine.exec_ok(
        "grep -qx 'timeout idle 7' /dev/khttpd && grep -qx 'max-connections 9' /dev/khttpd",
    )?;
    machine.exec_ok("curl -s --fail -o /dev/null http://127.0.0.1:85/ && rmmod khttpd")?;
    let mark = machine.log()?.mark();
    machine.exec_ok("! insmod khttpd.ko commands='start; listen x' && ! test -e /dev/khttpd")?;
    let log = machine.log()?.since(mark);
    let expected =
        "khttpd: commands=, line 2: \"x\": must be like 192.0.2.1:80 or [2001:db8::1]:80";
    assert_eq!(
        log.containing("khttpd: ")
            .filter(|line| line.text == expected)
            .count(),
        1
    );
    // A directory is not parsed as a command: a semicolon in it ends none.
    let mark = machine.log()?.mark();
    machine.exec_ok("mkdir -p '/srv/a;stop' && ! insmod khttpd.ko root=/missing")?;
    machine.exec_ok("! insmod khttpd.ko root='\"/srv/a b\"'")?;
    machine.exec_ok("! insmod khttpd.ko root='/srv/a;stop' commands='foo'")?;
    let log = machine.log()?.since(mark);
    for expected in [
        "khttpd: /missing: no such file or directory, or removed during the load",
        "khttpd: root=\"/srv/a b\": must be an absolute path without blanks, or built-in",
        "khttpd: commands=, line 1: \"foo\": no such command; \"help\" lists them",
    ] {
        let mut lines = log.containing("khttpd: ");
        assert!(
            lines.any(|line| line.text == expected),
            "{expected}: {log:?}"
        );
    }
    machine.exec_ok(
        "insmod khttpd.ko root='/srv/a;stop' && grep -qx 'root /srv/a;stop' /dev/khttpd && \
         grep -qx start /dev/khttpd && rmmod khttpd",
    )?;
    // A listener that replaces the default one does not conflict with it.
    machine
        .exec_ok("insmod khttpd.ko commands='unlisten; listen 127.0.0.1:8080' && rmmod khttpd")?;
    assert_quiet(&machine)
}
