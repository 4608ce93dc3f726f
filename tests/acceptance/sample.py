"""Gateways with the sample set-ups of packaging/config."""

from __future__ import annotations

import json
import socket
from decimal import Decimal
from pathlib import Path

from tests.gateway.servers import ROOT, Gateway, environment, own_loopback, tollwire

PACKAGING = ROOT / "packaging"
CONFIG = PACKAGING / "config" / "diameter"
PLAN = ROOT / "packaging" / "tariffplans" / "diameter"
REQUESTS = ROOT / "packaging" / "requests" / "diameter"
RADIUS_SECRET = "only-for-this-test"


class Served(Gateway):
    """What tests ask of a gateway with a sample plan."""

    def load(self, plan: Path) -> None:
        loaded = tollwire("load", "--server", self.address, str(plan))
        assert loaded.returncode == 0, loaded.stderr

    def money(self, account: str) -> Decimal:
        found = self.call("APIerSv2.GetAccount", {"Tenant": "default", "Account": account})
        assert isinstance(found, dict)
        return sum((Decimal(str(one["Value"])) for one in found["BalanceMap"]["*monetary"]), Decimal(0))

    def records(self, account: str) -> list[tuple[object, ...]]:
        found = self.call("APIerSv2.GetCDRs", {"Accounts": [account], "OrderBy": "OrderID"})
        assert isinstance(found, list)
        return [(one["ToR"], one["Destination"], one["Usage"], Decimal(str(one["Cost"]))) for one in found]

    def give(self, account: str, money: object) -> None:
        """Money for an account, which is made where it is not there."""
        cash = {"Tenant": "default", "Account": account, "BalanceType": "*monetary", "Value": money, "Balance": {"ID": "money"}}
        self.call("APIerSv1.AddBalance", cash)


class Sample(Served):
    """A gateway with the sample set-up, its Diameter port one that it has chosen."""

    def __init__(self, folder: Path) -> None:
        """With the sample plan, unless the folder has a state already."""
        anew = not (folder / "state").exists()
        super().__init__(folder, "--config", str(CONFIG), "--set", 'diameter_agent.listeners=[{"address": "127.0.0.1:0"}]')
        (self.port,) = self.agent_ports("diameter")
        if anew:
            self.load(PLAN)

    def send(self, name: str, *words: str) -> list[dict[str, object]]:
        """What the answers to a file of requests say; all are what they are to be."""
        ran = tollwire("diameter", "send", "--json", "--peer", f"127.0.0.1:{self.port}", "--file", str(REQUESTS / name), *words)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return [json.loads(line, parse_float=Decimal) for line in ran.stdout.splitlines()]


class RadiusSample(Served):
    """A gateway with the sample set-up for RADIUS, on an address of loopback of its own: what sends requests asks at the usual ports."""

    def __init__(self, folder: Path) -> None:
        self.host = own_loopback()
        listeners = f'radius_agent.listeners=[{{"auth_address": "{self.host}:1812", "acct_address": "{self.host}:1813"}}]'
        self.nas = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # what the NAS is asked comes here
        self.nas.bind(("127.0.0.1", 0))
        self.nas.settimeout(60)
        asked = f'radius_agent.client_da_addresses={{"127.0.0.1": {{"port": {self.nas.getsockname()[1]}}}}}'
        config = ("--config", str(PACKAGING / "config" / "radius"), "--set", listeners, "--set", asked)
        super().__init__(folder, *config, env=environment(RADIUS_SECRET=RADIUS_SECRET))
        self.load(PACKAGING / "tariffplans" / "radius")

    def send(self, *words: str, refused: bool = False) -> list[dict[str, object]]:
        """What the answers to requests say, one or those of a file; all are what they are to be, or a single one is a refusal."""
        named = "--file" if words[0].endswith(".toml") else ""
        asked = (named, str(PACKAGING / "requests" / "radius" / words[0]), *words[1:]) if named else words
        environ = environment(TOLLWIRE_RADIUS_SECRET=RADIUS_SECRET)
        ran = tollwire("radius", "send", "--json", "--server", self.host, *asked, env=environ)
        assert (ran.returncode != 0) == refused, ran.stdout + ran.stderr
        return [json.loads(line, parse_float=Decimal) for line in ran.stdout.splitlines()]
