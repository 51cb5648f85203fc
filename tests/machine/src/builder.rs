// SPDX-License-Identifier: GPL-2.0-only

//! Configuration of a machine.

use std::env;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crate::archive::Archive;
use crate::channel::socket_name;
use crate::folder::Folder;
use crate::network::{Forward, Network};
use crate::setup::Setup;
use crate::wire::PORTS;
use crate::{Accelerator, Error, Machine, Net, Result};

/// khttpd's default port.
const HTTP: u16 = 8080;

/// A file for the guest.
#[derive(Clone, Debug)]
struct GuestFile {
    path: String,
    permissions: u32,
    content: Vec<u8>,
}

/// The configuration of a machine, with its defaults.
#[derive(Clone, Debug)]
pub struct Builder {
    setup: Setup,
    name: String,
    module: Option<PathBuf>,
    net: Net,
    forwards: Vec<Forward>,
    cpus: u32,
    memory: u32,
    parameters: Vec<String>,
    arguments: Vec<String>,
    files: Vec<GuestFile>,
    share: Option<PathBuf>,
    accelerator: Option<Accelerator>,
    boot_limit: Duration,
    cancel: Arc<AtomicBool>,
}

impl Builder {
    pub(crate) fn from_environment() -> Result<Self> {
        let mut builder = Self::with_setup(Setup::from_environment()?);
        builder.module = env::var_os("KHTTPD_MODULE").map(PathBuf::from);
        builder.accelerator = match env::var("KHTTPD_ACCELERATOR").as_deref() {
            Ok("kvm") => Some(Accelerator::Kvm),
            Ok("tcg") => Some(Accelerator::Tcg),
            _ => None,
        };
        // A kernel with sanitizers boots slowly.
        if env::var_os("KHTTPD_FLAVOUR").is_some_and(|flavour| flavour != "plain") {
            builder.boot_limit *= 4;
            // Do not let the first report suppress later ones.
            builder.parameters.push("kasan_multi_shot".into());
            // With five-level page tables, KASAN misinterprets interrupt stacks during CPU
            // detection, and its reports never end.
            builder.parameters.push("no5lvl".into());
        }
        Ok(builder)
    }

    pub(crate) fn with_setup(setup: Setup) -> Self {
        Self {
            setup,
            name: "test".into(),
            module: None,
            net: Net::default(),
            forwards: Vec::new(),
            cpus: 2,
            memory: 2048,
            parameters: Vec::new(),
            arguments: Vec::new(),
            files: Vec::new(),
            share: None,
            accelerator: None,
            boot_limit: Duration::from_secs(600),
            cancel: Arc::default(),
        }
    }

    /// Sets the name for `make shell` and for the log in build/logs. Several machines may share a
    /// name.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Replaces the module that becomes /root/khttpd.ko in the guest.
    pub fn module(mut self, path: impl Into<PathBuf>) -> Self {
        self.module = Some(path.into());
        self
    }

    /// Leaves out the module.
    pub fn without_module(mut self) -> Self {
        self.module = None;
        self
    }

    /// Sets the kind of network.
    pub fn net(mut self, net: Net) -> Self {
        self.net = net;
        self
    }

    /// Forwards a TCP port of the guest; [`Machine::address`] returns the address. The default is
    /// 8080.
    pub fn forward(mut self, guest: u16) -> Self {
        self.forwards.push(Forward { guest, host: None });
        self
    }

    /// Like [`Builder::forward`], but from this port of the host's 127.0.0.1.
    pub fn forward_from(mut self, guest: u16, host: u16) -> Self {
        let host = Some(host);
        self.forwards.push(Forward { guest, host });
        self
    }

    /// Sets the number of CPUs.
    pub fn cpus(mut self, cpus: u32) -> Self {
        self.cpus = cpus;
        self
    }

    /// Sets the memory size in MiB.
    pub fn memory(mut self, mebibytes: u32) -> Self {
        self.memory = mebibytes;
        self
    }

    /// Adds a word to the kernel's command line, such as `kunit.enable=1`.
    pub fn parameter(mut self, word: &str) -> Self {
        self.parameters.push(word.into());
        self
    }

    /// Adds an argument for QEMU.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a file. The folders of `path` must not be symbolic links: /usr/lib, not /lib.
    pub fn file(mut self, path: &str, permissions: u32, content: impl Into<Vec<u8>>) -> Self {
        self.files.push(GuestFile {
            path: path.into(),
            permissions,
            content: content.into(),
        });
        self
    }

    /// Shares a folder of the host with the guest, writable, as /share.
    pub fn share(mut self, folder: impl Into<PathBuf>) -> Self {
        self.share = Some(folder.into());
        self
    }

    /// Sets the accelerator. The default is KVM if it works.
    pub fn accelerator(mut self, accelerator: Accelerator) -> Self {
        self.accelerator = Some(accelerator);
        self
    }

    /// Sets the time limit until the agent responds, instead of ten minutes.
    pub fn boot_limit(mut self, limit: Duration) -> Self {
        self.boot_limit = limit;
        self
    }

    /// Aborts booting when the flag becomes true.
    pub fn cancelled_by(mut self, flag: Arc<AtomicBool>) -> Self {
        self.cancel = flag;
        self
    }

    /// Starts the machine and waits for the agent's response.
    ///
    /// A guest that is still silent after a quarter of the time limit is started once more: QEMU's
    /// translator freezes one of some hundred guests while it boots, before any module is loaded. So
    /// is one whose QEMU ends then by a failed assertion of its own (`iotlb_to_section`), which
    /// happens to one of some thousand.
    pub fn boot(mut self) -> Result<Machine> {
        if self.forwards.is_empty() {
            self = self.forward(HTTP);
        }
        match self.boot_within(self.boot_limit / 4) {
            Err(Error::Late { log, .. }) => self.boot_again("is silent", &log),
            Err(Error::Gone { what, log, .. }) if what.contains(": Assertion `") => {
                self.boot_again(&what, &log)
            }
            result => result,
        }
    }

    fn boot_again(&self, what: &str, log: &[String]) -> Result<Machine> {
        eprintln!("*** the machine: {what}; it is started again; its log ended with:");
        log.iter().for_each(|line| eprintln!("    {line}"));
        self.boot_within(self.boot_limit)
    }

    fn boot_within(&self, limit: Duration) -> Result<Machine> {
        let accelerator = match self.accelerator {
            Some(accelerator) => accelerator,
            None => Accelerator::detect(&self.setup)?,
        };
        let image = self.setup.image()?;
        let folder = Folder::create(&self.setup.machines, &self.run_name())?;
        let initramfs = folder.path().join("initramfs");
        self.write_initramfs(&initramfs)
            .map_err(Error::io_at("writing", &initramfs))?;
        let network = Network::set_up(self.net, &self.forwards, self.cpus)?;
        let line = self.qemu_line(accelerator, &image, &network);
        Machine::start(folder, network, accelerator, &line, limit, &self.cancel)
    }

    /// Names the folder: `make run` has one machine, tests may run side by side.
    fn run_name(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        if self.name == "run" {
            return self.name.clone();
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        format!("{}@{}.{count}", self.name, std::process::id())
    }

    fn write_initramfs(&self, path: &Path) -> std::io::Result<()> {
        let mut archive = Archive::new(BufWriter::new(File::create(path)?));
        let busybox = self.setup.root.join("bin/busybox");
        for folder in ["/proc", "/sys", "/dev"] {
            archive.folder(folder)?;
        }
        archive.character_device("/dev/console", 5, 1)?;
        archive.file("/bin/busybox", 0o755, &read(&busybox)?)?;
        archive.file("/init", 0o755, include_bytes!("../guest/init"))?;
        for module in self.setup.early_modules()? {
            let name = module.file_name().unwrap_or_default().to_string_lossy();
            archive.file(&format!("/early/{name}"), 0o644, &read(&module)?)?;
        }
        archive.file(
            "/files/usr/lib/khttpd/agent",
            0o755,
            &read(&self.setup.agent)?,
        )?;
        if let Some(module) = &self.module {
            archive.file("/files/root/khttpd.ko", 0o644, &read(module)?)?;
        }
        for file in &self.files {
            archive.file(
                &format!("/files{}", file.path),
                file.permissions,
                &file.content,
            )?;
        }
        archive.finish()
    }

    fn qemu_line(&self, accelerator: Accelerator, image: &Path, network: &Network) -> Vec<String> {
        let mut parameters = vec![
            self.setup.architecture.parameters().to_owned(),
            "console_msg_format=syslog loglevel=8 printk.devkmsg=on".to_owned(),
            "panic=-1 random.trust_cpu=on".to_owned(),
            // On a busy host a virtual CPU may not run for many seconds: neither lockup nor stall.
            "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120".to_owned(),
            "sysctl.kernel.hung_task_timeout_secs=300".to_owned(),
        ];
        parameters.extend(network.parameters.iter().cloned());
        if self.share.is_some() {
            parameters.push("machine.share=rw".into());
        }
        let modules = self.setup.modules();
        if modules.is_some() {
            parameters.push("machine.modules=ro".into());
        }
        parameters.extend(self.parameters.iter().cloned());

        let mut line = vec![self.setup.architecture.program().to_owned()];
        let mut add = |words: &[&str]| line.extend(words.iter().map(|word| (*word).to_owned()));
        add(&[
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
        ]);
        // Named threads make CPUs distinguishable from other threads.
        add(&["-name", "khttpd,debug-threads=on"]);
        add(accelerator.arguments());
        add(self.setup.architecture.arguments(accelerator));
        add(&[
            "-smp",
            &self.cpus.to_string(),
            "-m",
            &self.memory.to_string(),
        ]);
        add(&["-kernel", &image.to_string_lossy(), "-initrd", "initramfs"]);
        add(&["-append", &parameters.join(" ")]);
        add(&[
            "-chardev",
            "file,id=console,path=console.log",
            "-serial",
            "chardev:console",
        ]);
        add(&["-device", "virtio-rng-pci"]);
        let root = self.setup.root.to_string_lossy();
        add(&[
            "-fsdev",
            &format!("local,id=root,path={root},security_model=none,readonly=on"),
        ]);
        add(&["-device", "virtio-9p-pci,fsdev=root,mount_tag=root"]);
        for (name, folder, readonly) in [("share", &self.share, "off"), ("modules", &modules, "on")]
        {
            let Some(folder) = folder else { continue };
            let folder = folder.to_string_lossy();
            add(&[
                "-fsdev",
                &format!("local,id={name},path={folder},security_model=none,readonly={readonly}"),
            ]);
            let device = format!("virtio-9p-pci,fsdev={name},mount_tag={name}");
            add(&["-device", &device]);
        }
        add(&[
            "-device",
            &format!("virtio-serial-pci,id=agents,max_ports={}", PORTS + 1),
        ]);
        for port in 0..PORTS {
            let socket = socket_name(port);
            add(&[
                "-chardev",
                &format!("socket,id=agent{port},path={socket},server=on,wait=off"),
            ]);
            add(&[
                "-device",
                &format!(
                    "virtserialport,bus=agents.0,nr={},chardev=agent{port},name=khttpd.{socket}",
                    port + 1
                ),
            ]);
        }
        line.extend(network.arguments.iter().cloned());
        line.extend(self.arguments.iter().cloned());
        line
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    fs::read(path)
        .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
