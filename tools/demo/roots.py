# SPDX-License-Identifier: Apache-2.0
"""Roots of trust that are no TPM: of each kind one device's life, and one that is refused."""

from dataclasses import dataclass
from pathlib import Path

from line import FIRST, Device, Line, power_off, power_on

_MAKE_SECONDS = 60


@dataclass(frozen=True)
class Fault:
    """What is wrong with a part, and who refuses it."""

    words: str
    verb: str  # of the station
    code: str
    arguments: tuple = ()  # of the part's maker
    vendor: str = "vendor"


_OPEN = Fault("whose debug is open", "lock-check", "not_sealed", ("--debug",))
_STRANGER = Fault("of a maker whom nobody pinned", "run", "bad_evidence", vendor="another-vendor")


@dataclass(frozen=True)
class Parts:
    """What the maker of a kind made: a part as it should be, one as it should not, and what policies call them."""

    good: dict
    bad: dict
    environment: str


@dataclass(frozen=True)
class Root:
    """A kind, and what is wrong with the part that is refused."""

    kind: str
    words: str
    fault: Fault

    @property
    def line(self):
        return Line(f"line-{self.kind}", f"thermostat-{self.kind}", f"bench-{self.kind}", f"cage-{self.kind}")

    def make(self, stage):
        ready = self._made(stage, self.kind, "vendor")
        faulty = self._made(stage, f"{self.kind}-faulty", self.fault.vendor, *self.fault.arguments)
        stage.screen.fact(f"{self.words}, class {ready['class']}; and one {self.fault.words}")
        return Parts(ready["devices"][0], faulty["devices"][0], ready.get("implementation_id", ""))

    def _made(self, stage, name, vendor, *more):
        """What the maker of one part says of it."""
        where = ["--count", 1, "--directory", stage.folder / "roots" / name, "--vendor", stage.folder / vendor, *more]
        if self.kind == "se":  # a token in a file; for the others somebody has to answer
            arguments = ["birthmark-fleet", "elements", *where]
            stage.screen.command(stage.typed(arguments))
            return stage.must(arguments)
        arguments = ["birthmark-fleet", "devices", "--kind", self.kind, *where]
        stage.screen.command(stage.typed(arguments) + " &")
        _, ready = stage.start(f"roots-{name}", arguments).json_line(_MAKE_SECONDS)
        return ready

    def rules(self, parts):
        rules = f'root_kinds = ["{self.kind}"]\n'
        if parts.environment:
            rules += f'secure_keys = [{{ environment = "{parts.environment}" }}]\n'
        return rules

    def tell(self, story, parts):
        screen, registry = story.screen, story.registry
        folder = Path(story.stage.folder) / "units"
        good = _device(f"the {self.kind} unit", parts.good, folder / self.kind)
        bad = _device(f"the other {self.kind} unit", parts.bad, folder / f"{self.kind}-faulty")
        with screen.step(f"{self.words}: a product of its own, from the line into the field"):
            registry.open_batch(self.line, 2, self.rules(parts))
            registry.enroll_stations(self.line)
            power_on(story.stage, good)
            for verb, state in (("run", "S0"), ("lock-check", "S1")):
                (end,) = story.on_the_line(verb, [good], self.line)
                story.must_be_done(end)
                good.id = good.id or end["device"]
                registry.expect(good, state)
            power_off(story.stage, good)
            for verb, state in (("enroll", "S2"), ("telemetry", "S3")):
                story.do(good.agent(verb))
                registry.expect(good, state)
            story.do(registry.device("suspend", good, "--cause", "volume"))
            story.do(good.agent("revalidate"))
            registry.expect(good, "S3")
        with screen.step(f"{self.words}: one {self.fault.words}"):
            power_on(story.stage, bad)
            verbs = ("run", "lock-check") if self.fault.verb == "lock-check" else ("run",)
            for verb in verbs:
                (end,) = story.on_the_line(verb, [bad], self.line)
                if verb == self.fault.verb:
                    story.must_be_refused(end, self.fault.code)
                else:
                    story.must_be_done(end)
            power_off(story.stage, bad)


def _device(name, part, folder):
    settings = [f"{key}={value}" for key, value in part.get("environment", {}).items()]
    return Device(name, part["root"], folder, settings=settings)


def software(story):
    """A key in a file: no hardware vouches for it, so a person registers it, and its label never goes."""
    screen, registry = story.screen, story.registry
    line = Line("line-software", "bench-rig", "", "")
    folder = Path(story.stage.folder) / "units" / "software"
    folder.mkdir(parents=True)
    with screen.step("A test rig whose root is software: a person registers it, labelled for ever"):
        registry.open_batch(line, 1, 'root_kinds = ["software"]\n')
        request = folder / "request.pem"
        arguments = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                     "/", "-keyout", folder / "key.pem", "-out", request]
        story.stage.outside(arguments)
        rig = Device("the rig", "", folder)
        rig.id = story.do(registry.operator("device", "import-software", request, "--batch", line.batch))["device"]
        registry.expect(rig, "S1")
    with screen.step("The same key for a product that asks for hardware"):
        story.refused(registry.operator("device", "import-software", request, "--batch", FIRST.batch), ("policy",))


ROOTS = (
    Root("psa", "A microcontroller with TrustZone (PSA token)", _OPEN),
    Root("dice", "A DICE", _OPEN),
    Root("se", "A secure element behind PKCS#11 (SoftHSM)", _STRANGER),
)
