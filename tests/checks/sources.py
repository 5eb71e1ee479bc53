# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the files of the tree, and C++ text with its comments and literals told apart."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

CXX_SUFFIXES = {".cc", ".cpp", ".c", ".h", ".hpp"}
_NOT_SOURCE = {".git", "build", "run", "__pycache__", "node_modules"}


def files(root):
    """Paths relative to root, sorted: what git tracks or would, else every file outside the build folders."""
    git = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (Path(root) / ".git").exists():
        listed = subprocess.run(git, capture_output=True, check=True).stdout.decode().split("\0")
        return sorted({p for p in listed if p and (Path(root) / p).is_file()})
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in _NOT_SOURCE]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def read(root, path):
    return (Path(root) / path).read_text(encoding="utf-8", errors="replace")


@dataclass
class Cxx:
    """One C++ file. Both texts keep every line in its place."""

    code: str  # comments and the insides of literals are blanks
    preprocessed: str  # comments only are blanks: what an #include line is read from
    literals: list = field(default_factory=list)  # (line, text inside the quotes)
    comments: dict = field(default_factory=dict)  # line -> text

    def lines(self):
        return list(enumerate(self.code.split("\n"), 1))


_TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*.*?(?:\*/|\Z))
      | (?P<raw>\b(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\((?P<raw_body>.*?)\)(?P=delimiter)")
      | (?P<number>\b[0-9](?:'?[0-9A-Za-z_.])*)
      | (?P<string>"(?P<body>(?:[^"\\\n]|\\.)*)")
      | (?P<char>'(?:[^'\\\n]|\\.)+')""",
    re.VERBOSE | re.DOTALL,
)
_INCLUDE_LINE = re.compile(r"\s*(?:#|%:)\s*include")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def parse_cxx(text):
    code, preprocessed, literals, comments, end, line = [], [], [], {}, 0, 1
    for token in _TOKEN.finditer(text):
        before, whole = text[end : token.start()], token.group(0)
        line += before.count("\n")
        code.append(before)
        preprocessed.append(before)
        end = token.end()
        if token.lastgroup == "number":
            code.append(whole)
            preprocessed.append(whole)
        elif token.group("line") or token.group("block"):
            code.append(_blank(whole))
            preprocessed.append(_blank(whole))
            for offset, part in enumerate(whole.split("\n")):
                comments[line + offset] = comments.get(line + offset, "") + part
        else:
            code.append(whole[0] + _blank(whole[1:-1]) + whole[-1])
            preprocessed.append(whole)
            body = token.group("raw_body") if token.group("raw") else token.group("body")
            include = _INCLUDE_LINE.match(text, text.rfind("\n", 0, token.start()) + 1)
            if body is not None and not include:
                literals.append((line, body))
        line += whole.count("\n")
    code.append(text[end:])
    preprocessed.append(text[end:])
    return Cxx("".join(code), "".join(preprocessed), literals, comments)


def report(name, problems, checked):
    """Prints one line a problem; the exit code of a check."""
    for problem in problems:
        print(problem)
    if not checked:
        print(f"{name}: found no file to check")
        return 1
    print(f"{name}: {checked} files, {len(problems)} problems")
    return 1 if problems else 0
