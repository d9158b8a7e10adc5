"""traces.py - tests of tests/cli/run about -trace and `plex86 trace`: known values, disks that are full, streams
that end early."""
import json
import os
import shutil
import subprocess
import time

from harness import Live, Run, Setup, need
from maps import Client, write

# 16-bit code: OUT, IN, CPUID, RDMSR, WRMSR, MOV CR0, memory operands, OUTS, INS, INT 21h, and exit by port 0xf4.
VALUES = bytes.fromhex(
    "fab83412ba0204e680efeeece4716631c0664066b9070000000fa266b9100000000f3266b97401000066b8550000006631d20f30"
    "0f20c00f22c00f20c3b850008ed8bb0001be0300b9cdab89480826882f8b5008830711ba0204be3000b90200fcf36eba7100bf40"
    "006c31c08ed8b88affa38400c706860000f0bc0070b8014ccd21b81000e6f4f4ebfdcf")
NOPS = bytes.fromhex("b900000400 90 90 90 90 49 75f9 f4")  # a million of them


def rom(code):
    """256 bytes; at the reset vector a jump to its begin."""
    return code.ljust(240, b"\x90") + b"\xe9\x0d\xff".ljust(16, b"\x90")


def trace(*args):
    run = Run(["trace"] + list(args))
    need(run.status == 0 and not run.err, run.says())
    return run.out


def logged(name, *args, status=0):
    path = os.path.join(Setup.folder, name)
    run = Run(list(args) + ["-trace", path])
    need(run.status == status and not run.err, run.says())
    return path


def trace_values():
    path = logged("values.trace", "-bios", write("values.rom", rom(VALUES)), "-device", "isa-debug-exit,iobase=0xf4",
                  "-map-rule", "all: log", status=33)
    events = [json.loads(line) for line in trace("--json", path).splitlines()]
    need(events[0] == {"rule": 1, "text": "all: log"}, str(events[0]))
    events = events[1:]
    times = [event["ns"] for event in events]
    need(times == sorted(times), "time runs backwards")
    fields = {"ns", "cpl", "cr3", "cs", "eip", "lin", "rule", "when", "bytes", "insn"}
    found = [(e["insn"], e["when"], {k: v for k, v in e.items() if k not in fields}) for e in events]

    def says(insn, *expected, when="before"):
        values = [v for i, w, v in found if i.startswith(insn) and w == when]
        need(values == list(expected), "%s %s: %r, not %r" % (when, insn, values, expected))
        return values[0]
    says("out %al, $0x80", {"port": 0x80, "value": 0x34})
    says("out %ax, %dx", {"port": 0x402, "value": 0x1234})
    says("out %al, %dx", {"port": 0x402, "value": 0x34})
    says("in %dx, %al", {"port": 0x402, "value": 0xff}, when="done")
    says("xor %edx, %edx", {"dst": 0, "src": 0})
    cpuid, = [v for i, w, v in found if (i, w) == ("cpuid", "done")]
    need(cpuid["leaf"] == 1 and cpuid["subleaf"] == 7 and cpuid["edx"] & 1, "CPUID: %r" % cpuid)
    rdmsr, = [v for i, w, v in found if (i, w) == ("rdmsr", "done")]
    need(rdmsr["msr"] == 0x10 and set(rdmsr) == {"msr", "eax", "edx"}, "RDMSR: %r" % rdmsr)
    says("wrmsr", {"msr": 0x174, "eax": 0x55, "edx": 0})
    cr0 = says("mov %cr0, %eax", {"value": 0x60000010}, when="done")
    says("mov %eax, %cr0", cr0)
    says("mov %cx, 0x08(%bx,%si", {"mem": 0x60b, "value": 0xabcd})
    says("mov %ch, %es:(%bx)", {"mem": 0x100, "value": 0xab})
    says("addw $0x11", {"mem": 0x600, "value": 0x11})
    says("movw $-0x1000", {"mem": 0x86, "value": 0xf000})
    says("rep outsb", {"port": 0x402, "mem": 0x530, "ecx": 2, "n": 2, "last": 0}, when="done")
    ins, = [v for i, w, v in found if (i.split()[0], w) == ("insb", "done")]
    last = ins.pop("last")  # of the clock
    need(ins == {"port": 0x71, "mem": 0x40, "ecx": 0, "n": 1} and last < 256, "INS: %r" % ins)
    says("int $0x21", {"vector": 0x21, "eax": 0x60004c01})
    text = trace(path)
    need("cpl 0 cr3 00000000 f000:0000ff07 rule 1  out %al, $0x80  port 80  value 34\n" in text, text[:500])
    need(trace("--summary", path).split()[0] == str(len(events)), "the summary counts otherwise")


def trace_data():
    """Accesses: movl $1, 0x200000; movl 0x200000, %eax; fldl 0x200000; int $3 without a handler."""
    code = bytes.fromhex("c705000020000100 0000 a100002000 dd0500002000 f4".replace(" ", ""))
    path = logged("data.trace", "-program", write("data.bin", code), "-map-rule", "touches 0x200000+8: log")
    lines = [json.loads(line) for line in trace("--json", path).splitlines()][1:]
    found = [{k: v for k, v in e.items() if k in ("read", "write", "size", "value", "high")} for e in lines]
    need(found == [{"write": 0x200000, "size": 4, "value": 1}, {"read": 0x200000, "size": 4, "value": 1},
                   {"read": 0x200000, "size": 8, "value": 1, "high": 0}], str(found))
    need("read 200000  size 4  value 1\n" in trace(path), trace(path))


def trace_and_counts():
    """Rules that log and rules that count at the same instruction, one logging or more, with results or not."""
    code = bytes.fromhex("b9e8030000 90 31c0 51 0fa2 59 49 75f6 f4".replace(" ", ""))  # 1000 times
    for rules, counts in ((["nop: count", "nop: log, count"], [1000, 1000]), (["nop: log", "all: count"], [7002]),
                          (["cpuid: log", "cpuid: count"], [1000]), (["cpuid: count", "cpuid: log, count"], [1000] * 2),
                          (["cpuid: count", "cpuid: log", "0f a2: log"], [1000])):
        path = os.path.join(Setup.folder, "counts.trace")
        run = Run(["-program", write("counts.bin", code), "-map-counts", "-trace", path] +
                  [x for rule in rules for x in ("-map-rule", rule)])
        seen = [int(line.split()[1]) for line in run.err.splitlines()]
        need(run.status == 0 and seen == counts, "%s: %s %s" % (rules, seen, run.says()))
        n_logs = sum("log" in rule for rule in rules)
        expected = n_logs * 1000
        need(int(trace("--summary", path).split()[-2]) == expected, "%s: not %d events" % (rules, expected))


def trace_split():
    """Accesses to virtualized code pages: read, write, and by the delivery of an event."""
    # mov ebx,[0x100010]; mov [0x100010],bl; hlt
    program = write("split.bin", bytes.fromhex("8b1d10001000 881d10001000 f4".replace(" ", "")).ljust(24, b"\x90"))
    path = os.path.join(Setup.folder, "split.trace")
    for policy in ("log", "trap"):
        run = Run(["-program", program, "-split", policy, "-trace", path])
        need(run.status == 0, run.says())
        need("split: read" not in run.err, "lines in the log too: " + run.says())
        events = [json.loads(line) for line in trace("--json", path).splitlines()]
        first = {"eip": 0x100000, "rule": 0, "bytes": "8b1d10001000", "read": 0x100010, "phys": 0x100010, "size": 4,
                 "event": 0, "cpl": 3}
        need(first.items() <= events[0].items(), "%s: %r" % (policy, events[0]))
        if policy == "log":
            second = {"eip": 0x100006, "write": 0x100010, "size": 1}
            need(len(events) == 2 and second.items() <= events[1].items(), repr(events))
            need("split  mov %bl, 0x00100010  write 100010  phys 100010  size 1" in trace(path), trace(path))
        need(trace("--summary", path).splitlines()[0].split() == [str(len(events)), "split"], "summary")


def trace_full_disk():
    """One message, no more tracing, and the guest runs to its end."""
    program = write("nops.bin", NOPS)
    run = Run(["-program", program, "-map-rule", "nop: log", "-trace", "/dev/full"])
    need(run.status == 0 and "hlt" in run.out and run.err.count("\n") == 1 and "No space left" in run.err, run.says())
    Run(["-program", program, "-map-rule", "nop: log", "-trace", "/nowhere/x"]).fails(1, "/nowhere/x")
    path = os.path.join(Setup.folder, "limited.trace")  # full in the middle: what fitted can be read
    with Live(["-program", write("loop.bin", b"\x90\xeb\xfd"), "-map-rule", "nop: sample 1000", "-trace", path], False) as live:
        size = max(os.path.getsize(path), 1 << 16)
        subprocess.run(Setup.user + ["prlimit", "--pid", str(live.proc.pid), "--fsize=%d" % (2 * size)], check=True)
        deadline = time.monotonic() + 10
        while os.path.getsize(path) < 2 * size:
            need(time.monotonic() < deadline and live.proc.poll() is None, "it does not grow")
            time.sleep(0.02)
        time.sleep(0.2)
        need(live.proc.poll() is None, "the guest does not go on")
        live.proc.terminate()
        said = live.proc.stderr.read().decode()
        need(live.proc.wait() == 143 and said.count("\n") == 1 and "File too large" in said, said)
    run = Run(["trace", "--summary", path])
    need(run.status == 0 and "without its end" in run.err and int(run.out.split()[0]) > 10000, run.says())
    short = write("few.bin", bytes.fromhex("b9e8030000 90 49 75fc f4"))  # the log: a thousand lines
    run = Run(["-program", short, "-map-rule", "nop: log", "-D", "/dev/full"])
    need(run.status == 0 and "hlt" in run.out, run.says())


def bench_techniques():
    """Only in the source tree; says so elsewhere."""
    need(Run(["bench"]).status == 2 and Run(["bench", "x"]).status == 2, "usage is status 2")
    copy = os.path.join(Setup.folder, "plex86-copy")
    shutil.copy(Setup.plex86, copy)
    os.chmod(copy, 0o755)
    done = subprocess.run(Setup.user + [copy, "bench", "techniques"], capture_output=True, text=True, timeout=20)
    need(done.returncode == 1 and done.stderr.count("\n") == 1 and "make bench-techniques" in done.stderr, repr(done))


def trace_killed():
    """kill -9: what was written can be read."""
    path = os.path.join(Setup.folder, "killed.trace")
    proc = subprocess.Popen(Setup.user + [Setup.plex86, "-program", write("loop.bin", b"\x90\xeb\xfd"), "-map-rule",
                                          "nop: log", "-trace", path], cwd=Setup.folder)
    while proc.poll() is None and (not os.path.exists(path) or os.path.getsize(path) < 1 << 20):
        time.sleep(0.02)
    proc.kill()
    proc.wait()
    run = Run(["trace", "--summary", path])
    need(run.status == 0 and "without its end" in run.err and int(run.out.split()[0]) > 10000, run.says())


def trace_printer():
    """Memory does not grow with the trace; bad files and a full disk are said."""
    path = logged("nops.trace", "-program", write("nops.bin", NOPS), "-map-rule", "nop: log")
    need(trace("--summary", path).split()[0] == str(4 << 18), "events are lost")
    run = Run(["trace", path], ["prlimit", "--as=%d" % (64 << 20)], stdout=subprocess.DEVNULL)
    need(run.status == 0, run.says())
    with open(path, "rb") as f:
        run = Run(["trace", "--summary", "-"], stdin=f)
    need(run.status == 0 and run.out.split()[0] == str(4 << 18), run.says())
    with open("/dev/full", "w") as full:
        Run(["trace", path], stdout=full).fails(1, "standard output: No space")
    Run(["trace", "/nowhere"]).fails(1, "No such file")
    Run(["trace", Setup.folder]).fails(1, "Is a directory")
    Run(["trace", Setup.plex86]).fails(1, "not a trace")
    noise = bytearray(open(path, "rb").read()[:5000])
    noise[2000:] = b"\0\x07" * 1500
    run = Run(["trace", "--summary", write("noise.trace", bytes(noise))])
    need(run.status == 1 and "damaged" in run.err, run.says())
    need(Run(["trace"]).status == 2 and Run(["trace", "--frob", path]).status == 2, "usage is status 2")


def trace_files(kernel):
    """Files named at the start are begun, held, gone on with and begun anew on a running machine."""
    one, two, door = [os.path.join(Setup.folder, name) for name in ("one.trace", "two.trace", "trace.sock")]

    def count(path, end=True):
        run = Run(["trace", "--summary", path])
        need(run.status == 0 and ("without its end" in run.err) != end, path + ": " + run.says())
        return int(run.out.split()[-2])
    with Live(["-kernel", kernel(), "-serial", "null", "-monitor", "unix:%s,server,nowait" % door, "-map-rule",
               "all: log", "-trace", one + ",start=off", "-trace", two], False) as live:
        client = Client(door)
        need(client.ask("info trace") == "%s: not being written\n%s: not being written\n" % (one, two), "not off")
        need(client.ask("trace start /etc/passwd").startswith("error: trace: /etc/passwd"), "a file not named before")
        need(os.path.getsize(one) == 0, "it did not wait")
        need(client.ask("trace start") == "", "the first")
        time.sleep(0.05)
        need(client.ask("trace stop") == "", "stop")
        first = count(one, end=False)
        need(first > 100 and "# rule 1: all: log" in Run(["trace", one]).out, "%d events" % first)
        time.sleep(0.05)
        need(count(one, end=False) == first, "it is not held")
        client.ask("trace start")
        time.sleep(0.05)
        client.ask("trace stop")
        need(count(one, end=False) > first, "it does not go on")
        client.ask("trace start " + two)
        need(client.ask("info trace").endswith(two + ": being written\n"), "info trace")
        whole = count(one)
        time.sleep(0.05)
        client.ask("trace start " + one)  # anew
        client.ask("trace stop")
        need(count(one, end=False) < whole and count(two) > 0, "not begun anew")
        client.socket.sendall(b"quit\n")
        live.ends(0)
    need(count(one) >= 0, "ended")
    for value, why in (("x,start=maybe", "start=on or start=off"), ("x,frob=1", "start=on or start=off")):
        Run(["-kernel", kernel(), "-trace", value]).fails(2, why)


def add_tests(tests, kernel):
    tests["trace_files"] = lambda: trace_files(kernel)
    for function in (trace_values, trace_data, trace_and_counts, trace_split, bench_techniques, trace_full_disk,
                     trace_killed, trace_printer):
        tests[function.__name__] = function
