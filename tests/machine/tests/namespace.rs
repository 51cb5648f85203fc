// SPDX-License-Identifier: GPL-2.0-only

//! Each network namespace has a server of its own, which ends with the namespace.

mod common;

use std::thread;
use std::time::Duration;

use common::{
    assert_quiet, check_charged, flavour, machine, put_guest, rounds, wait_until, Result, Shared,
    HANG,
};
use machine::{Accelerator, Machine};

/// Boots a machine with the module and the namespaces `a` and `b`. Each has a veth link to the
/// initial namespace, whose address there is 10.N.0.1, and a site of its own at port 80.
fn two_sites() -> Result<Shared> {
    let machine = Shared::take()?;
    machine.exec_ok("insmod khttpd.ko")?;
    for (name, number) in [("a", 1), ("b", 2)] {
        add(&machine, name, number)?;
    }
    Ok(machine)
}

fn add(machine: &Machine, name: &str, number: u8) -> Result {
    machine.exec_ok(&format!(
        "mkdir -p /tmp/{name} && echo {name} > /tmp/{name}/index.html \
         && ip netns add {name} && ip link add v{name} type veth peer name eth0 netns {name} \
         && ip address add 10.{number}.0.1/24 dev v{name} && ip link set v{name} up \
         && ip -n {name} address add 10.{number}.0.2/24 dev eth0 && ip -n {name} link set eth0 up && ip -n {name} link set lo up \
         && ip netns exec {name} sh -c \"printf 'clear\\nroot /tmp/{name}\\nlisten 80\\n' > /dev/khttpd\""
    ))?;
    Ok(())
}

/// Waits for the end of a namespace, which is seen by the end of its device.
fn wait_for_end(machine: &Machine, name: &str) -> Result {
    wait_until(machine, &format!("! ip link show v{name} > /dev/null 2>&1"))
}

fn fetch(machine: &Machine, number: u8) -> Result<String> {
    Ok(machine.exec_ok(&format!("curl -s --fail http://10.{number}.0.2/"))?)
}

#[test]
fn namespaces_serve_their_own_sites_on_the_same_port() -> Result {
    let machine = two_sites()?;
    assert_eq!(fetch(&machine, 1)?, "a\n");
    assert_eq!(fetch(&machine, 2)?, "b\n");
    // A setting of one namespace is seen neither in the other nor in the initial one.
    machine.exec_ok("ip netns exec a sh -c 'echo timeout idle 7 > /dev/khttpd'")?;
    machine.exec_ok("ip netns exec a grep -qx 'timeout idle 7' /dev/khttpd")?;
    machine.exec_ok("! ip netns exec b grep -qx 'timeout idle 7' /dev/khttpd")?;
    machine.exec_ok(
        "! grep -qx 'timeout idle 7' /dev/khttpd && ! grep -q 'listen.*:80$' /dev/khttpd",
    )?;
    machine.exec_ok("ip netns exec a sh -c 'echo stop > /dev/khttpd'")?;
    assert_eq!(fetch(&machine, 2)?, "b\n");
    machine.exec_ok(
        "! curl -s http://10.1.0.2/ && curl -s --fail -o /dev/null http://127.0.0.1:8080/",
    )?;
    // The relay connects in the namespace of its opener, too.
    let peer = machine.spawn("exec ip netns exec a nc -l 127.0.0.1 2001")?;
    wait_until(&machine, "ip netns exec a ss -ltn | grep -q :2001")?;
    machine.exec_ok("! sh -c 'echo x > /dev/khttpd-relay' 2> /dev/null && ip netns exec a sh -c 'echo y > /dev/khttpd-relay'")?;
    assert_eq!(peer.wait(HANG)?.stdout_text(), "y\n");
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn namespace_has_no_server_before_a_transaction_with_rights() -> Result {
    let machine = Shared::take()?;
    machine.exec_ok("insmod khttpd.ko && ip netns add a && ip -n a link set lo up")?;
    let inside = |command: &str| machine.exec_ok(&format!("ip netns exec a {command}"));
    let assert_none = || inside("grep -qx '# no server in this network namespace yet' /dev/khttpd");
    assert_none()?;
    // Neither has a reader made one, nor does a writer without rights, nor the relay.
    assert_none()?;
    let unprivileged = "setpriv --bounding-set -net_admin --inh-caps -net_admin";
    for text in ["stop", "foo", "stop\\nsto"] {
        inside(&format!(
            "{unprivileged} sh -c '! printf \"{text}\\n\" 2> /dev/null > /dev/khttpd'"
        ))?;
        assert_none()?;
    }
    inside("sh -c '! echo x 2> /dev/null > /dev/khttpd-relay'")?;
    let peer = machine.spawn("exec ip netns exec a nc -l 127.0.0.1 2001")?;
    wait_until(&machine, "ip netns exec a ss -ltn | grep -q :2001")?;
    inside("sh -c 'echo y > /dev/khttpd-relay'")?;
    assert_eq!(peer.wait(HANG)?.stdout_text(), "y\n");
    assert_none()?;
    // What was read can be written back, and makes one that shows the same.
    let commands = || inside("grep -v '^#' /dev/khttpd");
    let before = commands()?;
    inside("sh -c 'cat /dev/khttpd > /tmp/saved && cat /tmp/saved > /dev/khttpd'")?;
    inside("sh -c '! grep \"no server\" /dev/khttpd'")?;
    assert_eq!(commands()?, before);
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn server_memory_is_charged_to_the_cgroup_of_its_first_writer() -> Result {
    check_charged(
        "for i in $(seq 100); do ip netns add n$i; done",
        "servers 100",
    )
}

#[test]
fn connections_are_charged_to_the_cgroup_that_has_started_their_listener() -> Result {
    check_charged("", "connections 500")
}

#[test]
fn max_connections_is_bounded_in_other_user_namespaces() -> Result {
    let machine = Shared::take()?;
    machine.exec_ok("insmod khttpd.ko max_connections_user_ns=500 && ip netns add a")?;
    // What a container reads can be written back.
    machine.exec_ok(
        "unshare -Urn sh -c 'grep -qx \"max-connections 500\" /dev/khttpd && cat /dev/khttpd > /tmp/saved && cat /tmp/saved > /dev/khttpd && echo max-connections 1 > /dev/khttpd && echo max-connections 500 > /dev/khttpd'",
    )?;
    let said = machine.exec_ok(
        "unshare -Urn sh -c 'exec 3<> /dev/khttpd; ! echo max-connections 501 2> /dev/null >&3 && cat <&3'",
    )?;
    assert_eq!(
        said,
        "line 1: \"max-connections 501\": the maximum of a container is 500; the host sets it by the module parameter max_connections_user_ns\n"
    );
    // The host's own network namespaces are not bounded.
    for namespace in ["", "ip netns exec a "] {
        machine.exec_ok(&format!(
            "{namespace}grep -qx 'max-connections 65536' /dev/khttpd && {namespace}sh -c 'echo max-connections 1048576 > /dev/khttpd'"
        ))?;
    }
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn namespaces_that_end_together_close_their_connections() -> Result {
    let machine = two_sites()?;
    // Each has a server that listens and a connection with half a request.
    machine.exec_ok(
        "for i in $(seq 40); do ip netns add n$i && ip -n n$i link set lo up; done
         for i in $(seq 40); do ip netns exec n$i sh -c 'echo timeout head 86400 > /dev/khttpd; echo listen 80 > /dev/khttpd'; done",
    )?;
    for namespace in ["a", "b"] {
        machine.exec_ok(&format!(
            "ip netns exec {namespace} sh -c 'echo timeout head 86400 > /dev/khttpd'"
        ))?;
    }
    let stuck: Vec<_> = (1..=2)
        .map(|number| {
            machine.spawn(&format!(
                "exec sh -c '(printf \"GET / HTTP/1.1\\r\\n\"; sleep 3600) | nc 10.{number}.0.2 80'"
            ))
        })
        .collect::<std::result::Result<_, _>>()?;
    for namespace in ["a", "b"] {
        wait_until(
            &machine,
            &format!("ip netns exec {namespace} grep -qx '# connections-reading 1' /dev/khttpd"),
        )?;
    }
    machine.exec_ok("for name in a b $(seq -f n%g 40); do ip netns del $name; done")?;
    // Meanwhile others get servers, and use them.
    machine.exec_ok(
        "for i in $(seq 10); do ip netns add m$i && ip netns exec m$i sh -c 'echo listen 80 > /dev/khttpd && grep -qx \"# listeners 1\" /dev/khttpd' || exit 1; done",
    )?;
    wait_for_end(&machine, "a")?;
    wait_for_end(&machine, "b")?;
    for program in stuck {
        program.signal(9)?;
        let _ = program.wait(HANG)?;
    }
    machine.exec_ok("curl -s --fail -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn deleting_a_namespace_under_load_stops_its_server() -> Result {
    let machine = two_sites()?;
    for turn in 0..rounds(5).max(2) {
        // Persistent connections, connections that close, and a request that never ends.
        machine.exec_ok("ip netns exec a sh -c 'echo timeout head 86400 > /dev/khttpd'")?;
        let load = machine.spawn("exec wrk -t1 -c32 -d1h http://10.1.0.2/")?;
        let closing =
            machine.spawn("exec wrk -t1 -c8 -d1h -H 'Connection: close' http://10.1.0.2/")?;
        let stuck = machine
            .spawn("exec sh -c '(printf \"GET / HTTP/1.1\\r\\n\"; sleep 3600) | nc 10.1.0.2 80'")?;
        let other = machine.spawn("exec wrk -t1 -c8 -d1h http://10.2.0.2/")?;
        thread::sleep(Duration::from_millis(1500));
        for (namespace, condition) in [
            ("a", "connections-reading [1-9]"),
            ("a", "requests ...."),
            ("b", "requests ..."),
        ] {
            wait_until(
                &machine,
                &format!("ip netns exec {namespace} grep -q '^# {condition}' /dev/khttpd"),
            )?;
        }
        machine.exec_ok("ip netns del a")?;
        wait_for_end(&machine, "a")?;
        assert_eq!(fetch(&machine, 2)?, "b\n", "{turn}");
        for program in [load, closing, stuck, other] {
            program.signal(9)?;
            let _ = program.wait(HANG)?;
        }
        add(&machine, "a", 1)?;
        assert_eq!(fetch(&machine, 1)?, "a\n", "{turn}");
    }
    // The kernel itself keeps the namespace that ended last until another one ends.
    machine.exec_ok("ip netns del a; ip netns del b")?;
    wait_for_end(&machine, "a")?;
    wait_for_end(&machine, "b")?;
    machine.exec_ok("for i in $(seq 6000); do echo 1 > /sys/kernel/slab/net_namespace/shrink; awk '/^net_namespace /{exit $2 > 1}' /proc/slabinfo && exit 0; sleep 0.1; done; cat /proc/net/sockstat; grep net_namespace /proc/slabinfo; exit 1")?;
    machine.exec_ok("curl -s --fail -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn module_unloads_with_namespaces_under_load() -> Result {
    let machine = two_sites()?;
    let loads = [
        machine.spawn("exec wrk -t1 -c32 -d1h http://10.1.0.2/")?,
        machine.spawn("exec wrk -t1 -c32 -d1h http://10.2.0.2/")?,
    ];
    thread::sleep(Duration::from_secs(1));
    for namespace in ["a", "b"] {
        wait_until(
            &machine,
            &format!("ip netns exec {namespace} grep -q '^# requests ...' /dev/khttpd"),
        )?;
    }
    // A namespace ends at the same time.
    machine.exec_ok("ip netns del a; rmmod khttpd")?;
    for load in loads {
        load.signal(9)?;
        let _ = load.wait(HANG)?;
    }
    wait_for_end(&machine, "a")?;
    machine.exec_ok("ip netns del b")?;
    wait_for_end(&machine, "b")?;
    machine.exec_ok(
        "insmod khttpd.ko && curl -s --fail -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd",
    )?;
    assert_quiet(&machine)
}

/// The machine's clock counts instructions, so that a busy host does not change measured times. Two
/// CPUs, because one has no grace periods to wait for.
#[test]
fn namespaces_end_in_at_most_twice_the_time_without_servers() -> Result {
    if flavour().is_some_and(|name| name != "plain") {
        println!("not measured: the checks of this kernel take most of the time");
        return Ok(());
    }
    let machine = machine()?
        .cpus(2)
        .accelerator(Accelerator::Counting)
        .boot()?;
    if machine.exec_ok("uname -r")?.starts_with("7.2.") {
        println!("not measured: Linux 7.2 frees what poll waits for after a grace period each");
        return Ok(());
    }
    machine.exec_ok("insmod khttpd.ko port=0")?;
    put_guest(&machine, &["batch.py"])?;
    println!("{}", machine.exec_ok("python3 /tmp/batch.py 40")?);
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
