// SPDX-License-Identifier: GPL-2.0-only

//! Hand-over: requests that khttpd does not serve go, with their connection, to a process.

mod common;

use common::program::{self, run};
use common::random::setting;
use common::{
    check_charged, get, machine, put_guest, rounds, scaled_count, serving, unload, wait_until,
    Client, Result, Shared, HANG,
};
use machine::Machine;

const PROGRAMS: [&str; 11] = [
    "status.py",
    "process.py",
    "process.js",
    "stream.py",
    "exchanges.py",
    "addresses.py",
    "refusals.py",
    "malformed.py",
    "storm.py",
    "queues.py",
    "ahead.py",
];

/// Returns a machine that serves and has the programs of these tests.
fn handing_over() -> Result<Shared> {
    let machine = serving()?;
    put_guest(&machine, &PROGRAMS)?;
    Ok(machine)
}

/// Runs a program in a machine that serves, and unloads the module.
fn check(command: &str) -> Result {
    program::check(&PROGRAMS, command)
}

/// Returns the command that compares the responses of this kind of process. Requests are cut at each
/// fourth point, or at all.
fn exchanges(kind: &str) -> String {
    format!("exchanges.py {kind} {}", 4 / rounds(4).max(1))
}

/// Writes commands, which must succeed.
fn command(machine: &Machine, lines: &[&str]) -> Result {
    let lines = lines.join("\\n");
    machine.exec_ok(&format!("printf '%b\\n' '{lines}' > /dev/khttpd"))?;
    Ok(())
}

/// Returns the commands of the node's text that concern hand-over.
fn rules(machine: &Machine) -> Result<String> {
    Ok(machine.exec_ok("grep '^hand-over' /dev/khttpd || true")?)
}

/// Starts a process of `guest/process.py`.
fn start(machine: &Machine, kind: &str, port: u16) -> Result<machine::Process> {
    let process = machine.spawn(&format!(
        "exec python3 /tmp/process.py {kind} 127.0.0.1 {port}"
    ))?;
    wait_until(machine, &format!("ss -ltn | grep -q :{port}"))?;
    Ok(process)
}

/// Returns status and content of the response to a request.
fn fetch(machine: &Machine, request: &str) -> Result<(u16, String)> {
    let mut client = Client::connect(machine.http_address()?)?;
    client.send(request)?;
    let response = client.response(request.starts_with("HEAD"))?;
    Ok((response.status, String::from_utf8(response.body)?))
}

#[test]
fn client_gets_the_same_bytes_through_khttpd_as_from_http_server() -> Result {
    check(&exchanges("http"))
}

#[test]
fn client_gets_the_same_bytes_through_khttpd_as_from_nginx() -> Result {
    check(&exchanges("nginx"))
}

#[test]
fn client_gets_the_same_bytes_through_khttpd_as_from_gunicorn() -> Result {
    check(&exchanges("gunicorn"))
}

#[test]
fn client_gets_the_same_bytes_through_khttpd_as_from_node() -> Result {
    check(&exchanges("node"))
}

#[test]
fn websocket_through_khttpd_is_that_of_the_process() -> Result {
    check(&exchanges("websocket"))
}

#[test]
fn process_sees_the_addresses_that_the_client_uses() -> Result {
    for kind in ["http", "nginx"].iter().take(rounds(2).max(1) as usize) {
        check(&format!("addresses.py {kind}"))?;
    }
    Ok(())
}

#[test]
fn connections_are_handed_over_without_ipv6() -> Result {
    let machine = machine()?.parameter("ipv6.disable=1").boot()?;
    machine.exec_ok("insmod khttpd.ko address=0.0.0.0")?;
    put_guest(&machine, &PROGRAMS)?;
    run(&machine, &exchanges("nginx"))?;
    run(&machine, "storm.py calm 200")?;
    unload(&machine)
}

#[test]
fn refused_hand_over_is_503_and_the_connection_persists() -> Result {
    check("refusals.py")
}

#[test]
fn responses_ahead_of_a_hand_over_leave_at_once() -> Result {
    check("ahead.py")
}

#[test]
fn malformed_requests_never_reach_a_process() -> Result {
    check("malformed.py")
}

#[test]
fn always_takes_paths_with_files_and_other_rules_take_the_rest() -> Result {
    let machine = handing_over()?;
    let process = start(&machine, "http", 9000)?;
    let post = "POST /robots.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
    let answered = |request: &str, by_process: &str| -> Result {
        let (status, body) = fetch(&machine, request)?;
        assert_eq!((status, body.as_str()), (200, by_process), "{request}");
        Ok(())
    };
    let not_answered = |request: &str, expected: u16| -> Result {
        let (status, body) = fetch(&machine, request)?;
        assert!(
            status == expected && !body.starts_with("GET /") && !body.starts_with("POST /"),
            "{request}: {status} {body}"
        );
        Ok(())
    };
    not_answered(&get("/app/a"), 404)?;
    not_answered(post, 405)?;

    // Without `always`: files, redirects and metrics are khttpd's.
    command(
        &machine,
        &[
            "redirect 301 /old /new",
            "metrics /status",
            "hand-over * 9000",
        ],
    )?;
    not_answered(&get("/robots.txt"), 200)?;
    not_answered(&get("/old"), 301)?;
    not_answered(&get("/status"), 200)?;
    not_answered("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200)?;
    answered(&get("/app/a"), "GET /app/a\n")?;
    answered(post, "POST /robots.txt\nx")?;

    // Fallbacks and the page of 404 come after.
    command(&machine, &["fallback * /index.html"])?;
    answered(&get("/app/a"), "GET /app/a\n")?;

    // With it, they are the process's; others are not.
    command(
        &machine,
        &[
            "clear",
            "root built-in",
            "redirect 301 /old /new",
            "metrics /status",
        ],
    )?;
    command(&machine, &["hand-over /robots.txt 9000 always"])?;
    answered(&get("/robots.txt"), "GET /robots.txt\n")?;
    not_answered(&get("/app/a"), 404)?;
    not_answered(&get("/"), 200)?;
    command(&machine, &["hand-over * 127.0.0.1:9000 always"])?;
    for path in ["/", "/old", "/status", "/app/a", "/index.html"] {
        answered(&get(path), &format!("GET {path}\n"))?;
    }
    process.signal(9)?;
    let _ = process.wait(HANG)?;
    unload(&machine)
}

#[test]
fn last_hand_over_rule_counts_until_it_is_removed() -> Result {
    let machine = handing_over()?;
    let processes = [
        start(&machine, "http", 9000)?,
        start(&machine, "nginx", 9001)?,
    ];
    let lines = [
        "hand-over * 9000",
        "hand-over /app/* 9001",
        "hand-over /app/echo/* [::1]:9002 always",
        "hand-over *.php 127.0.0.1:9000",
    ];
    command(&machine, &lines)?;
    assert_eq!(rules(&machine)?, lines.join("\n") + "\n");
    let status = |path: &str| -> Result<u16> { Ok(fetch(&machine, &get(path))?.0) };
    // nginx has no such file; there is no process at port 9002.
    for (path, expected) in [
        ("/other", 200),
        ("/app/a", 404),
        ("/app/echo/a", 503),
        ("/app/echo/a.php", 200),
        ("/robots.txt", 200),
    ] {
        assert_eq!(status(path)?, expected, "{path}");
    }
    command(&machine, &["no-hand-over /app/echo/*"])?;
    assert_eq!(status("/app/echo/a")?, 200);
    command(&machine, &["no-hand-over *.php", "no-hand-over /app/*"])?;
    assert_eq!(rules(&machine)?, "hand-over * 9000\n");
    assert_eq!(status("/app/a")?, 200);

    // The text of the node can be written back, and belongs to all hosts.
    machine.exec_ok("cat /dev/khttpd > /tmp/saved && echo clear > /dev/khttpd")?;
    assert_eq!(rules(&machine)?, "");
    machine.exec_ok("cat /tmp/saved > /dev/khttpd")?;
    assert_eq!(rules(&machine)?, "hand-over * 9000\n");
    assert_eq!(status("/app/a")?, 200);
    command(&machine, &["clear", "hand-over * 9000"])?;
    assert_eq!(status("/")?, 200, "a host without a root");
    command(&machine, &["clear", "root built-in"])?;
    assert_eq!(status("/app/a")?, 404);
    for process in processes {
        process.signal(9)?;
        let _ = process.wait(HANG)?;
    }
    unload(&machine)
}

#[test]
fn tree_must_not_hand_over_and_malformed_rules_are_refused() -> Result {
    let machine = handing_over()?;
    machine.exec_ok(
        "mkdir /tmp/t && echo old > /tmp/t/index.html && echo 'root /tmp/t' > /dev/khttpd",
    )?;
    for line in ["hand-over /app/* 9000", "no-hand-over /app/*"] {
        machine.exec_ok(&format!(
            "echo '{line}' > /tmp/t/.khttpd && ! echo reload > /dev/khttpd 2> /dev/null"
        ))?;
        let said = machine.exec_ok("grep '^# refused' /dev/khttpd")?;
        assert!(said.contains("/tmp/t/.khttpd: line 1: "), "{said}");
    }
    machine.exec_ok("rm /tmp/t/.khttpd")?;
    for words in [
        "",
        "*",
        "/app/*",
        "9000",
        "/app/* 0",
        "/app/* 65536",
        "/app/* 127.0.0.1",
        "/app/* 127.0.0.1:0",
        "/app/* 127.0.0.1:65536",
        "/app/* ::1:9000",
        "/app/* [::1]",
        "/app/* localhost:9000",
        "/app/* 9000 ever",
        "/app/* 9000 always always",
        "app 9000",
    ] {
        let refused = machine.exec(&format!("echo 'hand-over {words}' > /dev/khttpd"))?;
        assert!(!refused.status.success(), "{words}");
    }
    assert_eq!(rules(&machine)?, "");
    assert_eq!(fetch(&machine, &get("/"))?, (200, "old\n".into()));
    unload(&machine)
}

#[test]
fn many_hand_overs_are_correct() -> Result {
    check(&format!("storm.py calm {}", rounds(3000)))
}

#[test]
#[ignore = "long: make test-long"]
fn hundred_thousand_hand_overs_are_correct() -> Result {
    let count = u32::try_from(setting("KHTTPD_COUNT", 100_000)?)?;
    check(&format!("storm.py calm {}", scaled_count(count)))
}

#[test]
#[ignore = "long: make test-long"]
fn process_killed_a_hundred_times_breaks_no_connection_but_its_own() -> Result {
    let count = u32::try_from(setting("KHTTPD_COUNT", 100_000)?)?;
    check(&format!("storm.py killed {}", scaled_count(count / 4)))
}

#[test]
fn killed_process_breaks_no_connection_but_its_own() -> Result {
    check(&format!("storm.py killed {}", rounds(600)))
}

#[test]
fn commands_during_hand_overs_break_no_response() -> Result {
    check(&format!("storm.py commanded {}", rounds(1500)))
}

#[test]
fn connections_that_were_handed_over_outlive_the_module() -> Result {
    check(&format!("storm.py unloaded {}", rounds(1500)))
}

#[test]
fn namespace_ends_while_connections_are_handed_over() -> Result {
    let machine = handing_over()?;
    for turn in 0..3 {
        // Its end is seen by the end of the device.
        machine.exec_ok(
            "ip netns add a && ip link add va type veth peer name eth0 netns a && ip -n a link set lo up
             ip netns exec a sh -c 'echo listen 8080 > /dev/khttpd'",
        )?;
        let storm = machine.spawn("exec ip netns exec a python3 /tmp/storm.py forever 0")?;
        wait_until(
            &machine,
            "ip netns exec a grep -q '^# handed-over [1-9]..' /dev/khttpd",
        )?;
        // Either the namespace's name or its processes end first.
        match turn {
            0 => machine.exec_ok(
                "ip netns pids a > /tmp/pids; ip netns del a; xargs kill -9 < /tmp/pids",
            )?,
            1 => machine.exec_ok("ip netns pids a | xargs kill -9; ip netns del a")?,
            _ => machine.exec_ok(
                "ip netns pids a > /tmp/pids; ip netns del a; sleep 3; xargs kill -9 < /tmp/pids",
            )?,
        };
        let _ = storm.wait(HANG)?;
        wait_until(&machine, "! ip link show va > /dev/null 2>&1")?;
        assert_eq!(fetch(&machine, &get("/robots.txt"))?.0, 200);
    }
    run(&machine, "storm.py calm 100")?;
    unload(&machine)
}

#[test]
fn handed_over_sockets_are_charged_to_the_cgroup_of_the_process() -> Result {
    check_charged("", "accepted 200")
}

#[test]
fn listeners_that_share_a_port_share_connections_and_lose_none() -> Result {
    check("queues.py shared")
}

#[test]
fn reset_in_the_middle_of_a_hand_over_leaves_nothing() -> Result {
    check("queues.py reset")?;
    check("queues.py closed")
}
