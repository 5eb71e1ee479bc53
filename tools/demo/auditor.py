# SPDX-License-Identifier: Apache-2.0
"""A second opinion on the audit log: no code of birthmark, plain HTTP, openssl for the signature, RFC 6962 by hand."""

import base64
import hashlib
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

_TILE_WIDTH = 256
_ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410 §4, before the 32 bytes of the key


class Wrong(Exception):
    """The log is not what it says it is."""


@dataclass
class Audit:
    size: int
    root: str
    entries: list  # decoded, in order


def _leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def _root(hashes):
    """RFC 6962 §2.1: the left subtree is the largest power of two below the length."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(hashes[:half]) + _root(hashes[half:])).digest()


def _number(index):
    """C2SP tlog-tiles: 1234067 is x001/x234/067."""
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def _bundle(data, count):
    out, at = [], 0
    for _ in range(count):
        length = int.from_bytes(data[at : at + 2], "big")
        out.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data):
        raise Wrong("an entry bundle of another length than it says")
    return out


def _cbor(data):
    """The flat map of numbers, bytes and texts that an audit entry is."""

    def head(at):
        major, short = data[at] >> 5, data[at] & 31
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(short, 0)
        return major, int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else short, at + 1 + size

    def item(at):
        major, value, at = head(at)
        if major == 0:
            return value, at
        if major not in (2, 3):
            raise Wrong("an entry with something else than numbers, bytes and texts")
        raw = data[at : at + value]
        return (raw.decode() if major == 3 else raw), at + value

    _, count, at = head(0)
    out = {}
    for _ in range(count):
        key, at = item(at)
        out[key], at = item(at)
    return out


_KINDS = {12: "refusal", 13: "refusals_aggregated"}
_FIELDS = {1: "kind", 4: "device", 10: "actor", 13: "refusal", 14: "reason", 15: "count"}


def decode(entry):
    fields = {_FIELDS[key]: value for key, value in _cbor(entry).items() if key in _FIELDS}
    fields["kind"] = _KINDS.get(fields["kind"], fields["kind"])
    return fields


class Auditor:
    """Reads the log as an outsider: from the public listener, with the log's key and nothing else."""

    def __init__(self, url, log_key, folder):
        self._url, self._folder = url, Path(folder)
        self._name, _, encoded = log_key.split("+", 2)
        raw = base64.b64decode(encoded)
        if raw[0] != 1 or len(raw) != 33:
            raise Wrong("the log's key is no Ed25519 key")
        self._key_id = hashlib.sha256(self._name.encode() + b"\n" + raw).digest()[:4]
        self._spki = _ED25519_SPKI + raw[1:]

    def _get(self, path):
        with urllib.request.urlopen(f"{self._url}/log/{path}", timeout=20) as answer:
            return answer.read()

    def _signature_of(self, lines):
        for line in lines:
            _, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded)
            if name == self._name and raw[:4] == self._key_id:
                return raw[4:]
        raise Wrong("the checkpoint is not signed by the log's key")

    def openssl_command(self):
        where = self._folder
        return (f"openssl pkeyutl -verify -pubin -keyform DER -inkey {where}/log-key.der -rawin "
                f"-in {where}/checkpoint.txt -sigfile {where}/checkpoint.sig")

    def _checkpoint(self):
        """The signed size and root; the signature is openssl's business."""
        note = self._get("checkpoint").decode()
        text, _, signatures = note.partition("\n\n")
        text += "\n"
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "log-key.der").write_bytes(self._spki)
        (self._folder / "checkpoint.txt").write_text(text)
        (self._folder / "checkpoint.sig").write_bytes(self._signature_of(signatures.splitlines()))
        said = subprocess.run(self.openssl_command().split(), capture_output=True, text=True, check=False)
        if said.returncode != 0:
            raise Wrong("openssl: " + (said.stdout + said.stderr).strip())
        _, size, root = text.splitlines()[:3]
        return int(size), base64.b64decode(root)

    def read(self):
        """Every entry of the log at the size of its checkpoint, which must be the tree of exactly these entries."""
        size, root = self._checkpoint()
        entries = []
        for tile in range((size + _TILE_WIDTH - 1) // _TILE_WIDTH):
            width = min(_TILE_WIDTH, size - tile * _TILE_WIDTH)
            partial = "" if width == _TILE_WIDTH else f".p/{width}"
            entries += _bundle(self._get(f"tile/entries/{_number(tile)}{partial}"), width)
        if _root([_leaf(entry) for entry in entries]) != root:
            raise Wrong("the entries do not hash to the signed root")
        return Audit(size, root.hex(), [decode(entry) for entry in entries])
