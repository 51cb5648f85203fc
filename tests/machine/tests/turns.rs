// SPDX-License-Identifier: GPL-2.0-only

//! Requests that are served in softirq, left to a worker, or wait for space in the send buffer.

mod common;

use common::random::seed;
use common::{
    assert_quiet, get, machine, number as count, put_guest, serving, wait_for, Client, Result,
    PYTHON,
};

#[test]
fn requests_beyond_the_budget_are_answered_in_order_by_a_worker() -> Result {
    let machine = serving()?;
    let mut client = Client::connect(machine.http_address()?)?;
    // The requests are so short that a segment has more of them than the budget of a softirq run,
    // and the responses are so short that the send buffer has space for all.
    let paths = ["/robots.txt", "/nowhere", "/robots.txt?"];
    let request = |path: &&str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let requests: String = paths.iter().cycle().take(600).map(request).collect();
    client.send(requests)?;
    let mut bodies = vec![Vec::new(); paths.len()];
    for number in 0..600 {
        let response = client.response(false)?;
        let place = number % paths.len();
        assert_eq!(
            response.status,
            if place == 1 { 404 } else { 200 },
            "{number}"
        );
        if number < paths.len() {
            bodies[place] = response.body;
        } else {
            assert!(
                response.body == bodies[place],
                "response {number} is another's"
            );
        }
    }
    assert!(count(&machine, "deferred-budget")? > 0);
    wait_for(&machine, "responses-2xx", 400)?;
    wait_for(&machine, "responses-4xx", 200)?;
    assert_eq!(count(&machine, "short-of-memory")?, 0);

    // A single request needs no worker. A few may meet a worker that a busy host has delayed.
    let turns = || -> Result<u64> {
        Ok(count(&machine, "deferred-budget")? + count(&machine, "deferred-owned")?)
    };
    let before = turns()?;
    for _ in 0..50 {
        client.send(get("/"))?;
        assert_eq!(client.response(false)?.status, 200);
    }
    let taken = turns()? - before;
    assert!(taken < 10, "{taken} of 50 requests were left to a worker");
    assert_quiet(&machine)
}

#[test]
fn newcomers_are_served_while_no_worker_runs() -> Result {
    let machine = machine()?.cpus(1).boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    put_guest(&machine, &["newcomers.py"])?;
    machine.exec_ok("python3 /tmp/newcomers.py")?;
    assert_quiet(&machine)
}

/// TCP offers no window for less than a segment, and counts a large segment as unread until its last
/// byte is.
#[test]
fn unfinished_head_at_the_end_of_large_segments_stalls_no_connection() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["pipelined.py"])?;
    machine.exec_ok(&format!("{PYTHON} /tmp/pipelined.py {}", seed()?))?;
    assert_quiet(&machine)
}

#[test]
fn large_file_waits_for_send_buffer_space_and_arrives_complete() -> Result {
    let machine = serving()?;
    machine.exec_ok(
        "mkdir /tmp/site && head -c 60000000 /dev/urandom > /tmp/site/large && \
         echo root /tmp/site > /dev/khttpd",
    )?;
    // At full speed, at a limited rate, and with a window of a few KiB.
    for client in [
        "curl --silent http://127.0.0.1:8080/large",
        "curl --silent --limit-rate 40M http://127.0.0.1:8080/large",
        "python3 -c 'import socket, sys\n\
         s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)\n\
         s.connect((\"127.0.0.1\", 8080))\n\
         s.sendall(b\"GET /large HTTP/1.0\\r\\nHost: a\\r\\nRange: bytes=1000-3000999\\r\\n\\r\\n\")\n\
         f = s.makefile(\"rb\")\n\
         while f.readline() != b\"\\r\\n\": pass\n\
         sys.stdout.buffer.write(f.read())'",
    ] {
        let expected = match client.contains("Range") {
            true => "tail -c +1001 /tmp/site/large | head -c 3000000",
            false => "cat /tmp/site/large",
        };
        machine.exec_ok(&format!(
            "test \"$({client} | md5sum)\" = \"$({expected} | md5sum)\""
        ))?;
    }
    assert!(count(&machine, "blocked")? > 0);
    assert_quiet(&machine)
}

#[test]
fn bursts_arrive_in_order_when_the_send_buffer_takes_them_in_parts() -> Result {
    let machine = machine()?.boot()?;
    // A burst does not fit into such a send buffer.
    machine.exec_ok("echo 4096 8192 16384 > /proc/sys/net/ipv4/tcp_wmem && insmod khttpd.ko")?;
    put_guest(&machine, &["status.py", "workload.py", "burst.py"])?;
    machine.exec_ok(&format!("{PYTHON} /tmp/burst.py {}", seed()?))?;
    assert_eq!(count(&machine, "short-of-memory")?, 0);
    assert_quiet(&machine)
}

#[test]
fn silent_client_is_accepted_after_defer_timeout() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["status.py", "silent.py"])?;
    machine.exec_ok("python3 /tmp/silent.py")?;
    assert_quiet(&machine)
}
