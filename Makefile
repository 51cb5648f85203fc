# SPDX-License-Identifier: GPL-2.0-only
#
# Kbuild describes the module. Longer commands are scripts in tests/.

# The kernel to build for, with the host's own tools. `make run` builds its own kernel.
KDIR ?= /lib/modules/$(shell uname -r)/build
RUSTC ?= rustc
# The compiler of the kernel, for its modules.
LLVM ?= $(shell grep -qsx CONFIG_CC_IS_CLANG=y "$(KDIR)/include/config/auto.conf" && echo 1)
MANDIR ?= /usr/local/share/man
kbuild = $(MAKE) -C "$(KDIR)" M="$(CURDIR)" LLVM=$(LLVM) RUSTC="$(RUSTC)" \
	$(if $(WWW),WWW="$(abspath $(WWW))")

# Settings, for the scripts.
export BENCH_S CASES CPUS FLAVOUR FUZZ_S JOBS KERNEL MACHINE MEMORY MIRROR NET PARAMETERS PORT
export ROUNDS SERVERS SHARE TEST WWW
# Not as ARCH, because an empty one would be the kernel's.
export KHTTPD_ARCH := $(ARCH)
# Verbatim: a $ in it is for the guest's shell, not for make.
override export CMD := $(value CMD)

modules: vendor ## build khttpd.ko for the kernel in KDIR= (the default target)
	@RUSTC="$(RUSTC)" tests/tools/kernel/fit "$(KDIR)"
	+@$(kbuild) modules

fit: ## say whether khttpd can be built for the kernel in KDIR= and loaded by it, and what it lacks
	@RUSTC="$(RUSTC)" tests/tools/kernel/fit --report "$(KDIR)"

modules_install: ## install khttpd.ko for the kernel in KDIR= and its manual page in MANDIR=
	+@$(kbuild) modules_install
	@install -D --mode=644 man/khttpd.4 "$(INSTALL_MOD_PATH)$(MANDIR)/man4/khttpd.4"

run: ## boot a virtual machine that serves www/, until Ctrl-C
	@tests/tools/run

boot: ## boot the same machine without building or loading the module
	@tests/tools/run boot

shell: ## open a shell in the running machine, or run CMD= there
	@tests/tools/shell $(if $(CMD),"$$CMD")

test: ## run test-machine, and beside it lint, test-host and bench-check
	@tests/tools/check lint host machine bench

lint: ## run rustfmt, shellcheck, clippy, rustdoc and the rules for the source
	@tests/tools/check lint

doc: ## write rustdoc of the module and of `protocol`, private items included, to build/doc
	@tests/tools/doc

test-host: ## run the tests that need no machine
	@tests/tools/check host

test-machine: ## run the tests of the module in the virtual machine
	@tests/tools/check machine

test-build: ## build the module for ARCH=, KERNEL= and FLAVOUR=, warnings as errors, and boot nothing
	@tests/tools/check build

test-faults: ## let each allocation fail once, on the kernel `sanitize` or FLAVOUR=leak
	@FLAVOUR="$(or $(FLAVOUR),sanitize)" tests/tools/check faults

test-long: ## run the machine's tests with all rounds, and those that take minutes
	@tests/tools/check long

test-clients: ## run package managers, download managers, git and a browser against the module
	@tests/tools/check clients

test-packages: ## install, upgrade and purge Debian's packages in a machine with systemd, on `full`
	@FLAVOUR="$(or $(FLAVOUR),full)" tests/tools/check packages

test-fleet: ## run four servers behind IPVS and keepalived through changes, on the kernel `full`
	@FLAVOUR="$(or $(FLAVOUR),full)" tests/tools/check fleet

fuzz: ## fuzz `protocol` on the host, FUZZ_S=60 seconds per target, or TARGET= only
	@tests/fuzz/run $(TARGET)

fuzz-machine: ## fuzz the module in the machine, for FUZZ_S=600 seconds; KHTTPD_SEED= repeats a run
	@KHTTPD_FUZZ_S=$(or $(FUZZ_S),600) tests/tools/check fuzz

bench: ## measure khttpd beside nginx and lighttpd
	@tests/bench/run all

bench-instructions bench-rates bench-memory: bench-%: ## run one of these measures only
	@tests/bench/run $*

bench-waits: ## measure how long clients wait that start at once and keep the server busy
	@tests/bench/run waits

bench-alone: ## count instructions per request of the server alone, clients outside the machine
	@tests/bench/run alone

bench-latency: ## measure khttpd's longest softirq runs, with a module built for it
	@tests/bench/run softirq

bench-profile: ## count instructions per function
	@tests/bench/run profile

bench-check: ## compare khttpd's instructions per request with tests/bench/baseline.json
	@tests/bench/run check

bench-record: ## write the current counts to tests/bench/baseline.json
	@tests/bench/run record

kernel: ## build the kernel of ARCH=, KERNEL= and FLAVOUR=, and print its folder, with its build tree
	@tests/tools/kernel/folder

dist: ## make the release archive of the last commit, with the vendored crates, in build
	@tests/tools/dist

deb: ## build Debian's packages of the last commit, in build/deb
	@tests/tools/deb

vendor: ## download the crates that Cargo.lock pins into vendor/
	@tests/tools/vendor

clean: ## remove build products
	@tests/tools/clean

clean-cache: ## remove the roots and the kernels from the cache
	@tests/tools/clean cache

help: ## print this list
	@sed -n 's/^\([a-z_ -]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 17
	@sed -n 's/^#: \{0,1\}//p' $(MAKEFILE_LIST)

#:
#: Settings, for example `make run PORT=8081`:
#:   WWW=DIR          folder to build into the module (default: www)
#:   PORT=            port of the host where the site is (8080)
#:   TLS=yes          HTTPS as well, at port 8443 of the host; or the port
#:   NET=user|tap     network of the machine: QEMU's, or a tap device (user)
#:   SHARE=DIR        folder of the host to share as /share
#:   PARAMETERS=      words for the kernel's command line
#:   CPUS= MEMORY=    CPUs and MiB of the machine; for bench, a list of numbers of CPUs
#:   MACHINE=         name of the machine for `make shell`, if several are running
#:   ARCH=x86_64|arm64 architecture of the machine (x86_64); riscv can be built only
#:   KERNEL= JOBS=    version of the kernel to build (7.3), and number of jobs
#:   FLAVOUR=         kernel: plain, full, sanitize, race, leak, or Debian's own: debian (plain)
#:   MIRROR=          Debian mirror for the roots
#:   TEST=            file of tests/machine/tests to run, without .rs (all)
#:   CASES= SERVERS=  cases and servers to measure: khttpd, nginx, nginx-ktls, lighttpd, floor
#:   ROUNDS= BENCH_S= rounds of bench-rates, -waits and -alone (3), and seconds per run

.PHONY: modules fit modules_install run boot shell test lint doc test-host test-machine \
	test-build test-faults test-long test-clients test-packages test-fleet fuzz fuzz-machine bench \
	bench-instructions bench-rates bench-waits bench-alone bench-memory bench-latency \
	bench-profile bench-check bench-record kernel dist deb vendor clean clean-cache help
