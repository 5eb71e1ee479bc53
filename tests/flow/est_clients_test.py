#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Foreign EST clients on a device of the labelled software root: curl with openssl; and strongSwan, which is refused.

usage: est_clients_test.py PROGRAMS_DIR
"""

import base64
import datetime
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv[1]) / "birthmark"


def run(*argv, data=None, check=True):
    done = subprocess.run([str(a) for a in argv], input=data, capture_output=True, timeout=60)
    if check and done.returncode != 0:
        raise AssertionError(f"{argv}: {done.stderr.decode(errors='replace')}{done.stdout[:500]!r}")
    return done.stdout


class EstClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="birthmark-est-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.data = cls.folder / "data"
        run(PROGRAM, "init", "--dev", "--data", cls.data, "--json")
        cls.server = subprocess.Popen(
            [PROGRAM, "serve", "--data", cls.data, "--environment", "development", "--device-listen", "127.0.0.1:0",
             "--operator-listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end)
        ready = next(json.loads(line) for line in cls.server.stdout if b'"ready":true' in line)
        cls.est = f"https://localhost:{ready['device_port']}/.well-known/est"
        cls.operators = f"https://localhost:{ready['operator_port']}/v1"
        cls.root = cls.data / "tls" / "service-root.pem"
        cls.operator_key = cls.folder / "operator.key"
        run("openssl", "pkey", "-in", cls.data / "operators" / "admin.key", "-passin", f"file:{cls.data / 'passphrase'}",
            "-out", cls.operator_key)
        now = datetime.datetime.now(datetime.timezone.utc)
        at = lambda hours: (now + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        policy = 'simulated_roots = true\nroot_kinds = ["software"]\nrenew_from_day = 0\n'
        for batch, product, text in (("soft", "software-test", policy), ("hard", "tpm-test", "simulated_roots = true\n")):
            answer = cls.operate("/batches", {"batch": batch, "product": product, "factory": "bench", "quantity": 3,
                                              "policy": text, "opens": at(-1), "closes": at(24)})
            assert answer.get("state"), answer
        cls.key, cls.csr = cls.make_request("device")
        cls.device = cls.operate("/software-devices", {"batch": "soft", "csr": base64.b64encode(cls.csr).decode()})
        cls.idevid = cls.folder / "idevid.pem"
        run("openssl", "x509", "-inform", "DER", "-out", cls.idevid, data=base64.b64decode(cls.device["certificate"]))

    @classmethod
    def end(cls):
        cls.server.terminate()
        cls.server.wait(30)
        cls.server.stdout.close()

    @classmethod
    def operate(cls, path, body):
        return json.loads(run("curl", "-sS", "--cacert", cls.root, "--cert", cls.data / "operators" / "admin.pem", "--key",
                              cls.operator_key,
                              "-H", "Content-Type: application/json", "--data-binary", json.dumps(body),
                              cls.operators + path))

    @classmethod
    def make_request(cls, name, *more):
        key, csr = cls.folder / f"{name}.key", cls.folder / f"{name}.csr"
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-outform", "DER", "-out", csr, *(more or ("-subj", "/")))
        return key, csr.read_bytes()

    def curl(self, path, *more):
        return run("curl", "-sS", "-f", "--cacert", self.root, *more, self.est + path)

    def certificates(self, body):
        return run("openssl", "pkcs7", "-inform", "DER", "-print_certs", data=base64.b64decode(body, validate=False))

    def test_the_device_says_software(self):
        self.assertEqual((self.device["root"], self.device["state"]), ("software", "S1"))
        text = run("openssl", "x509", "-in", self.idevid, "-noout", "-text").decode()
        self.assertIn("Policy: 2.25.142765658909882564918648325217456130158.5", text)
        self.assertNotIn("Policy: 2.25.142765658909882564918648325217456130158.4", text)

    def test_a_product_that_does_not_name_it_refuses(self):
        _, csr = self.make_request("hard")
        refused = self.operate("/software-devices", {"batch": "hard", "csr": base64.b64encode(csr).decode()})
        self.assertEqual(refused["code"], "policy", refused)

    def test_the_same_key_again_gets_the_same_certificate(self):
        again = self.operate("/software-devices", {"batch": "soft", "csr": base64.b64encode(self.csr).decode()})
        self.assertEqual(again["certificate"], self.device["certificate"])

    def test_curl_and_openssl(self):
        self.assertEqual(self.certificates(self.curl("/cacerts")).count(b"BEGIN CERTIFICATE"), 2)
        self.assertIn(b"challengePassword", run("openssl", "asn1parse", "-inform", "DER",
                                                data=base64.b64decode(self.curl("/csrattrs"))))
        _, csr = self.make_request("ldevid")
        body = self.curl("/simpleenroll", "--cert", self.idevid, "--key", self.key, "-H",
                         "Content-Type: application/pkcs10", "--data-binary", base64.b64encode(csr).decode())
        self.assertEqual(self.certificates(body).count(b"BEGIN CERTIFICATE"), 1)

    def test_strongswan_without_extended_master_secret_is_refused(self):
        """Its ClientHello (5.9.8) has TLS 1.2 and no extended master secret: refused before anything is spent on it."""
        if not shutil.which("pki"):
            self.skipTest("strongswan-pki is not installed")
        url = self.est.rsplit("/.well-known", 1)[0]
        done = subprocess.run(["pki", "--estca", "--url", url, "--cacert", self.root, "--caout",
                               self.folder / "estca.pem", "--outform", "pem", "--force"], capture_output=True, timeout=60)
        said = done.stderr.decode(errors="replace")
        if "could not load cacert" in said:
            self.skipTest("strongSwan has no elliptic curves: libstrongswan-standard-plugins is not installed")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("handshake failure", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
