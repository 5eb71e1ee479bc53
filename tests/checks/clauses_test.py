# SPDX-License-Identifier: Apache-2.0
"""Proves that tools/clauses.py finds a clause without a test, in each spelling that the code uses."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import clauses  # noqa: E402

# In halves, so that this file is not taken for a test that covers these clauses.
SIGN = chr(0xA7)


class Clauses(unittest.TestCase):
    def read(self, text):
        return [clause for _, clause in clauses.citations(text.replace("$", SIGN))]

    def test_one_spelling(self):
        for text, expected in [
            ("// RFC 5280 $6.1.3(a)(2): the dates", ["RFC 5280 $6.1.3(a)(2)"]),
            ("// RFC5280 $ 4.1", ["RFC 5280 $4.1"]),
            ("// (RFC 8949 $4.2.1, $4.2.3)", ["RFC 8949 $4.2.1", "RFC 8949 $4.2.3"]),
            ("// RFC 9162 $2.1.3 and $2.1.4", ["RFC 9162 $2.1.3", "RFC 9162 $2.1.4"]),
            ("// FIPS 186-5 $6.4.2", ["FIPS 186-5 $6.4.2"]),
            ("// X.690 $10.1", ["X.690 $10.1"]),
            ("// IEEE 802.1AR-2018 $8.7", ["802.1AR-2018 $8.7"]),
            ("// RFC 5280\n  // $4.2.1.9 says", ["RFC 5280 $4.2.1.9"]),
            ("/// RFC 5280\n  /// $4.2.1.9.", ["RFC 5280 $4.2.1.9"]),
            ('{"TPM2 Part 2, ' + 'TPMS_QUOTE_INFO.pcrDigest", x}', ["TPM2 Part 2, " + "TPMS_QUOTE_INFO.pcrDigest"]),
            ("// RFC 9334 says", []),
        ]:
            with self.subTest(text=text):
                self.assertEqual(self.read(text), [e.replace("$", SIGN) for e in expected])

    def test_line_numbers(self):
        found = list(clauses.citations(f"\n\n// RFC 5280 {SIGN}4.1\n"))
        self.assertEqual(found, [(3, f"RFC 5280 {SIGN}4.1")])

    def test_a_clause_without_a_test_is_found(self):
        with tempfile.TemporaryDirectory() as root:
            for path, clause in [("src/pki/a.cc", "4.1"), ("src/pki/b.cc", "4.2"), ("tests/unit/pki/a_test.cc", "4.1")]:
                file = Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"// RFC 5280 {SIGN}{clause}\n")
            code, tests = clauses.collect(root)
        self.assertEqual(dict(code), {f"RFC 5280 {SIGN}4.1": ["src/pki/a.cc:1"], f"RFC 5280 {SIGN}4.2": ["src/pki/b.cc:1"]})
        self.assertEqual(set(code) - set(tests), {f"RFC 5280 {SIGN}4.2"})


if __name__ == "__main__":
    unittest.main()
