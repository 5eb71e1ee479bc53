#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The worked vectors of docs/wire, made from the text of its pages and not from the code.

    wire_vectors.py           compare every block of the documents with what is computed here; exit 1 if one differs
    wire_vectors.py --write   compute them anew, with a new registry key (its private half is thrown away), and write them

A block is a line "<name>:" and the ```text block behind it: hex without meaning in its line breaks, or for a text the
text itself.
"""
import base64
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[3]
WIRE = ROOT / "docs/wire"
CERTIFICATES = WIRE / "certificates.md"

# --- deterministic CBOR (RFC 8949 §4.2.1), as much as is needed ---


def head(major, value):
    for bits, code in ((5, None), (8, 24), (16, 25), (32, 26), (64, 27)):
        if code is None and value < 24:
            return bytes([major << 5 | value])
        if code is not None and value < 1 << bits:
            return bytes([major << 5 | code]) + value.to_bytes(bits // 8, "big")
    raise ValueError(value)


def cbor(value):
    if value is None:
        return bytes([0xF6])
    if isinstance(value, bool):
        return bytes([0xF5 if value else 0xF4])
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, dict):  # keys are small numbers, so that their order is that of their encodings
        return head(5, len(value)) + b"".join(cbor(key) + cbor(value[key]) for key in sorted(value))
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


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, check=True, capture_output=True).stdout


def numbered(first, count):
    return bytes(range(first, first + count))


# --- what the documents show ---

# The base point of P-256 as a public key: everybody's, therefore nobody's.
BASE_POINT = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
NONCE, SESSION, TRANSCRIPT = numbered(0x00, 32), numbered(0x20, 32), numbered(0x40, 32)
DEVICE = sha256(cbor(["birthmark/device/v1", "tpm", BASE_POINT]))
MS = 1795428000000  # 2026-11-23T10:00:00Z


def tpm2b(body):
    return len(body).to_bytes(2, "big") + body


def creation_data():
    """Of a primary of the endorsement hierarchy. Locality is a bit each (TPM 2.0 Part 2 §8.5); the digest is over nothing."""
    endorsement = bytes.fromhex("4000000b")
    return bytes(4) + tpm2b(sha256(b"")) + bytes([1]) + bytes.fromhex("0010") + 2 * tpm2b(endorsement) + tpm2b(b"")


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
        "Creation data": creation_data(),
        "creationHash": sha256(creation_data()),
        "Lock-check message": lock_check,
        "Findings": findings,
    }


def receipt_message(key_id, tbs, ms):
    return b"birthmark/registration-receipt/v1\0" + b"\x01" + key_id + ms.to_bytes(8, "big") + tbs


RECEIPT_MS = MS + 123


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


def statements():
    retired = ["birthmark/retire/v1", DEVICE, MS, ["operational keys under the owner hierarchy"],
               ["endorsement key", "IAK", "IDevID key"], 4711, 2]
    unproved = [*retired[:3], [], ["key of the hardware"], None, None]
    return {"Signed time": cbor(["birthmark/time/v1", NONCE, MS]),
            "Permit to retire": cbor(["birthmark/retire-permit/v1", DEVICE]), "Receipt of retirement": cbor(retired),
            "Receipt of another root": cbor(unproved),
            "Emergency deny": cbor(["birthmark/deny/v1", DEVICE, 5, MS])}


def frame(body):
    return len(body).to_bytes(4, "big") + body


def link():
    attest, signature, csr = (bytes([fill]) * 32 for fill in (0xA0, 0xB0, 0xC0))
    hello = {0: 65, 1: 1, 2: "tpm", 3: "0.1.0", 4: "4.12.0", 5: True, 6: False, 7: True}
    return {
        "Frame of a hello": frame(cbor({0: 1, 1: 1})),
        "Frame of its reply": frame(cbor(hello)),
        "Frame of an evidence request": frame(cbor({0: 3, 1: 3, 2: NONCE, 3: SESSION, 4: "provision"})),
        "Frame of a reply with creation data":
            frame(cbor({0: 67, 1: 3, 2: attest, 3: signature, 4: csr, 5: creation_data()})),
        "Frame of an error": frame(cbor({0: 127, 1: 9, 2: "bad_evidence", 3: "no", 4: "quote.signature"})),
    }


# --- the log (RFC 6962 §2.1, C2SP tlog-checkpoint) ---

ORIGIN = "birthmark.example/log"
LOG_SEED = NONCE
TYPE_ED25519 = b"\x01"  # C2SP signed-note
PKCS8_ED25519 = bytes.fromhex("302e020100300506032b657004220420")  # RFC 8410 §7, before the seed


def ed25519(message):
    """(public key, signature) of the key whose seed is LOG_SEED."""
    with tempfile.TemporaryDirectory() as folder:
        key, data = pathlib.Path(folder) / "key.der", pathlib.Path(folder) / "message"
        key.write_bytes(PKCS8_ED25519 + LOG_SEED)
        data.write_bytes(message)
        public = openssl("pkey", "-inform", "DER", "-in", key, "-pubout", "-outform", "DER")[-32:]
        return public, openssl("pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", key, "-in", data)


def log():
    sealed = cbor({0: 1, 1: 8, 2: MS, 3: 3, 4: DEVICE, 10: "station:cage-2", 11: 0, 12: 1, 14: "seal"})
    refused = cbor({0: 1, 1: 12, 2: MS + 5, 3: 3, 7: sha256(BASE_POINT), 10: "peer:192.0.2.7", 13: "nonce_used",
                    14: "/v1/provision/evidence this challenge is not open"})
    leaves = [sha256(b"\0" + entry) for entry in (sealed, refused)]
    root = sha256(b"\1" + leaves[0] + leaves[1])
    text = f"{ORIGIN}\n2\n{base64.b64encode(root).decode()}\n"
    public, signature = ed25519(text.encode())
    key_id = sha256(ORIGIN.encode() + b"\n" + TYPE_ED25519 + public)[:4]
    line = base64.b64encode(key_id + signature).decode()
    return {
        "Transition": sealed,
        "Refusal": refused,
        "Leaf of the transition": leaves[0],
        "Root of both": root,
        "Verifier key": f"{ORIGIN}+{key_id.hex()}+{base64.b64encode(TYPE_ED25519 + public).decode()}",
        "Checkpoint": f"{text}\n\u2014 {ORIGIN} {line}",
    }


def schema():
    checkpoint = (log()["Checkpoint"] + "\n").encode()
    slot = b"bm-head1" + (7).to_bytes(8, "big") + (0).to_bytes(8, "big") + len(checkpoint).to_bytes(4, "big") + checkpoint
    entry = cbor([1, bytes([7]) + bytes(31), 2, MS, "operator:admin"])
    deny = (len(entry).to_bytes(2, "big") + entry).ljust(256 - 32, b"\0")
    base = numbered(0x00, 48)
    return {
        "Template": base,
        "Target": base[:16] + bytes.fromhex("aabbcc") + base[19:],
        "Delta": bytes([16 << 1 | 1, 0, 3 << 1]) + bytes.fromhex("aabbcc") + bytes([29 << 1 | 1, 19]),
        "Slot up to the zeros": slot,
        "Last octets of the slot": sha256(slot.ljust(4096 - 32, b"\0")),
        "Record": sha256(deny) + deny,
    }


# --- the documents ---


def block_pattern(name):
    return re.compile(r"(?<=\n" + re.escape(name) + r":\n)(\n?```text\n)(.*?)\n?```", re.DOTALL)


def as_shown(value):
    """What stands in the block: a text itself, octets as hex in lines of 96 digits."""
    if isinstance(value, str):
        return value
    return "\n".join(value.hex()[at:at + 96] for at in range(0, 2 * len(value), 96))


def read_block(path, name):
    found = block_pattern(name).search(path.read_text(encoding="utf-8"))
    return found.group(2) if found else None


def read_octets(path, name):
    text = read_block(path, name)
    return bytes.fromhex("".join(text.split())) if text else None


def write_block(path, name, value):
    text = path.read_text(encoding="utf-8")
    text, count = block_pattern(name).subn(lambda m: m.group(1) + as_shown(value) + "\n```", text)
    if count != 1:
        sys.exit(f"{path.name}: {count} blocks called {name}")
    path.write_text(text, encoding="utf-8")


def pages(certificate_blocks):
    """(page, its blocks), each made from the text alone."""
    return [(CERTIFICATES, certificate_blocks), (WIRE / "evidence.md", evidence()), (WIRE / "link.md", link()),
            (WIRE / "log.md", log()), (WIRE / "schema.md", schema()), (WIRE / "statements.md", statements())]


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
    for path, blocks in pages(made):
        for name, value in blocks.items():
            write_block(path, name, value)


def check():
    key, signature = (read_octets(CERTIFICATES, name) for name in ("Key of the registry", "Signature"))
    wrong = []
    if key is None or signature is None:
        sys.exit("docs/wire/certificates.md shows no key or no signature")
    made = certificates(key, signature)
    for path, blocks in pages(made):
        wrong += [f"{path.name}: {name}" for name, value in blocks.items() if read_block(path, name) != as_shown(value)]
        known = path.read_text(encoding="utf-8").count("\n```text\n")
        if known != len(blocks):
            wrong.append(f"{path.name}: {known} blocks, {len(blocks)} of them made here")
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
