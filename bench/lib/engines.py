"""engines.py - runs the suite once, on the host or in a virtual machine, and reads its lines.

The group packages has a boot of its own, with a bigger initramfs, so that the others' stays what it is.

A run gives a Run: results (test -> list of measurements or a failure), boot time, memory, clock.
"""
import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import time

from build import INITRD, PACKAGES, PACKAGES_INITRD, TREE

RESULT = re.compile(r"@r (\w+/\w+) (?:check=([0-9a-f]{8}) ns=([0-9.]+) tsc=([0-9.]+)|FAIL (.*?)) ok\b")
CPU = re.compile(r"@cpu ([0-9]+) ok\b")
CLOCK = re.compile(r"@clock ([0-9]+) ok\b")
META = re.compile(r"@meta (\w+) (.*?) ok\b")
POWEROFF_PATIENCE_S = 10
RAM_MIB = 512


class Run:
    def __init__(self, engine):
        self.engine = engine
        self.results = {}       # test -> [(check, ns, tsc)]
        self.failures = {}      # test -> why
        self.trouble = None     # why the run as a whole ended badly
        self.notes = []
        self.meta = {}
        self.boot_s = None
        self.total_s = None
        self.user_s = self.system_s = None
        self.max_rss_kib = self.pss_kib = self.guest_ram_kib = self.own_kib = None
        self.clocks = []        # (host seconds, guest ns)
        self.clock_factor = 1.0
        self.busy = None        # what is to be taken off the next result: see BusyMachine
        self.tail = []
        self.packages = None    # the Run of the boot for that group

    def take_packages(self, other):
        """Its results count as this one's; what the machine did stands beside."""
        self.packages = other
        self.results.update(other.results)
        self.failures.update(other.failures)
        for text in [other.trouble] if other.trouble else []:
            self.trouble = (self.trouble + "; " if self.trouble else "") + "packages: " + text
            self.tail += other.tail
        self.notes += ["packages: " + note for note in other.notes]

    def whole_s(self):
        return (self.total_s or 0) + (self.packages.whole_s() if self.packages else 0)

    def take_line(self, line, now):
        match = RESULT.search(line)
        if match:
            test, check, ns, tsc, why = match.groups()
            if why:
                self.failures[test] = why
            else:
                ns = self.busy.corrected(test, float(ns)) if self.busy else float(ns)
                self.results.setdefault(test, []).append((check, ns, float(tsc)))
            return
        if self.busy:
            self.busy.take_line(line)
        match = CLOCK.search(line)
        if match:
            self.clocks.append((now, float(match.group(1))))
            return
        match = META.search(line)
        if match:
            self.meta[match.group(1)] = match.group(2).strip()
            return
        self.tail = (self.tail + [line.strip()])[-8:]

    def judge_clock(self):
        """A guest whose clock is slow looks fast. More than 2 % off: its times are corrected."""
        if len(self.clocks) < 2:
            return
        (host_from, guest_from), (host_to, guest_to) = self.clocks[0], self.clocks[-1]
        if host_to - host_from < 2 or guest_to <= guest_from:
            return
        factor = (host_to - host_from) * 1e9 / (guest_to - guest_from)
        self.clock_factor = factor
        if abs(factor - 1) > 0.02:
            self.notes.append("guest clock corrected by %.3f" % factor)
            for test, values in self.results.items():
                self.results[test] = [(check, ns * factor, tsc) for check, ns, tsc in values]

    def as_json(self):
        document = {key: value for key, value in vars(self).items() if key != "tail" or self.trouble}
        del document["busy"]
        if self.packages:
            document["packages"] = self.packages.as_json()
        return document


class BusyMachine:
    """--busy: what a program took without the time in which others had its CPU. Natively, where it has one CPU
    and never sleeps, that is the CPU time it says; of a machine, the time its CPU's thread waited for one is off."""

    def __init__(self, pid, is_native):
        self.pid, self.is_native = pid, is_native
        self.cpu_ns, self.waited_ns = None, 0

    def waited(self):
        """Nanoseconds that the thread which runs the guest has waited for a CPU: the one that used most."""
        threads = []
        for thread in os.listdir("/proc/%d/task" % self.pid):
            try:
                with open("/proc/%d/task/%s/schedstat" % (self.pid, thread), encoding="ascii") as file:
                    threads.append([int(word) for word in file.read().split()[:2]])
            except OSError:
                pass  # it has just ended
        return max(threads, default=(0, 0))[1]

    def take_line(self, line):
        match = CPU.search(line)
        if match:
            self.cpu_ns = float(match.group(1))
        elif CLOCK.search(line) and not self.is_native:
            self.waited_ns = self.waited()

    def corrected(self, test, ns):
        if self.is_native:
            return self.cpu_ns if test.startswith(("programs/", "packages/")) else ns
        before, self.waited_ns = self.waited_ns, self.waited()
        return max(ns - (self.waited_ns - before), 1) if test.startswith(("programs/", "packages/")) else ns


class Engine:
    """name: what the table calls it; kernel: flavour or None; either command may be None."""

    def __init__(self, name, kernel, command, packages_command=None, cwd=None, environment=None, cpu=None):
        self.name, self.kernel, self.command, self.packages_command = name, kernel, command, packages_command
        self.key = name if kernel is None else "%s/%s" % (name, kernel)
        self.cwd, self.environment, self.cpu = cwd, environment, cpu
        self.is_busy = False

    @property
    def is_native(self):
        return self.kernel is None

    def prepare_child(self):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if self.cpu is not None:
            os.sched_setaffinity(0, {self.cpu})

    def run(self, timeout_s, silence_s, verbose=False):
        run = self.run_once(self.command, timeout_s, silence_s, verbose) if self.command else Run(self.key)
        if self.packages_command:
            run.take_packages(self.run_once(self.packages_command, timeout_s, silence_s, verbose))
        return run

    def run_once(self, command, timeout_s, silence_s, verbose):
        run = Run(self.key)
        started = time.monotonic()
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, cwd=self.cwd, env=self.environment,
                                     start_new_session=True, preexec_fn=self.prepare_child)
        except OSError as error:
            run.trouble = "cannot start %s: %s" % (command[0], error.strerror)
            return run
        if self.is_busy:
            run.busy = BusyMachine(child.pid, self.is_native)
        try:
            self.read_lines(child, run, started, (timeout_s, silence_s), verbose)
        finally:
            self.bury(child, run)
            run.total_s = time.monotonic() - started
        run.judge_clock()
        return run

    def read_lines(self, child, run, started, patience, verbose):
        timeout_s, silence_s = patience
        finished, pending, heard = False, b"", started
        descriptor = child.stdout.fileno()
        os.set_blocking(descriptor, False)
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            deadline = started + timeout_s
            while True:
                now = time.monotonic()
                if now >= deadline and finished:
                    run.notes.append("did not power off")
                    return
                if now >= deadline:
                    run.trouble = "no end in %d s" % timeout_s
                    return
                if now >= heard + silence_s:
                    run.trouble = "silent for %d s" % silence_s
                    return
                if not selector.select(min(deadline, heard + silence_s) - now):
                    continue
                data = os.read(descriptor, 65536)
                heard = now = time.monotonic()
                if not data:
                    break
                pending += data
                *lines, pending = pending.split(b"\n")
                for line in lines:
                    line = line.decode("utf-8", "replace")
                    if verbose:
                        print("    %7.3f %s" % (now - started, line.rstrip()), flush=True)
                    if "@init ok" in line:
                        run.boot_s = now - started
                    elif "@done ok" in line and not finished:
                        finished = True
                        deadline = min(deadline, now + POWEROFF_PATIENCE_S)
                        look_at_memory(child.pid, run)
                    else:
                        run.take_line(line, now)
        if not finished and not self.is_native:
            run.trouble = "ended before the suite did"
            if pending.strip():
                run.tail.append(pending.decode("utf-8", "replace").strip())

    def bury(self, child, run):
        """Ends the session that was started here, and takes its resource usage."""
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid == 0 and (run.trouble or run.notes):
            os.killpg(child.pid, signal.SIGKILL)
        if pid == 0:
            patience = time.monotonic() + POWEROFF_PATIENCE_S
            while pid == 0 and time.monotonic() < patience:
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid == 0:
                    time.sleep(0.01)
        if pid == 0:
            os.killpg(child.pid, signal.SIGKILL)
            pid, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        if run.trouble == "ended before the suite did":
            run.trouble += " (exit code %d)" % child.returncode
        run.max_rss_kib = usage.ru_maxrss
        run.user_s, run.system_s = usage.ru_utime, usage.ru_stime


def look_at_memory(pid, run):
    """At the end of the suite: the process's share of memory, and how much of it is guest RAM.

    Guest RAM is a memfd (its blocks count it once, however often it is mapped, and also where it is not)
    or, in QEMU, the largest mapping no larger than it. What is not a mapping of it is the process's own.
    """
    try:
        with open("/proc/%d/smaps" % pid, encoding="ascii", errors="replace") as file:
            text = file.read()
        blocks = 0
        for name in os.listdir("/proc/%d/fd" % pid):
            path = "/proc/%d/fd/%s" % (pid, name)
            if os.readlink(path).startswith("/memfd:"):
                blocks = max(blocks, os.stat(path).st_blocks)
    except OSError:
        return
    found = re.findall(r"^[0-9a-f]+-[0-9a-f]+ ([^\n]*).*?^Size: +(\d+) kB.*?^Rss: +(\d+) kB.*?^Pss: +(\d+) kB", text, re.M | re.S)
    maps = [(int(size), int(rss), int(pss), "memfd:plex86-ram" in head) for head, size, rss, pss in found]
    run.pss_kib = sum(pss for _, _, pss, _ in maps)
    private = max((mapping for mapping in maps if mapping[0] <= RAM_MIB << 10), default=(0, 0, 0, False))
    run.guest_ram_kib = blocks // 2 if blocks else private[1]
    run.own_kib = run.pss_kib - (sum(pss for _, _, pss, is_ram in maps if is_ram) if blocks else private[2])


def native_engine(settings, work):
    """Pinned to one CPU, because the guests have one. Repeats more: it is quick, and each ratio
    stands on it."""
    environment = {"ROOT": TREE, "WORK": work, "GROUPS_WANTED": " ".join(settings.groups),
                   "PACKAGES": PACKAGES, "ONLY": settings.only or "", "REPS": str(max(3, settings.reps)),
                   "SCALE": str(settings.scale), "BATCH_MS": str(settings.batch_ms), "HOME": "/",
                   "TERM": "linux"}
    command = [os.path.join(TREE, "bin", "busybox"), "sh", os.path.join(TREE, "bench", "suite.sh")]
    return Engine("native", None, command, None, work, environment, max(os.sched_getaffinity(0)))


def machine_command(name, binary, kernel_path, settings, initrd, groups):
    append = ["console=ttyS0", "quiet", "panic=-1", "bench_groups=" + ",".join(groups),
              "bench_reps=%d" % settings.reps, "bench_scale=%d" % settings.scale,
              "bench_ms=%d" % settings.batch_ms]
    if settings.only:
        append.append("bench_only=" + settings.only)
    if settings.append:
        append.append(settings.append)
    command = [binary]
    if name == "qemu":
        command += ["-accel", "tcg", "-nodefaults", "-serial", "mon:stdio"]
    return command + ["-m", str(RAM_MIB), "-kernel", kernel_path, "-initrd", initrd, "-append", " ".join(append),
                      "-nographic", "-no-reboot"]


def machine_engine(name, binary, kernel, kernel_path, settings, work):
    groups = [group for group in settings.groups if group != "packages"]
    plain = packages = None
    if groups or not settings.groups:
        plain = machine_command(name, binary, kernel_path, settings, INITRD, groups)
    if groups != settings.groups:
        packages = machine_command(name, binary, kernel_path, settings, PACKAGES_INITRD, ["packages"])
    store = "none" if settings.no_store else os.path.join(work, "code-" + name.replace("/", "-"))
    return Engine(name, kernel, plain, packages, environment=dict(os.environ, PLEX86_CODE_STORE=store))


def available(binary):
    return binary if os.path.isfile(binary) and os.access(binary, os.X_OK) else shutil.which(binary)
