"""stores.py - tests of tests/cli/run about -code-store: code that a machine before has translated."""
import os
import re
import signal
import stat

from harness import Live, Run, Setup, need
from maps import write

# Ring 3, at 0x100000: calls of another page, a loop inside the page, an indirect call; then HLT. EBX counts.
LOOP = bytes.fromhex(
    "31db"            # xor %ebx, %ebx
    "b9e8030000"      # mov $1000, %ecx
    "e8f40f0000"      # call 0x101000
    "b800101000"      # mov $0x101000, %eax
    "ffd0"            # call *%eax
    "49" "75f1"       # dec %ecx; jnz to the first call
    "81fbd0070000"    # cmp $2000, %ebx
    "7401" "cc"       # je; int3: a wrong sum ends otherwise
    "f4")
PROGRAM = LOOP.ljust(4096, b"\x90") + b"\x43\xc3"  # inc %ebx; ret


def run_program(path, *args, name="loop.bin", content=PROGRAM, **more):
    file = write(name, content)
    run = Run(["-program", file, "-stats", "-code-store", path] + list(args), **more)
    need(run.status == 0, run.says())
    return counts(run)


def counts(run):
    """Units that came from the store, those that did not fit, new ones; None: there is no store."""
    found = re.search(r"recalled pages \d+ units (\d+) .* refused (\d+); store .* new (\d+) ", run.err)
    return found and tuple(int(n) for n in found.groups())


def scratch(name):
    path = os.path.join(Setup.folder, name)
    if os.path.exists(path):
        os.unlink(path)
    return path


def store_twice():
    path = scratch("store.twice")
    first = run_program(path)
    need(first and first[0] == 0 and first[2] >= 2, "first run: %s" % (first,))
    need(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "mode of the file")
    size = os.path.getsize(path)
    for checks in [(), ("-engine", "verify"), ("-m", "64")]:
        again = run_program(path, *checks)
        need(again[0] == first[2] and again[1:] == (0, 0), "then, %s: %s" % (checks, again))
    need(os.path.getsize(path) == size, "nothing new, but the file grew")
    other = run_program(path, name="other.bin", content=PROGRAM.replace(b"\x43\xc3", b"\x90\x43\xc3"))
    need(other[1] == 0 and other[2] >= 1, "the second page differs: %s" % (other,))
    need(run_program(path, "-engine", "no-join")[0] == 0, "of an engine of other words")
    need(run_program(path, "-map-rule", "nop: count")[0] == 0, "judged by other rules")
    again = run_program(path)
    need(again[0] >= first[2] and again[1] == 0, "at last: %s" % (again,))


def store_none():
    file = write("loop.bin", PROGRAM)
    need(counts(Run(["-program", file, "-stats", "-code-store", "none"])) is None, "a store all the same")
    need(counts(Run(["-program", file, "-stats"])) is None, "PLEX86_CODE_STORE=none is not heeded")


def store_bad():
    file = write("loop.bin", PROGRAM)
    for path, pattern in [("/nonexistent/x", "No such file"), (Setup.folder, "directory"), ("/dev/zero", "yours|denied")]:
        Run(["-program", file, "-code-store", path]).fails(1, "-code-store.*(%s)" % pattern)
    path = write("store.open", b"")
    os.chmod(path, 0o666)
    Run(["-program", file, "-code-store", path]).fails(1, "-code-store.*yours")
    Run(["-program", file, "-code-store"]).fails(2, "code-store")


def store_by_default():
    """In the user's cache directory, made if need be; where there is none nobody is told."""
    file = write("loop.bin", PROGRAM)
    home = os.path.join(Setup.folder, "home")
    os.makedirs(home, exist_ok=True)
    os.chmod(home, 0o777)
    plain = {"PATH": os.environ.get("PATH", "")}
    for env, path in [({"HOME": home}, home + "/.cache/plex86/code"),
                      ({"HOME": "/nonexistent", "XDG_CACHE_HOME": home + "/c"}, home + "/c/plex86/code")]:
        first = Run(["-program", file, "-stats"], env=dict(plain, **env))
        second = Run(["-program", file, "-stats"], env=dict(plain, **env))
        need(counts(first) and counts(second)[0] == counts(first)[2] > 0, second.says())
        check = ["test", "-f", path]
        need(os.path.exists(path) or os.system(" ".join(Setup.user + check)) == 0, "no " + path)
    for env in [{}, {"HOME": "/nonexistent"}, {"HOME": "/proc"}, {"HOME": "relative"}]:
        run = Run(["-program", file, "-stats"], env=dict(plain, **env))
        need(run.status == 0 and counts(run) is None, run.says())
    run = Run(["-program", file, "-stats", "-engine", "no-join"], env=dict(plain, HOME=home))
    need(counts(run) is None, "engine words look at the translator")


def store_damaged():
    path = scratch("store.damaged")
    first = run_program(path)
    size = os.path.getsize(path)
    for length in [size - 1, size // 2, 200, 8, 0]:
        os.truncate(path, length)
        again = run_program(path)
        need(again[0] == 0 and again[2] == first[2], "cut at %d: %s" % (length, again))
        need(run_program(path)[0] == first[2], "and then")


def store_two_machines(spin):
    """The second reads what is there and writes nothing."""
    path = scratch("store.two")
    first = run_program(path)
    with Live(["-kernel", spin, "-nographic", "-code-store", path], on_terminal=False) as live:
        need(run_program(path)[0] == first[2], "while another has it")
        other = run_program(path, name="other.bin", content=PROGRAM.replace(b"\x43\xc3", b"\x90\x43\xc3"))
        need(other[2] == 0, "it wrote: %s" % (other,))
        live.proc.send_signal(signal.SIGTERM)
        live.ends(143)
    need(run_program(path)[0] == first[2], "afterwards")


def add_tests(tests, spin):
    for function in [store_twice, store_none, store_bad, store_by_default, store_damaged]:
        tests[function.__name__] = function
    tests["store_two_machines"] = lambda: store_two_machines(spin())
