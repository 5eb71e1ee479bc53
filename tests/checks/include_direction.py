#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every #include of src/ and fails on one that points outwards (docs/architecture.md).

Three rules: a folder includes only the folders its row names; a library's headers stay in the folder that wraps it;
the folders left of adapters include nothing that opens a file, a socket, a clock or a source of entropy.
"""

import argparse
import re
import sys
from pathlib import Path

import sources

_INNER = {"base", "codec", "crypto"}
_DOMAIN = _INNER | {"pki", "attest", "lifecycle", "policy", "anomaly", "audit"}
# Folder -> what it may include besides itself. "adapters/http" or "agent/link" names that subfolder only.
ALLOWED = {
    "base": set(),
    "codec": {"base"},
    "crypto": {"base", "codec"},
    "pki": _INNER,
    "attest": _INNER | {"pki"},
    "lifecycle": _INNER,
    "policy": _INNER | {"attest", "lifecycle"},
    "anomaly": _INNER,
    "audit": _INNER,
    "app": _DOMAIN,
    "adapters": _DOMAIN | {"app"},
    "daemon": _DOMAIN | {"app", "adapters", "cli"},
    # The programs beside the server.
    "agent": _INNER | {"pki", "lifecycle", "app", "adapters"},
    "gate": _INNER | {"pki", "lifecycle", "policy", "adapters"},
    "fleet": _INNER | {"lifecycle", "app", "agent", "adapters", "cli"},
    "cli": _INNER | {"pki", "attest", "lifecycle", "audit", "adapters", "agent/link"},
}
_PURE = _DOMAIN | {"app"}

# Header prefix -> folders that may include it.
EXTERNAL = {
    "openssl/": ("crypto", "adapters/tls"),
    "gmp.h": ("crypto",),
    "sqlite3": ("adapters/sqlite",),
    "libpq": ("adapters/postgres",),
    "tss2/": ("agent",),
    "boost/asio": ("adapters/http",),
    "boost/beast": ("adapters/http",),
    "boost/json": ("codec",),
    "p11-kit": ("adapters/pkcs11",),
}
_WORLD = re.compile(
    r"(fstream|filesystem|random|ctime|time\.h|unistd\.h|fcntl\.h|netdb\.h|dirent\.h|poll\.h|syslog\.h"
    r"|sys/.*|netinet/.*|arpa/.*)$"
)

_INCLUDE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*include(?:_next)?\b[ \t]*(.*)$", re.MULTILINE)
_HEADER = re.compile(r'(?P<quote>["<])(?P<path>[^">]+)[">]\s*$')


def _inside(folder, places):
    return any(folder == place or folder.startswith(place + "/") for place in places)


def _folder_of(path):
    """The folder that answers for a path below src/: the first part; for adapters the first two."""
    parts = Path(path).parts[:-1]
    return "/".join(parts[:2] if parts[:1] == ("adapters",) else parts[:1])


def _judge(folder, quote, header, present):
    """Why this include may not stand in this folder, or None; and the folder it leads to, or None."""
    top = folder.split("/")[0]
    for prefix, places in EXTERNAL.items():
        if header.startswith(prefix):
            return (None if _inside(folder, places) else f"<{header}> belongs to {' and '.join(places)} only"), None
    if quote == "<" and header.split("/")[0] not in ALLOWED:
        # A port may name a path: that is a value, and opens nothing.
        names_path = header == "filesystem" and top == "app"
        if top in _PURE and _WORLD.match(header) and not names_path:
            return f"<{header}>: {top} opens no file, socket, clock or entropy source", None
        return None, None
    target = _folder_of(header)
    if quote == "<" or target.split("/")[0] not in ALLOWED or header not in present:
        return f'"{header}" names no file of src/: write ours from src/ in quotes, others in <>', None
    allowed = ALLOWED[top] | {top}
    if not _inside(target, allowed) and not _inside(str(Path(header).parent), allowed):
        return f'"{header}": {top} may include {", ".join(sorted(allowed - {top})) or "nothing"} only', target
    return None, target


def _cycles(edges):
    """Each folder that can reach itself over at least one other folder, with its way."""
    for start in sorted(edges):
        ways, seen = [[start]], set()
        while ways:
            way = ways.pop()
            for target in sorted(edges.get(way[-1], ())):
                if target == start:
                    yield way + [start]
                    ways = []
                    break
                if target not in seen:
                    seen.add(target)
                    ways.append(way + [target])


def check(root):
    """(problems, number of files read)"""
    paths = [p[len("src/") :] for p in sources.files(root) if p.startswith("src/")]
    paths = [p for p in paths if Path(p).suffix in sources.CXX_SUFFIXES]
    present, problems, edges = set(paths), [], {}
    for path in paths:
        folder = _folder_of(path)
        if folder.split("/")[0] not in ALLOWED:
            problems.append(f"src/{path}: the folder has no row in include_direction.py")
            continue
        text = sources.parse_cxx(sources.read(root, "src/" + path)).preprocessed
        for include in _INCLUDE.finditer(text):
            line = text.count("\n", 0, include.start()) + 1
            header = _HEADER.match(include.group(1))
            if not header:
                problems.append(f"src/{path}:{line}: cannot read this include")
                continue
            why, target = _judge(folder, header["quote"], header["path"], present)
            if why:
                problems.append(f"src/{path}:{line}: {why}")
            if target and target != folder:
                edges.setdefault(folder, set()).add(target)
    problems += [f"src: folders include each other: {' -> '.join(way)}" for way in _cycles(edges)]
    return problems, len(paths)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    return sources.report("include_direction", *check(parser.parse_args().root))


if __name__ == "__main__":
    sys.exit(main())
