# SPDX-License-Identifier: GPL-2.0-only
#
# The module itself is described in Kbuild. What is more than a few words is in the scripts under tests/.

# The kernel to build for, with the host's own tools. `make run` builds a kernel and a tool chain of its own.
KDIR ?= /lib/modules/$(shell uname -r)/build
RUSTC ?= rustc
LLVM ?= 1
MANDIR ?= /usr/local/share/man
kbuild = $(MAKE) -C "$(KDIR)" M="$(CURDIR)" LLVM=$(LLVM) RUSTC="$(RUSTC)" $(if $(WWW),WWW="$(abspath $(WWW))")

# Settings of the virtual machine, for the scripts.
export BENCH_S CASES CPUS FLAVOUR FUZZ_S JOBS KERNEL MACHINE MEMORY MIRROR NET PARAMETERS PORT ROUNDS SERVERS SHARE TEST WWW
# As it was typed: a $ in it is the guest's shell's, not make's.
override export CMD := $(value CMD)

modules: vendor ## build khttpd.ko for the kernel in KDIR=, with WWW=DIR instead of www/ built in (the default target)
	@RUSTC="$(RUSTC)" tests/tools/kernel/fit "$(KDIR)"
	+@$(kbuild) modules

modules_install: ## install khttpd.ko for the kernel in KDIR= and its manual page in MANDIR=
	+@$(kbuild) modules_install
	@install -D --mode=644 man/khttpd.4 "$(INSTALL_MOD_PATH)$(MANDIR)/man4/khttpd.4"

run: ## boot a virtual machine that serves www/ (PORT= WWW=DIR NET=user|tap SHARE=DIR KERNEL= JOBS= CPUS= MEMORY=)
	@tests/tools/run

boot: ## boot the same machine without building or loading the module
	@tests/tools/run boot

shell: ## a shell in the running machine, or one command: CMD='cat /dev/khttpd' (tests/tools/shell keeps its exact status)
	@tests/tools/shell $(if $(CMD),"$$CMD")

test: ## all tests, from an empty cache or a warm one (FLAVOUR=NAME: on the kernel of tests/tools/kernel/config.NAME)
	@tests/tools/check lint host machine bench

lint: ## rustfmt, shellcheck, the rules for the source, and clippy and rustdoc on both the host's and the kernel's side
	@tests/tools/check lint

doc: ## rustdoc of the module and the crate protocol, private items included, in build/doc
	@tests/tools/doc

test-host: ## the tests that need no machine
	@tests/tools/check host

test-machine: ## the tests of the real module in the virtual machine (TEST=NAME for one file of them)
	@tests/tools/check machine

test-faults: ## let memory fail at every allocation, on the kernel of tests/tools/kernel/config.sanitize (or FLAVOUR=leak)
	@FLAVOUR="$(or $(FLAVOUR),sanitize)" tests/tools/check faults

test-long: ## the tests of the machine that take minutes (TEST=NAME, FLAVOUR=NAME)
	@tests/tools/check long

fuzz: ## look for input that breaks the protocol, on the host (FUZZ_S=60 seconds for each target, TARGET= for one)
	@tests/fuzz/run $(TARGET)

fuzz-machine: ## the same for the module in a machine that runs (FUZZ_S=600 seconds, KHTTPD_SEED= for the same again, FLAVOUR=)
	@KHTTPD_FUZZ_S=$(or $(FUZZ_S),600) tests/tools/check fuzz

bench: ## measure khttpd beside nginx and lighttpd (CASES= SERVERS= "khttpd nginx lighttpd floor", CPUS="1 2" ROUNDS=3 BENCH_S=seconds a run)
	@tests/bench/run all

bench-instructions bench-rates bench-memory: bench-%: ## one measure of these, with the same settings
	@tests/bench/run $*

bench-latency: ## how long khttpd's longest turns in softirq are, by a module that is built with a clock for it
	@tests/bench/run turns

bench-profile: ## the functions that the instructions are spent in
	@tests/bench/run profile

bench-check: ## compare khttpd's instructions per request with tests/bench/baseline.json
	@tests/bench/run check

bench-record: ## make what is counted now the baseline
	@tests/bench/run record

vendor: ## bring the crates that Cargo.lock pins into vendor/
	@tests/tools/vendor

clean: ## remove what was built here
	@tests/tools/clean

clean-cache: ## remove the tool-chain root and the kernels from the cache
	@tests/tools/clean cache

help: ## this list
	@sed -n 's/^\([a-z_ -]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 17

.PHONY: modules modules_install run boot shell test lint doc test-host test-machine test-faults test-long fuzz fuzz-machine bench bench-instructions bench-rates bench-memory \
	bench-latency bench-profile bench-check bench-record vendor clean clean-cache help
