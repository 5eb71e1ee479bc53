# SPDX-License-Identifier: Apache-2.0
"""The program `birthmark` as scripts see it: docs/cli.md, exit codes, what --json prints, completion of bash."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1)).resolve()
BIN = Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(ROOT / "tools"))

import cli_doc  # noqa: E402

PROGRAM = str(BIN / "birthmark")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("BIRTHMARK_")}


def birthmark(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=120)


def commands(path=()):
    """Every command that does something: the leaves."""
    _, subcommands, _ = cli_doc.read_help(cli_doc.help_of(PROGRAM, path))
    if not subcommands:
        return [path]
    return [leaf for sub in subcommands for leaf in commands((*path, sub))]


class Page(unittest.TestCase):
    def test_docs_cli_md_is_what_the_program_says_of_itself(self):
        page = (ROOT / "docs/cli.md").read_text()
        self.assertEqual(page, cli_doc.page(PROGRAM), "tools/cli_doc.py build/dev/bin/birthmark > docs/cli.md")

    def test_every_command_takes_json(self):
        for path in commands():
            _, _, rows = cli_doc.read_help(cli_doc.help_of(PROGRAM, path))
            self.assertIn("--json", [row[0] for row in rows], path)


class Exits(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.directory = Path(self._directory.name)

    def refusal(self, done, exit_code, code):
        """Words on standard error, one object on standard output."""
        self.assertEqual(done.returncode, exit_code, done)
        self.assertTrue(done.stderr.startswith(f"birthmark: {code}"), done)
        self.assertIn("\nremedy: ", done.stderr)
        value = json.loads(done.stdout)
        self.assertEqual(value["code"], code)
        self.assertLessEqual({"code", "detail", "remedy"}, set(value))

    def test_0_is_done_and_prints_one_object(self):
        policy = self.directory / "policy.toml"
        policy.write_text("renew_from_day = 10\n")
        done = birthmark("policy", "check", "--json", str(policy))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIs(json.loads(done.stdout)["valid"], True)

    def test_1_is_refused_or_found_wrong(self):
        policy = self.directory / "policy.toml"
        policy.write_text("no_such_thing = 1\n")
        self.refusal(birthmark("policy", "check", "--json", str(policy)), 1, "bad_request")
        words = birthmark("policy", "check", str(policy))
        self.assertEqual((words.returncode, words.stdout), (1, ""), "without --json nothing but words on standard error")

    def test_2_is_no_command_line(self):
        for words in ([], ["no-such-command"], ["device"], ["device", "show"], ["device", "show", "short"],
                      ["policy", "check"], ["completion", "fish"], ["serve", "--no-such-option"]):
            done = birthmark(*words)
            self.assertEqual(done.returncode, 2, (words, done))
            self.assertNotEqual(done.stderr, "", words)
            self.assertEqual(done.stdout, "", words)

    def test_2_is_a_setting_that_is_none(self):
        for command in ("init", "serve"):
            self.refusal(birthmark(command, "--json", "--data", str(self.directory), "--scope", "moon"), 2, "bad_request")

    def test_3_is_something_that_is_not_there(self):
        absent = str(self.directory / "absent")
        self.refusal(birthmark("inspect", "--json", absent), 3, "not_found")
        self.refusal(birthmark("serve", "--json", "--data", absent), 3, "not_found")
        done = birthmark("device", "list", "--json", "--data", absent, "--server", "127.0.0.1:1")
        self.assertEqual(done.returncode, 3, done)
        self.assertIn("code", json.loads(done.stdout))


class Fleet(unittest.TestCase):
    def fleet(self, *words):
        return subprocess.run([str(BIN / "birthmark-fleet"), *words], capture_output=True, text=True, env=ENVIRONMENT,
                              timeout=120)

    def test_lists_its_attacks_in_json(self):
        rows = [json.loads(line) for line in self.fleet("attack", "--list", "--json").stdout.splitlines()]
        self.assertIn(("spliced-csr", "key_not_attested"), {(row["attack"], row["expected"]) for row in rows})

    def test_what_is_not_there_is_an_object_and_exit_code_3(self):
        with tempfile.TemporaryDirectory() as directory:
            done = self.fleet("attack", "spliced-csr", "--json", "--server", "127.0.0.1:1", "--name", "x", "--batch", "b",
                              "--tcti", "swtpm:path=none", "--data", directory)
            self.assertEqual(done.returncode, 3, done)
            self.assertLessEqual({"code", "detail", "remedy"}, set(json.loads(done.stdout)))
            file = Path(directory) / "file"
            file.write_text("no directory")
            done = self.fleet("tpms", "--count", "1", "--directory", str(file), "--json")
            self.assertEqual(done.returncode, 3, done)
            self.assertIn("code", json.loads(done.stdout))

    def test_an_attack_that_does_not_say_on_whom_is_wrong_usage(self):
        self.assertEqual(self.fleet("attack", "spliced-csr").returncode, 2)


class Completion(unittest.TestCase):
    def complete(self, *words, program="birthmark", function="_birthmark"):
        script = ('source <("$1" completion bash); function="$2"; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                  '"$function"; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", PROGRAM, function, program, *words], capture_output=True,
                              text=True, env=ENVIRONMENT, check=True)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_offers_commands_then_theirs_then_options(self):
        self.assertLessEqual({"init", "serve", "device", "audit", "completion"}, self.complete(""))
        self.assertEqual(self.complete("dev"), {"device"})
        self.assertEqual(self.complete("device", "re"), {"release", "revoke", "retire", "reject"})
        self.assertLessEqual({"--json", "--cause"}, self.complete("device", "suspend", "--"))

    def test_the_other_programs_say_themselves_what_may_follow(self):
        agent, fleet = ({"program": str(BIN / name), "function": "_birthmark_by_help"}
                        for name in ("birthmark-agent", "birthmark-fleet"))
        self.assertEqual(self.complete("en", **agent), {"enroll"})
        self.assertEqual(self.complete("enroll", "--st", **agent), {"--state"})
        self.assertLessEqual({"tpms", "attack"}, self.complete("", **fleet))

    def test_knows_every_command(self):
        for path in commands():
            self.assertIn(path[-1], self.complete(*path[:-1], ""), path)
            self.assertIn("--json", self.complete(*path, "--j"), path)


if __name__ == "__main__":
    unittest.main()
