#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each name that a refusal of src/ may carry as its `check` stands in the table of docs/wire/evidence.md, and no other.

A check is the third argument of `fail` or member of `Error`, or stands in a table of steps. Whatever else stands in its place
must be known here, so that no new form goes unseen. The codes that stand beside a name in the code must be in its row.
"""

import argparse
import fnmatch
import re
import sys
from pathlib import Path

import sources

PAGE, SECTION, CODES = "docs/wire/evidence.md", "Checks", "src/base/code.cc"

# Where names stand that do not reach `fail` as a literal: files, and what finds check and, if it can, code.
TABLES = [
    ("src/attest/*.cc", r'Step<(?:Subject|List)>(?: \w+)?\{"(?P<check>[^"]+)",\s*"[^"]*",\s*Code::(?P<code>\w+)'),
    ("src/policy/decide.cc", r'case Step::\w+:\s*return "(?P<check>\w+)"'),
    ("src/pki/lint.cc", r'\bLint\{"(?P<check>\w+)"'),
    ("src/lifecycle/device.cc", r'\bStatement\{[^{}]*?, "(?P<check>[\w.]+)"'),
    ("src/app/stations.cc", r'\brefused\("(?P<check>[\w.]+)"'),
    ("src/audit/checkpoint.cc", r'\buntrusted\([^;]*?, "(?P<check>[\w.]+)"\)'),
    ("src/audit/checkpoint.cc", r'\buntrusted\([^;]*?,\s*"(?P<check>checkpoint\.\w+)"\)'),
    ("src/daemon/policy_file.cc", r'\bcount_of\(node, "(?P<check>\w+)"\)'),
    ("src/crypto/keys.h", r'\bkOtherAlgorithm = "(?P<check>[\w.]+)"'),
    ("src/adapters/http/client.cc", r'\bkNothingAnswered = "(?P<check>\w+)"'),
    # Steps that are kept and refuse nothing by themselves.
    ("src/app/*.cc", r'\battest::held\("(?P<check>[\w.]+)"'),
    ("src/app/software_root.cc", r'\b(?:step|findings_of)\("(?P<check>[\w.]+)"'),
]
_PREFIX = {"src/daemon/policy_file.cc": "policy."}

# What may stand in the place of a check besides literals: it hands on what was found above, or what somebody else said.
HANDED_ON = {
    "finding.check",
    "std::string{statement.check}",
    "std::string{broken->name}",
    "std::string{check}",
    "std::string{kOtherAlgorithm}",
    "std::move(check)",
    "std::string check = {}",
    "step",
    '"policy." + std::string{what}',
    'parser.got_some() ? "" : kNothingAnswered',
    'text("check")',
    'member(object, "check")',
    "{}",
    # Rows of devices, which `Issuance::hold_both` reads and takes away.
    "std::to_string(known->device.get())",
    "std::to_string(other->get())",
}

_CALL = re.compile(r"\bfail\s*\(|\bError(?:\s+\w+)?\s*\{|\{(?=\s*(?:\*code\b|Code::))")
_LITERALS = re.compile(r'"([^"\\]*)"')


def arguments(code, at):
    """(begin, end) of each argument of the call whose bracket is opened just before `at`."""
    out, begin, depth = [], at, 0
    for place in range(at, len(code)):
        if code[place] in "([{":
            depth += 1
        elif code[place] in ")]}":
            if depth == 0:
                return out + [(begin, place)]
            depth -= 1
        elif code[place] == "," and depth == 0:
            out.append((begin, place))
            begin = place + 1
    return []


def _without_choice(text):
    """"a" : "b" of `condition ? "a" : "b"`: the condition may hold texts of its own."""
    return text.split("?", 1)[1] if "?" in text else text


def given(root):
    """({check: codes}, problems) of src/."""
    names, problems, used = {}, [], set()
    for path in sources.files(root):
        if not path.startswith("src/") or Path(path).suffix not in sources.CXX_SUFFIXES or path == CODES:
            continue
        cxx = sources.parse_cxx(sources.read(root, path))
        for call in _CALL.finditer(cxx.code):
            places = arguments(cxx.code, call.end())
            if len(places) < 3:
                continue
            code, words, check = (" ".join(cxx.preprocessed[begin:end].split()) for begin, end in places[:3])
            if check in HANDED_ON or words.startswith("Code::"):  # the last: a list of codes
                continue
            found, codes = _LITERALS.findall(_without_choice(check)), re.findall(r"\bCode::(\w+)", code)
            if not found or _LITERALS.sub("", _without_choice(check)).strip(" :") not in ("", "std::string{}"):
                line = cxx.code.count("\n", 0, call.start()) + 1
                problems.append(f"{path}:{line}: cannot read this check, teach it to step_names.py: {check}")
                continue
            paired = len(found) == len(codes) > 1  # one choice decides both
            for place, name in enumerate(found):
                names.setdefault(name, set()).update([codes[place]] if paired else codes)
        for number, (pattern, finds) in enumerate(TABLES):
            if fnmatch.fnmatch(path, pattern):
                for match in re.finditer(finds, cxx.preprocessed):
                    used.add(number)
                    name = _PREFIX.get(path, "") + match["check"]
                    names.setdefault(name, set()).update({match["code"]} if "code" in match.groupdict() else set())
    problems += [f"{pattern}: no step is found by {finds}" for number, (pattern, finds) in enumerate(TABLES) if number not in used]
    names.pop("", None)
    return names, problems


def listed(root):
    """{check: codes} of the page."""
    page = sources.read(root, PAGE)
    section = re.search(rf"^## {SECTION}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    out = {}
    for row in re.findall(r"^\|(.*)\|$", section[1] if section else "", re.MULTILINE):
        cells = row.split(" | ")
        for name in re.findall(r"`([^`]+)`", cells[0]):
            out.setdefault(name, set()).update(re.findall(r"`(\w+)`", cells[1]))
    return out


def check(root):
    """(problems, number of names)"""
    names, problems = given(root)
    page = listed(root)
    codes = set(re.findall(r"CodeInfo\{\s*Code::(\w+)", sources.read(root, CODES)))
    problems += [f"{PAGE}: no row for the check `{name}`" for name in sorted(names.keys() - page.keys())]
    problems += [f"{PAGE}: nothing in src gives the check `{name}`" for name in sorted(page.keys() - names.keys())]
    for name in sorted(names.keys() & page.keys()):
        # Of a finding the row names no code: it refuses nothing.
        problems += [f"{PAGE}: `{name}` comes with `{code}`, too" for code in sorted(names[name] - page[name]) if page[name]]
        problems += [f"{PAGE}: `{name}`: no code `{code}`" for code in sorted(page[name] - codes)]
    return problems, len(names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    return sources.report("step_names", *check(parser.parse_args().root))


if __name__ == "__main__":
    sys.exit(main())
