# SPDX-License-Identifier: Apache-2.0
"""Proves that tools/measures.py takes whole measures only."""

import json
import sys
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

    def test_a_name_comes_once(self):
        with self.assertRaises(ValueError):
            measures.read([json.dumps(GOOD)] * 2)


if __name__ == "__main__":
    unittest.main()
