#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads measures, one JSON object a line, and prints them as one object (--json) or as a table.

Each object has exactly: name (text), value and goal (numbers; goal may be null where there is none), unit (text),
holds (true or false); and it may have detail (text), which is for the page only. Exit code 1 if a line is anything
else, or a name comes twice.

  measures.py [--json]            reads standard input
  measures.py --page DIR          reads DIR/<program>.jsonl and .run, prints docs/benchmarks.md
  measures.py --run               prints what a .run file holds: moment, commit and load, as JSON
"""

import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

_FIELDS = {"name", "value", "goal", "unit", "holds"}

# Program -> its heading, and how its measures are made. The page has them in this order.
PROGRAMS = {
    "decision": (
        "Decision",
        "`policy::authorize` on a published snapshot of one million devices, called in random order; each call is "
        "timed by itself."),
    "issuance": (
        "Issuance in process",
        "The use cases of `src/app` as the daemon composes them, on one thread, against a floor that makes only the "
        "mandatory operations with OpenSSL's fastest general calls; for keys that verify over and over the product has "
        "tables of their multiples, and it verifies P-256 by the library's points (docs/adr/0005); the floor does "
        "neither. The store is in memory: what durability costs is measured "
        "under \"Storage\" and \"Whole system\". Both sides run alternately (A B B A) in slices of 5 ms of thread CPU "
        "time; 1,024 devices take turns; the median of the rounds' ratios counts."),
    "appraisal": (
        "Appraisal",
        "`attest::appraise` of genuine evidence of each kind, from its octets to its claims, for 1,024 devices in turn, "
        "against the same signatures (P-256 with SHA-256), points and hashes alone, by our own arithmetic with the tables "
        "of keys that verify over and over: nothing is read, checked or allocated there. That is the faster floor; the "
        "ratio over OpenSSL's fastest general calls stands in the remark. Of a TPM: endorsement certificate and claim of "
        "creation; DICE: device, layer and alias below a pinned CA; an attested secure element: slot and chip below a "
        "pinned root; Matter: DAC, PAI, PAA and declaration. Both sides run alternately (A B B A) in slices of 5 ms of "
        "thread CPU time; the median of the rounds' ratios counts."),
    "path": (
        "Certification paths",
        "`pki::path::judge` on a leaf below cached issuers against `X509_verify_cert` on the same chain, both from the "
        "octets of the leaf, alternately (A B B A) in slices of 5 ms of thread CPU time; and the slowest of what a "
        "stranger can send of paths, OpenSSL's second opinion with it."),
    "peers": (
        "Against other CAs",
        "Certificates a CPU-second of `openssl ca -batch` (requests in one process; as it is, and without the words that "
        "it writes beside each certificate) and of `cfssl serve` over loopback HTTP, each in windows that alternate with "
        "windows of our issuance in process. The peers put the same kinds of extensions into a certificate, as far as "
        "they can: cfssl has neither our names nor extensions of one's own."),
    "storage": (
        "Storage",
        "The SQLite store as the daemon opens it. Acknowledgements are timed from their intended start at a fixed "
        "rate, while fdatasync of a small append is timed beside them on the same disk."),
    "system": (
        "Whole system",
        "`birthmark serve` with its real store, log and signer; stations provision chips on paper over "
        "mutually authenticated keep-alive connections. CPU time of the server's process against the floor of "
        "\"Issuance in process\", measured before and after each window, on all CPUs at once as the server's work is. "
        "Bare servers beside it, on the same libraries, show how much of that is transport and disk (docs/adr/0007); "
        "their clients compute nothing."),
    "keys": (
        "Check of a batch's keys",
        "CPU time of `crypto::sharing_a_factor`, which looks for a prime that two RSA endorsement keys of a batch have in "
        "common, and the memory that it takes at most beyond the keys themselves."),
    "attacks": (
        "Attacks",
        "Refusals: CPU time and memory of one refusal of the malformed DER and JSON of AC-20 and AC-22, in process, from "
        "the body of a request through the reader (and, for a certification request, the use case of EST) to the error. "
        "p99: `birthmark serve` with eight devices that send telemetry over kept connections, 50 messages a second each, "
        "and one that connects anew for each of its 40 a second, timed from the intended start. Windows without and with "
        "the attack alternate (A B B A, two seconds each); the median of the rounds' ratios counts. The attack, on the "
        "device listener from four other loopback addresses: 1,000 connections that stay, 800 in the middle of their "
        "ClientHello, of which ten octets more come each 10 ms, and 200 in the middle of a request; 20 a second are "
        "replaced by new ones, and ten requests a second have 1 MiB of header. It is opened before its windows begin and "
        "shares the machine's cores with the server."),
    "fuzz": (
        "Fuzz campaign",
        "Executions of each libFuzzer target under the address and undefined-behaviour sanitizers (clang-16, preset fuzz), "
        "one target at a time at nice 19, from the seeds of `fuzz/corpus` and what the fuzzer learnt on the way, with 10 s "
        "and 2 GiB for one input at most; inputs to 4,096 octets where nothing else is said. A campaign may be ended and "
        "goes on where it was; a binary that has changed begins anew (tools/fuzz_campaign.py). What it finds is mended "
        "with a test before the count begins again, so that findings of the present binaries are what stands here."),
    "build": (
        "Build",
        "`cmake --preset release` and its build from nothing, without ccache."),
}


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _refuse_constant(text):
    raise ValueError(f"{text} is no JSON number")


def _check(measure, where):
    if not isinstance(measure, dict) or set(measure) - {"detail"} != _FIELDS:
        raise ValueError(f"{where}: a measure has the members {', '.join(sorted(_FIELDS))}, and perhaps detail")
    good = (isinstance(measure["name"], str) and isinstance(measure["unit"], str) and _number(measure["value"])
            and (measure["goal"] is None or _number(measure["goal"])) and isinstance(measure["holds"], bool)
            and isinstance(measure.get("detail", ""), str))
    if not good:
        raise ValueError(f"{where}: a member has the wrong type")


def read(lines):
    """The measures in their order; ValueError names the first line that is none."""
    measures, names = [], set()
    for count, line in enumerate(lines, 1):
        if not line.strip():
            continue
        measure = json.loads(line, parse_constant=_refuse_constant)
        _check(measure, f"line {count}")
        if measure["name"] in names:
            raise ValueError(f"line {count}: {measure['name']} comes twice")
        names.add(measure["name"])
        measures.append(measure)
    return measures


def _cells(measure):
    goal = "" if measure["goal"] is None else f"{measure['goal']:g}"
    verdict = "" if measure["goal"] is None else "yes" if measure["holds"] else "no"
    return measure["name"], f"{measure['value']:g}", goal, measure["unit"], verdict


def table(measures):
    rows = [("measure", "value", "goal", "unit", "holds")] + [_cells(m) for m in measures]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def _first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def _from_file(path, key):
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "unknown")


def machine():
    memory = _from_file("/proc/meminfo", "MemTotal").removesuffix(" kB")
    gib = f"{int(memory) / 2**20:.0f} GiB" if memory.isdigit() else "unknown memory"
    return (f"{_from_file('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores seen, {gib}; Linux "
            f"{platform.release()}; {_first_line(['openssl', 'version'])}; {_first_line(['g++', '--version'])}")


def this_run():
    commit = _first_line(["git", "rev-parse", "--short=12", "HEAD"])
    changed = subprocess.run(["git", "status", "--porcelain", "--", "src", "benchmarks"], capture_output=True,
                             text=True, check=False).stdout.strip() != ""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"at": now.strftime("%Y-%m-%d %H:%M UTC"), "commit": commit + (" with changes" if changed else ""),
            "load": round(os.getloadavg()[0], 1)}


def page(directory):
    """docs/benchmarks.md from what the programs left in a directory; programs that were never run are named."""
    out = ["# Benchmarks", "",
           "Written by `./bench`; every number was measured by the run that its section names. Load is the machine's "
           "own when the program began: above the number of cores, something else was running beside it.", "",
           f"Machine: {machine()}.", ""]
    absent = []
    for program, (heading, method) in PROGRAMS.items():
        lines, run = directory / f"{program}.jsonl", directory / f"{program}.run"
        if not lines.is_file() or not run.is_file():
            absent.append(program)
            continue
        about = json.loads(run.read_text(encoding="utf-8"))
        out += [f"## {heading}", "", method, "",
                f"`./bench {program}`, {about['at']}, commit {about['commit']}, load {about['load']}.", "",
                "| measure | value | goal | unit | holds | |", "|---|---|---|---|---|---|"]
        for measure in read(lines.read_text(encoding="utf-8").splitlines()):
            out.append("| " + " | ".join((*_cells(measure), measure.get("detail", ""))) + " |")
        out.append("")
    if absent:
        out += ["Not measured: " + ", ".join(f"`./bench {name}`" for name in absent) + ".", ""]
    return "\n".join(out)


def main(arguments):
    try:
        if arguments[:1] == ["--run"]:
            print(json.dumps(this_run()))
        elif arguments[:1] == ["--page"]:
            print(page(Path(arguments[1])), end="")
        else:
            measures = read(sys.stdin)
            bare = [{key: m[key] for key in m if key != "detail"} for m in measures]
            print(json.dumps({"measures": bare}) if "--json" in arguments else table(measures))
    except ValueError as error:
        print(f"measures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
