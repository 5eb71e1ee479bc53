#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each code of src/base/code.cc is given by some code in src/, and met by some test, and each command that its remedy
names is there: docs/errors.md promises nothing else.

A mention counts: `Code::name`, or in tests the name itself in quotes. The table's own files and tests do not.
"""

import argparse
import re
import sys
from pathlib import Path

import sources

TABLE = ("src/base/code.h", "src/base/code.cc")
COMMANDS = "docs/cli.md"
# These go over the whole table, or use names as examples only.
_NO_TEST = ("tests/unit/base/", "tests/unit/audit/entry_test.cc", "tests/checks/")


def check(root):
    """(problems, number of codes)"""
    names = re.findall(r"CodeInfo\{\s*Code::(\w+)", sources.read(root, TABLE[1]))
    given, met = set(), set()
    for path in sources.files(root):
        if Path(path).suffix not in sources.CXX_SUFFIXES | {".py"} or path in TABLE:
            continue
        if path.startswith("src/"):
            given |= set(re.findall(r"\bCode::(\w+)", sources.parse_cxx(sources.read(root, path)).code))
        elif path.startswith("tests/") and not path.startswith(_NO_TEST):
            met |= set(re.findall(r"\bCode::(\w+)", text := sources.read(root, path))) | set(re.findall(r'"(\w+)"', text))
    problems = [f"{name}: nothing in src gives it" for name in names if name not in given]
    problems += [f"{name}: no test meets it" for name in names if name not in met]
    commands = set(re.findall(r"^#+ (birthmark[ \w-]*)$", sources.read(root, COMMANDS), re.MULTILINE))
    named = re.findall(r"`(birthmark [ \w-]+)`", sources.read(root, TABLE[1]))
    problems += [f"{command}: a remedy names it, {COMMANDS} does not" for command in named if command not in commands]
    return problems, len(names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    return sources.report("codes", *check(parser.parse_args().root))


if __name__ == "__main__":
    sys.exit(main())
