#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo on programs that are built, twice in one folder: its summary, and that nothing is left behind.

usage: demo_test.py SOURCE_DIR PROGRAMS_DIR FOLDER
"""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE, PROGRAMS, FOLDER = map(Path, sys.argv[1:4])
_REFUSALS = {"quota_exhausted", "not_sealed", "bad_evidence", "key_not_attested", "nonce_used", "hardware_known",
             "state_forbids", "policy"}


def processes_of(folder):
    """Processes that name the folder in their command line; what they listen on ends with them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if str(folder) in words:
            found.append(f"{entry.name}: {words}")
    return found


def tree(root, ignored):
    """Every file of the source tree outside what is ignored, with its size and time."""
    out = {}
    for folder, names, files in os.walk(root):
        names[:] = [n for n in names if not (Path(folder) == root and n in ignored)]
        for name in files:
            state = os.lstat(os.path.join(folder, name))
            out[os.path.join(folder, name)] = (state.st_size, state.st_mtime_ns)
    return out


class Demo(unittest.TestCase):
    """The driver as ./demo --fast --headless --json starts it."""

    def run_once(self, scratch):
        environment = dict(os.environ, TMPDIR=scratch, PYTHONDONTWRITEBYTECODE="1")
        done = subprocess.run(
            [sys.executable, "-B", str(SOURCE / "tools/demo/demo.py"), "--programs", str(PROGRAMS), "--folder",
             str(FOLDER), "--fast", "--headless", "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280, env=environment, check=False)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 1, "one object on standard output")
        return json.loads(lines[0]), done.stderr

    def judge(self, summary, words):
        self.assertLessEqual(_REFUSALS, set(summary["refusals"]))
        self.assertEqual(summary["failed"], [])
        self.assertEqual(sum(summary["devices"]["tpm"].values()), 8)
        self.assertEqual(set(summary["devices"]["tpm"]), {"S3", "S5", "S6"})
        for kind in ("psa", "dice"):
            self.assertEqual(summary["devices"][kind], {"S0": 1, "S3": 1}, "one of each lives, one is refused")
        self.assertEqual(summary["devices"]["se"], {"S3": 1}, "a stranger's gets no identity")
        self.assertEqual(summary["devices"]["software"], {"S1": 1})
        self.assertTrue(summary["audit"]["verified"])
        self.assertGreater(summary["audit"]["entries"], 50)
        self.assertGreater(summary["revocation_ms"]["https"], 0)
        self.assertGreater(summary["seconds"], 0)
        self.assertIn("simulated", words)
        self.assertNotIn("\x1b", words, "no colours where no terminal is")
        self.assertNotIn("FAILED", words)

    def test_tells_its_story_twice_and_leaves_nothing(self):
        shutil.rmtree(FOLDER, ignore_errors=True)
        started_before = processes_of(FOLDER)  # whoever runs this test names the folder as well
        before = tree(SOURCE, {"build", "run", ".git"})
        with tempfile.TemporaryDirectory() as scratch:
            for _ in range(2):
                self.judge(*self.run_once(scratch))
                self.assertLessEqual(set(processes_of(FOLDER)), set(started_before))
                self.assertEqual(os.listdir(scratch), [])
        after = tree(SOURCE, {"build", "run", ".git"})
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        self.assertEqual(changed, set(), "made, changed or removed beside what git ignores")
        shutil.rmtree(FOLDER)

    def test_lingers_in_a_terminal_until_it_is_stopped(self):
        screen, terminal = pty.openpty()
        driver = [sys.executable, "-B", str(SOURCE / "tools/demo/demo.py"), "--folder", str(FOLDER) + "-terminal"]
        shutil.rmtree(FOLDER.parent / (FOLDER.name + "-terminal"), ignore_errors=True)
        demo = subprocess.Popen(driver + ["--programs", str(PROGRAMS), "--fast"], stdin=subprocess.DEVNULL,
                                stdout=terminal, stderr=terminal)
        os.close(terminal)
        said = b""
        while b"ends everything" not in said:  # a demo that fails ends, and its terminal with it
            said += os.read(screen, 4096)
        text = re.sub(r"\x1b\[[0-9]*m", "", said.decode())
        self.assertIn("failed        nothing", text)
        self.assertIn("\x1b[", said.decode())
        stopped = subprocess.run(driver + ["--stop"], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertIn("processes ended", stopped.stderr)
        self.assertEqual(demo.wait(60), 0)
        os.close(screen)
        self.assertEqual([p for p in processes_of(str(FOLDER) + "-terminal")], [])
        shutil.rmtree(str(FOLDER) + "-terminal")

    def test_says_that_no_demo_runs(self):
        done = subprocess.run([sys.executable, "-B", str(SOURCE / "tools/demo/demo.py"), "--stop", "--folder",
                               str(FOLDER)], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, "no demo runs\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
