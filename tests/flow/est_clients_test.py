#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Foreign EST clients enroll and renew devices of the labelled software root: curl with openssl, Bouncy Castle, and
strongSwan. What a client was given is judged by openssl. Also what such a connection is refused (docs/adr/0003).

usage: est_clients_test.py PROGRAMS_DIR
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

PROGRAM = Path(sys.argv[1]) / "birthmark"
JAVA_CLIENT = Path(__file__).resolve().parent / "bc" / "EstClient.java"
JARS = [Path("/usr/share/java") / name for name in ("bcpkix.jar", "bcprov.jar", "bcutil.jar")]

ARC = f"2.25.{uuid.UUID('6b67aa6e-c105-45f6-b941-7f55607e886e').int}"
RECEIPT, IN_HARDWARE, SOFTWARE, SIMULATED = (f"{ARC}.{number}" for number in (1, 4, 5, 6))

# With curl's --tls-max 1.2: TLS as strongSwan 5.9.8 speaks it, for a client that shows what it was told.
NO_EXTENDED_MASTER_SECRET = """openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
Options = -ExtendedMasterSecret
"""


def attempt(*argv, data=None, env=None):
    env = {name: value for name, value in os.environ.items() if not name.startswith("BIRTHMARK_")} | (env or {})
    return subprocess.run([str(a) for a in argv], input=data, capture_output=True, timeout=60, env=env)


def run(*argv, data=None, env=None):
    done = attempt(*argv, data=data, env=env)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: {done.stderr.decode(errors='replace')}{done.stdout[:500]!r}")
    return done.stdout


def make_request(key, csr):
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
        "-out", csr, "-subj", "/")


class Registry:
    """One server with its data directory; ended by `close`."""

    def __init__(self, folder, environment):
        self.data = folder / environment
        self.root = self.data / "tls" / "service-root.pem"
        run(PROGRAM, "init", "--environment", environment, "--data", self.data, "--json")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--data", self.data, "--environment", environment, "--device-listen", "127.0.0.1:0",
             "--operator-listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        ready = next((json.loads(line) for line in self.process.stdout if b'"ready":true' in line), None)
        if ready is None:
            raise AssertionError("birthmark serve did not become ready")
        self.host = f"localhost:{ready['device_port']}"
        self.operator_host = f"localhost:{ready['operator_port']}"
        self.est = f"https://{self.host}/.well-known/est"

    def close(self):
        self.process.terminate()
        code = self.process.wait(30)
        self.process.stdout.close()
        if code != 0:
            raise AssertionError(f"birthmark serve ended with {code}")

    def attempt(self, *words):
        done = attempt(PROGRAM, *words, "--data", self.data, "--server", self.operator_host, "--json")
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}

    def operate(self, *words):
        code, answer = self.attempt(*words)
        if code != 0:
            raise AssertionError(f"{words}: {code} {answer}")
        return answer


class EstClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="birthmark-est-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.registry = Registry(cls.folder, "development")
        cls.addClassCleanup(cls.registry.close)
        for product, kind in (("soft", "software"), ("hard", "tpm")):
            policy = cls.folder / f"{product}.toml"
            policy.write_text(f'simulated_roots = true\nroot_kinds = ["{kind}"]\nrenew_from_day = 0\n')
            cls.registry.operate("batch", "open", product, "--product", f"{product}-test", "--factory", "bench",
                                 "--quantity", "20", "--policy", policy)
        cls.names = 0

    def new_file(self, kind):
        type(self).names += 1
        return self.folder / f"{self.names}.{kind}"

    def new_device(self):
        """Registered by the operator's command; its key and IDevID."""
        key, csr, idevid = self.new_file("key"), self.new_file("csr"), self.new_file("pem")
        make_request(key, csr)
        answer = self.registry.operate("device", "import-software", csr, "--batch", "soft", "--out", idevid)
        return key, csr, idevid, answer

    def curl(self, url, *more, env=None):
        return run("curl", "-sS", "--fail-with-body", "--cacert", self.registry.root, *more, url, env=env)

    def curl_enroll(self, idevid, key):
        """An LDevID by curl, and the key that it is for."""
        new_key, csr, ldevid = self.new_file("key"), self.new_file("csr"), self.new_file("pem")
        make_request(new_key, csr)
        der = run("openssl", "req", "-in", csr, "-outform", "DER")
        body = self.curl(f"{self.registry.est}/simpleenroll", "--cert", idevid, "--key", key, "-H",
                         "Content-Type: application/pkcs10", "--data-binary", base64.b64encode(der).decode())
        self.certificates(body, ldevid)
        return new_key, ldevid

    @staticmethod
    def certificates(body, out):
        run("openssl", "pkcs7", "-inform", "DER", "-print_certs", "-out", out, data=base64.b64decode(body))

    # --- the judge ---

    def judge_anchors(self, *files):
        """What a client took from cacerts, without a certificate of its own: both roots, and CAs below them. Returns the
        roots and the others, each in one file."""
        blocks = [block + "-----END CERTIFICATE-----\n" for file in files
                  for block in file.read_text().split("-----END CERTIFICATE-----")[:-1]]
        roots, issuers = {}, []
        for block in blocks:
            names = run("openssl", "x509", "-noout", "-subject", "-issuer", data=block.encode()).decode().splitlines()
            subject, issuer = (name.split("=", 1)[1].strip() for name in names)
            if subject == issuer:
                roots[subject] = block
            else:
                issuers.append(block)
        self.assertEqual(sorted(roots), ["O = birthmark operational, CN = operational/root",
                                         "O = birthmark service, CN = service/root"])
        anchors, below = self.new_file("pem"), self.new_file("pem")
        anchors.write_text("".join(roots.values()))
        below.write_text("".join(issuers))
        return anchors, below

    def judge(self, certificate, key, anchors):
        """What openssl says of a certificate that a client was given, by what it was given beside it."""
        self.assertEqual(certificate.read_text().count("BEGIN CERTIFICATE"), 1)
        run("openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", anchors[0], "-untrusted", anchors[1],
            certificate)
        self.assertEqual(run("openssl", "x509", "-in", certificate, "-noout", "-pubkey"),
                         run("openssl", "pkey", "-in", key, "-pubout"))
        text = run("openssl", "x509", "-in", certificate, "-noout", "-text").decode(errors="replace")
        self.assertIn(f"{RECEIPT}: \n", text)
        for policy, there in ((SOFTWARE, True), (SIMULATED, True), (IN_HARDWARE, False)):
            self.assertEqual(f"Policy: {policy}\n" in text, there, policy)
        return text

    # --- the clients ---

    def test_curl_and_openssl(self):
        key, _, idevid, _ = self.new_device()
        for version in ("1.2", "1.3"):
            taken = self.new_file("pem")
            self.certificates(self.curl(f"{self.registry.est}/cacerts", "--tls-max", version), taken)
            anchors = self.judge_anchors(taken)
        self.assertIn(b"challengePassword", run("openssl", "asn1parse", "-inform", "DER", data=base64.b64decode(
            self.curl(f"{self.registry.est}/csrattrs"))))
        new_key, ldevid = self.curl_enroll(idevid, key)
        self.judge(self.only_certificate(ldevid), new_key, anchors)

    def only_certificate(self, file):
        """Without the words that `openssl pkcs7` writes around it."""
        out = self.new_file("pem")
        run("openssl", "x509", "-in", file, "-out", out)
        self.assertEqual(file.read_text().count("BEGIN CERTIFICATE"), 1)
        return out

    def test_bouncy_castle(self):
        absent = [name for name in ("java", "javac") if not shutil.which(name)] + [j for j in JARS if not j.exists()]
        if absent:
            self.skipTest(f"Java is not installed: {absent}")
        path = ":".join(str(jar) for jar in JARS)
        run("javac", "--release", "17", "-Xlint:all,-path", "-Werror", "-cp", path, "-d", self.folder, JAVA_CLIENT)
        client = ("java", "-cp", f"{path}:{self.folder}", "EstClient")
        taken = self.new_file("pem")
        run(*client, "cacerts", self.registry.host, self.registry.root, taken)
        anchors = self.judge_anchors(taken)
        key, _, idevid, _ = self.new_device()
        ldevid, new_key = self.new_file("pem"), self.new_file("key")
        run(*client, "simpleenroll", self.registry.host, self.registry.root, ldevid, idevid, key, new_key)
        self.judge(ldevid, new_key, anchors)

    def strongswan_cacerts(self, registry):
        out = self.new_file("pem")
        done = attempt("pki", "--estca", "--url", f"https://{registry.host}", "--cacert", registry.root, "--caout", out,
                       "--outform", "pem")
        return done, [file for file in (out, *sorted(self.folder.glob(f"{out.stem}-*.pem"))) if file.exists()]

    def test_strongswan(self):
        """TLS 1.2 without extended master secret, so only in development; and its requests cannot hold the certificate's
        subjectAltName, which is an otherName."""
        done, files = self.strongswan_cacerts(self.registry)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        anchors = self.judge_anchors(*files)
        key, _, idevid, _ = self.new_device()
        old_key, old = self.curl_enroll(idevid, key)
        template, new_key, csr, ldevid = (self.new_file(kind) for kind in ("csr", "key", "csr", "pem"))
        run("openssl", "x509", "-x509toreq", "-in", old, "-signkey", old_key, "-copy_extensions", "none", "-out", template)
        new_key.write_bytes(run("pki", "--gen", "--type", "ecdsa", "--size", "256", "--outform", "pem"))
        csr.write_bytes(run("pki", "--req", "--in", new_key, "--oldreq", template, "--digest", "sha256"))
        ldevid.write_bytes(run("pki", "--est", "--url", f"https://{self.registry.host}", "--in", csr, "--cacert",
                               self.registry.root, "--cert", old, "--key", old_key, "--outform", "pem"))
        self.judge(ldevid, new_key, anchors)
        names = [run("openssl", "x509", "-in", file, "-noout", "-subject", "-ext", "subjectAltName") for file in
                 (old, ldevid)]
        self.assertEqual(*names)

    def test_strongswan_does_not_get_in_in_production(self):
        registry = Registry(self.folder, "production")
        self.addCleanup(registry.close)
        done, files = self.strongswan_cacerts(registry)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("handshake failure", done.stderr.decode(errors="replace"))
        self.assertEqual(files, [])

    # --- what a connection without channel binding is refused ---

    def test_a_connection_without_channel_binding_is_good_for_est_alone(self):
        weak = self.new_file("cnf")
        weak.write_text(NO_EXTENDED_MASTER_SECRET)
        env = {"OPENSSL_CONF": str(weak)}
        self.curl(f"{self.registry.est}/cacerts", "--tls-max", "1.2", env=env)
        key, _, idevid, answer = self.new_device()
        ldevid_key, ldevid = self.curl_enroll(idevid, key)
        base = f"https://{self.registry.host}/v1"
        for path in ("telemetry", "attest/challenge", "authorize", "revalidate/challenge", "retire/challenge"):
            said = self.told(f"{base}/{path}", "--cert", ldevid, "--key", ldevid_key, "-H",
                             "Content-Type: application/json", "--data-binary", "{}", env=env)
            self.assertEqual((said.get("status"), said.get("code")), (403, "binding"), (path, said))
        self.assertEqual(self.told(f"{base}/time?nonce={'00' * 16}", env=env)["code"], "binding")
        self.assertEqual(self.registry.operate("device", "show", answer["device"])["state"], "S2")
        done = attempt("curl", "-sS", "--tls-max", "1.2", "--cacert", self.registry.root,
                       f"https://{self.registry.operator_host}/v1/status", env=env)
        self.assertIn("handshake failure", done.stderr.decode())

    def told(self, url, *more, env):
        return json.loads(run("curl", "-sS", "--tls-max", "1.2", "--cacert", self.registry.root, *more, url, env=env))

    # --- the operator's command ---

    def test_the_operator_sees_software_and_that_nothing_was_proved(self):
        _, csr, idevid, answer = self.new_device()
        self.assertEqual((answer["root"], answer["class"], answer["state"]), ("software", "simulated", "S1"))
        again = self.registry.operate("device", "import-software", csr, "--batch", "soft")
        self.assertEqual(again["certificate"], answer["certificate"])
        shown = self.registry.operate("device", "show", answer["device"])
        self.assertEqual(shown["root"], "software")
        self.assertEqual([(f["purpose"], f["check"], f["outcome"], f["detail"]) for f in shown["findings"]],
                         [("provision", "software.label", "passed", "the product's policy names root kind software"),
                          ("provision", "software.evidence", "not_reached", "nothing was attested"),
                          ("seal", "software.label", "passed", "the product's policy names root kind software"),
                          ("seal", "software.lock_check", "not_reached", "nothing was probed")])
        self.assertEqual(run("openssl", "x509", "-in", idevid, "-noout", "-enddate"), b"notAfter=Dec 31 23:59:59 9999 GMT\n")

    def test_the_command_is_refused_with_its_exit_codes(self):
        key, csr = self.new_file("key"), self.new_file("csr")
        make_request(key, csr)
        code, said = self.registry.attempt("device", "import-software", csr, "--batch", "hard")
        self.assertEqual((code, said["code"], said["check"]), (1, "policy", "policy.root_kinds"))
        code, said = self.registry.attempt("device", "import-software", key, "--batch", "soft")
        self.assertEqual((code, said["code"]), (1, "bad_request"), "a key is no request")
        code, said = self.registry.attempt("device", "import-software", self.folder / "none", "--batch", "soft")
        self.assertEqual(code, 3)
        self.assertEqual(self.registry.attempt("device", "import-software", csr)[0], 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
