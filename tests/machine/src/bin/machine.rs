// SPDX-License-Identifier: GPL-2.0-only

//! `machine run` boots the machine and serves a site from it; `machine boot` only boots it;
//! `machine shell` runs commands in it. The scripts in tests/tools call it.

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use machine::{Builder, Error, Machine, Net, Result};
use rustix::process::{set_parent_process_death_signal, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// Time limit for khttpd's first response after loading.
const RESPONSE_LIMIT: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let verb = if arguments.is_empty() {
        String::new()
    } else {
        arguments.remove(0)
    };
    let result = match verb.as_str() {
        "run" => Options::parse(&arguments).and_then(|options| run(&options)),
        "boot" => Options::parse(&arguments).and_then(|options| boot(&options)),
        "shell" => shell(&arguments),
        _ => Err(Error::Setup(
            "usage: machine run|boot [--OPTION VALUE]... | machine shell [COMMAND]".into(),
        )),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("khttpd: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Options of `run` and `boot`.
#[derive(Debug)]
struct Options {
    port: u16,
    /// Port of HTTPS, and the file for the certificate that clients trust.
    https: Option<(u16, PathBuf)>,
    www: String,
    net: Net,
    namespace: String,
    share: Option<PathBuf>,
    cpus: u32,
    memory: u32,
    parameters: Vec<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            port: 8080,
            https: None,
            www: "www/".into(),
            net: Net::User,
            namespace: String::new(),
            share: None,
            cpus: 2,
            memory: 2048,
            parameters: Vec::new(),
        };
        let mut words = arguments.iter();
        while let Some(name) = words.next() {
            let bad = || Error::Setup(format!("{name}: missing or invalid value"));
            let value = words.next().ok_or_else(bad)?;
            match name.as_str() {
                "--port" => options.port = value.parse().map_err(|_| bad())?,
                "--https" => {
                    let (port, file) = value.split_once(':').ok_or_else(bad)?;
                    options.https = Some((port.parse().map_err(|_| bad())?, file.into()));
                }
                "--www" => options.www.clone_from(value),
                "--net" => {
                    options.net = match value.as_str() {
                        "user" => Net::User,
                        "tap" => Net::Tap,
                        _ => return Err(bad()),
                    }
                }
                "--namespace" => options.namespace.clone_from(value),
                "--share" => options.share = Some(value.into()),
                "--cpus" => options.cpus = value.parse().map_err(|_| bad())?,
                "--memory" => options.memory = value.parse().map_err(|_| bad())?,
                "--parameter" => options.parameters.push(value.clone()),
                _ => return Err(Error::Setup(format!("unknown option {name}"))),
            }
        }
        Ok(options)
    }

    fn builder(&self, cancel: &Arc<AtomicBool>) -> Result<Builder> {
        let mut builder = Machine::builder()?
            .name("run")
            .net(self.net)
            .forward_from(self.port, self.port)
            .cpus(self.cpus)
            .memory(self.memory)
            .boot_limit(Duration::from_secs(300))
            .cancelled_by(Arc::clone(cancel));
        if let Some(share) = &self.share {
            builder = builder.share(share);
        }
        if let Some((port, _)) = &self.https {
            builder = builder.forward_from(*port, *port).tls_agent()?;
        }
        Ok(self
            .parameters
            .iter()
            .fold(builder, |builder, word| builder.parameter(word)))
    }
}

/// Returns a flag that becomes true on Ctrl-C, on other signals and on the parent's death.
fn ending_flag() -> Result<Arc<AtomicBool>> {
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&told)).map_err(Error::io("waiting for signals"))?;
    }
    set_parent_process_death_signal(Some(Signal::TERM))
        .map_err(Into::into)
        .map_err(Error::io("requesting the parent-death signal"))?;
    Ok(told)
}

/// Boots the machine, loads khttpd and prints its URL. Runs until the flag is set.
fn run(options: &Options) -> Result<ExitCode> {
    let told = ending_flag()?;
    start(options, &told, |machine| {
        machine.exec_ok(&format!("insmod khttpd.ko port={}", options.port))?;
        let address = machine.http_address()?;
        wait_for_response(machine, address, &told)?;
        let place = match options.net {
            Net::User => String::new(),
            Net::Tap => format!(" in network namespace {}", options.namespace),
        };
        say(&format!(
            "khttpd is serving {} at http://{address}/{place}",
            options.www
        ))?;
        match &options.https {
            Some((port, file)) => serve_https(machine, *port, file),
            None => Ok(()),
        }
    })
}

/// Lets the machine serve HTTPS with a new certificate. Writes that of its authority to `file`, and
/// prints a command that uses it.
fn serve_https(machine: &Machine, port: u16, file: &Path) -> Result {
    machine.exec_ok(&format!("/usr/lib/khttpd/serve-https {port}"))?;
    let authority = machine.read_file("/tmp/tls/ca.pem")?;
    fs::write(file, authority).map_err(Error::io(format!("writing {}", file.display())))?;
    let address = machine.address(port)?;
    let resolve = match address.ip() {
        ip if ip.is_loopback() => String::new(),
        ip => format!("--resolve localhost:{port}:{ip} "),
    };
    let file = file.display();
    say(&format!(
        "and by HTTPS: curl --cacert {file} {resolve}https://localhost:{port}/"
    ))
}

/// Boots the machine without khttpd. Runs until the flag is set.
fn boot(options: &Options) -> Result<ExitCode> {
    let told = ending_flag()?;
    start(options, &told, |_| say("the machine is running"))
}

fn start(
    options: &Options,
    told: &Arc<AtomicBool>,
    ready: impl FnOnce(&Machine) -> Result,
) -> Result<ExitCode> {
    let begin = Instant::now();
    eprintln!("booting the machine ...");
    let result = options.builder(told)?.boot().and_then(|machine| {
        eprintln!(
            "booting the machine: done in {:.1} s",
            begin.elapsed().as_secs_f32()
        );
        ready(&machine)?;
        eprintln!("(`make shell` opens a shell in it, Ctrl-C here ends it)");
        wait_for_end(&machine, told)
    });
    match result {
        // Errors while ending are expected.
        Err(_) if told.load(Ordering::Relaxed) => {}
        result => result?,
    }
    eprintln!("the machine has ended");
    Ok(ExitCode::SUCCESS)
}

fn say(what: &str) -> Result {
    let mut out = io::stdout().lock();
    writeln!(out, "{what}")
        .and_then(|()| out.flush())
        .map_err(Error::io("printing"))
}

fn wait_for_end(machine: &Machine, told: &AtomicBool) -> Result {
    while !told.load(Ordering::Relaxed) {
        if !machine.is_running() {
            return Err(Error::Gone {
                doing: "running the machine".into(),
                what: "it ended unexpectedly".into(),
                log: machine.last_lines(),
            });
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Waits for an HTTP response from `address`.
fn wait_for_response(machine: &Machine, address: SocketAddr, told: &AtomicBool) -> Result {
    let deadline = Instant::now() + RESPONSE_LIMIT;
    while !told.load(Ordering::Relaxed) {
        match ask(address) {
            Ok(true) => return Ok(()),
            Ok(false) | Err(_) if Instant::now() < deadline && machine.is_running() => {
                thread::sleep(Duration::from_millis(100));
            }
            Ok(false) | Err(_) => {
                return Err(Error::Late {
                    doing: format!("waiting for a response from http://{address}/"),
                    limit: RESPONSE_LIMIT,
                    log: machine.last_lines(),
                })
            }
        }
    }
    Ok(())
}

/// Tells whether a GET request gets an HTTP response.
fn ask(address: SocketAddr) -> io::Result<bool> {
    let limit = Some(Duration::from_secs(2));
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(limit)?;
    stream.set_write_timeout(limit)?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"HTTP/1.")
}

/// Runs a command or a shell in the running machine and returns its exit code.
fn shell(arguments: &[String]) -> Result<ExitCode> {
    let machines = env::var_os("KHTTPD_MACHINES").map(PathBuf::from);
    let machines = machines
        .ok_or_else(|| Error::Setup("KHTTPD_MACHINES is not set; use `make shell`".into()))?;
    let name = env::var("MACHINE").ok().filter(|name| !name.is_empty());
    let folder = machine::running(&machines, name.as_deref())?;
    let command = match arguments {
        [] => None,
        words => Some(words.join(" ")),
    };
    machine::shell::run(&folder, command.as_deref()).map(|status| ExitCode::from(status.code()))
}
