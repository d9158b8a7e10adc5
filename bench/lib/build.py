"""build.py - makes what the benchmarks need: the programs, the tree they run in, the initramfs.

Everything goes to build/bench; the guest's kernels and busybox are looked for in build/guest and
fetched there by tools/fetch-guest when they are missing; so are the big programs of the group packages.
"""
import concurrent.futures
import glob
import gzip
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(HERE)
GUEST = os.path.join(TOP, "build", "guest")
OUT = os.path.join(TOP, "build", "bench")
TREE = os.path.join(OUT, "root")
INITRD = os.path.join(OUT, "initrd.gz")
PACKAGES = os.path.join(GUEST, "programs")
PACKAGES_INITRD = os.path.join(OUT, "initrd-packages")
FETCH_PATIENCE_S = 120
KERNELS = ("686", "686-pae")

CFLAGS = ["-m32", "-march=i686", "-O2", "-std=gnu17", "-Wall", "-Wextra", "-Wno-clobbered",
          "-fno-pie", "-fno-math-errno", "-fno-tree-loop-distribute-patterns",
          "-I" + os.path.join(HERE, "common")]
SSE2 = ["-msse2", "-mfpmath=sse"]
X87 = ["-mfpmath=387", "-mno-sse"]
# -O2 of a fixed compiler, no PIE: code placement is the same on both sides.
PROGRAMS = {
    "kernels": ["kernels/*.c", "common/*.c"],
    "micro": ["micro/*.c", "common/*.c"],
    "program": ["programs/program.c", "common/*.c"],
    "mkdata": ["programs/mkdata.c", "common/*.c"],
}


class BuildError(Exception):
    """What was tried and what to do, in one line."""


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        raise BuildError("%s failed:\n%s" % (" ".join(command), done.stdout.strip()))
    if "warning:" in done.stdout:
        sys.stderr.write(done.stdout)
    return done.stdout


def newer(target, sources):
    if not os.path.exists(target):
        return False
    made = os.stat(target).st_mtime
    return all(os.stat(source).st_mtime <= made for source in sources)


def build_programs():
    cc = os.environ.get("BENCH_CC", "gcc")
    objects = os.path.join(OUT, "obj")
    os.makedirs(os.path.join(TREE, "bench"), exist_ok=True)
    os.makedirs(objects, exist_ok=True)
    headers = [path for kind in ("h", "def", "inc") for path in glob.glob(HERE + "/*/*." + kind)]
    headers.append(os.path.abspath(__file__))
    links, compiles = [], {}
    for program, patterns in PROGRAMS.items():
        needed = []
        for source in sorted(p for pattern in patterns for p in glob.glob(os.path.join(HERE, pattern))):
            name = os.path.relpath(source, HERE)
            made = os.path.join(objects, name.replace("/", "-")[:-2] + ".o")
            needed.append(made)
            if not newer(made, headers + [source]):
                mode = X87 if name.endswith("x87.c") else SSE2
                compiles[made] = [cc] + CFLAGS + mode + ["-c", source, "-o", made]
        links.append((os.path.join(TREE, "bench", program), needed))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, compiles.values()))
    for target, needed in links:
        if not newer(target, needed):
            run([cc, "-m32", "-static", "-no-pie", "-o", target] + needed + ["-lpthread"])


def find_guest(name):
    path = os.path.join(GUEST, name)
    return path if os.path.isfile(path) else None


def guests(flavours):
    """Paths: busybox, and the kernel for each flavour. tools/fetch-guest gets what is missing."""
    wanted = ["busybox"] + ["vmlinuz-" + flavour for flavour in flavours]
    if not all(map(find_guest, wanted)):
        tool = os.path.join(TOP, "tools", "fetch-guest")
        if not os.access(tool, os.X_OK):
            raise BuildError("no %s in build/guest and no tools/fetch-guest to get them" % wanted)
        subprocess.run([tool] + (flavours or ["686"]), cwd=TOP, stdout=sys.stderr, check=False)
    missing = [name for name in wanted if not find_guest(name)]
    if missing:
        raise BuildError("no %s in build/guest: see what tools/fetch-guest said" % ", ".join(missing))
    return {name: find_guest(name) for name in wanted}


def has_packages():
    """Are the big programs there? If not and the mirror can be reached, they will be."""
    if not os.path.isdir(PACKAGES):
        print("bench: tools/fetch-guest programs (30 MB, once)", file=sys.stderr, flush=True)
        tool, said = os.path.join(TOP, "tools", "fetch-guest"), ""
        try:
            said = subprocess.run([tool, "programs"], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False, timeout=FETCH_PATIENCE_S).stdout
        except (OSError, subprocess.TimeoutExpired) as error:
            said = "fetch-guest: %s" % error
        if not os.path.isdir(PACKAGES):
            why = [line for line in said.splitlines() if line.startswith("fetch-guest:")][-1:]
            print("bench: going on without the group packages; %s" % "".join(why), file=sys.stderr)
    return os.path.isdir(PACKAGES)


def build_scripts(group):
    """Copies a group of shell scripts into the tree, with a list of the tests among them."""
    scripts = os.path.join(TREE, "bench", group)
    shutil.rmtree(scripts, ignore_errors=True)
    os.makedirs(scripts)
    for path in glob.glob(os.path.join(HERE, group, "*.sh")) + glob.glob(os.path.join(HERE, group, "*.awk")):
        shutil.copy(path, scripts)
    names = {name[:-3] for name in os.listdir(scripts) if name.endswith(".sh")} - {"run", "prepare"}
    with open(os.path.join(scripts, "list"), "w", encoding="ascii") as listing:
        listing.write("\n".join(sorted(names)) + "\n")


def build_tree(busybox):
    """The tree both sides run in: bin/ (busybox under all its names), bench/."""
    target = os.path.join(TREE, "bin", "busybox")
    if not (newer(target, [busybox]) and os.path.lexists(os.path.join(TREE, "bin", "true"))):
        shutil.rmtree(os.path.join(TREE, "bin"), ignore_errors=True)
        os.makedirs(os.path.join(TREE, "bin"))
        shutil.copy(busybox, target)
        os.chmod(target, 0o755)
        for applet in run([target, "--list"]).split():
            if applet != "busybox":
                os.symlink("busybox", os.path.join(TREE, "bin", applet))
    build_scripts("programs")
    build_scripts("packages")
    shutil.copy(os.path.join(HERE, "init", "suite.sh"), os.path.join(TREE, "bench"))


class Cpio:
    """A newc archive, written without root: device nodes are only entries."""

    def __init__(self):
        self.parts, self.inode = [], 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1],
                  len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self.parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def add_folder(self, folder, inside):
        """Everything in it; folders before what is in them."""
        for path, _, names in sorted(os.walk(folder)):
            here = os.path.normpath(os.path.join(inside, os.path.relpath(path, folder)))
            if here != ".":
                self.add(here, 0o040755)
            for name in sorted(names):
                full, name = os.path.join(path, name), os.path.normpath(os.path.join(here, name))
                if os.path.islink(full):
                    self.add(name, 0o120777, os.readlink(full).encode())
                else:
                    with open(full, "rb") as file:
                        self.add(name, 0o100755 if os.access(full, os.X_OK) else 0o100644, file.read())

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


def build_initrd():
    archive = Cpio()
    for name in ("dev", "proc", "sys", "tmp"):
        archive.add(name, 0o040755)
    archive.add("dev/console", 0o020600, device=(5, 1))
    archive.add("dev/null", 0o020666, device=(1, 3))
    with open(os.path.join(HERE, "init", "init"), "rb") as init:
        archive.add("init", 0o100755, init.read())
    archive.add_folder(TREE, ".")
    replace(INITRD, gzip.compress(archive.bytes(), 9, mtime=0))


def build_packages_initrd():
    """The other one, and after it (at a multiple of four) a second archive, not compressed."""
    archive = Cpio()
    archive.add_folder(PACKAGES, "packages")
    with open(INITRD, "rb") as file:
        packed = file.read()
    replace(PACKAGES_INITRD, packed + b"\0" * (-len(packed) % 4) + archive.bytes())


def replace(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


def build_all(flavours, with_packages):
    """Returns the paths of guests(). Without flavours no kernel is needed, busybox always is."""
    if shutil.which(os.environ.get("BENCH_CC", "gcc")) is None:
        raise BuildError("no gcc: install gcc and gcc-multilib (32-bit static programs are built)")
    paths = guests(flavours)
    build_programs()
    build_tree(paths["busybox"])
    build_initrd()
    if with_packages:
        build_packages_initrd()
    return paths


def list_tests():
    """All tests as GROUP/NAME, in report order."""
    names = []
    for program in ("kernels", "micro"):
        listed = run([os.path.join(TREE, "bench", program), "-l"])
        names += ["%s/%s" % (program, name) for name in listed.split()]
    for group in ("programs", "packages"):
        with open(os.path.join(TREE, "bench", group, "list"), encoding="ascii") as listing:
            names += ["%s/%s" % (group, name) for name in listing.read().split()]
    return names


def build_other(commit):
    """Builds another commit in a worktree of its own; returns (short name, path of its plex86)."""
    short = run(["git", "-C", TOP, "rev-parse", "--short", "--verify", commit + "^{commit}"]).strip()
    folder = os.path.join(OUT, "ab-" + short)
    if not os.path.exists(os.path.join(folder, "Makefile")):
        run(["git", "-C", TOP, "worktree", "prune"])
        run(["git", "-C", TOP, "worktree", "add", "--detach", folder, short])
    print("bench: building %s in %s" % (short, folder), file=sys.stderr)
    # Not this make's flags and variables (BUILD, -j server): the other tree stands for itself.
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    run(["make", "-C", folder], env=plain)
    binary = os.path.join(folder, "plex86")
    if not os.access(binary, os.X_OK):
        raise BuildError("%s was built but has no ./plex86" % short)
    return short, binary
