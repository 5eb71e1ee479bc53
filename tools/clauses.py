#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists the clauses of standards that src/ cites and no test or fuzz target does.

    tools/clauses.py          the clauses without a test, and where src/ cites them
    tools/clauses.py --all    every clause, with the number of citing places in src/ and in the tests

It informs and judges nothing: the exit code is 0 unless src/ cites no clause at all, which means that it looked in the
wrong place. A test covers a clause when it cites the same one, to the letter in brackets.
"""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "checks"))
import sources  # noqa: E402

_SECTION = r"§\s?[0-9A-Z]+(?:\.[0-9]+)*(?:\([0-9a-z]+\))*"
_CITATION = re.compile(
    r"\b(?:(?P<standard>RFC\s?[0-9]{3,5}|FIPS\s?[0-9]+(?:-[0-9]+)?|SEC\s?1|X\.[56][0-9]{2}|(?:IEEE\s)?802\.1AR(?:-[0-9]{4})?"
    rf"|SP\s?800-[0-9]+[A-Z]?),?\s+(?P<sections>{_SECTION}(?:(?:,|\sand)\s{_SECTION})*)"
    r"|(?P<tpm>TPM2\sPart\s[1-4],\s(?:§\s?)?[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*))"
)


def citations(text):
    """(line, clause) for each citation, in one spelling: "RFC 5280 §6.1.3(a)(2)", "TPM2 Part 2, TPM_GENERATED"."""
    # A citation may be broken over two comment lines; the mark between them counts as a space.
    joined = re.sub(r"\n[ \t]*(?:///?<?|\*|#)?[ \t]*", lambda m: "\n" + " " * (len(m.group(0)) - 1), text)
    for match in _CITATION.finditer(joined):
        line = joined.count("\n", 0, match.start()) + 1
        if match["tpm"]:
            yield line, re.sub(r"\s+", " ", match["tpm"]).replace("§ ", "§")
            continue
        standard = re.sub(r"^(RFC|FIPS|SEC|SP)\s?", r"\1 ", re.sub(r"\s+", " ", match["standard"]))
        standard = standard.removeprefix("IEEE ")
        for section in re.findall(_SECTION, match["sections"]):
            yield line, f"{standard} {re.sub(chr(92) + 's', '', section)}"


def collect(root):
    """Two maps from clause to its places: what src/ cites, what the tests and fuzz targets cite."""
    code, tests = defaultdict(list), defaultdict(list)
    for path in sources.files(root):
        if Path(path).suffix not in sources.CXX_SUFFIXES | {".py", ".sh"}:
            continue
        into = code if path.startswith("src/") else tests if path.startswith(("tests/", "fuzz/")) else None
        if into is None:
            continue
        for line, clause in citations(sources.read(root, path)):
            into[clause].append(f"{path}:{line}")
    return code, tests


def _order(clause):
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", clause)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[1])
    parser.add_argument("--all", action="store_true", help="every clause, with its counts")
    arguments = parser.parse_args()
    code, tests = collect(arguments.root)
    without = sorted((clause for clause in code if clause not in tests), key=_order)
    if arguments.all:
        for clause in sorted(set(code) | set(tests), key=_order):
            print(f"{clause}\tsrc {len(code.get(clause, ()))}\ttests {len(tests.get(clause, ()))}")
    else:
        for clause in without:
            print(f"{clause}\t{', '.join(code[clause])}")
    print(f"{len(code)} clauses cited in src, {len(without)} of them by no test")
    return 0 if code else 1


if __name__ == "__main__":
    sys.exit(main())
