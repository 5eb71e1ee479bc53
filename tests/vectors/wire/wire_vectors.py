#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The worked vectors of docs/wire/evidence.md and docs/wire/certificates.md, made from their text and not from the code.

    wire_vectors.py           compare every block of the documents with what is computed here; exit 1 if one differs
    wire_vectors.py --write   compute them anew, with a new registry key (its private half is thrown away), and write them

A block is a line "<name>:" and the ```text block behind it, hex without meaning in its line breaks.
"""
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[3]
EVIDENCE = ROOT / "docs/wire/evidence.md"
CERTIFICATES = ROOT / "docs/wire/certificates.md"

# --- deterministic CBOR (RFC 8949 §4.2.1), as much as is needed ---


def head(major, value):
    for bits, code in ((5, None), (8, 24), (16, 25), (32, 26), (64, 27)):
        if code is None and value < 24:
            return bytes([major << 5 | value])
        if code is not None and value < 1 << bits:
            return bytes([major << 5 | code]) + value.to_bytes(bits // 8, "big")
    raise ValueError(value)


def cbor(value):
    if isinstance(value, bool):
        return bytes([0xF5 if value else 0xF4])
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(4, len(value)) + b"".join(cbor(item) for item in value)


# --- DER (X.690 §10) ---


def der(tag, *contents):
    body = b"".join(contents)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def oid(*arcs):
    out = b""
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        out += bytes(reversed(digits))
    return der(0x06, out)


ARC = (2, 25, uuid.UUID("6b67aa6e-c105-45f6-b941-7f55607e886e").int)
KEY_USAGE = (2, 5, 29, 15)
sha256 = lambda data: hashlib.sha256(data).digest()


def numbered(first, count):
    return bytes(range(first, first + count))


# --- what the documents show ---

# The base point of P-256 as a public key: everybody's, therefore nobody's.
BASE_POINT = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
NONCE, SESSION, TRANSCRIPT = numbered(0x00, 32), numbered(0x20, 32), numbered(0x40, 32)


def evidence():
    device_array = cbor(["birthmark/device/v1", "tpm", BASE_POINT])
    device = sha256(device_array)
    element = cbor([BASE_POINT, numbered(0x60, 9)])
    key = sha256(BASE_POINT)
    unknown = cbor(["birthmark/fresh/v1", "provision", NONCE, SESSION, bytes(32), key])
    known = cbor(["birthmark/fresh/v1", "renew", NONCE, SESSION, device, key])
    lock_check = cbor(["birthmark/lock-check/v1", device, NONCE, TRANSCRIPT, True, True, False])
    findings = cbor([["ek.path", "RFC 5280 §6.1", 0, "ek_untrusted", ""],
                     ["ek.denied", "EK 4", 1, "ek_untrusted", "on the deny list"],
                     ["ek.names", "EK 8", 2, "ek_untrusted", ""]])
    return {
        "Public identity": BASE_POINT,
        "Array of a TPM": device_array,
        "DeviceId": device,
        "Identity of a secure element": element,
        "Array before the device is known": unknown,
        "Value before the device is known": sha256(unknown),
        "Array of a known device": known,
        "Value of a known device": sha256(known),
        "Lock-check message": lock_check,
        "Findings": findings,
    }


def receipt_message(key_id, tbs, ms):
    return b"birthmark/registration-receipt/v1\0" + b"\x01" + key_id + ms.to_bytes(8, "big") + tbs


RECEIPT_MS = 1795428000123  # 2026-11-23T10:00:00.123Z


def certificates(key, signature):
    """key: SPKI of the registry's key. signature: over the message, or a function that makes it."""
    def tbs(*more):
        usage = der(0x30, oid(*KEY_USAGE), der(0x01, b"\xff"), der(0x04, bytes.fromhex("03020780")))
        return der(0x30, der(0xA0, der(0x02, b"\x02")), der(0x02, serial), der(0xA3, der(0x30, usage, *more)))

    serial = b"\x4b" + (0x00012345).to_bytes(4, "big") + numbered(0xA0, 11)
    key_id = sha256(key)[:4]
    message = receipt_message(key_id, tbs(), RECEIPT_MS)
    if callable(signature):
        signature = signature(message)
    value = b"\x01" + key_id + RECEIPT_MS.to_bytes(8, "big") + signature
    return {
        "Arc": oid(*ARC)[2:],
        "Serial": serial,
        "Key of the registry": key,
        "Without a receipt": tbs(),
        "Message": message,
        "Signature": signature,
        "Value of the extension": value,
        "With the receipt": tbs(der(0x30, oid(*ARC, 1), der(0x04, value))),
        "Appraised at": der(0x30, oid(*ARC, 3), der(0x04, der(0x18, b"20261123100000Z"))),
        "Policies of a software device": der(0x30, *(der(0x30, oid(*ARC, n)) for n in (5, 6))),
    }


# --- the documents ---


def block_pattern(name):
    return re.compile(r"(?<=\n" + re.escape(name) + r":\n)(\n?```text\n)([0-9a-f\s]*?)\n?```")


def read_block(path, name):
    found = block_pattern(name).search(path.read_text(encoding="utf-8"))
    return bytes.fromhex("".join(found.group(2).split())) if found else None


def write_block(path, name, value):
    lines = "\n".join(value.hex()[at:at + 96] for at in range(0, 2 * len(value), 96))
    text = path.read_text(encoding="utf-8")
    text, count = block_pattern(name).subn(lambda m: m.group(1) + lines + "\n```", text)
    if count != 1:
        sys.exit(f"{path.name}: {count} blocks called {name}")
    path.write_text(text, encoding="utf-8")


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True).stdout


def verifies(key, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / name for name in ("key.pem", "message", "signature")]
        paths[0].write_bytes(openssl("pkey", "-pubin", "-inform", "DER", data=key))
        paths[1].write_bytes(message)
        paths[2].write_bytes(signature)
        return subprocess.run(["openssl", "dgst", "-sha256", "-verify", paths[0], "-signature", paths[2], paths[1]],
                              capture_output=True).returncode == 0


def write():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "key.pem"
        path.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
        key = openssl("pkey", "-in", str(path), "-pubout", "-outform", "DER")
        made = certificates(key, lambda message: openssl("dgst", "-sha256", "-sign", str(path), data=message))
    for path, blocks in ((EVIDENCE, evidence()), (CERTIFICATES, made)):
        for name, value in blocks.items():
            write_block(path, name, value)


def check():
    key, signature = (read_block(CERTIFICATES, name) for name in ("Key of the registry", "Signature"))
    wrong = []
    if key is None or signature is None:
        sys.exit("docs/wire/certificates.md shows no key or no signature")
    made = certificates(key, signature)
    for path, blocks in ((EVIDENCE, evidence()), (CERTIFICATES, made)):
        wrong += [f"{path.name}: {name}" for name, value in blocks.items() if read_block(path, name) != value]
    if not verifies(key, made["Message"], signature):
        wrong.append("certificates.md: the signature does not verify")
    for one in wrong:
        print(f"differs: {one}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    elif sys.argv[1:]:
        sys.exit(__doc__)
    sys.exit(check())
