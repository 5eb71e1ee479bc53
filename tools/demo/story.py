# SPDX-License-Identifier: Apache-2.0
"""What the demo shows, one function a step, in order (docs/demo.md)."""

import base64
import collections
import time
from pathlib import Path

from line import FIRST, Device, Registry, power_off, power_on
from roots import ROOTS, software
from stage import Failed

_LONG = 300
_CUT_SECONDS = 30


class Story:
    """One run: the cast, and what the summary will say of it."""

    def __init__(self, stage, units):
        self.stage, self.screen, self.units = stage, stage.screen, units
        self.registry = Registry(stage)
        self.refusals = collections.Counter()
        self.counted = collections.Counter()  # refusals that the log holds as aggregates
        self.revocation_ms = {}
        self.audit = {"entries": 0, "verified": False}
        self._log_seen = 0

    # --- helpers ---

    def do(self, arguments, seconds=120):
        """Shows and runs a command that has to succeed."""
        self.screen.command(self.stage.typed(arguments))
        return self.stage.must(arguments, seconds)

    def refused(self, arguments, codes, counted=False):
        """Shows and runs a command that has to be refused with one of these codes, and finds it in the audit log."""
        self.screen.command(self.stage.typed(arguments))
        answer = self.stage.run(arguments)
        if answer.status != 1 or answer.code not in codes:
            words = (answer.output + answer.errors).strip()
            raise Failed(f"{self.stage.typed(arguments)}: not {codes} but exit {answer.status}: {words}")
        self.note_refusal(answer.code, answer.values[-1], counted)

    def note_refusal(self, code, said, counted=False):
        """@param counted the log may hold it in an aggregate only: a stranger's, or a denial of use"""
        self.refusals[code] += 1
        check = f" at {said['check']}" if said.get("check") else ""
        entry = self.entry_of_refusal(code)
        if entry is None and not counted:
            raise Failed(f"the refusal {code} is not in the audit log")
        if entry is None:
            self.counted[code] += 1
        where = "counted: see the log below" if entry is None else f"audit entry {entry}"
        self.screen.fact(f"refused: {code}{check} ({where})")
        if said.get("detail"):
            self.screen.fact(f'  "{said["detail"]}"')

    def entry_of_refusal(self, code):
        """The newest entry since the last one that was looked at; the log is read from outside."""
        entries = self.registry.auditor.read().entries
        for index in range(len(entries) - 1, self._log_seen - 1, -1):
            if entries[index]["kind"] == "refusal" and entries[index]["refusal"] == code:
                self._log_seen = index + 1
                return index
        return None

    def use(self, device):
        return self.do(device.agent("telemetry"))

    # --- steps ---

    def chips(self):
        with self.screen.step(f"A silicon vendor makes {self.units + 1} chips (simulated: software TPMs, P-256 EK)"):
            arguments = ["birthmark-fleet", "tpms", "--count", self.units + 1, "--directory", self.stage.folder / "chips",
                         "--vendor", self.stage.folder / "vendor"]
            self.screen.command(self.stage.typed(arguments))
            _, ready = self.stage.start("chips", arguments).json_line(_LONG)
            self.devices = [Device(f"unit {number:02}", "tpm:" + chip["tcti"], self.stage.folder / f"units/{number:02}")
                            for number, chip in enumerate(ready["tpms"], 1)]
            self.screen.fact(f"{len(self.devices)} chips of class {ready['class']}, each with an EK certificate")
        with self.screen.step("Other makers make parts of other kinds (simulated: each kind in a process of its own)"):
            self.parts = {root: root.make(self.stage) for root in ROOTS}
            self.registry.trust(ready["vendor"])
        self.line = self.devices[: self.units]
        self.extra = self.devices[self.units]
        self.suspect, self.stolen, self.scrap, self.wiped, self.returned, self.held = self.line[1:7]
        self.open_unit = self.line[-1]

    def open_factory(self):
        with self.screen.step("The registry starts; an operator opens a batch and enrolls two stations"):
            self.registry.serve()
            batch = self.registry.open_batch(FIRST, self.units)
            self.registry.enroll_stations(FIRST)
            self.screen.fact(f"batch {batch['batch']}: budget {batch['quantity']}, state {batch['state']}")

    def provision(self):
        with self.screen.step(f"{self.units} units go over the line: keys in hardware, evidence, activation, IDevID"):
            for device in self.devices:
                never = ["--never-fuse"] if device is self.open_unit else []
                power_on(self.stage, device, *never, shown=device is self.line[0] or bool(never))
            began = time.monotonic()
            answer = self.on_the_line("run", self.line)
            for device, end in zip(self.line, answer):
                self.must_be_done(end)
                device.id = end["device"]
            rate = len(self.line) / (time.monotonic() - began)
            self.registry.expect(self.line[0], "S0")
            self.screen.fact(f"{len(self.line)} provisioned, {rate:.1f} units/s; still S0: an identity good for nothing yet")
            self.screen.fact(f"{self.line[0].name} is {self.line[0].id}")
        with self.screen.step("One more unit than the batch has budget for"):
            (end,) = self.on_the_line("run", [self.extra])
            self.must_be_refused(end, "quota_exhausted")

    def on_the_line(self, verb, devices, line=FIRST):
        """What a station said of each unit."""
        def bench(of):
            parts = [part for device in of for part in ("--device", "tcp:" + device.endpoints["link"])]
            if verb == "lock-check":
                parts += [part for device in of for part in ("--debug", device.endpoints["debug"])]
            return parts

        arguments = self.registry.station(line, verb, bench(devices))
        shown = self.registry.station(line, verb, bench(devices[:1]) + (["..."] if len(devices) > 1 else []))
        self.screen.command(self.stage.typed(shown))
        answer = self.stage.run(arguments, _LONG)
        ends = [value for value in answer.values if value.get("event") == "task_end"]
        if len(ends) != len(devices):
            raise Failed(f"{self.stage.typed(arguments)}: {answer.output}{answer.errors}")
        return ends

    @staticmethod
    def must_be_done(end):
        if not end["ok"]:
            raise Failed(f"not done: {end}")

    def must_be_refused(self, end, code):
        if end["ok"] or end.get("code") != code:
            raise Failed(f"not refused with {code}: {end}")
        self.note_refusal(code, end)

    def seal(self):
        sealed = self.line[:-1]
        with self.screen.step("A second station sees the debug ports open, has them locked, and seals the units (S0 to S1)"):
            ends = self.on_the_line("lock-check", sealed)
            for end in ends:
                self.must_be_done(end)
            self.registry.expect(sealed[0], "S1")
            self.screen.fact(f"{len(sealed)} sealed: their debug ports, open before, are closed, and their chips quoted the same nonce")
        with self.screen.step("A unit whose debug port still answers"):
            (end,) = self.on_the_line("lock-check", [self.open_unit])
            self.must_be_refused(end, "not_sealed")
            self.do(self.registry.device("reject", self.open_unit))
            self.registry.expect(self.open_unit, "S6")
            self.screen.fact(f"{self.open_unit.name} goes to the scrap: S0 to S6")
        for device in self.devices:
            power_off(self.stage, device)
        self.field = sealed

    def enroll(self):
        with self.screen.step(f"{len(self.field)} units wake up in the field and enroll (S1 to S2), then work (S2 to S3)"):
            for number, device in enumerate(self.field):
                for verb in ("enroll", "telemetry"):
                    arguments = device.agent(verb)
                    if number == 0:
                        self.screen.command(self.stage.typed(arguments))
                    self.stage.must(arguments)
                    if number == 0:
                        self.registry.expect(device, "S2" if verb == "enroll" else "S3")
            self.screen.fact(f"{len(self.field)} enrolled by EST over their own TPM keys; their first message made them S3")

    def attack(self):
        titles = {"ek-of-another-chip": "An attacker names the endorsement certificate of another chip",
                  "forged-attestation": "An attestation written by hand, signed by an unrestricted key of a real chip",
                  "spliced-csr": "The attestation of a genuine chip, spliced to a request for another key",
                  "replay": "A good request, recorded and sent again"}
        for name, title in titles.items():
            with self.screen.step(title):
                arguments = ["birthmark-fleet", "attack", name, "--name", FIRST.provision, "--batch", FIRST.batch, "--tcti",
                             self.extra.tcti, "--json"]
                if name == "ek-of-another-chip":
                    arguments += ["--victim-tcti", self.line[0].tcti]
                self.screen.command(self.stage.typed(arguments))
                said = self.stage.must(arguments)
                self.note_refusal(said["code"], said)
                if name == "ek-of-another-chip":
                    self.screen.fact(f"{self.line[0].name}, whose certificate was named, is unharmed:")
                    self.registry.expect(self.line[0], "S3")

    def back_to_the_line(self):
        with self.screen.step("S3 to S1: a unit in the field is put on the line again"):
            power_on(self.stage, self.returned)
            (end,) = self.on_the_line("run", [self.returned])
            self.must_be_refused(end, "hardware_known")
            power_off(self.stage, self.returned)
            self.registry.expect(self.returned, "S3")

    def open_session(self, device):
        """The device's own program with its connection open, after its first message went through."""
        arguments = device.agent("run")
        self.screen.command(self.stage.typed(arguments) + " &")
        session = self.stage.start(f"session-{device.name.replace(' ', '-')}", arguments)
        session.json_line(60, lambda value: value.get("event") == "telemetry")
        return session

    def cut(self, verb, device, *more):
        """Acts on a device whose session is open, and measures from the command to the end of the session.
        @return the device's program, which goes on"""
        session = self.open_session(device)
        arguments = self.registry.device(verb, device, *more)
        self.screen.command(self.stage.typed(arguments))
        began = time.monotonic()
        said = self.stage.must(arguments)
        at, _ = session.json_line(_CUT_SECONDS, lambda value: value.get("event") == "cut")
        took = 1000 * (at - began)
        self.revocation_ms["https"] = round(max(took, self.revocation_ms.get("https", 0)), 1)
        self.screen.fact(f"{device.name} is {said['state']}; its open session ended {took:.0f} ms after the command began")
        return session

    def suspend(self):
        with self.screen.step("An anomaly: a unit is suspended while it is connected, and finds its way back (S3, S4, S3)"):
            session = self.cut("suspend", self.suspect, "--cause", "volume")
            for event in ("revalidated", "telemetry"):
                session.json_line(60, lambda value, event=event: value.get("event") == event)
                self.screen.fact(f"the unit, by itself: {event}")
            self.stage.stop(session)
            self.registry.expect(self.suspect, "S3")
        with self.screen.step("S4 to S2: a suspended unit tries to enroll anew"):
            self.do(self.registry.device("suspend", self.held, "--cause", "volume"))
            forgotten = self.held.folder / "credential.cbor"
            self.screen.command(self.stage.typed(["rm", forgotten]))
            forgotten.unlink()
            self.refused(self.held.agent("enroll"), ("state_forbids", "held"))
            self.registry.expect(self.held, "S4")
        with self.screen.step("It proves its hardware instead, and is released by that alone (S4 to S3)"):
            self.do(self.held.agent("revalidate"))
            self.use(self.held)
            self.registry.expect(self.held, "S3")

    def revoke(self):
        with self.screen.step("A compromise is confirmed: a unit is revoked while it is connected (S3 to S5)"):
            self.stage.stop(self.cut("revoke", self.stolen))
            self.registry.expect(self.stolen, "S5")
        with self.screen.step("S5 to S3: the revoked unit works on, proves its hardware; an operator would release it"):
            self.refused(self.stolen.agent("telemetry"), ("credential_ended", "state_forbids"), counted=True)
            self.refused(self.stolen.agent("revalidate"), ("state_forbids",), counted=True)
            self.refused(self.registry.device("release", self.stolen), ("state_forbids",))
            self.registry.expect(self.stolen, "S5")

    def retire(self):
        with self.screen.step("A unit is retired (S3 to S6): the chip is cleared, the receipt says what was destroyed"):
            self.do(self.registry.device("retire", self.scrap))
            receipt = self.do(self.scrap.agent("retire"))
            self.verify_receipt(receipt)
            self.registry.expect(self.scrap, "S6")
        with self.screen.step("S6 to anything: the retired unit tries every door"):
            self.refused(self.scrap.agent("enroll"), ("state_forbids", "credential_ended"))
            self.refused(self.scrap.agent("revalidate"), ("state_forbids",), counted=True)
            self.refused(self.registry.device("release", self.scrap), ("state_forbids",))
            power_on(self.stage, self.scrap)
            (end,) = self.on_the_line("run", [self.scrap])
            self.must_be_refused(end, "state_forbids")
            power_off(self.stage, self.scrap)
            self.registry.expect(self.scrap, "S6")

    def verify_receipt(self, receipt):
        """The signed statement, by openssl."""
        folder = Path(self.stage.path("receipt"))
        folder.mkdir(exist_ok=True)
        (folder / "statement.cbor").write_bytes(base64.b64decode(receipt["statement"]))
        (folder / "statement.sig").write_bytes(base64.b64decode(receipt["signature"]))
        (folder / "statement-key.der").write_bytes(base64.b64decode(receipt["statement_key"]))
        arguments = ["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", folder / "statement-key.der",
                     "-signature", folder / "statement.sig", folder / "statement.cbor"]
        self.screen.fact("openssl: " + self.stage.outside(arguments))

    def factory_reset(self):
        with self.screen.step("A factory reset wipes a unit's storage key; its hardware brings it back"):
            self.stage.outside(["tpm2_clear", "-Q", "-c", "p", "-T", self.wiped.tcti])
            answer = self.stage.run(self.wiped.agent("telemetry"))
            if answer.status == 0:
                raise Failed("the unit still works without its storage key")
            self.screen.fact("its operational key is gone: " + (answer.errors or answer.output).strip().splitlines()[0])
            self.do(self.wiped.agent("revalidate"))
            self.use(self.wiped)
            self.registry.expect(self.wiped, "S3")
            self.screen.fact(f"{self.wiped.name} has a new LDevID, the same identity, and works: S3")

    def verify_log(self):
        with self.screen.step("The log: our own verifier, and a second one of openssl and a few lines of Python"):
            self.registry.restart()
            self.check_aggregates()
            data = self.registry.data
            arguments = ["birthmark", "audit", "verify", "--log", data / "log", "--key", self.registry.log_key,
                         "--database", data / "registry/registry.db", "--json"]
            ours = self.do(arguments)
            independent = self.registry.auditor.read()
            self.screen.command(self.stage.typed(self.registry.auditor.openssl_command().split()))
            if ours["root"] != independent.root or ours["size"] != independent.size:
                raise Failed("the two verifiers disagree")
            self.audit = {"entries": independent.size, "verified": bool(ours["verified"])}
            self.screen.fact(f"{independent.size} entries, read over HTTP and hashed by tools/demo/auditor.py")
            self.screen.fact(f"both computed the root {independent.root}")
            self.screen.fact("the checkpoint's Ed25519 signature verifies with openssl")

    def check_aggregates(self):
        """Refusals of strangers and denials of use are counted, and logged when their minute is over or at the end."""
        logged = collections.Counter()
        for entry in self.registry.auditor.read().entries:
            if entry["kind"] == "refusals_aggregated":
                logged[entry["refusal"]] += entry["count"]
        if any(logged[code] < count for code, count in self.counted.items()):
            raise Failed(f"counted refusals are missing in the log: {self.counted - logged}")
        self.screen.fact("what was counted is in the log as aggregates: " +
                         ", ".join(f"{code} {count}" for code, count in sorted(logged.items())))

    def device_counts(self):
        rows = self.stage.must(self.registry.operator("device", "list"))["devices"]
        counts = {}
        for row in rows:
            states = counts.setdefault(row["root"], {})
            states[row["state"]] = states.get(row["state"], 0) + 1
        return {root: dict(sorted(states.items())) for root, states in counts.items()}

    def other_roots(self):
        for root, part in self.parts.items():
            root.tell(self, part)
        software(self)

    def foundations(self):
        return [self.chips, self.open_factory, self.provision, self.seal, self.enroll]

    def steps(self):
        return [self.chips, self.open_factory, self.provision, self.seal, self.enroll, self.attack,
                self.back_to_the_line, self.suspend, self.revoke, self.retire, self.factory_reset, self.other_roots,
                self.verify_log]
