# SPDX-License-Identifier: Apache-2.0
"""The cast of the demo: the registry, its operator, lines of two stations each, and devices with a simulated root."""

from dataclasses import dataclass, field
from pathlib import Path

from auditor import Auditor
from stage import Failed

FACTORY = "berlin"
ANY_PORT = "127.0.0.1:0"
_START_SECONDS = 60
_SIMULATED = "simulated_roots = true"
_POLICY = f"# Simulated chips are a class of their own: production policy cannot name them.\n{_SIMULATED}\n"


@dataclass(frozen=True)
class Line:
    """A batch of one product, and the two stations that make it."""

    batch: str
    product: str
    provision: str
    lock_check: str


FIRST = Line("line-1", "heat-pump", "bench-1", "cage-2")


@dataclass
class Device:
    """One unit: its root of trust, a folder for what it remembers, and while it is on the line its open link."""

    name: str
    root: str
    folder: Path
    id: str = ""
    link: object = None
    endpoints: dict = field(default_factory=dict)
    settings: list = field(default_factory=list)  # of its program's environment, as a shell takes them

    @property
    def tcti(self):
        return self.root.removeprefix("tpm:")

    def agent(self, verb, *more):
        return [*self.settings, "birthmark-agent", verb, "--state", self.folder, "--root", self.root, *more, "--json"]


class Registry:
    """The server, and what its operator does."""

    def __init__(self, stage):
        self.stage = stage
        self.data = stage.folder / "registry"

    def trust(self, vendor):
        """Pins the simulated vendors: what they publish, and the list that names it. Their keys stay with them."""
        files = sorted(file for file in Path(vendor).iterdir() if file.suffix in (".json", ".pem", ".toml"))
        self.stage.screen.command(self.stage.typed(["install", "-D", "-t", self.data / "trust", *files]))
        target = self.data / "trust"
        target.mkdir(parents=True, exist_ok=True)
        for file in files:
            (target / file.name).write_bytes(file.read_bytes())

    def serve(self):
        self.stage.export(BIRTHMARK_DATA=self.data)
        arguments = ["birthmark", "serve", "--dev", "--device-listen", ANY_PORT, "--operator-listen", ANY_PORT,
                     "--public-listen", ANY_PORT]
        self.stage.screen.command(self.stage.typed(arguments) + " &")
        self.server = self.stage.start("registry", arguments)
        _, ready = self.server.json_line(_START_SECONDS, lambda value: value.get("ready"))
        self.stage.export(BIRTHMARK_DEVICE_SERVER=f"127.0.0.1:{ready['device_port']}",
                          BIRTHMARK_OPERATOR_SERVER=f"127.0.0.1:{ready['operator_port']}")
        self.public_url = f"http://127.0.0.1:{ready['public_port']}"
        self.log_key = ready["log_key"]
        self.auditor = Auditor(self.public_url, self.log_key, self.stage.folder / "audit")

    def restart(self):
        self.stage.screen.command("kill %1")
        self.stage.stop(self.server)
        self.serve()

    def operator(self, *command):
        return ["birthmark", *command, "--json"]

    def device(self, verb, device, *more):
        return self.operator("device", verb, device.id, *more)

    def state_of(self, device):
        return self.stage.must(self.device("show", device))["state"]

    def expect(self, device, state):
        """Asks the registry where a device is, and says so."""
        found = self.state_of(device)
        if found != state:
            raise Failed(f"{device.name} is in {found}, not in {state}")
        self.stage.screen.fact(f"birthmark device show: {device.name} is in {found}")

    def open_batch(self, line, quantity, rules=""):
        """@param rules of the product's policy, besides that it takes simulated hardware"""
        policy = self.stage.folder / f"{line.product}.toml"
        policy.write_text(_POLICY + rules, encoding="ascii")
        said = ", ".join((_SIMULATED, *rules.splitlines()))
        self.stage.screen.fact(f"{self.stage.typed([policy])} says {said}: only so a product takes them")
        arguments = self.operator("batch", "open", line.batch, "--product", line.product, "--factory", FACTORY,
                                  "--quantity", quantity, "--policy", policy)
        self.stage.screen.command(self.stage.typed(arguments))
        return self.stage.must(arguments)

    def enroll_stations(self, line):
        for name, role in ((line.provision, "provision"), (line.lock_check, "lock-check")):
            arguments = self.operator("station", "enroll", name, "--role", role, "--batch", line.batch)
            self.stage.screen.command(self.stage.typed(arguments))
            self.stage.must(arguments)

    def station(self, line, verb, links):
        """A station's command for the units on its bench."""
        name = line.provision if verb == "run" else line.lock_check
        return ["birthmark", "station", verb, "--name", name, "--batch", line.batch, *links, "--json"]


def power_on(stage, device, *more, shown=True):
    """The unit stands on the bench: its link and its debug port answer."""
    device.folder.mkdir(parents=True, exist_ok=True)
    arguments = device.agent("provision", "--listen", ANY_PORT, "--debug-listen", ANY_PORT, *more)
    if shown:
        stage.screen.command(stage.typed(arguments) + " &")
    device.link = stage.start(device.name.replace(" ", "-"), arguments)
    _, device.endpoints = device.link.json_line(_START_SECONDS)


def power_off(stage, device):
    stage.stop(device.link)
    device.link = None
