"""maps.py - tests of tests/cli/run about the instruction map and the control connection: rule files good
and bad, -map-print read back, commands to a running machine."""
import os
import random
import socket
import subprocess
import time

from harness import Failed, Live, Run, Setup, need

SERVED = 5  # seconds for an answer


def write(name, content):
    path = os.path.join(Setup.folder, name)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(path, 0o644)
    return path


def refused(args, *lines):
    """Status 2, and each of these begins a line."""
    run = Run(args)
    need(run.status == 2 and not run.hung, run.says())
    for line in lines:
        need(any(x.startswith(line) for x in run.err.splitlines()), "no line %r: %s" % (line, run.says()))
    return run


def print_map(*args):
    run = Run(["-map-print"] + list(args))
    need(run.status == 0 and not run.err, run.says())
    return run.out


def rules_of(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def map_errors():
    """All errors of all files and rules, in one go."""
    one = write("one.map", "nop: stop\ncpuidd: count\n\n  in 0x60: log\n")
    two = write("two.map", "cpuid: native\n")
    run = refused(["-map", one, "-map", "missing.map", "-map-rule", "nop: explode", "-map", two],
                  one + ":2:1: cpuidd: no such instruction or class; cpuid?", one + ":4:6: 0x60: expected a range",
                  "missing.map: No such file", "-map-rule 1:1:6: explode: expected",
                  two + ":1:1: native: cpuid shows the host's CPUID")
    need(len(run.err.splitlines()) == 6 and not run.out, run.says())


def map_bad_files():
    rng = random.Random(4)
    refused(["-map", write("noise.map", bytes(rng.randrange(256) for _ in range(65536)))])
    refused(["-map", write("long.map", "x" * (1 << 20))], os.path.join(Setup.folder, "long.map:1:1: xxxx"))
    refused(["-map", write("many.map", "bogus\n" * 100000)], "more of these follow")
    refused(["-map", write("big.map", b"#" * (17 << 20))], os.path.join(Setup.folder, "big.map:1:1: longer"))
    refused(["-map", "/dev/zero"], "/dev/zero:1:1: longer")
    refused(["-map", Setup.folder], Setup.folder + ": Is a directory")
    refused(["-map", ""], ": No such file")
    need(print_map("-map", write("empty.map", "")) == print_map(), "an empty file is no change")


def map_print_back():
    rules = ["-map-rule", "nop: stop", "-map-rule", "cpuid leaf 1: patch edx &= ~bit 9"]
    once = print_map(*rules)
    need("all: call" in once and "cpuid leaf 1" in once, once[:300])
    twice = print_map("-map", write("back.map", once))
    need(rules_of(once) == rules_of(twice), "printed, read and printed again it is another map")


def map_order():
    """Files and rules count in the order of the command line."""
    path = write("order.map", "int3: count\n")
    rules = rules_of(print_map("-map-rule", "int1: count", "-map", path, "-map-rule", "into: count"))
    need(rules[-3:] == ["int1: count", "int3: count", "into: count"], str(rules[-3:]))


def map_help():
    run = Run(["-map", "help"])
    need(run.status == 0 and "privileged" in run.out and "branch" in run.out, run.says())


def map_counts_once():
    """clc, stc, nop, hlt: a hit counts once under each technique, in each engine mode."""
    path = write("counts.bin", b"\xf8\xf9\x90\xf4")
    for technique in ("native", "call", "trap"):
        for engine in ([], ["-engine", "one-insn"], ["-engine", "verify"]):
            run = Run(["-program", path, "-map-rule", "nop: count", "-map-rule", "nop | clc | stc: " + technique,
                       "-map-rule", "0f ??: count", "-map-rule", "clc | nop: count, sample 5", "-map-counts"] + engine)
            counts = [int(line.split()[1]) for line in run.err.splitlines()]
            need(run.status == 0 and counts == [1, 0, 2], "%s %s: %s" % (technique, engine, run.says()))


def map_stops():
    path = write("stops.bin", b"\xf8\xf9\x90\xf4")
    for rule, line in (("nop: stop", " 000B.00100002  90 "), ("at 0x100001 stop", " 000B.00100001  F9 "),
                       ("in 0x100001+2 cpl 3: stop", " 000B.00100001  F9 "), ("cpl 0: stop", " 000B.00100003  F4 "),
                       ("f8 | 90 mode prot32: stop", " 000B.00100000  F8 ")):
        run = Run(["-program", path, "-map-rule", rule])
        need(run.status == 0 and run.out.startswith("Current instruction:\n" + line), rule + run.says() + run.out)


def map_samples():
    """ecx = 10; a loop of a NOP, an access and LOOP; hlt. The countdown is in place, and asks for ECX's register."""
    path = write("sample.bin", b"\xb9\x0a\x00\x00\x00" b"\x90\x8b\x15\x00\x00\x20\x00\xe2\xf7" b"\xf4")
    most = {"nop: sample 1": (10, 10), "nop | mov: sample 3": (21, 7), "nop: count, sample 4": (10, 2), "nop: count": (10, 0),
            "loop: sample 10": (10, 1), "all: sample 11": (32, 2), "nop: sample 4294967295": (10, 0), "hlt: sample 1": (1, 1)}
    few = {rule: most[rule] for rule in list(most)[:5]}  # few enough at the NOP to be counted in place
    for engine in ([], ["-engine", "one-insn"], ["-engine", "all-checked"], ["-engine", "no-join"], ["-engine", "verify"],
                   ["-map-rule", "all: call"], ["-map-rule", "all: trap"]):
        for rules in (most, few):
            first = engine.count("-map-rule") + 1
            run = Run(["-program", path, "-map-counts", "-d", "cpu,exits"] + engine +
                      [x for rule in rules for x in ("-map-rule", rule)])
            lines = run.err.splitlines()
            counts = [int(line.split()[1]) for line in lines if line.startswith("count:")]
            logged = [sum(line.startswith("rule %d:" % i) for line in lines) for i in range(first, first + len(rules))]
            need(run.status == 0 and counts == [n for n, _ in rules.values()] and logged == [n for _, n in rules.values()],
                 "%r: %r %r %s" % (engine, counts, logged, run.says()))
            need([x for x in run.err.split() if x.startswith("ECX=")][-1] == "ECX=00000000", run.says())


def map_patches():
    """mov eax,1 cpuid hlt: what the guest is told is in the display of -d cpu,exits."""
    path = write("patch.bin", b"\xb8\x01\x00\x00\x00\x0f\xa2\xf4")
    def edx(*rules):
        args = [x for rule in rules for x in ("-map-rule", rule)]
        run = Run(["-program", path, "-d", "cpu,exits"] + args)
        found = [x for x in run.err.split() if x.startswith("EDX=")]
        need(run.status == 0 and found, run.says())
        return int(found[-1][4:], 16)
    plain = edx()
    need(plain & 1 << 25, "no SSE? %x" % plain)
    need(edx("cpuid leaf 1: patch edx &= ~bit 25") == plain & ~(1 << 25), "a bit is hidden")
    need(edx("cpuid leaf 2: patch edx &= ~bit 25") == plain, "another leaf")
    need(edx("cpuid: patch skip, edx = 0x1234") == 0x1234, "skipped and set")
    need(edx("cpuid: patch edx = 1", "cpuid: emulate") == plain, "emulate undoes it")


def map_data():
    """movl $2, 0x200000; addl $1, 0x200002; pushl %eax; popl %ecx; hlt, with the stack at 0x200104"""
    path = write("data.bin", b"\xc7\x05\x00\x00\x20\x00\x02\x00\x00\x00" b"\x83\x05\x02\x00\x20\x00\x01"
                 b"\xbc\x04\x01\x20\x00" b"\x50\x59\xf4")
    for engine in ([], ["-engine", "one-insn"], ["-engine", "all-checked"], ["-engine", "verify"]):
        run = Run(["-program", path, "-map-rule", "touches 0x200000+4: count, log", "-map-rule", "push writes 0x200100: log",
                   "-map-rule", "all: count", "-map-rule", "touches phys 0x200000+0x1000: sample 2"] + engine)
        lines = [line.split(" cpl ") for line in run.err.splitlines()]
        need(run.status == 0 and [(l[0][:6], l[1]) for l in lines if len(l) == 2] == [
            ("rule 1", "3 writes 4 bytes at 00200000 value 00000002"),
            ("rule 1", "3 reads 4 bytes at 00200002 value 00000000"),
            ("rule 4", "3 reads 4 bytes at 00200002 value 00000000"),
            ("rule 1", "3 writes 4 bytes at 00200002 value 00000001"),
            ("rule 2", "3 writes 4 bytes at 00200100 value 00000000"),
            ("rule 4", "3 writes 4 bytes at 00200100 value 00000000")], run.says())
    for rule, line in (("writes 0x200000: stop", "00100000  C705"), ("reads 0x200005: stop", "0010000A  8305"),
                       ("reads 0x200006+0xff: stop", "00100017  59"), ("cpl 0 touches 0x200000+4096: stop", "00100018  F4"),
                       ("push touches phys 0x200000-0x200fff: stop", "00100016  50"),
                       ("touches 0-0x1fffff: stop", "00100018  F4")):
        run = Run(["-program", path, "-map-rule", rule])
        need(run.status == 0 and run.out.startswith("Current instruction:\n 000B." + line), rule + run.says() + run.out)
    again = print_map("-map-rule", "mov reads phys 0x1000+4 cpl 3: stop")
    need(rules_of(again) == rules_of(print_map("-map", write("data.map", again))), "a rule about data is not read back")


class Client:
    """A control connection."""

    def __init__(self, path):
        deadline = time.monotonic() + SERVED
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(SERVED)
            try:
                self.socket.connect(path)
                break
            except OSError:
                need(time.monotonic() < deadline, "nobody listens at " + path)
                time.sleep(0.05)
        self.answer()

    def answer(self):
        text = b""
        while not text.endswith(b"(plex86) "):
            try:
                more = self.socket.recv(65536)
            except socket.timeout:
                raise Failed("no prompt after %r" % text[-200:])
            need(more, "closed after %r" % text[-200:])
            text += more
        return text[:-9].decode(errors="replace")

    def ask(self, line):
        self.socket.sendall(line if isinstance(line, bytes) else line.encode() + b"\n")
        return self.answer()


def monitor_commands(kernel):
    path = os.path.join(Setup.folder, "monitor.sock")
    with Live(["-kernel", kernel, "-serial", "null", "-monitor", "unix:%s,server,nowait" % path,
               "-map-rule", "int3: count"], False) as live:
        client = Client(path)
        need("rule add RULE" in client.ask("help"), "no help")
        need(client.ask("info rules") == "1: int3: count  (0)\n", "rules of the command line are not listed")
        need(client.ask("rule add cpuid: log") == "rule 2\n", "rule add")
        need(client.ask("rule add cpuid: native").startswith("error: "), "an unsafe rule is refused")
        need(client.ask("rule add bogus").startswith("error: rule:1:1: bogus"), "a bad rule is refused")
        need(client.ask("rule delete 1") == "", "rule delete")
        need(client.ask("rule delete 1").startswith("error: "), "it is there no more")
        need(client.ask("info rules") == "2: cpuid: log\n", "rules after that")
        need("EIP=" in client.ask("info registers"), "info registers")
        need(client.ask("rule add all: count") == "rule 3\n", "the next id")
        time.sleep(0.1)
        counts = client.ask("info counters").split()
        need(int(counts[1]) > 1000, "code that was translated before is not counted: %r" % counts)
        client.ask("rule delete 3")
        need(client.ask("rule add jmp | nop: sample 4000000000").startswith("rule 4"), "a rule that samples")
        time.sleep(0.05)
        counts = client.ask("info counters").split()
        need(0 < int(counts[1]) < 4000000000, "a countdown begins anew: %r" % counts)
        client.ask("rule delete 4")
        client.ask("stop")
        need(client.ask("info status") == "VM status: paused\n", "stop")
        client.ask("cont")
        need("running" in client.ask("info status"), "cont")
        need(client.ask(b"\x00\xff garbage \x1b\n").startswith("error: unknown command"), "garbage")
        need(client.ask(b"y" * 100000 + b"\n").startswith("error: the line is too long"), "a long line")
        client.socket.close()
        client = Client(path)  # the next one is let in
        client.socket.sendall(b"quit\n")
        live.ends(0)


def monitor_data():
    """Rules about data that come and go while code runs: inc 0x200000; push; pop; again."""
    path = os.path.join(Setup.folder, "data.sock")
    loop = write("inc.bin", b"\xbc\x04\x01\x20\x00" b"\xff\x05\x00\x00\x20\x00\x50\x59\xeb\xf6")

    def goes_on(client):
        """To the next stop, whose message may come with the answer or behind it."""
        text = client.ask("cont")
        return text if "stopped" in text else text + client.answer()

    def counts(client):
        return [int(line.split()[1]) for line in client.ask("info counters").splitlines()]
    with Live(["-program", loop, "-monitor", "unix:%s,server,nowait" % path], False) as live:
        client = Client(path)
        need(client.ask("info counters") == "", "no rules yet")
        client.ask("stop")
        for rule in ("writes 0x200000+4: count", "reads 0x200003: count", "touches 0x201000+4: count"):
            need(client.ask("rule add " + rule).startswith("rule "), rule)
        client.ask("cont")
        time.sleep(0.2)
        client.ask("stop")
        seen = counts(client)
        need(seen[0] > 1000 and abs(seen[1] - seen[0]) <= 1 and seen[2] == 0, str(seen))
        need(client.ask("info rules").startswith("1: writes 0x200000+4: count  (%d)" % seen[0]), "info rules")
        need(client.ask("rule add push touches phys 0x200000+4096: count").startswith("rule 4"), "rule add")
        client.ask("rule delete 1")  # the page is still watched
        client.ask("cont")
        time.sleep(0.1)
        client.ask("stop")
        more = counts(client)
        need(more[0] > seen[1] and more[1] == 0 and more[2] > 1000, str(more))
        client.ask("rule delete all")
        need(client.ask("rule add pop reads 0x200100: stop") == "rule 5\n", "rule add")
        need("stopped by rule 5 behind a read of 4 bytes at 00200100" in goes_on(client), "a rule about data does not stop")
        need("ESP=00200104" in client.ask("info registers"), "the stop is not behind the instruction")
        need(client.ask("rule add at 0x10000d: stop") == "rule 6\n", "the next instruction")
        need("stopped by rule 6;" in goes_on(client), "the next instruction's stop is passed over")
        client.socket.sendall(b"quit\n")
        live.ends(0)


def monitor_stdio(kernel):
    run = subprocess.run(Setup.user + [Setup.plex86, "-kernel", kernel, "-monitor", "stdio", "-serial", "null"],
                         input=b"info status\nrule add nop: stop\nquit\n", stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, cwd=Setup.folder, timeout=20)
    need(run.returncode == 0 and b"VM status: running" in run.stdout and b"rule 1\n" in run.stdout,
         "status %d, %r, %r" % (run.returncode, run.stdout, run.stderr))


def monitor_bad(kernel):
    Run(["-kernel", kernel, "-display", "none", "-monitor", "unix:/nowhere/at/all"]).fails(1, "-monitor unix:/nowhere")
    Run(["-kernel", kernel, "-display", "none", "-monitor", "tcp:127.0.0.1:99999"]).fails(1, "-monitor tcp:")
    Run(["-kernel", kernel, "-display", "none", "-monitor", "pty"]).fails(2, "not supported yet")
    Run(["-kernel", kernel, "-display", "none", "-monitor", "stdio", "-serial", "stdio"]).fails(2, "stdio can be")


def add_tests(tests, kernel):
    """kernel(): path of one that runs until it is told."""
    for function in (map_errors, map_bad_files, map_print_back, map_order, map_help, map_counts_once,
                     map_stops, map_samples, map_patches, map_data, monitor_data):
        tests[function.__name__] = function
    for function in (monitor_commands, monitor_stdio, monitor_bad):
        tests[function.__name__] = lambda function=function: function(kernel())
