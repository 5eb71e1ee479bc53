#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads measures, one JSON object a line, and prints them as one object (--json) or as a table.

Each object has exactly: name (text), value and goal (numbers; goal may be null where there is none), unit (text),
holds (true or false). Exit code 1 if a line is anything else, or a name comes twice.
"""

import json
import sys

_FIELDS = {"name", "value", "goal", "unit", "holds"}


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _refuse_constant(text):
    raise ValueError(f"{text} is no JSON number")


def read(lines):
    """The measures in their order; ValueError names the first line that is none."""
    measures, names = [], set()
    for count, line in enumerate(lines, 1):
        if not line.strip():
            continue
        measure = json.loads(line, parse_constant=_refuse_constant)
        if not isinstance(measure, dict) or set(measure) != _FIELDS:
            raise ValueError(f"line {count}: a measure has the members {', '.join(sorted(_FIELDS))}")
        good = (isinstance(measure["name"], str) and isinstance(measure["unit"], str) and _number(measure["value"])
                and (measure["goal"] is None or _number(measure["goal"])) and isinstance(measure["holds"], bool))
        if not good:
            raise ValueError(f"line {count}: a member has the wrong type")
        if measure["name"] in names:
            raise ValueError(f"line {count}: {measure['name']} comes twice")
        names.add(measure["name"])
        measures.append(measure)
    return measures


def table(measures):
    rows = [("measure", "value", "goal", "unit", "holds")]
    for m in measures:
        goal = "" if m["goal"] is None else f"{m['goal']:g}"
        rows.append((m["name"], f"{m['value']:g}", goal, m["unit"], "yes" if m["holds"] else "no"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def main():
    try:
        measures = read(sys.stdin)
    except ValueError as error:
        print(f"measures: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"measures": measures}) if "--json" in sys.argv[1:] else table(measures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
