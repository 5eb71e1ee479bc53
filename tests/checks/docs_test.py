# SPDX-License-Identifier: Apache-2.0
"""Proves that docs.py finds what a page names and the tree does not have, and what a page has to name."""

import tempfile
import unittest
from pathlib import Path

import docs

TREE = {
    "src/app/use.h": "class Use { void act(); };\nvoid helper();\n",
    "src/adapters/api/routes.cc": "",
    "src/adapters/sqlite/store.cc": "Result<void> Store::commit() {}\n",
    "tests/unit/app/use_test.cc": "TEST(Use, acts) {}\nTEST_F(Other, fails) {}\n",
    "tests/unit/app/CMakeLists.txt": "birthmark_test(unit_app SOURCES use_test.cc)\nadd_test(NAME flow_x COMMAND x)\n",
    "tests/checks/CMakeLists.txt": "birthmark_check(docs x)\n",
    "tests/abuse/ac01_replay_test.cc": "",
    "docs/architecture.md": "`app`, `adapters/api`, `adapters/sqlite`, [t](threat-model.md), [w](wire/log.md)\n",
    "docs/threat-model.md": "text\n| AC-01 | `tests/abuse/ac01_replay_test.cc` |\n",
    "docs/wire/log.md": "text\n",
    "README.md": "[a](docs/architecture.md)\n",
}


class Docs(unittest.TestCase):
    def problems(self, **changes):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**TREE, **changes}.items():
                if text is not None:
                    (Path(root) / path).parent.mkdir(parents=True, exist_ok=True)
                    (Path(root) / path).write_text(text, encoding="utf-8")
            return docs.check(root)[0]

    def page(self, text):
        return self.problems(**{"docs/wire/log.md": text})

    def test_a_sound_tree(self):
        self.assertEqual(self.problems(), [])

    def test_what_is_there(self):
        for text in ["`src/app/use.h`", "`src/app/{use}`", "`src/adapters/*/store.cc`", "`src/app`", "`src/app/`", "`Use::act`",
                     "`Store::commit`", "`Use.acts`", "`Other.fails`", "`ctest -R '^unit_app$'`", "`ctest -R '^check_docs$'`",
                     "`helper` in `src/app/use.h`", "`act` and `helper` in `src/app/use.h`", "[x](../architecture.md#parts)",
                     "<https://x.example/src/none>", "[x](https://x.example/none.md)", "`build/dev/bin/x`", "`<data>/log`"]:
            self.assertEqual(self.page(text), [], text)

    def test_what_is_not_there(self):
        for text in ["`src/app/none.h`", "`src/app/{use,none}.h`", "`src/none/*.cc`", "`tools/x --all`", "`Use::none`", "`None::act`",
                     "`Use.fails`", "`ctest -R '^unit_none$'`", "`none` in `src/app/use.h`", "`act`, `none` in `src/app/use.h`",
                     "[x](none.md)", "[x](../../../outside.md)"]:
            self.assertEqual(len(self.page(text)), 1, text)

    def test_what_has_to_be_named(self):
        for path in ["src/policy/a.h", "src/adapters/tls/a.h", "tests/abuse/ac02_splice_test.cc", "docs/lost.md"]:
            self.assertEqual(len(self.problems(**{path: ""})), 1, path)
        self.assertEqual(len(self.problems(**{"src/app/other.h": "// docs/wire/none.md\n"})), 1)


if __name__ == "__main__":
    unittest.main()
