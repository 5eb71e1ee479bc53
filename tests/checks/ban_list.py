#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on what the code may not hold (docs/architecture.md).

A line of C++ may state an exception beside itself, with a reason: `// not an enum: ...` for a `default:` label,
`// not SQL: ...` for a literal that only looks like a statement. The other rules know no exception.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import sources

_DOMAIN = ("base", "codec", "crypto", "pki", "attest", "lifecycle", "policy", "anomaly", "audit", "app")
_STORES = ("adapters/sqlite", "adapters/postgres")
_WITH_SPDX = sources.CXX_SUFFIXES | {".py", ".sh", ".cmake"}
_BINARY = {".der", ".bin", ".png", ".jpg", ".ico", ".woff2", ".gz", ".p12", ".cbor"}
_SPDX = "SPDX-License-Identifier: Apache-2.0"

# Written in two halves, so that this file does not hold what it forbids.
_UNFINISHED = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X"]) + r")\b")
_MACHINE_PATH = re.compile(r"(?<![\w.})\]-])/(?:work|home|root|Users|workspace|builds)/[\w.-]+")

_COROUTINE = re.compile(r"\bco_(?:await|yield|return)\b")
_DEFAULT = re.compile(r"\bdefault\s*:(?!:)")
_NOT_AN_ENUM = re.compile(r"//.*\bnot an enum: *\S")
_NOT_SQL = re.compile(r"//.*\bnot SQL: *\S")
_SYSTEM_CLOCK = r"\b(?:gettimeofday|clock_gettime|timespec_get)\s*\(|\btime\s*\(\s*(?:nullptr|NULL|0|&)"
_CLOCK = re.compile(r"\bnow\s*\(|" + _SYSTEM_CLOCK)
# A use case may ask the clock it was handed (`clock.now()`); it may not reach for a clock of its own.
_OWN_CLOCK = re.compile(r"::\s*now\s*\(|" + _SYSTEM_CLOCK)
_ENTROPY = re.compile(
    r"\b(?:s?rand|rand_r|random|drand48|getrandom|getentropy|arc4random\w*|RAND_\w*bytes\w*)\s*\("
    r"|\b(?:random_device|mt19937(?:_64)?|default_random_engine)\b"
)
_SQL = re.compile(
    r"\bSELECT\s|\bPRAGMA\s|\bBEGIN\s+(?:IMMEDIATE|EXCLUSIVE|TRANSACTION)\b"
    r"|(?i:\bselect\s.+\sfrom\s|\binsert\s+(?:or\s+\w+\s+)?into\s|\bdelete\s+from\s|\bupdate\s+\w+\s+set\s"
    r"|\b(?:create|drop|alter)\s+(?:unique\s+)?(?:table|index|trigger|view)\b)"
)


def _folder(path):
    """The folder below src/ as its rules name it ("pki", "adapters/sqlite"); empty outside src/."""
    parts = Path(path).parts
    if len(parts) < 3 or parts[0] != "src":
        return ""
    return "/".join(parts[1:3]) if parts[1] == "adapters" and len(parts) > 3 else parts[1]


def _cxx_problems(path, text):
    """(line, why) of one C++ file."""
    cxx, folder = sources.parse_cxx(text), _folder(path)
    domain = folder in _DOMAIN
    clock = _OWN_CLOCK if folder == "app" else _CLOCK
    for line, code in cxx.lines():
        comment = cxx.comments.get(line, "")
        if _COROUTINE.search(code):
            yield line, "a coroutine: g++ 12 destroys temporaries beside it twice"
        if folder and _DEFAULT.search(code) and not _NOT_AN_ENUM.search(comment):
            yield line, "`default:` hides a new enumerator; over no enum, say `// not an enum: reason`"
        if domain and clock.search(code):
            yield line, f"{folder} reads no clock: take the moment as a value"
        if domain and _ENTROPY.search(code):
            yield line, f"{folder} draws no entropy: take the bytes as a value"
        if domain and folder != "crypto" and "openssl/" in cxx.preprocessed.split("\n")[line - 1]:
            yield line, "OpenSSL stays inside src/crypto and src/adapters/tls"
    for line, literal in cxx.literals:
        if folder and folder not in _STORES and _SQL.search(literal):
            if not _NOT_SQL.search(cxx.comments.get(line, "")):
                yield line, "SQL stays inside the store's adapter; if it is prose, say `// not SQL: reason`"


def _needs_spdx(path, text):
    return Path(path).suffix in _WITH_SPDX or Path(path).name == "CMakeLists.txt" or text.startswith("#!")


def _text_problems(path, text, own_paths):
    """(line, why) of any text file."""
    if _needs_spdx(path, text) and not any(_SPDX in line for line in text.split("\n")[:3]):
        yield 1, f"no `{_SPDX}` in the first three lines"
    for line, content in enumerate(text.split("\n"), 1):
        if _UNFINISHED.search(content):
            yield line, "unfinished: do it now, or open an issue"
        if _MACHINE_PATH.search(content) or any(own in content for own in own_paths):
            yield line, "an absolute path of one machine"


def check(root):
    """(problems, number of files read)"""
    own_paths = {p for p in (os.path.realpath(root) + "/", os.path.expanduser("~") + "/") if p.count("/") > 2}
    problems, checked = [], 0
    for path in sources.files(root):
        if Path(path).suffix in _BINARY or path.startswith("fuzz/corpus/") or Path(path).name == "LICENSE":
            continue
        text = sources.read(root, path)
        if "\0" in text:
            continue
        checked += 1
        found = list(_text_problems(path, text, own_paths))
        if Path(path).suffix in sources.CXX_SUFFIXES:
            found += _cxx_problems(path, text)
        problems += [f"{path}:{line}: {why}" for line, why in found]
    return problems, checked


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    return sources.report("ban_list", *check(parser.parse_args().root))


if __name__ == "__main__":
    sys.exit(main())
