# Makefile - one verb per thing to do; `make help` lists them.
#
# Sources are discovered (src/ROOM/*.c, src/ROOM/*.S, src/main.c): a new file needs no line here.
# Everything that is made goes to $(BUILD), except ./plex86. Private build beside others:
#   make BUILD=/tmp/mine            (its binary is /tmp/mine/plex86)
#   make ROOMS="base x86 scan" unit (only these rooms are compiled and tested)

BUILD ?= build
ROOMS ?= $(sort $(notdir $(patsubst %/,%,$(wildcard src/*/))))
GUEST := build/guest
RESULTS := $(BUILD)/results
PLEX86 := $(if $(filter build,$(BUILD)),./plex86,$(BUILD)/plex86)

ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
ifeq (0,$(MAKELEVEL))
MAKEFLAGS += -j$(JOBS)
endif
MAKEFLAGS += --no-print-directory

# Does the compiler know this option? (clang lacks some of gcc's and the other way round)
cc_option = $(shell $(CC) -Werror $(1) -c -x c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')

OPT ?= -O2 -g
BASE_FLAGS := -std=gnu17 -Wall -Wextra -Isrc -D_GNU_SOURCE -fno-strict-aliasing -fPIE
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# Light code runs while the guest's FPU state is live in the CPU: general registers only, no libc,
# and nothing that makes the compiler invent a call to memcpy or memset.
LIGHT_ROOMS := cpu view emul bus dev
LIGHT_FLAGS := -mgeneral-regs-only -fno-builtin -fno-stack-protector \
               $(call cc_option,-fno-tree-loop-distribute-patterns) \
               $(call cc_option,-mmemcpy-strategy=rep_8byte:-1:noalign) \
               $(call cc_option,-mmemset-strategy=rep_8byte:-1:noalign)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# seccomp hardens the process; without the library the program still builds and says so at run time.
SECCOMP_LIBS := $(shell $(PKG_CONFIG) --libs libseccomp 2>/dev/null)
SECCOMP_FLAGS := $(if $(SECCOMP_LIBS),-DHAVE_SECCOMP=1 $(shell $(PKG_CONFIG) --cflags libseccomp))
LIBS := -lZydis $(SECCOMP_LIBS) -lpthread -lrt

C_FILES := $(sort $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c)))
S_FILES := $(sort $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.S)))
OBJECTS := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(C_FILES)) \
           $(patsubst src/%.S,$(BUILD)/obj/%.S.o,$(S_FILES))
MAIN_OBJECT := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/main.c))
LIBRARY := $(BUILD)/libplex86.a

# Light: every C file of a light room but *_full.c, and *_light.c of any room.
LIGHT_FILES := $(filter-out %_full.c,$(foreach room,$(LIGHT_ROOMS),$(filter src/$(room)/%,$(C_FILES)))) \
               $(filter %_light.c,$(C_FILES))
LIGHT_OBJECTS := $(sort $(patsubst src/%.c,$(BUILD)/obj/%.o,$(LIGHT_FILES)))

# Pure rooms are tested under ASan and UBSan; the rest of that library stays plain, because
# windows and signal handlers of the other rooms do not live together with ASan's shadow.
PURE_ROOMS := base x86 scan map emit translate load cli gdb
PURE_FILES := $(filter-out $(LIGHT_FILES),$(foreach room,$(PURE_ROOMS),$(filter src/$(room)/%,$(C_FILES))))
ASAN_OBJECTS := $(patsubst src/%.c,$(BUILD)/asan/%.o,$(PURE_FILES))
ASAN_LIBRARY := $(BUILD)/libplex86-asan.a
ASAN_MEMBERS := $(ASAN_OBJECTS) $(filter-out $(patsubst src/%.c,$(BUILD)/obj/%.o,$(PURE_FILES)),$(OBJECTS))

UNIT_FILES := $(sort $(foreach room,$(ROOMS),$(wildcard tests/unit/test_$(room).c tests/unit/test_$(room)_*.c)))
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_FILES))
UNIT_PURE := $(sort $(foreach room,$(PURE_ROOMS),$(filter $(BUILD)/unit/test_$(room) $(BUILD)/unit/test_$(room)_%,$(UNIT_PROGRAMS))))

.DEFAULT_GOAL := all
.PHONY: all objects library run setup fetch check lint unit golden bless native native-report guest boot cli gdb fuzz fuzz-smoke \
        bench bench-quick bench-techniques bench-bare bench-scaling format clean distclean help FORCE
.DELETE_ON_ERROR:
.SUFFIXES:

all: $(if $(MAIN_OBJECT),$(PLEX86),library)

help:
	@echo "make              build ./plex86"
	@echo "make run          install what is needed, build, fetch a Linux and boot it (Ctrl-A x quits)"
	@echo "make check        lint, unit, golden, cli, gdb, native, guest, boot; last line: N passed, N failed"
	@echo "make lint         include rules, headers alone, globals, owners, light code, format"
	@echo "make unit         unit tests (one program: make unit T=test_scan)"
	@echo "make golden       listings compared with tests/golden (make bless: accept the new ones)"
	@echo "make native       each instruction form on the real CPU and in the engine"
	@echo "make native-report  encodings x modes, compared or why not, to build/native/coverage.md"
	@echo "make guest        tiny guests in every engine mode"
	@echo "make boot         Debian kernels with known answers (time limit each)"
	@echo "make cli          bad input, a host that refuses, signals, the terminal"
	@echo "make gdb          gdb on a tiny guest and a kernel; clients that are no gdb"
	@echo "make fuzz         random code until a finding (SEED=n; make fuzz-smoke: one minute)"
	@echo "make bench-techniques  what an instruction costs under each technique of the map"
	@echo "make bench        side by side with native and qemu (make bench-quick: two minutes)"
	@echo "make bench-bare   nanoseconds of single system operations, on the bare machine"
	@echo "make bench-scaling  RAM, processes, code size, minutes of mixed load (ten minutes)"
	@echo "make setup        install the packages that build and tests need"
	@echo "make fetch        get the test kernels into build/guest"
	@echo "make format       clang-format the sources"
	@echo "make clean        remove what was built (make distclean: and what was downloaded)"
	@echo "Variables: CC, OPT ($(OPT)), BUILD ($(BUILD)), ROOMS, T, JOBS ($(JOBS))"

# ---- build ----

objects: $(OBJECTS) $(MAIN_OBJECT)
library: $(LIBRARY)

$(PLEX86): $(MAIN_OBJECT) $(LIBRARY)
	@echo "  LINK  $@"
	@$(CC) $(OPT) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--build-id=sha1 -o $@ $(MAIN_OBJECT) $(LIBRARY) $(LDFLAGS) $(LIBS)

# The list changes when files come and go; the archives depend on it, so no stale member survives.
# ar q, not r: two rooms may have files of the same name.
$(BUILD)/objects.list: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJECTS)' | cmp -s - $@ || echo '$(OBJECTS)' >$@
$(BUILD)/flags.list: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(OPT) $(CFLAGS) $(SECCOMP_FLAGS)' | cmp -s - $@ || echo '$(CC) $(OPT) $(CFLAGS) $(SECCOMP_FLAGS)' >$@

$(LIBRARY): $(OBJECTS) $(BUILD)/objects.list
	@rm -f $@ && ar qcsD $@ $(OBJECTS)
$(ASAN_LIBRARY): $(ASAN_MEMBERS) $(BUILD)/objects.list
	@rm -f $@ && ar qcsD $@ $(ASAN_MEMBERS)

# Warnings are kept beside the object, so that lint counts them even when nothing was rebuilt.
define compile
	@mkdir -p $(@D)
	@echo "  CC    $<$(2)"
	@$(CC) $(BASE_FLAGS) $(OPT) $(SECCOMP_FLAGS) $(1) $(CFLAGS) -MMD -MP -c $< -o $@ 2>$(@:.o=.warn) \
	    || { cat $(@:.o=.warn) >&2; rm -f $@; exit 1; }; cat $(@:.o=.warn) >&2
endef

$(LIGHT_OBJECTS): $(BUILD)/obj/%.o: src/%.c $(BUILD)/flags.list
	$(call compile,$(LIGHT_FLAGS), (light))
$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags.list
	$(call compile,)
$(BUILD)/obj/%.S.o: src/%.S $(BUILD)/flags.list
	$(call compile,)
$(BUILD)/obj/map/default.S.o: src/map/default.map
$(BUILD)/asan/%.o: src/%.c $(BUILD)/flags.list
	$(call compile,$(SANITIZE), (asan))

# The build's name, for -version and bug reports.
$(BUILD)/version.list: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(MAIN_OBJECT): BASE_FLAGS += -DPLEX86_BUILD='"$(VERSION)"'
$(MAIN_OBJECT): $(BUILD)/version.list

# ---- tests: each stage writes "ok NAME" / "not ok NAME: why" lines to $(RESULTS)/STAGE.txt ----

$(filter-out $(UNIT_PURE),$(UNIT_PROGRAMS)): $(BUILD)/unit/%: tests/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  UNIT  $<"
	@$(CC) $(BASE_FLAGS) $(OPT) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LIBRARY) -lcmocka $(LDFLAGS) $(LIBS)
$(UNIT_PURE): $(BUILD)/unit/%: tests/unit/%.c $(ASAN_LIBRARY)
	@mkdir -p $(@D)
	@echo "  UNIT  $< (asan)"
	@$(CC) $(BASE_FLAGS) $(OPT) $(CFLAGS) $(SANITIZE) -MMD -MP -MF $@.d -o $@ $< $(ASAN_LIBRARY) -lcmocka $(LDFLAGS) $(LIBS)

unit: $(if $(T),$(BUILD)/unit/$(T),$(UNIT_PROGRAMS))
	@tools/run-unit $(RESULTS)/unit.txt $^

lint: $(OBJECTS) $(MAIN_OBJECT)
	@CC='$(CC)' tests/lint/run '$(BUILD)' $(LIGHT_OBJECTS)

# The differential tests: a host program with the engine in it, and the kernel that is its guest.
NATIVE_FILES := $(filter-out tests/native/kernel.c,$(wildcard tests/native/*.c)) tests/native/cpu_enter.S
NATIVE_HEADERS := $(wildcard tests/native/*.h tests/native/*.def)
$(BUILD)/native/native: $(NATIVE_FILES) $(NATIVE_HEADERS) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(BASE_FLAGS) -O2 -g -pie $(CFLAGS) -o $@ $(NATIVE_FILES) $(LIBRARY) $(LDFLAGS) $(LIBS)
$(BUILD)/native/kernel.elf: tests/native/kernel.c tests/native/kernel_entry.S tests/native/kernel.ld $(NATIVE_HEADERS)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) -m32 -std=gnu17 -Wall -Wextra -O2 -ffreestanding -fno-pie -no-pie -static -nostdlib \
	    -mgeneral-regs-only -fno-stack-protector -Wl,-T,tests/native/kernel.ld -Wl,--build-id=none \
	    -Wl,--no-warn-rwx-segments -o $@ tests/native/kernel.c tests/native/kernel_entry.S

# Fuzzers: one program per tests/fuzz/TARGET.c with its TARGET_*.[cS]. The machine's doors are light
# code, and take the place of what differs from run to run.
FUZZ_PROGRAMS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(foreach target,machine ports load decode,$(wildcard tests/fuzz/$(target).c)))
FUZZ_FLAGS := $(BASE_FLAGS) $(OPT) $(CFLAGS) -Itests/fuzz
FUZZ_WRAP := load_guest board_wait monitor_report emul_rdtsc emul_rdtscp emul_rdmsr fpu_fix_stored light_fpu_stored
FUZZ_HEADERS := $(wildcard tests/fuzz/*.h)
$(BUILD)/fuzz/machine_doors.o: tests/fuzz/machine_doors.c $(FUZZ_HEADERS) $(LIBRARY)
	@mkdir -p $(@D)
	@$(CC) $(FUZZ_FLAGS) $(LIGHT_FLAGS) -c -o $@ $<
$(BUILD)/fuzz/machine: $(filter-out %_doors.c,$(wildcard tests/fuzz/machine*.c)) tests/fuzz/machine_guest.S $(BUILD)/fuzz/machine_doors.o $(FUZZ_HEADERS) $(LIBRARY)
	@echo "  FUZZ  $@"
	@$(CC) $(FUZZ_FLAGS) $(FUZZ_WRAP:%=-Wl,--wrap=%) -o $@ $(filter %.c %.S %.o,$^) $(LIBRARY) $(LDFLAGS) $(LIBS)
$(BUILD)/fuzz/ports: tests/fuzz/ports.c $(FUZZ_HEADERS) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	@$(CC) $(FUZZ_FLAGS) -o $@ $< $(LIBRARY) $(LDFLAGS) $(LIBS)
$(BUILD)/fuzz/load $(BUILD)/fuzz/decode: $(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZ_HEADERS) $(ASAN_LIBRARY)
	@mkdir -p $(@D)
	@echo "  FUZZ  $@ (asan)"
	@$(CC) $(FUZZ_FLAGS) $(SANITIZE) -o $@ $< $(ASAN_LIBRARY) $(LDFLAGS) $(LIBS)

# A stage is a program tests/STAGE/run that writes its results file; PLEX86 names the binary.
define stage
	@if [ -x tests/$(1)/run ]; then \
	    mkdir -p $(RESULTS) && BUILD='$(BUILD)' PLEX86='$(PLEX86)' tests/$(1)/run $(2); \
	else echo "$(1): nothing yet"; fi
endef
golden: all
	$(call stage,golden)
bless: all
	$(call stage,golden,--bless)
native: $(BUILD)/native/native $(BUILD)/native/kernel.elf
	$(call stage,native)
native-report: $(BUILD)/native/native $(BUILD)/native/kernel.elf
	@BUILD='$(BUILD)' tests/native/run --coverage
guest: all
	$(call stage,guest)
boot: all
	$(call stage,boot)
cli: all
	$(call stage,cli)
gdb: all
	$(call stage,gdb)
fuzz: all $(FUZZ_PROGRAMS)
	@BUILD='$(BUILD)' tests/fuzz/run $(SEED)
fuzz-smoke: all $(FUZZ_PROGRAMS)
	$(call stage,fuzz,--smoke)
bench: all
	@tools/setup --bench
	@if [ -x bench/run ]; then PLEX86='$(PLEX86)' bench/run; else echo "bench: nothing yet"; fi
bench-techniques: all
	@tools/fetch-guest
	@PLEX86='$(abspath $(PLEX86))' bench/techniques/run
bench-quick: all
	@tools/setup --bench
	@if [ -x bench/run ]; then PLEX86='$(PLEX86)' bench/run --quick; else echo "bench: nothing yet"; fi

# Every stage runs even if an earlier one failed; tools/sum-results prints the last line.
CHECK_STAGES := lint unit golden cli gdb native guest boot fuzz-smoke
check:
	@tools/setup --test
	@rm -rf $(RESULTS) && mkdir -p $(RESULTS)
	@for stage in $(CHECK_STAGES); do \
	    echo "== $$stage"; \
	    $(MAKE) $$stage || [ -s $(RESULTS)/$${stage%-smoke}.txt ] || \
	        echo "not ok $$stage: stopped before it had results" >$(RESULTS)/$${stage%-smoke}.txt; \
	done
	@tools/sum-results $(RESULTS)

# ---- a real guest ----

setup:
	@tools/setup --test
fetch:
	@tools/fetch-guest
run:
	@tools/setup
	@$(MAKE) all
	@tools/fetch-guest 686
	@guests/linux/build initrd
	@set -- $$(stty size 2>/dev/null || echo 24 80); \
	exec $(PLEX86) -m 512 -kernel $(GUEST)/vmlinuz-686 -initrd $(GUEST)/initrd.img -nographic \
	    -append "console=ttyS0 quiet LINES=$$1 COLUMNS=$$2 TERM=$${TERM:-vt100}"

bench-bare: all
	@PLEX86='$(PLEX86)' bench/bare/run
bench-scaling: all
	@tools/setup --bench
	@PLEX86='$(abspath $(PLEX86))' bench/scaling/run

format:
	@clang-format -i $(wildcard src/*.c src/*/*.c src/*/*.h tests/*/*.c guests/*/*.c)
clean:
	@for entry in $(BUILD)/*; do [ "$$entry" = $(GUEST) ] || rm -rf "$$entry"; done; rm -f plex86
distclean:
	@rm -rf build plex86

FORCE:
-include $(OBJECTS:.o=.d) $(MAIN_OBJECT:.o=.d) $(ASAN_OBJECTS:.o=.d) $(UNIT_PROGRAMS:=.d)
