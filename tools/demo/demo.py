# SPDX-License-Identifier: Apache-2.0
"""Drives the demo over programs that are built (`./demo` builds them; docs/demo.md says what is shown)."""

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from auditor import Wrong
from stage import Failed, Screen, Stage, start_time
from story import Story

_ROOT = Path(__file__).resolve().parents[2]
_UNITS, _UNITS_FAST = 20, 8
_DONE, _FOUND_WRONG, _ENVIRONMENT = 0, 1, 3


def parse(arguments):
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--programs", type=Path, default=_ROOT / "build/release/bin", help="where the programs lie")
    parser.add_argument("--folder", type=Path, default=_ROOT / "run/demo", help="everything that the demo writes")
    parser.add_argument("--fast", action="store_true", help=f"{_UNITS_FAST} units instead of {_UNITS}")
    parser.add_argument("--headless", action="store_true", help="end everything when the story is told")
    parser.add_argument("--json", action="store_true", help="the summary as one object on standard output")
    parser.add_argument("--stop", action="store_true", help="end a demo that runs")
    return parser.parse_args(arguments)


def lock(folder):
    """Held while a demo runs in this folder; None if another one holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = open(folder / "lock", "w", encoding="ascii")  # open until the process ends
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle


def clean(folder):
    """Takes away what an earlier run left: the demo begins with a new factory."""
    for entry in folder.iterdir():
        if entry.name != "lock":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    (folder / "logs").mkdir()


def stop(folder):
    """Ends the processes of a demo by their ids, the driver first, which ends the others itself."""
    try:
        rows = json.loads((folder / "processes.json").read_text(encoding="ascii"))
    except (OSError, ValueError):
        rows = []
    alive = [row for row in rows if row["started"] is not None and start_time(row["pid"]) == row["started"]]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for row in alive:
            if start_time(row["pid"]) == row["started"]:
                os.kill(row["pid"], number)
            until = time.monotonic() + 15
            while start_time(row["pid"]) == row["started"] and time.monotonic() < until:
                time.sleep(0.05)
    print(f"{len(alive)} processes ended" if alive else "no demo runs", file=sys.stderr)
    return _DONE


def tell(story, screen):
    """Runs the steps; without a factory none of the later ones makes sense. @return what failed"""
    failed = []
    for step in story.steps():
        try:
            step()
        except (Failed, Wrong, OSError, subprocess.TimeoutExpired, KeyError) as error:
            why = f"the member {error} is missing in an answer" if isinstance(error, KeyError) else str(error)
            screen.fact(f"FAILED: {step.__name__}: {why}")
            screen.fact(f"what the programs said lies in {story.stage.typed([story.stage.folder / 'logs'])}")
            failed.append({"step": step.__name__, "why": why})
            if step in story.foundations():
                break
    return failed


def summary_of(story, failed, seconds):
    try:
        devices = story.device_counts()
    except (Failed, OSError):  # there is no registry to ask; what failed says why
        devices = {}
    return {"devices": devices, "class": "simulated", "refusals": dict(sorted(story.refusals.items())),
            "revocation_ms": story.revocation_ms, "audit": story.audit, "seconds": round(seconds, 1), "failed": failed}


def show(summary, screen):
    screen.say()
    screen.say("Summary")
    for root, states in summary["devices"].items():
        words = ", ".join(f"{count} in {state}" for state, count in states.items())
        screen.fact(f"devices       {root} (simulated): {words}")
    screen.fact("refusals      " + ", ".join(f"{code} {count}" for code, count in summary["refusals"].items()))
    for protocol, took in summary["revocation_ms"].items():
        screen.fact(f"revocation    {protocol}: {took} ms from the command to the end of the session")
    audit = summary["audit"]
    screen.fact(f"audit         {audit['entries']} entries, {'verified' if audit['verified'] else 'NOT verified'}")
    screen.fact(f"time          {summary['seconds']} s")
    screen.fact(f"failed        {len(summary['failed']) or 'nothing'}")


def linger(story, screen):
    """Leaves the registry and the chips running for a person to look around."""
    unit = story.line[0]
    screen.say()
    screen.say("The registry and the chips keep running. Look around in another terminal, for instance:")
    screen.command(f"export PATH=$PWD/{story.stage.typed([story.stage.programs])}:$PATH")
    for arguments in (story.stage.exports(), story.registry.operator("device", "list"), story.registry.device("show", unit),
                      unit.agent("telemetry"), ["curl", "-s", story.registry.public_url + "/log/checkpoint"]):
        screen.command(story.stage.typed(arguments))
    screen.say("Ctrl-C or ./demo --stop ends everything.")
    signal.pause()


def main(arguments):
    flags = parse(arguments)
    folder = flags.folder.resolve()
    if flags.stop:
        return stop(folder)
    held = lock(folder)
    if held is None:
        print("a demo runs already: ./demo --stop ends it", file=sys.stderr)
        return _ENVIRONMENT
    clean(folder)
    screen = Screen(sys.stderr if flags.json else sys.stdout)
    stage = Stage(_ROOT, flags.programs.resolve(), folder, screen)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    story = Story(stage, _UNITS_FAST if flags.fast else _UNITS)
    failed = [{"step": "interrupted", "why": "the demo was stopped before its end"}]
    try:
        screen.say("birthmark: one device's whole life. Every chip here is simulated (a software TPM).")
        failed = tell(story, screen)
        summary = summary_of(story, failed, time.monotonic() - began)
        show(summary, screen)
        if flags.json:
            print(json.dumps(summary), flush=True)
        if not flags.headless and not failed:
            linger(story, screen)
    except KeyboardInterrupt:
        screen.say()
    finally:
        stage.end()
    return _FOUND_WRONG if failed else _DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
