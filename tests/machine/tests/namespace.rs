// SPDX-License-Identifier: GPL-2.0-only

//! Each network namespace has a server of its own, which goes when the namespace does.

mod common;

use std::thread;
use std::time::Duration;

use common::{assert_quiet, machine, wait_until, Result, HANG};
use machine::Machine;

/// The module, and namespaces `a` and `b`, each with a cable to the initial one, its other end being 10.N.0.1, and a
/// site of its own at port 80.
fn two_sites() -> Result<Machine> {
    let machine = machine()?.boot()?;
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

/// The namespace is gone when the device is that it had.
fn wait_for_end(machine: &Machine, name: &str) -> Result {
    wait_until(machine, &format!("! ip link show v{name} > /dev/null 2>&1"))
}

fn fetch(machine: &Machine, number: u8) -> Result<String> {
    Ok(machine.exec_ok(&format!(
        "curl -s --fail http://10.{number}.0.2/"
    ))?)
}

#[test]
fn namespaces_serve_two_sites_at_one_port() -> Result {
    let machine = two_sites()?;
    assert_eq!(fetch(&machine, 1)?, "a\n");
    assert_eq!(fetch(&machine, 2)?, "b\n");
    // What is set in one is not seen in the other, nor in the initial one.
    machine.exec_ok("ip netns exec a sh -c 'echo timeout idle 7 > /dev/khttpd'")?;
    machine.exec_ok("ip netns exec a grep -qx 'timeout idle 7' /dev/khttpd")?;
    machine.exec_ok("! ip netns exec b grep -qx 'timeout idle 7' /dev/khttpd")?;
    machine.exec_ok(
        "! grep -qx 'timeout idle 7' /dev/khttpd && ! grep -q 'listen.*:80$' /dev/khttpd",
    )?;
    machine.exec_ok("ip netns exec a sh -c 'echo stop > /dev/khttpd'")?;
    assert_eq!(fetch(&machine, 2)?, "b\n");
    machine.exec_ok("! curl -s http://10.1.0.2/ && curl -s --fail -o /dev/null http://127.0.0.1:8080/")?;
    // The relay is the opener's, too.
    let peer = machine.spawn("exec ip netns exec a nc -l 127.0.0.1 2001")?;
    wait_until(&machine, "ip netns exec a ss -ltn | grep -q :2001")?;
    machine.exec_ok("! sh -c 'echo x > /dev/khttpd-relay' 2> /dev/null && ip netns exec a sh -c 'echo y > /dev/khttpd-relay'")?;
    assert_eq!(peer.wait(HANG)?.stdout_text(), "y\n");
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn namespace_that_is_deleted_under_load_takes_its_server_along() -> Result {
    let machine = two_sites()?;
    for turn in 0..5 {
        // One with connections that stay, one with such as close, one that never ends its request.
        machine
            .exec_ok("ip netns exec a sh -c 'echo timeout head 86400 > /dev/khttpd'")?;
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
    // Without a trace: the kernel itself keeps the last one until another ends.
    machine.exec_ok("ip netns del a; ip netns del b")?;
    wait_for_end(&machine, "a")?;
    wait_for_end(&machine, "b")?;
    machine.exec_ok("for i in $(seq 6000); do echo 1 > /sys/kernel/slab/net_namespace/shrink; awk '/^net_namespace /{exit $2 > 1}' /proc/slabinfo && exit 0; sleep 0.1; done; cat /proc/net/sockstat; grep net_namespace /proc/slabinfo; exit 1")?;
    machine.exec_ok("curl -s --fail -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn module_is_unloaded_with_namespaces_under_load() -> Result {
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
    // One namespace ends at the same time.
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
