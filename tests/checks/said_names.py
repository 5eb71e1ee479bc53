#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What docs/metrics.md and docs/operating.md list by name is what src/ has: metrics, events, steps, settings.

Each row of _LISTS names a table of a page (its section, the head of its first column) and where the code has those names.
"""

import argparse
import re
import sys
from pathlib import Path

import sources

_METRICS, _OPERATING = "docs/metrics.md", "docs/operating.md"

# (page, section, head of the first column, [(file, what finds a name; several groups may)])
_LISTS = [
    (_METRICS, "Metrics", "metric", [("src/adapters/telemetry/metrics.cc", r'"(birthmark_\w+)"')]),
    (_METRICS, "Events of the server", "event", [("src/daemon/serve.cc", r'\blog_\.write\(\s*"(\w+)"')]),
    (_METRICS, "Lines of a station", "event", [("src/cli/task_report.cc", r'\{"event", "(\w+)"\}|members\["event"\] = "(\w+)"')]),
    (_METRICS, "Lines of a station", "step",
     [("src/cli/station_run.cc", r'\breport_\.step\("([^"]+)"\)'),
      ("src/cli/lock_check.cc", r'\breport_\.step\((?:[^"()]+\? )?"([^"]+)"(?: : "([^"]+)")?\)'),
      ("src/cli/task_report.cc", r'\bmembers\["step"\] = "(\w+)"')]),
    (_METRICS, "Lines of a device", "event",
     [("src/agent/field/daily_life.cc", r'\breturn \{(?:\w+ \? )?"(\w+)"(?: : "(\w+)")?,'),
      ("src/agent/program/run.cc", r'\bsay\(\{"(\w+)"')]),
    (_OPERATING, "Settings", "setting", [("src/daemon/config.cc", r'\bSettingRow\{\s*\{"(\w+)"')]),
]

# Every call that names an event: one that gives no text of its own would go unseen.
_WRITERS = [("src/", "adapters/telemetry/event_log.h", r"\b\w*log\w*(?:\.|->)write\(\s*(?!\")"),
            ("src/cli/", "cli/task_report.h", r"\breport_?(?:\.|->)step\((?![^;]*\")")]


def _code(root, path):
    return sources.parse_cxx(sources.read(root, path)).preprocessed if (Path(root) / path).is_file() else ""


def _listed(root, page, section, head):
    """The names in the first column of that table; None if there is no such table."""
    text = sources.read(root, page) if (Path(root) / page).is_file() else ""
    part = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    table = re.search(rf"^\| {head} \|.*\n\|[-|]+\n((?:\|.*\n)+)", part[1] if part else "", re.MULTILINE)
    return table and {name for row in table[1].splitlines() for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])}


def check(root):
    """(problems, number of names)"""
    problems, count = [], 0
    for page, section, head, givers in _LISTS:
        listed = _listed(root, page, section, head)
        if listed is None:
            problems.append(f"{page}: no table of {head} under {section}")
            continue
        given = set()
        for path, finds in givers:
            found = {name for match in re.finditer(finds, _code(root, path)) for name in match.groups() if name}
            problems += [] if found else [f"{path}: no {head} is found there by {finds}"]
            given |= found
        count += len(given)
        problems += [f"{page}: does not name the {head} `{name}`" for name in sorted(given - listed)]
        problems += [f"{page}: src has no {head} `{name}`" for name in sorted(listed - given)]
    for path in sources.files(root):
        code = _code(root, path) if path.startswith("src/") and Path(path).suffix in sources.CXX_SUFFIXES else ""
        for folder, header, finds in _WRITERS:
            lines = [code.count("\n", 0, match.start()) + 1 for match in re.finditer(finds, code)]
            if path.startswith(folder) and f'"{header}"' in code:
                problems += [f"{path}:{line}: its name is no text here: said_names.py cannot read it" for line in lines]
    return problems, count


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    return sources.report("said_names", *check(parser.parse_args().root))


if __name__ == "__main__":
    sys.exit(main())
