# SPDX-License-Identifier: Apache-2.0
"""Proves that tools/fuzz_campaign.py counts what was executed, goes on where it was, and keeps what is found."""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import fuzz_campaign  # noqa: E402

# Takes the place of a libFuzzer binary: makes at most 400 executions a piece, and says so as libFuzzer does.
PROGRAM = """#!/bin/sh
for word; do case $word in -runs=*) left=${word#-runs=} ;; esac; done
[ "$left" -le 400 ] || left=400
echo "stat::number_of_executed_units: $left" >&2
exit %d
"""


class Campaign(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        (self.build / "bin").mkdir()

    def target(self, name, status=0, more=""):
        path = self.build / "bin" / f"fuzz_{name}"
        path.write_text(PROGRAM % status + more)
        path.chmod(0o755)

    def run_it(self, *more):
        out, progress = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(progress):
            status = fuzz_campaign.main([str(self.build), "--executions", "1000", *more])
        return status, [json.loads(line) for line in out.getvalue().splitlines()], len(progress.getvalue().splitlines())

    def test_each_target_gets_its_executions_and_no_more(self):
        self.target("cbor")
        self.target("path")
        status, measures, pieces = self.run_it()
        self.assertEqual((status, pieces), (0, 6))
        self.assertEqual([(m["name"], m["value"], m["holds"]) for m in measures],
                         [("fuzz_cbor", 1000, True), ("fuzz_path", 1000, True)])
        self.assertIn("inputs to", measures[1]["detail"])
        self.assertEqual(self.run_it()[2], 0, "it is done")

    def test_a_changed_binary_begins_anew(self):
        self.target("cbor")
        self.run_it()
        self.target("cbor", more="# built again\n")
        self.assertEqual(self.run_it("--report")[1][0]["value"], 0)
        self.assertEqual(self.run_it()[2], 3)

    def test_what_is_found_ends_the_target_and_fails_the_campaign(self):
        self.target("cbor", status=77)
        self.target("json")
        status, measures, pieces = self.run_it()
        self.assertEqual((status, pieces), (1, 4))
        self.assertEqual([m["holds"] for m in measures], [False, True])
        self.assertIn("1 findings", measures[0]["detail"])

    def test_no_targets_is_no_campaign(self):
        self.assertEqual(self.run_it()[0], 1)


if __name__ == "__main__":
    unittest.main()
