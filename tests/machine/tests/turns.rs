// SPDX-License-Identifier: GPL-2.0-only

//! What is done in the socket's callback, and what is left to a worker or until there is space.

mod common;

use common::{assert_quiet, get, machine, number as count, serving, wait_for, Client, Result};

#[test]
fn requests_beyond_a_turn_are_answered_in_order_and_an_idle_connection_takes_no_turn() -> Result {
    let machine = serving()?;
    let mut client = Client::connect(machine.http_address()?)?;
    // So short that a segment holds more of them than a turn answers, with replies so short that the send buffer takes them.
    let paths = ["/robots.txt", "/nowhere", "/robots.txt?"];
    let request = |path: &&str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let requests: String = paths.iter().cycle().take(600).map(request).collect();
    client.send(requests)?;
    let mut bodies = vec![Vec::new(); paths.len()];
    for number in 0..600 {
        let reply = client.reply(false)?;
        let place = number % paths.len();
        assert_eq!(reply.status, if place == 1 { 404 } else { 200 }, "{number}");
        if number < paths.len() {
            bodies[place] = reply.body;
        } else {
            assert!(reply.body == bodies[place], "reply {number} is another's");
        }
    }
    assert!(count(&machine, "deferred-budget")? > 0);
    wait_for(&machine, "responses-2xx", 400)?;
    wait_for(&machine, "responses-4xx", 200)?;
    assert_eq!(count(&machine, "short-of-memory")?, 0);

    // One request at a time needs no worker. One or two may meet a worker that the host has kept from ending its own turn.
    let turns = || -> Result<u64> {
        Ok(count(&machine, "deferred-budget")? + count(&machine, "deferred-owned")?)
    };
    let before = turns()?;
    for _ in 0..50 {
        client.send(get("/"))?;
        assert_eq!(client.reply(false)?.status, 200);
    }
    let taken = turns()? - before;
    assert!(taken < 10, "{taken} of 50 requests were left to a worker");
    assert_quiet(&machine)
}

#[test]
fn while_a_crowd_has_waited_to_be_accepted_requests_take_turns_with_the_acceptor() -> Result {
    let machine = machine()?.cpus(1).boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    machine.put_file("/tmp/crowd.py", 0o600, include_bytes!("guest/crowd.py"))?;
    machine.exec_ok("python3 /tmp/crowd.py")?;
    assert!(count(&machine, "deferred-crowded")? > 0);

    // The crowd has gone when somebody else has been accepted: requests are answered at once again.
    let mut client = Client::connect(machine.http_address()?)?;
    client.send(get("/"))?;
    assert_eq!(client.reply(false)?.status, 200);
    let crowded = count(&machine, "deferred-crowded")?;
    for _ in 0..50 {
        client.send(get("/"))?;
        assert_eq!(client.reply(false)?.status, 200);
    }
    assert_eq!(count(&machine, "deferred-crowded")?, crowded);
    assert_quiet(&machine)
}

#[test]
fn a_file_larger_than_any_buffer_waits_for_space_and_arrives_whole() -> Result {
    let machine = serving()?;
    machine.exec_ok(
        "mkdir /tmp/site && head -c 60000000 /dev/urandom > /tmp/site/large && \
         echo root /tmp/site > /dev/khttpd",
    )?;
    // As fast as it goes, a piece at a time, and with a window of a few KiB.
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
fn who_says_nothing_is_accepted_after_a_second_and_served_when_it_speaks() -> Result {
    let machine = serving()?;
    machine.put_file("/tmp/status.py", 0o600, include_bytes!("guest/status.py"))?;
    machine.put_file("/tmp/silent.py", 0o600, include_bytes!("guest/silent.py"))?;
    machine.exec_ok("python3 /tmp/silent.py")?;
    assert_quiet(&machine)
}
