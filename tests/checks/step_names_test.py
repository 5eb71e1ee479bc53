# SPDX-License-Identifier: Apache-2.0
"""Proves that step_names.py finds a check without a row, a row without a check, a wrong code, and a form that it cannot read."""

import tempfile
import unittest
from pathlib import Path

import step_names

# One of each form that a table of src/ has; their names stand in the page below.
TREE = {
    "src/base/code.cc": "CodeInfo{Code::held, 1}, CodeInfo{\n Code::policy, 2}, CodeInfo{Code::storage, 3}",
    "src/attest/a.cc": 'Step<Subject>{"t.a", "clause; more", Code::held, run},\n'
                       'constexpr Step<Subject> kB{"t.b",\n "c", Code::policy, b};',
    "src/policy/decide.cc": 'case Step::path:\n return "t_c";',
    "src/pki/lint.cc": 'Lint{"t_d", "clause", holds}, fail(Code::held, words, std::string{broken->name})',
    "src/lifecycle/device.cc": 'Statement{facts.locked == Claim::yes, "t.e", "why"}',
    "src/app/stations.cc": 'return refused("t.f", "why " + name);',
    "src/audit/checkpoint.cc": 'return untrusted("why " + log.name(), "checkpoint.g");',
    "src/daemon/policy_file.cc": 'count_of(node, "h")',
    "src/crypto/keys.h": 'inline constexpr std::string_view kOtherAlgorithm = "t.n";',
    "src/adapters/http/client.cc": 'static constexpr const char* kNothingAnswered = "t_i";',
    "src/app/software_root.cc": 'step("t.j", passed); findings_of("t.k", "words");\nattest::held("t.l", kClause, Code::held)',
    "src/app/use.cc": 'fail(Code::held, a ? "x, y" : "z", "t.m");',
}
PAGE = """# E

| `other` | `held` |

## Checks

| check | code | of | what |
|---|---|---|---|
| `t_c`, `t_d`, `t.e`, `t.f` | | x | y |
| `checkpoint.g`, `policy.h`, `t_i` | | x | y |
| `t.j`, `t.k`, `t.l`, `t.n` | | x | y |
| `t.a` | `held` | x | y |
| `t.b` | `policy`, `storage` | x | y |
| `t.m` | `held` | x | y |
"""


class StepNames(unittest.TestCase):
    def problems(self, page=PAGE, **files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**TREE, **files, step_names.PAGE: page}.items():
                (Path(root) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(root) / path).write_text(text, encoding="utf-8")
            return step_names.check(root)[0]

    def code(self, text):
        return self.problems(**{"src/app/more.cc": text})

    def test_a_sound_page(self):
        self.assertEqual(self.problems(), [])

    def test_without_a_row(self):
        for text in ['fail(Code::held, "w", "t.new");', 'fail(Code::held, f(a, b), x ? "t.new" : "t.m")',
                     'Error e{Code::held, "w", "t.new"};', 'complain({Code::held, "w",\n "t.new"}, form)',
                     'attest::held("t.new", kClause, Code::held)']:
            self.assertEqual(self.code(text), ["docs/wire/evidence.md: no row for the check `t.new`"], text)

    def test_without_a_giver(self):
        self.assertEqual(self.problems(PAGE + "| `t.old`, `t.m` | `held` | x | y |\n"),
                         ["docs/wire/evidence.md: nothing in src gives the check `t.old`"])
        self.assertEqual(self.problems(PAGE.replace("## Checks", "## Others"))[:1],
                         ["docs/wire/evidence.md: no row for the check `checkpoint.g`"])

    def test_codes(self):
        self.assertEqual(self.code('fail(Code::policy, "w", "t.m")'), ["docs/wire/evidence.md: `t.m` comes with `policy`, too"])
        self.assertEqual(self.code('fail(b ? Code::held : Code::policy, "w", b ? "t.a" : "t.b")'), [])
        self.assertEqual(self.problems(PAGE.replace("`held` | x | y |\n| `t.b`", "`held`, `hold` | x | y |\n| `t.b`")),
                         ["docs/wire/evidence.md: `t.a`: no code `hold`"])

    def test_what_cannot_be_read(self):
        for text in ['fail(Code::held, "w", name(step))', 'fail(Code::held, "w", "t.m" + more)', 'Error{Code::held, "w", kCheck}']:
            self.assertEqual(len(self.code(text)), 1, text)
        self.assertEqual(len(self.problems(**{"src/pki/lint.cc": ""})), 2)  # a table that is found no more, and its row

    def test_what_is_no_check(self):
        for text in ['// fail(Code::held, "w", "t.new")', 'fail(Code::held, "w, x, y")', 'fail(Code::held, f("a", "b", "c"))',
                     'std::array{Code::held, Code::policy, Code::storage}', 'fail(Code::held, "w", finding.check)',
                     'fail(Code::held, "w", {})']:
            self.assertEqual(self.code(text), [], text)


if __name__ == "__main__":
    unittest.main()
