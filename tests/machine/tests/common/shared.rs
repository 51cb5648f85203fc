// SPDX-License-Identifier: GPL-2.0-only

//! Machines that tests use one after another, because a boot takes a CPU several seconds.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::thread;

use machine::Machine;

use super::{first_noise, machine, wait_until, Result};

/// Machines that wait for the next test, with their state after the boot. They end with the
/// process.
static IDLE: Mutex<Vec<(Machine, String)>> = Mutex::new(Vec::new());

/// The interpreter for [`PYTHON`](super::PYTHON).
const WARM_PYTHON: &[u8] = include_bytes!("../../guest/warm-python");

/// Where it is in the guest.
const WARM: &str = "/usr/lib/khttpd/warm-python";

/// Ends what a test has left behind: the module, processes but agent and interpreter, files,
/// namespaces, what TCP has learnt, messages. Emulated CPUs need a tenth of a second to start a
/// program, so that it starts few.
const TIDY: &str = "cd /
     kill -9 $(ps -e -o pid=,ppid=,comm= | awk -v self=$$ \
         '$1 > 2 && $2 != 2 && $1 != self && $3 !~ /^(agent|exe|warm-python)$/ { print $1 }') 2> /dev/null
     ip -o link show type veth | while IFS=' :@' read -r _ name _; do ip link delete $name; done
     for name in /run/netns/*; do [ ! -e $name ] || ip netns delete ${name##*/}; done
     ! grep -qE ' /(tmp/|run/netns)' /proc/mounts || awk '$2 ~ \"^/(tmp/|run/netns)\" { print $2 }' \
         /proc/mounts | tac | xargs umount -l
     [ ! -e /run/netns ] || rmdir /run/netns
     tries=0
     while [ -e /sys/module/khttpd ] && [ $((tries += 1)) -lt 300 ]; do
         rmmod khttpd 2> /dev/null || sleep 0.1
     done
     find /tmp -mindepth 1 -xdev -delete; ip tcp_metrics flush all > /dev/null; dmesg --clear";

/// Prints what a test may have changed besides, without the settings of each interface. QEMU's router
/// advertises addresses at any time.
const STATE: &str = "cat /proc/modules /proc/mounts /sys/kernel/rcu_*
     ! grep -q @warm-python /proc/net/unix || echo warm
     ls -A / /etc /root /run /srv /tmp /dev/shm
     ps -e -o ppid=,comm= --sort=comm | awk '$1 != 2 && $2 != \"warm-python\" { print $2 }'
     { printf '%s\\n' link rule route address | ip -force -o -batch - 2> /dev/null
     ip -6 route; } | sed -e '/dynamic/d' -e '/expires/d' -e '/proto ra/d' -e 's/valid_lft.*//' \
         -e 's/state.*//'
     cd /proc/sys; grep -s . fs/* net/core/* net/ipv4/* net/ipv6/* net/mptcp/* vm/* | grep -vE \
         '^(fs/(file-nr|inode-|dentry-)|vm/(stat_|drop_caches))'";

/// A machine that has not loaded the module. After a test it goes to the next one, if its state is
/// that after the boot.
pub(crate) struct Shared(Option<(Machine, String)>);

impl Shared {
    /// Takes the machine of a test that has ended, or boots one.
    pub(crate) fn take() -> Result<Self> {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if idle.is_some() {
            return Ok(Self(idle));
        }
        let machine = machine()?.file(WARM, 0o755, WARM_PYTHON).boot()?;
        machine.exec_ok(&format!("setsid {WARM} < /dev/null > /dev/null 2>&1 &"))?;
        wait_until(&machine, "grep -q @warm-python /proc/net/unix")?;
        let state = tidy(&machine)?;
        Ok(Self(Some((machine, state))))
    }
}

impl Deref for Shared {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        let (machine, _) = self.0.as_ref().expect("a machine, which only `drop` takes");
        machine
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some((machine, state)) = self.0.take() else {
            return;
        };
        if thread::panicking() {
            return;
        }
        match left_behind(&machine, &state) {
            Ok(None) => IDLE
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((machine, state)),
            Ok(Some(what)) => println!("no other test gets this machine: {what}"),
            Err(error) => println!("no other test gets this machine: {error}"),
        }
    }
}

/// Ends what a test has left behind; returns the state.
fn tidy(machine: &Machine) -> Result<String> {
    machine.exec(TIDY)?;
    Ok(machine.exec_ok(STATE)?)
}

/// Returns what differs from the state after the boot.
fn left_behind(machine: &Machine, before: &str) -> Result<Option<String>> {
    let after = tidy(machine)?;
    if let Some(line) = first_noise(&machine.log()?) {
        return Ok(Some(line));
    }
    let only = |one: &str, other: &str| {
        let line = one
            .lines()
            .find(|line| other.lines().all(|known| known != *line));
        line.map(str::to_owned)
    };
    Ok(only(&after, before).or_else(|| only(before, &after)))
}
