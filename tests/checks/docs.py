#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds README.md and docs/ to the tree: whatever they name is there.

What is looked at: links; paths of this tree in back-ticks (with {a,b}, *, and without the suffix if a file has it); in
back-ticks `Type::member` of src/, `name` in `file`, `Suite.test` of a test program, and after -R '^...$' the name that ctest
knows; pages that sources name. Further: each folder of src/ stands in docs/architecture.md, each abuse case that is tested in
docs/threat-model.md, and to each page leads a link.
"""

import argparse
import fnmatch
import re
import sys
from pathlib import Path

import sources

_TOP = ("src", "tests", "docs", "fuzz", "tools", "bench", "benchmarks", "demo", "test", "scripts", "cmake")
_PATH = re.compile(r"(?:\./)?(" + "|".join(_TOP) + r")(/[\w./{},*-]*)?$")
_MEMBER = re.compile(r"([A-Z]\w+)::(\w+)(\(\))?$")
_TEST = re.compile(r"([A-Z]\w+)\.([a-z]\w+)$")
_IN_FILE = re.compile(r"((?:`[\w:]+`(?:, | and )?)+) in `(src/[\w/.-]+\.(?:h|cc))`")
_PROSE = {".h", ".cc", ".py", ".sh", ".txt", ""}


class Tree:
    def __init__(self, root):
        self.paths = sources.files(root)
        self.names = set(self.paths)
        for path in self.paths:
            self.names |= {str(parent) for parent in Path(path).parents}
        self.text = {p: sources.read(root, p) for p in self.paths if Path(p).suffix in _PROSE | {".md"}}
        self.tests, self.ctests = set(), set()
        for path, text in self.text.items():
            if path.startswith("tests/"):
                self.tests |= set(re.findall(r"\b(?:TEST(?:_[FP])?|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+)", text))
            if path.endswith("CMakeLists.txt"):
                self.ctests |= set(re.findall(r"(?:birthmark_test\(|add_test\(\s*NAME )\s*(\w+)", text))
                self.ctests |= {"check_" + name for name in re.findall(r"birthmark_check\((\w+)", text)}

    def has(self, path):
        path = path.rstrip("/")
        return path in self.names or any(fnmatch.fnmatch(name, path) or fnmatch.fnmatch(name, path + ".*") for name in self.names)

    def has_member(self, owner, member):
        return any(
            path.startswith("src/")
            and (f"{owner}::{member}" in text
                 or (re.search(rf"\b(?:class|struct|enum class|enum|union|using) {owner}\b", text) and re.search(rf"\b{member}\b", text)))
            for path, text in self.text.items())


def braces(path):
    """a/{b,c}.h as a/b.h and a/c.h"""
    found = re.search(r"\{([^{}]*)\}", path)
    if not found:
        return [path]
    return [out for part in found[1].split(",") for out in braces(path[: found.start()] + part + path[found.end() :])]


def _span(tree, span):
    """What is wrong with the text between two back-ticks, or None."""
    word = span.split(" ")[0].split("#")[0].rstrip(",;:")
    if _PATH.match(word):
        missing = [path for path in braces(word.removeprefix("./")) if not tree.has(path)]
        return f"no such path: {', '.join(missing)}" if missing else None
    if member := _MEMBER.match(span):
        return None if tree.has_member(member[1], member[2]) else f"src has no {span}"
    if test := _TEST.match(span):
        return None if (test[1], test[2]) in tree.tests else f"no test {span}"
    return None


def _page(tree, page, text):
    """(line, problem) for each; and the pages that it links to, in `linked`."""
    problems, linked = [], set()
    for number, line in enumerate(text.split("\n"), 1):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line):
            if "://" in target:
                continue
            path = (Path("/") / page).parent.joinpath(target).resolve().relative_to("/")
            linked.add(str(path))
            if str(path) not in tree.names:
                problems.append((number, f"link leads nowhere: {target}"))
        problems += [(number, why) for span in re.findall(r"`([^`]+)`", line) if (why := _span(tree, span))]
        for names, path in _IN_FILE.findall(line):
            problems += [(number, f"{path} has no {name}") for name in re.findall(r"`(\w+)`", names)
                         if not re.search(rf"\b{name}\b", tree.text.get(path, ""))]
        problems += [(number, f"ctest knows no {name}") for name in re.findall(r"-R '\^(\w+)\$'", line) if name not in tree.ctests]
    return problems, linked


def _named(tree, page, names):
    """A problem for each name that the page does not have in back-ticks, if there are any names."""
    text = tree.text.get(page, "")
    return [f"{page}: does not name `{name}`" for name in names if f"`{name}`" not in text]


def check(root):
    """(problems, number of pages)"""
    tree = Tree(root)
    pages = [path for path in tree.paths if path.endswith(".md") and (path == "README.md" or path.startswith("docs/"))]
    problems, linked = [], {"README.md"}
    for page in pages:
        found, links = _page(tree, page, tree.text[page])
        problems += [f"{page}:{line}: {why}" for line, why in found]
        linked |= links
    problems += [f"{page}: no link leads to it" for page in pages if page not in linked and not page.startswith("docs/adr/")]
    for path, text in tree.text.items():
        if path.endswith(".md") or path.startswith("tests/checks/"):
            continue
        problems += [f"{path}: names a page that is not there: {page}" for page in re.findall(r"\bdocs/[\w./-]+\.md", text)
                     if page not in tree.names]
    folders = {"/".join(Path(p).parts[1:3] if p.startswith("src/adapters/") else Path(p).parts[1:2])
               for p in tree.paths if p.startswith("src/") and len(Path(p).parts) > 2 + p.startswith("src/adapters/")}
    problems += _named(tree, "docs/architecture.md", sorted(folders))
    cases = {found[1] for path in tree.paths if (found := re.match(r"tests/abuse/ac(\d+)_\w+\.cc$", path))}
    problems += [f"docs/threat-model.md: has no row AC-{case}" for case in sorted(cases)
                 if f"\n| AC-{case} |" not in tree.text.get("docs/threat-model.md", "")]
    return problems, len(pages)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    return sources.report("docs", *check(parser.parse_args().root))


if __name__ == "__main__":
    sys.exit(main())
