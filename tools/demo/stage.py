# SPDX-License-Identifier: Apache-2.0
"""What the demo stands on: processes that end with it, commands as a person would type them, and the screen."""

import ctypes
import json
import os
import queue
import shlex
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_END_SECONDS = 10


class Failed(Exception):
    """A step did not show what it has to show."""


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start_time(pid):
    """Field 22 of /proc/<pid>/stat: with it a process id means one process for ever; None if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]


class Screen:
    """Plain text for people: numbered steps with what happened, how long it took, and what to type."""

    def __init__(self, stream):
        self._stream, self._step = stream, 0
        self._styled = stream.isatty() and "NO_COLOR" not in os.environ

    def _style(self, number, text):
        return f"\x1b[{number}m{text}\x1b[0m" if self._styled else text

    def say(self, text=""):
        print(text, file=self._stream, flush=True)

    def fact(self, text):
        self.say(f"     {text}")

    def command(self, text):
        self.say("     " + self._style(36, f"$ {text}"))

    @contextmanager
    def step(self, title):
        self._step += 1
        self.say()
        self.say(self._style(1, f"{self._step:2}.  {title}"))
        began = time.monotonic()
        yield
        self.fact(f"({time.monotonic() - began:.2f} s)")


class Child:
    """A process of the demo's own. Its standard output is read line by line, each line with the moment it came."""

    def __init__(self, arguments, log, environment):
        self.arguments = arguments
        self._lines = queue.Queue()
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                            text=True, env=environment, preexec_fn=_die_with_parent)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put((time.monotonic(), line.rstrip("\n")))
        self._lines.put((time.monotonic(), None))

    def line(self, seconds, wanted=lambda line: True):
        """The next line that is wanted, with its moment. @raise Failed: the process ended, or nothing came in time."""
        until = time.monotonic() + seconds
        while True:
            try:
                at, line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{Path(self.arguments[0]).name} said nothing for {seconds} s") from None
            if line is None:
                raise Failed(f"{shlex.join(self.arguments)} ended")
            if wanted(line):
                return at, line

    def json_line(self, seconds=60, wanted=lambda value: True):
        """The next line of JSON that is wanted, with its moment."""

        def fits(line):
            value = as_json(line)
            return value is not None and wanted(value)

        at, line = self.line(seconds, fits)
        return at, json.loads(line)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(_END_SECONDS)
        self.process.stdout.close()


def as_json(text):
    """The object that a text is, or None."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class Answer:
    """How a command ended."""

    def __init__(self, arguments, done, seconds):
        self.arguments, self.status, self.seconds = arguments, done.returncode, seconds
        self.output, self.errors = done.stdout, done.stderr
        self.values = [value for value in map(as_json, done.stdout.splitlines()) if value is not None]

    @property
    def value(self):
        if not self.values:
            raise Failed(f"{shlex.join(self.arguments)}: exit {self.status}: {(self.output + self.errors).strip()}")
        return self.values[-1]

    @property
    def code(self):
        """The refusal's code; None if there was none."""
        return next((v["code"] for v in reversed(self.values) if "code" in v), None)


class Stage:
    """The folder, the programs and the processes of one run."""

    def __init__(self, root, programs, folder, screen):
        self.root, self.programs, self.folder, self.screen = Path(root), Path(programs), Path(folder), screen
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("BIRTHMARK_")}
        self.environment.update(LC_ALL="C.UTF-8", TSS2_LOG="all+NONE")
        self._children = []

    def path(self, name):
        return str(self.folder / name)

    def typed(self, arguments):
        """A command as a person would type it at the root of the tree."""
        text = shlex.join(str(a) for a in arguments if a != "--json")
        return text.replace(str(self.root) + "/", "")

    def export(self, **variables):
        """Settings for every later command, as a person would export them."""
        self.environment.update({name: str(value) for name, value in variables.items()})
        self.screen.command(self.typed(["export", *(f"{name}={value}" for name, value in variables.items())]))

    def exports(self):
        """The command that gives another terminal all of these settings."""
        return ["export", *(f"{k}={v}" for k, v in self.environment.items() if k.startswith("BIRTHMARK_"))]

    def start(self, name, arguments):
        """Starts a program that runs until the end of the demo."""
        line, environment = self._resolved(arguments)
        child = Child(line, self.path(f"logs/{name}.log"), environment)
        self._children.append(child)
        self._note_processes()
        return child

    def stop(self, child):
        child.end()
        self._children.remove(child)
        self._note_processes()

    def _resolved(self, arguments):
        """Program and environment of a command, which may begin with settings as a shell takes them: NAME=VALUE."""
        words = [str(a) for a in arguments]
        settings = []
        while "=" in words[0]:
            settings.append(words.pop(0).split("=", 1))
        return [str(self.programs / words[0]), *words[1:]], dict(self.environment, **dict(settings))

    def run(self, arguments, seconds=120):
        """Runs a command to its end, whatever that is."""
        began = time.monotonic()
        line, environment = self._resolved(arguments)
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
                              env=environment, check=False, preexec_fn=_die_with_parent)
        return Answer([str(a) for a in arguments], done, time.monotonic() - began)

    def must(self, arguments, seconds=120):
        """Runs a command that has to succeed. @return its JSON object"""
        answer = self.run(arguments, seconds)
        if answer.status != 0:
            words = (answer.errors or answer.output).strip()
            raise Failed(f"{self.typed(arguments)}: exit {answer.status}: {words}")
        return answer.value

    def outside(self, arguments):
        """Shows and runs a program that is not ours and has to succeed. @return what it said"""
        self.screen.command(self.typed(arguments))
        done = subprocess.run(list(map(str, arguments)), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise Failed(f"{arguments[0]}: {(done.stdout + done.stderr).strip()}")
        return done.stdout.strip()

    def end(self):
        """Ends every process of the demo, the newest first."""
        for child in reversed(self._children):
            child.end()
        self._children = []
        self._note_processes()

    def _note_processes(self):
        """For `./demo --stop`: whom to end if this driver cannot."""
        pids = [os.getpid()] + [child.process.pid for child in self._children]
        rows = [{"pid": pid, "started": start_time(pid)} for pid in pids]
        (self.folder / "processes.json").write_text(json.dumps(rows), encoding="ascii")
