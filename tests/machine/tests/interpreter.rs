// SPDX-License-Identifier: GPL-2.0-only

//! The command [`PYTHON`]: failures of the tests' Python programs are seen, and none outlives its
//! command.

mod common;

use common::{wait_until, Result, Shared, PYTHON};
use machine::Status;

#[test]
fn status_and_output_of_a_child_of_the_interpreter_are_those_of_the_program() -> Result {
    let machine = Shared::take()?;
    machine.put_file(
        "/tmp/status.py",
        0o600,
        b"import os, sys\n\
          print(open(f'/proc/{os.getppid()}/comm').read().strip(), sys.argv[1:], input())\n\
          sys.exit(7)\n",
    )?;
    let output = machine.exec(&format!("echo typed | {PYTHON} /tmp/status.py a 'b c'"))?;
    assert_eq!(output.stdout_text(), "warm-python ['a', 'b c'] typed\n");
    assert_eq!(output.status, Status::Exited(7));

    machine.put_file("/tmp/raises.py", 0o600, b"assert 1 == 2, 'untrue'\n")?;
    let output = machine.exec(&format!("exec {PYTHON} /tmp/raises.py"))?;
    assert_eq!(output.status, Status::Exited(1));
    assert!(output.stderr_text().contains("AssertionError: untrue"));

    machine.put_file(
        "/tmp/dies.py",
        0o600,
        b"import os\nos.kill(os.getpid(), 9)\n",
    )?;
    let output = machine.exec(&format!("exec {PYTHON} /tmp/dies.py"))?;
    assert_eq!(output.status, Status::Exited(128 + 9));
    Ok(())
}

#[test]
fn program_ends_with_its_command() -> Result {
    let machine = Shared::take()?;
    machine.put_file(
        "/tmp/sleeps.py",
        0o600,
        b"import os, time\nopen('/tmp/id', 'w').write(str(os.getpid()))\ntime.sleep(100000)\n",
    )?;
    let command = machine.spawn(&format!("exec {PYTHON} /tmp/sleeps.py"))?;
    wait_until(&machine, "[ -s /tmp/id ]")?;
    drop(command);
    wait_until(&machine, "! kill -0 $(cat /tmp/id) 2> /dev/null")
}
