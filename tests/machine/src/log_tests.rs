// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the kernel log's parser, with output of real kernels.

use super::*;

fn kinds(raw: &str) -> Vec<Kind> {
    let raw: Vec<_> = raw
        .lines()
        .map(|line| format!("<4>[   10.500000] {line}\r"))
        .collect();
    let raw = raw.join("\n");
    KernelLog::parse(&raw)
        .trouble()
        .iter()
        .map(|trouble| trouble.kind)
        .collect()
}

#[test]
fn line_is_parsed_into_level_time_and_text() {
    let line = Line::parse("<6>[   12.003456] khttpd: listening on [::]:8080");
    assert_eq!(line.level, Some(6));
    assert_eq!(line.time, Some(Duration::from_micros(12_003_456)));
    assert_eq!(line.text, "khttpd: listening on [::]:8080");
    assert_eq!(
        line.to_string(),
        "[   12.003456] khttpd: listening on [::]:8080"
    );
}

#[test]
fn facility_and_caller_are_removed() {
    let line = Line::parse("<30>[    1.000001][    T1] systemd: hello");
    assert_eq!(
        (line.level, line.text.as_str()),
        (Some(6), "systemd: hello")
    );
    let line = Line::parse("<4>[    1.000001] [drm] is no caller");
    assert_eq!(line.text, "[drm] is no caller");
}

#[test]
fn output_from_outside_the_kernel_has_no_level() {
    for raw in [
        "",
        "SeaBIOS (version 1.16)",
        "<6>no time",
        "<x>[ 1.0] no level",
    ] {
        let line = Line::parse(raw);
        assert_eq!((line.level, line.text.as_str()), (None, raw));
    }
    assert!(KernelLog::parse("WARNING: said by a program\n")
        .trouble()
        .is_empty());
}

#[test]
fn ordinary_log_has_no_reports() {
    let raw = "Linux version 7.3.4\n\
        Command line: console=ttyS0 panic=-1\n\
        rcu: Hierarchical RCU implementation.\n\
        NMI watchdog: Enabled.\n\
        khttpd: loading out-of-tree module taints kernel.\n\
        khttpd: no bug, no warning, listening\n\
        # Totals: pass:3 fail:0 skip:0 total:3\n\
        ok 1 khttpd_site\n\
        TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:8080. Sending cookies.\n\
        Debug: lockdep enabled";
    assert_eq!(kinds(raw), []);
}

#[test]
fn each_kind_of_report_is_recognized() {
    for (raw, kind) in [
        (
            "WARNING: CPU: 0 PID: 71 at net/core/sock.c:1 sk_free+0x1/0x2",
            Kind::Warning,
        ),
        (
            "WARNING: net/core/sock.c:1 at sk_free+0x1/0x2, CPU#0: insmod/71",
            Kind::Warning,
        ),
        ("BUG: Bad page state in process rmmod  pfn:0abcd", Kind::Bug),
        (
            "BUG kmalloc-64 (Tainted: G): Redzone overwritten",
            Kind::Bug,
        ),
        ("refcount_t: underflow; use-after-free.", Kind::Bug),
        (
            "IPv4: Attempt to release TCP socket in state 8 00000000a1b2c3d4",
            Kind::Bug,
        ),
        (
            "huh, entered softirq 3 NET_RX 00000000a1b2c3d4 with preempt_count 00000100, exited with 00000101?",
            Kind::Bug,
        ),
        ("pagealloc: memory corruption", Kind::Bug),
        (
            "BUG: kernel NULL pointer dereference, address: 0000000000000008",
            Kind::Oops,
        ),
        (
            "Oops: general protection fault, probably for non-canonical address",
            Kind::Oops,
        ),
        ("rust_kernel: panicked at src/khttpd.rs:7:9:", Kind::Oops),
        (
            "Kernel panic - not syncing: Attempted to kill init!",
            Kind::Oops,
        ),
        (
            "BUG: KASAN: slab-use-after-free in advance+0x1/0x2",
            Kind::Sanitizer,
        ),
        ("BUG: KCSAN: data-race in a / b [khttpd]", Kind::Race),
        (
            "UBSAN: array-index-out-of-bounds in src/sys/tcp/receive.c:3:4",
            Kind::Sanitizer,
        ),
        (
            "WARNING: possible circular locking dependency detected",
            Kind::Lock,
        ),
        ("WARNING: possible recursive locking detected", Kind::Lock),
        ("WARNING: inconsistent lock state", Kind::Lock),
        ("[ BUG: Invalid wait context ]", Kind::Lock),
        ("WARNING: suspicious RCU usage", Kind::Lock),
        (
            "BUG: sleeping function called from invalid context at mm/slab.h:1",
            Kind::Sleep,
        ),
        (
            "BUG: scheduling while atomic: kworker/0:1/12/0x00000101",
            Kind::Sleep,
        ),
        (
            "rcu: INFO: rcu_preempt self-detected stall on CPU",
            Kind::Stall,
        ),
        (
            "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [rmmod:99]",
            Kind::Stall,
        ),
        (
            "INFO: task rmmod:99 blocked for more than 122 seconds.",
            Kind::Stall,
        ),
        (
            "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
            Kind::Leak,
        ),
        (
            "unreferenced object 0xffff888004d0a000 (size 64):",
            Kind::Leak,
        ),
        (
            "unregister_netdevice: waiting for lo to become free. Usage count = 2",
            Kind::Leak,
        ),
        (
            "insmod: page allocation failure: order:4, mode:0xcc0(GFP_KERNEL)",
            Kind::Memory,
        ),
        ("Out of memory: Killed process 77 (wrk)", Kind::Memory),
        ("    not ok 2 khttpd_site.looks_up", Kind::Test),
    ] {
        assert_eq!(kinds(raw), [kind], "{raw}");
    }
}

#[test]
fn report_counts_once_and_includes_following_lines() {
    let raw = "<4>[    1.000000] ------------[ cut here ]------------\n\
        <4>[    1.000001] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n\
        <4>[    1.000002] Call Trace:\n\
        <4>[    1.000003] WARNING: the same report goes on\n\
        <4>[    1.000004] ---[ end trace 0 ]---\n";
    let found = KernelLog::parse(raw).trouble();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].lines.len(), 4);
    assert!(found[0].to_string().contains("Call Trace"));
}

#[test]
fn reports_before_the_first_process_are_ignored() {
    let early = "WARNING: early\nRun /init as init process\n";
    assert_eq!(kinds(early), []);
    assert_eq!(kinds(&format!("{early}BUG: late")), [Kind::Bug]);
}

/// Returns a KCSAN report with two stacks, innermost function first.
fn race(first: &[&str], second: &[&str]) -> Vec<String> {
    let ruler = "=".repeat(66);
    let stack = |functions: &[&str]| -> Vec<String> {
        let frame = |function: &&str| format!(" {function}");
        functions.iter().map(frame).collect()
    };
    let mut text = vec![
        ruler.clone(),
        format!("BUG: KCSAN: data-race in {} / {}", first[0], second[0]),
        String::new(),
        "write to 0xffff888004d0a2b0 of 8 bytes by interrupt on cpu 1:".into(),
    ];
    text.extend(stack(first));
    text.extend([
        String::new(),
        "read to 0xffff888004d0a2b0 of 8 bytes by task 99 on cpu 0:".into(),
    ]);
    text.extend(stack(second));
    text.extend([
        String::new(),
        "value changed: 0x0000000000000000 -> 0x0000000000000001".into(),
        String::new(),
        "Reported by Kernel Concurrency Sanitizer on:".into(),
        "CPU: 0 UID: 0 PID: 99 Comm: kworker/0:2 Tainted: G           O        7.3.4 #1 PREEMPT ".into(),
        "Tainted: [O]=OOT_MODULE".into(),
        "Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.3-debian-1.16.3-2 04/01/2014".into(),
        ruler,
    ]);
    text
}

fn log_of(texts: &[String]) -> KernelLog {
    let raw = texts
        .iter()
        .map(|text| format!("<3>[   10.500000] {text}\r\n"));
    KernelLog::parse(&raw.collect::<String>())
}

const KERNELS: [&str; 30] = ["tcp_data_ready+0x1/0x2"; 30];

const KHTTPDS: [&str; 3] = [
    "sock_def_readable+0x1/0x2",
    "khttpd_sk_try_lock+0x1/0x2 [khttpd]",
    "process_one_work+0x1/0x2",
];

#[test]
fn data_races_outside_khttpd_are_removed() {
    let mut texts = vec!["before".into()];
    texts.extend(race(&KERNELS, &KERNELS));
    texts.extend(race(&KERNELS[..1], &KERNELS[..1]));
    texts.push("after".into());
    let left = log_of(&texts).without_races_of_others();
    let left: Vec<_> = left.lines().iter().map(|line| &line.text).collect();
    assert_eq!(left, ["before", "after"]);

    // An incomplete report ends with the log.
    texts.truncate(30);
    let left = log_of(&texts).without_races_of_others();
    assert_eq!(left.lines().len(), 1);
}

#[test]
fn each_data_race_in_khttpd_is_reported_completely() {
    for (first, second) in [(&KERNELS[..], &KHTTPDS[..]), (&KHTTPDS, &KERNELS)] {
        let mut texts = race(&KHTTPDS, &KHTTPDS);
        texts.extend(race(&KERNELS[..1], &KERNELS[..1]));
        texts.extend(race(first, second));
        let found = log_of(&texts).without_races_of_others().trouble();
        let kinds: Vec<_> = found.iter().map(|trouble| trouble.kind).collect();
        assert_eq!(kinds, [Kind::Race; 2]);
        assert_eq!(found[1].lines.len(), race(first, second).len() - 2);
    }
}

#[test]
fn report_inside_a_removed_data_race_is_kept() {
    let mut texts = race(&KERNELS, &KERNELS);
    texts.insert(20, "WARNING: net/core/sock.c:1 at sk_free+0x1/0x2".into());
    let found = log_of(&texts).without_races_of_others().trouble();
    assert_eq!((found.len(), found[0].kind), (1, Kind::Warning));
}

#[test]
fn each_failed_kunit_test_is_reported() {
    assert_eq!(
        kinds("    not ok 1 a\n    not ok 2 b\nnot ok 1 suite"),
        [Kind::Test; 3]
    );
}

#[test]
fn failed_kunit_test_is_reported_with_its_diagnostics() {
    let raw = "KTAP version 1\n\
        1..1\n\
        \x20   KTAP version 1\n\
        \x20   # Subtest: khttpd_hash\n\
        \x20   1..2\n\
        \x20   ok 1 key_is_random\n\
        \x20   # names_differ: ASSERTION FAILED at src/sys/hash.rs:7\n\
        \x20   Expected a != b to be true, but is false\n\
        \x20   not ok 2 names_differ\n\
        # khttpd_hash: pass:1 fail:1 skip:0 total:2\n\
        not ok 1 khttpd_hash\n";
    let raw: Vec<_> = raw.lines().map(str::to_owned).collect();
    let found = log_of(&raw).trouble();
    let texts = |report: &Trouble| -> Vec<String> {
        let lines = report.lines.iter();
        lines.map(|line| line.text.trim().to_owned()).collect()
    };
    assert_eq!(
        texts(&found[0]),
        [
            "# names_differ: ASSERTION FAILED at src/sys/hash.rs:7",
            "Expected a != b to be true, but is false",
            "not ok 2 names_differ",
        ]
    );
    assert_eq!(
        texts(&found[1]).last().map(String::as_str),
        Some("not ok 1 khttpd_hash")
    );
}

#[test]
fn since_returns_lines_after_the_mark() {
    let before = KernelLog::parse("<6>[ 1.000000] a\n<6>[ 2.000000] b\n");
    let after = KernelLog::parse("<6>[ 1.000000] a\n<6>[ 2.000000] b\n<6>[ 3.000000] c\n");
    let new = after.since(before.mark());
    assert_eq!(new.lines().len(), 1);
    assert_eq!(new.containing("c").count(), 1);
}
