# SPDX-License-Identifier: Apache-2.0
"""Proves that said_names.py finds what a page does not name, what the code does not have, and what it cannot read."""

import tempfile
import unittest
from pathlib import Path

import said_names

TREE = {
    "src/adapters/telemetry/metrics.cc": 'Row{"birthmark_a_total", "Help."}, .Name("birthmark_b")  // "birthmark_none"\n',
    "src/daemon/serve.cc": '#include "adapters/telemetry/event_log.h"\nlog_.write("c",\n {{"x", 1}}); json::write(line);',
    "src/cli/task_report.cc": 'object{{"event", "d"}, {"task", t}}; members["event"] = "e"; members["step"] = "retry";',
    "src/cli/station_run.cc": '#include "cli/task_report.h"\nreport_.step("f");',
    "src/cli/lock_check.cc": '#include "cli/task_report.h"\nreport_.step(probe.refused ? "g: closed" : "g: open");',
    "src/agent/field/daily_life.cc": 'return {first ? "h" : "i", members(x)}; return {"j", {{"n", 1}}}; return {true};',
    "src/agent/program/run.cc": 'say({"k", {}}); say(event);',
    "src/daemon/config.cc": 'SettingRow{{"l", "words"}, set},\nSettingRow{\n {"m", "words"}, set}',
    "docs/metrics.md": """# M

## Metrics

| metric | type |
|---|---|
| `birthmark_a_total` | `x` |
| `birthmark_b` | y |

| label | values |
|---|---|
| `other` | z |

## Events of the server

| event | members |
|---|---|
| `c` | x |

## Lines of a station

| event | members |
|---|---|
| `d` | x |
| `e` | x |

| step | of |
|---|---|
| `f` | x |
| `g: closed`, `g: open` | x |
| `retry` | x |

## Lines of a device

| event | members |
|---|---|
| `h`, `i` | x |
| `j` | x |
| `k` | x |
""",
    "docs/operating.md": "# O\n\n## Settings\n\n| setting | default |\n|---|---|\n| `l` | x |\n| `m` | x |\n",
}


class SaidNames(unittest.TestCase):
    def problems(self, path="README.md", old="", new=""):
        with tempfile.TemporaryDirectory() as root:
            for name, text in {"README.md": "", **TREE}.items():
                if name == path:
                    self.assertIn(old, text)
                    text = text.replace(old, new, 1) if old else text + new
                (Path(root) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(root) / name).write_text(text, encoding="utf-8")
            return said_names.check(root)[0]

    def test_sound_pages(self):
        self.assertEqual(self.problems(), [])

    def test_what_a_page_does_not_name(self):
        for path, text, name in [
            ("src/adapters/telemetry/metrics.cc", ', "birthmark_new"', "docs/metrics.md: does not name the metric `birthmark_new`"),
            ("src/daemon/serve.cc", ' log_.write("new", {});', "docs/metrics.md: does not name the event `new`"),
            ("src/cli/task_report.cc", ' {"event", "new"}', "docs/metrics.md: does not name the event `new`"),
            ("src/cli/lock_check.cc", ' report_.step("new");', "docs/metrics.md: does not name the step `new`"),
            ("src/agent/field/daily_life.cc", ' return {"new", x};', "docs/metrics.md: does not name the event `new`"),
            ("src/agent/program/run.cc", ' say({"new", x});', "docs/metrics.md: does not name the event `new`"),
            ("src/daemon/config.cc", ' SettingRow{{"new", "w"}}', "docs/operating.md: does not name the setting `new`"),
        ]:
            self.assertEqual(self.problems(path, new=text), [name], path)

    def test_what_the_code_does_not_have(self):
        old = "| `birthmark_b` | y |"
        self.assertEqual(self.problems("docs/metrics.md", old, old + "\n| `birthmark_old` | y |"),
                         ["docs/metrics.md: src has no metric `birthmark_old`"])
        self.assertEqual(self.problems("docs/operating.md", new="| `old` | x |\n"), ["docs/operating.md: src has no setting `old`"])

    def test_what_cannot_be_read(self):
        self.assertEqual(len(self.problems("docs/metrics.md", "## Metrics", "## Numbers")), 1)
        self.assertEqual(len(self.problems("src/agent/program/run.cc", 'say({"k", {}});', "")), 2)  # no giver, and `k` without one
        self.assertEqual(len(self.problems("src/daemon/serve.cc", new=" log_.write(name, {});")), 1)
        self.assertEqual(len(self.problems("src/cli/station_run.cc", new=" report_.step(name);")), 1)


if __name__ == "__main__":
    unittest.main()
