# SPDX-License-Identifier: Apache-2.0
"""Proves that ban_list fails on each thing it forbids, and leaves its neighbours alone."""

import tempfile
import unittest
from pathlib import Path

import ban_list

TAG = "// SPDX-License-Identifier: Apache-2.0\n"


def problems_of(path, text):
    with tempfile.TemporaryDirectory() as root:
        file = Path(root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return ban_list.check(root)[0]


class BanList(unittest.TestCase):
    def forbid(self, path, line):
        with self.subTest(path=path, line=line):
            found = problems_of(path, TAG + line + "\n")
            self.assertEqual(len(found), 1, found)
            self.assertTrue(found[0].startswith(f"{path}:2: "), found)

    def allow(self, path, line):
        with self.subTest(path=path, line=line):
            self.assertEqual(problems_of(path, TAG + line + "\n"), [])

    def test_coroutines(self):
        self.forbid("src/adapters/http/a.cc", "co_await accept();")
        self.forbid("tests/unit/base/a_test.cc", "co_return 1;")
        self.allow("src/adapters/http/a.cc", "// no co_await here")

    def test_clocks(self):
        self.forbid("src/pki/a.cc", "auto t = std::chrono::system_clock::now();")
        self.forbid("src/lifecycle/a.cc", "auto t = clock.now ();")
        self.forbid("src/base/a.cc", "auto t = time(nullptr);")
        self.forbid("src/app/a.cc", "auto t = std::chrono::steady_clock::now();")
        self.allow("src/app/a.cc", "const auto t = clock.now();")
        self.allow("src/app/ports/clock.h", "virtual Instant now() const = 0;")
        self.allow("src/adapters/clock/a.cc", "auto t = std::chrono::system_clock::now();")
        self.allow("src/codec/a.h", "Result<Instant> time();")
        self.allow("src/pki/a.cc", "bool known(int x); // now(")

    def test_entropy(self):
        self.forbid("src/pki/a.cc", "auto x = rand();")
        self.forbid("src/attest/a.cc", "std::random_device d;")
        self.forbid("src/crypto/a.cc", "RAND_bytes(p, 8);")
        self.forbid("src/app/a.cc", "getrandom(p, 8, 0);")
        self.allow("src/adapters/entropy/a.cc", "getrandom(p, 8, 0);")
        self.allow("src/pki/a.cc", "auto x = operand(1);")

    def test_openssl(self):
        self.forbid("src/pki/a.cc", "#include <openssl/x509.h>")
        self.allow("src/crypto/a.cc", "#include <openssl/x509.h>")

    def test_sql(self):
        self.forbid("src/app/a.cc", 'run("INSERT INTO device VALUES (?)");')
        self.forbid("src/daemon/a.cc", 'run("select id from device where x");')
        self.forbid("src/audit/a.cc", 'run(R"(CREATE TABLE t (x))");')
        self.forbid("src/adapters/http/a.cc", 'run("PRAGMA journal_mode");')
        self.allow("src/adapters/sqlite/a.cc", 'run("INSERT INTO device VALUES (?)");')
        self.allow("src/app/a.cc", "// INSERT INTO device")
        self.allow("src/app/a.cc", 'say("please select one");')
        self.allow("src/app/a.cc", 'say("delete from it"); // not SQL: prose')

    def test_default_in_a_switch(self):
        self.forbid("src/policy/a.cc", "switch (s) { default: return 1; }")
        self.forbid("src/policy/a.cc", "  default :  // not an enum:")
        self.allow("src/codec/a.cc", "default:  // not an enum: a byte off the wire")
        self.allow("src/base/a.h", "A() = default;")
        self.allow("tests/unit/base/a_test.cc", "default: break;")

    def test_licence(self):
        for path in ["src/base/a.cc", "tools/a.py", "src/base/CMakeLists.txt", "scripts/a.sh"]:
            with self.subTest(path=path):
                self.assertEqual(len(problems_of(path, "x\n")), 1)
        self.assertEqual(len(problems_of("run_it", "#!/bin/sh\n")), 1)
        self.assertEqual(problems_of("docs/a.md", "x\n"), [])

    def test_unfinished_words(self):
        for word in ["TO" + "DO", "FIX" + "ME", "XX" + "X"]:
            self.forbid("src/base/a.cc", f"// {word}: later")
            self.assertEqual(len(problems_of("docs/a.md", f"{word}\n")), 1)
        self.allow("tests/a.sh", "mktemp birthmark.XX" + "XXXX")

    def test_paths_of_machines(self):
        for path in ["/ho" + "me/somebody/x", "/wo" + "rk/main", "/ro" + "ot/.cache"]:
            self.forbid("tests/a.cc", f'open("{path}");')
        self.allow("tests/a.cc", 'get("https://example.net/home/x"); get("/v1/devices"); open("/etc/hosts");')

    def test_paths_of_this_tree(self):
        with tempfile.TemporaryDirectory() as root:
            Path(root, "a.md").write_text(f"see {Path(root).resolve()}/docs\n")
            self.assertEqual(len(ban_list.check(root)[0]), 1)

    def test_literals_and_separators_do_not_confuse_the_reader(self):
        self.forbid("src/pki/a.cc", "auto n = 1'000; auto c = '\"'; auto s = \"// \\\" \"; auto t = now();")
        self.allow("src/pki/a.cc", 'auto s = R"x(" now( )")x"; auto u = "now(";')


if __name__ == "__main__":
    unittest.main()
