# SPDX-License-Identifier: Apache-2.0
"""Proves that codes.py finds a code that nothing gives, one that no test meets, and a remedy that is no command."""

import tempfile
import unittest
from pathlib import Path

import codes

TABLE = "constexpr std::array kCodes{\n    CodeInfo{\n        Code::held, 1},\n};\n"


class Codes(unittest.TestCase):
    def problems(self, **files):
        with tempfile.TemporaryDirectory() as root:
            tree = {
                "src/base/code.cc": TABLE,
                "src/base/code.h": "enum { held };",
                "docs/cli.md": "## birthmark serve\n\n### birthmark device show\n",
                **files,
            }
            for path, text in tree.items():
                (Path(root) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(root) / path).write_text(text, encoding="utf-8")
            found, count = codes.check(root)
            self.assertEqual(count, 1)
            return found

    def test_given_and_met(self):
        given = {"src/app/a.cc": "fail(Code::held);"}
        self.assertEqual(self.problems(**given, **{"tests/a_test.cc": "EXPECT_EQ(x, Code::held);"}), [])
        self.assertEqual(self.problems(**given, **{"tests/a.py": 'refused(["held"])'}), [])

    def test_not_given(self):
        for text in ("", "// Code::held", 'say("Code::held");', "Code::held_back"):
            found = self.problems(**{"src/app/a.cc": text, "tests/a_test.cc": "Code::held"})
            self.assertEqual(found, ["held: nothing in src gives it"])

    def test_not_met(self):
        for path in ("tests/unit/base/code_test.cc", "tests/unit/audit/entry_test.cc", "bench/a.cc"):
            found = self.problems(**{"src/app/a.cc": "Code::held", path: "Code::held"})
            self.assertEqual(found, ["held: no test meets it"])

    def test_a_remedy_that_is_no_command(self):
        given = {"src/app/a.cc": "fail(Code::held);", "tests/a_test.cc": "Code::held"}
        table = TABLE + '"See `birthmark device show`, or `birthmark device heal`."'
        found = self.problems(**given, **{"src/base/code.cc": table})
        self.assertEqual(found, ["birthmark device heal: a remedy names it, docs/cli.md does not"])


if __name__ == "__main__":
    unittest.main()
