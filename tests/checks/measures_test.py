# SPDX-License-Identifier: Apache-2.0
"""Proves that tools/measures.py takes whole measures only."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import measures  # noqa: E402

GOOD = {"name": "a", "value": 0.95, "goal": 0.9, "unit": "ratio", "holds": True}


class Measures(unittest.TestCase):
    def test_good_lines_are_kept_in_order(self):
        second = {**GOOD, "name": "b", "goal": None}
        self.assertEqual(measures.read([json.dumps(GOOD), "\n", json.dumps(second)]), [GOOD, second])
        self.assertIn("0.95", measures.table([GOOD, second]))

    def test_anything_else_falls(self):
        for line in ["x", "[]", "{}", json.dumps({**GOOD, "more": 1}), json.dumps({**GOOD, "value": "1"}),
                     json.dumps({**GOOD, "value": True}), json.dumps({**GOOD, "holds": 1}), json.dumps({**GOOD, "goal": "0.9"}),
                     json.dumps({**GOOD, "value": float("nan")})]:
            with self.subTest(line=line), self.assertRaises(ValueError):
                measures.read([line])

    def test_detail_is_text_and_stays_out_of_the_table(self):
        self.assertNotIn("of 200", measures.table(measures.read([json.dumps({**GOOD, "detail": "of 200"})])))
        with self.assertRaises(ValueError):
            measures.read([json.dumps({**GOOD, "detail": 200})])

    def test_a_goal_that_is_missed_says_no_and_none_says_nothing(self):
        text = measures.table([{**GOOD, "value": 0.5, "holds": False}, {**GOOD, "name": "b", "goal": None}])
        self.assertTrue(text.splitlines()[1].endswith("no"))
        self.assertTrue(text.splitlines()[2].endswith("ratio"))

    def test_the_page_has_what_was_run_and_names_what_was_not(self):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            (directory / "decision.jsonl").write_text(json.dumps({**GOOD, "detail": "of 200"}) + "\n")
            (directory / "decision.run").write_text(
                json.dumps({"at": "2026-01-01 00:00 UTC", "commit": "abc", "load": 0.5}))
            text = measures.page(directory)
        self.assertIn("| a | 0.95 | 0.9 | ratio | yes | of 200 |", text)
        self.assertIn("2026-01-01 00:00 UTC, commit abc, load 0.5", text)
        self.assertIn("Not measured: `./bench issuance`", text)

    def test_a_name_comes_once(self):
        with self.assertRaises(ValueError):
            measures.read([json.dumps(GOOD)] * 2)


if __name__ == "__main__":
    unittest.main()
