#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every fuzz target of a build to a number of executions, and prints a measure a target.

  fuzz_campaign.py BUILD [--executions N]     runs what is not done yet, one target at a time; then as --report
  fuzz_campaign.py BUILD [--executions N] --report     prints what is done so far, as ./bench does it

BUILD is a folder of preset fuzz. What is done lies in BUILD/campaign, so that a run which was ended goes on where it
was: a target is done when its binary, by SHA-256, has made the executions. A binary that has changed begins anew, with
what the fuzzer has learnt. Targets take turns in pieces; first a short one each, then whichever will be ready first. A
target that finds something is stopped, and what it found is kept beside its state. Exit code 1: something was found.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

FIRST_SECONDS, PIECE_SECONDS = 5, 900
# Longest input, where the fuzzer's own 4,096 octets make a target so slow that it learns little in its time.
MAX_LENGTH = {"manifest": 2048, "path": 512}
CORPUS = Path(__file__).resolve().parents[1] / "fuzz" / "corpus"


def _code_of(binary):
    return hashlib.sha256(binary.read_bytes()).hexdigest()[:12]


class Target:
    """One fuzz target, and what is known of it in BUILD/campaign/<name>.json."""

    def __init__(self, binary, campaign):
        self.name = binary.name.removeprefix("fuzz_")
        self.folder = campaign / self.name
        self.state_file = campaign / f"{self.name}.json"
        self.binary = binary
        code = _code_of(binary)
        self.state = {"code": code, "executions": 0, "seconds": 0.0, "findings": 0}
        if self.state_file.is_file():
            known = json.loads(self.state_file.read_text(encoding="utf-8"))
            if known["code"] == code:
                self.state = known

    def done(self, executions):
        return self.state["executions"] >= executions or self.state["findings"] > 0

    def seconds_left(self, executions):
        """By the rate so far; nothing where there is none yet."""
        made = self.state["executions"]
        return (executions - made) * self.state["seconds"] / made if made else 0

    def run(self, executions):
        """One piece."""
        if _code_of(self.binary) != self.state["code"]:
            sys.exit(f"fuzz_campaign: {self.binary} was built anew; start again")
        learnt = self.folder / "corpus"
        learnt.mkdir(parents=True, exist_ok=True)
        seconds = PIECE_SECONDS if self.state["executions"] else FIRST_SECONDS
        command = [str(self.binary), f"-runs={executions - self.state['executions']}", f"-max_total_time={seconds}",
                   "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
                   f"-artifact_prefix={self.folder}/found-"]
        if self.name in MAX_LENGTH:
            command.append(f"-max_len={MAX_LENGTH[self.name]}")
        began = time.monotonic()
        with open(self.folder / "log", "w+", encoding="utf-8", errors="replace") as log:
            outcome = subprocess.run([*command, str(learnt), str(CORPUS / self.name)], stdin=subprocess.DEVNULL,
                                     stdout=log, stderr=log, check=False)
            log.seek(0)
            made = re.findall(r"^stat::number_of_executed_units:\s*(\d+)", log.read(), re.MULTILINE)
        found = outcome.returncode != 0 or not made
        self.state["executions"] += int(made[-1]) if made else 0
        self.state["seconds"] = round(self.state["seconds"] + time.monotonic() - began, 1)
        self.state["findings"] += found
        self.state["at"] = time.strftime("%Y-%m-%d", time.gmtime())
        written = self.state_file.with_suffix(".part")
        written.write_text(json.dumps(self.state), encoding="utf-8")
        written.replace(self.state_file)

    def measure(self, executions):
        state = self.state
        rate = state["executions"] / state["seconds"] if state["seconds"] else 0
        length = f"; inputs to {MAX_LENGTH[self.name]} octets" if self.name in MAX_LENGTH else ""
        return {"name": f"fuzz_{self.name}", "value": state["executions"], "goal": executions, "unit": "executions",
                "holds": state["executions"] >= executions and state["findings"] == 0,
                "detail": f"{state['seconds']:.0f} s, {rate:.0f} a second; {state['findings']} findings; ended "
                          f"{state.get('at', 'never')}, binary {state['code']}{length}"}


def targets_of(build):
    campaign = build / "campaign"
    campaign.mkdir(exist_ok=True)
    return [Target(binary, campaign) for binary in sorted((build / "bin").glob("fuzz_*"))]


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--executions", type=int, default=10_000_000)
    parser.add_argument("--report", action="store_true")
    asked = parser.parse_args(arguments)
    targets = targets_of(asked.build)
    if not targets:
        print(f"fuzz_campaign: no fuzz targets in {asked.build}/bin", file=sys.stderr)
        return 1
    while not asked.report and (left := [t for t in targets if not t.done(asked.executions)]):
        target = min(left, key=lambda t: t.seconds_left(asked.executions))
        target.run(asked.executions)
        print(json.dumps(target.measure(asked.executions)), file=sys.stderr, flush=True)
    for target in targets:
        print(json.dumps(target.measure(asked.executions)))
    return 0 if asked.report or not any(t.state["findings"] for t in targets) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
