"""harness.py - runs plex86 for tests/cli/run: to its end (Run), or until it is told to (Live)."""
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

LIMIT = 20  # seconds for a run that should end by itself
SIGNAL_LIMIT = 2


class Setup:
    """Where things are; filled by tests/cli/run."""
    user = []    # the command that becomes an unprivileged user
    plex86 = ""
    folder = ""  # scratch, and the working directory of every run


class Failed(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Failed(why)


class Run:
    """One run of plex86 that ends by itself."""

    def __init__(self, args, before=(), seconds=LIMIT, **streams):
        self.command = Setup.user + list(before) + [Setup.plex86] + list(args)
        streams.setdefault("stdin", subprocess.DEVNULL)
        streams.setdefault("stdout", subprocess.PIPE)
        proc = subprocess.Popen(self.command, stderr=subprocess.PIPE, cwd=Setup.folder, **streams)
        self.hung = False
        try:
            out, err = proc.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.hung = True
            proc.kill()
            out, err = proc.communicate()
        self.status = proc.returncode
        self.out = (out or b"").decode(errors="replace")
        self.err = err.decode(errors="replace")

    def says(self):
        return "status %s%s, stderr %r" % (self.status, " (hung)" if self.hung else "", self.err[:300])

    def fails(self, status, pattern=""):
        """One line on stderr, this status."""
        need(not self.hung, "does not end: " + self.says())
        need(self.status == status, "expected status %d: %s" % (status, self.says()))
        lines = self.err.splitlines()
        need(len(lines) == 1 and self.err.endswith("\n"), "expected one line: " + self.says())
        need(lines[0].startswith("plex86: "), "does not begin with plex86: " + self.says())
        need(re.search(pattern, lines[0]), "does not say /%s/: %s" % (pattern, self.says()))
        return self


class Live:
    """A machine that runs until it is told, on a terminal of its own if asked."""

    def __init__(self, args, on_terminal):
        self.master = self.slave = None
        stdin = stdout = subprocess.DEVNULL
        if on_terminal:
            self.master, self.slave = pty.openpty()
            stdin = stdout = self.slave
        self.before = termios.tcgetattr(self.slave) if on_terminal else None
        slave = self.slave

        def take_terminal():
            os.setsid()
            if slave is not None:
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        self.proc = subprocess.Popen(Setup.user + [Setup.plex86] + args, stdin=stdin, stdout=stdout,
                                     stderr=subprocess.PIPE, preexec_fn=take_terminal, cwd=Setup.folder)

    def __enter__(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.proc.poll() is None:
            maps = open("/proc/%d/maps" % self.proc.pid).read()
            raw = self.slave is None or termios.tcgetattr(self.slave) != self.before
            if "plex86-code" in maps and raw:
                time.sleep(0.2)  # the guest runs by now
                return self
            time.sleep(0.05)
        raise Failed("does not start: status %s" % self.proc.poll())

    def __exit__(self, *_):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        for fd in (self.master, self.slave):
            if fd is not None:
                os.close(fd)

    def drain(self):
        while self.master is not None and select.select([self.master], [], [], 0)[0]:
            if not os.read(self.master, 65536):
                break

    def ends(self, status):
        begin = time.monotonic()
        while self.proc.poll() is None and time.monotonic() - begin < SIGNAL_LIMIT:
            self.drain()
            time.sleep(0.01)
        need(self.proc.poll() is not None, "still runs after %d s" % SIGNAL_LIMIT)
        err = self.proc.stderr.read().decode(errors="replace")
        restored = self.slave is None or termios.tcgetattr(self.slave) == self.before
        need(self.proc.returncode == status, "status %s, expected %d%s; stderr %r" % (
            self.proc.returncode, status, "" if restored else ", terminal not restored", err[-300:]))
        need(restored, "the terminal is not as it was")


def descriptors(pid):
    folder = "/proc/%d/fd" % pid
    return {int(fd): os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)}
