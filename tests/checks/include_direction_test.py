# SPDX-License-Identifier: Apache-2.0
"""Proves that include_direction fails on what it is there to find."""

import tempfile
import unittest
from pathlib import Path

import include_direction


def problems_of(tree):
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            file = Path(root, "src", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return include_direction.check(root)[0]


def probe(path, include, **others):
    """Problems of one file with one include; every header named exists."""
    tree = {"base/a.h": "", "codec/a.h": "", "crypto/a.h": "", "pki/a.h": "", "attest/a.h": "", "lifecycle/a.h": "",
            "policy/a.h": "", "audit/a.h": "", "app/a.h": "", "adapters/http/a.h": "", "adapters/sqlite/a.h": "",
            "agent/a.h": "", "agent/link/a.h": "", "daemon/a.h": "", "cli/a.h": "", "gate/a.h": ""}
    tree[path] = f"#include {include}\n"
    return problems_of(tree)


class IncludeDirection(unittest.TestCase):
    def test_inward_arrows_stand(self):
        for path, include in [
            ("codec/x.cc", '"base/a.h"'), ("crypto/x.cc", '"codec/a.h"'), ("pki/x.cc", '"crypto/a.h"'),
            ("attest/x.cc", '"pki/a.h"'), ("policy/x.cc", '"lifecycle/a.h"'), ("app/x.cc", '"policy/a.h"'),
            ("adapters/sqlite/x.cc", '"app/a.h"'), ("daemon/x.cc", '"adapters/http/a.h"'), ("base/x.cc", '"base/a.h"'),
            ("agent/x.cc", '"adapters/http/a.h"'), ("fleet/x.cc", '"agent/a.h"'), ("cli/x.cc", '"audit/a.h"'),
            ("cli/x.cc", '"agent/link/a.h"'), ("cli/x.cc", '"attest/a.h"'), ("cli/x.cc", '"lifecycle/a.h"'),
            ("agent/link/x.cc", '"agent/a.h"'), ("agent/x.cc", '"agent/link/a.h"'), ("agent/x.cc", '"pki/a.h"'),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(probe(path, include), [])

    def test_outward_arrows_fall(self):
        for path, include in [
            ("base/x.cc", '"codec/a.h"'), ("codec/x.cc", '"crypto/a.h"'), ("crypto/x.cc", '"pki/a.h"'),
            ("pki/x.cc", '"attest/a.h"'), ("lifecycle/x.cc", '"policy/a.h"'), ("audit/x.cc", '"pki/a.h"'),
            ("policy/x.cc", '"app/a.h"'), ("app/x.cc", '"adapters/http/a.h"'), ("adapters/http/x.cc", '"daemon/a.h"'),
            ("agent/x.cc", '"fleet/a.h"'), ("agent/x.cc", '"attest/a.h"'), ("fleet/x.cc", '"pki/a.h"'),
            ("cli/x.cc", '"app/a.h"'), ("pki/x.cc", '"gate/a.h"'), ("cli/x.cc", '"agent/a.h"'),
            ("pki/x.cc", '"agent/link/a.h"'), ("agent/link/x.cc", '"attest/a.h"'),
        ]:
            with self.subTest(path=path, include=include):
                found = probe(path, include)
                self.assertTrue(any(p.startswith(f"src/{path}:1:") for p in found), found)

    def test_libraries_stay_in_their_folder(self):
        for path, include in [
            ("pki/x.cc", "<openssl/x509.h>"), ("adapters/http/x.cc", "<openssl/ssl.h>"), ("app/x.cc", "<sqlite3.h>"),
            ("attest/x.cc", "<tss2/tss2_esys.h>"), ("adapters/tls/x.cc", "<boost/asio.hpp>"),
            ("daemon/x.cc", "<boost/beast/http.hpp>"), ("adapters/http/x.cc", "<boost/json.hpp>"),
            ("pki/x.cc", '"openssl/x509.h"'), ("base/x.h", "<filesystem>"), ("policy/x.cc", "<sys/socket.h>"),
            ("audit/x.cc", "<random>"), ("app/x.cc", "<fstream>"), ("pki/x.cc", "<gmp.h>"),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(len(probe(path, include)), 1)
        for path, include in [
            ("crypto/x.cc", "<openssl/evp.h>"), ("adapters/tls/x.cc", "<openssl/ssl.h>"), ("pki/x.cc", "<chrono>"),
            ("adapters/sqlite/x.cc", "<sqlite3.h>"), ("agent/x.cc", "<tss2/tss2_esys.h>"), ("codec/x.cc", "<boost/json.hpp>"),
            ("adapters/http/x.cc", "<boost/asio.hpp>"), ("adapters/files/x.cc", "<filesystem>"),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(probe(path, include), [])

    def test_ways_around_fall(self):
        for include in ['"../pki/a.h"', '"a.h"', "<pki/a.h>", "HEADER", '"pki/missing.h"']:
            with self.subTest(include=include):
                self.assertEqual(len(probe("pki/x.cc", include)), 1)
        self.assertEqual(len(problems_of({"base/x.cc": '/* why */ #  include /**/ "pki/a.h" // x\n', "pki/a.h": ""})), 1)

    def test_comments_and_strings_are_no_includes(self):
        text = '// #include "app/a.h"\n/*\n#include "app/a.h"\n*/\nauto s = R"(\n)";\n'
        self.assertEqual(problems_of({"base/x.cc": text, "app/a.h": ""}), [])

    def test_a_folder_without_a_row_falls(self):
        self.assertEqual(len(problems_of({"utils/x.cc": ""})), 1)

    def test_adapters_that_include_each_other_fall(self):
        found = problems_of({"adapters/http/a.h": '#include "adapters/tls/a.h"\n',
                             "adapters/tls/a.h": '#include "adapters/http/a.h"\n'})
        self.assertTrue(found and all("each other" in p for p in found), found)

    def test_an_empty_tree_is_no_success(self):
        self.assertEqual(include_direction.sources.report("x", [], 0), 1)

    def test_the_table_has_no_cycle(self):
        edges = {folder: {target.split("/")[0] for target in allowed} for folder, allowed in include_direction.ALLOWED.items()}
        self.assertEqual(list(include_direction._cycles(edges)), [])


if __name__ == "__main__":
    unittest.main()
