# SPDX-License-Identifier: Apache-2.0
"""Proves that the checks written in bash fail on what they are there to find."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = "#!/usr/bin/env bash\nset -euo pipefail\n"


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text, mode=0o755):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file


class Scripts(Tree):
    def check(self):
        return run("bash", HERE / "scripts.sh", self.root)

    def test_a_good_script_stands(self):
        self.write("test", HEAD + "true\n")
        self.assertEqual(self.check().returncode, 0)

    def test_bad_scripts_fall(self):
        for text, mode in [(HEAD + "if true\n", 0o755), (HEAD, 0o644), ("#!/bin/bash\ntrue\n", 0o755)]:
            with self.subTest(text=text, mode=mode):
                self.write("test", text, mode)
                self.assertEqual(self.check().returncode, 1)

    def test_an_empty_tree_is_no_success(self):
        self.assertEqual(self.check().returncode, 1)


class ErrorsDoc(Tree):
    def test_a_page_that_differs_falls(self):
        program = self.write("errors_doc", HEAD + "echo page\n")
        for text, code in [("page\n", 0), ("page", 1), ("other\n", 1), ("", 1)]:
            with self.subTest(text=text):
                page = self.write("errors.md", text)
                self.assertEqual(run("bash", HERE / "errors_doc.sh", program, page).returncode, code)

    def test_a_program_that_fails_is_no_success(self):
        program = self.write("errors_doc", HEAD + "echo page; exit 1\n")
        self.assertEqual(run("bash", HERE / "errors_doc.sh", program, self.write("errors.md", "page\n")).returncode, 1)


class Format(Tree):
    def check(self, text):
        self.write("tests/checks/format.sh", (HERE / "format.sh").read_text())
        self.write(".clang-format", "BasedOnStyle: Google\n", 0o644)
        self.write("src/a.cc", text, 0o644)
        return run("bash", self.root / "tests/checks/format.sh").returncode

    @unittest.skipUnless(shutil.which("clang-format-16"), "clang-format-16 is not installed")
    def test_only_formatted_code_stands(self):
        self.assertEqual(self.check("int a = 1;\n"), 0)
        self.assertEqual(self.check("int   a=1;\n"), 1)


if __name__ == "__main__":
    unittest.main()
