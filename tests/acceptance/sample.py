"""A gateway with the sample set-up for Diameter (packaging/config/diameter)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from gateway.cli.measure.diameter import free_port
from tests.gateway.servers import ROOT, Gateway, tollwire

CONFIG = ROOT / "packaging" / "config" / "diameter"
PLAN = ROOT / "packaging" / "tariffplans" / "diameter"
REQUESTS = ROOT / "packaging" / "requests" / "diameter"


class Sample(Gateway):
    """A gateway with the sample set-up, its Diameter port a free one."""

    def __init__(self, folder: Path) -> None:
        """With the sample plan, unless the folder has a state already."""
        self.port = free_port()
        listeners = f'diameter_agent.listeners=[{{"address": "127.0.0.1:{self.port}"}}]'
        anew = not (folder / "state").exists()
        super().__init__(folder, "--config", str(CONFIG), "--set", listeners)
        if anew:
            loaded = tollwire("load", "--server", self.address, str(PLAN))
            assert loaded.returncode == 0, loaded.stderr

    def send(self, name: str, *words: str) -> list[dict[str, object]]:
        """What the answers to a file of requests say; all are what they are to be."""
        ran = tollwire("diameter", "send", "--json", "--peer", f"127.0.0.1:{self.port}", "--file", str(REQUESTS / name), *words)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return [json.loads(line, parse_float=Decimal) for line in ran.stdout.splitlines()]

    def money(self, account: str) -> Decimal:
        found = self.call("APIerSv2.GetAccount", {"Tenant": "default", "Account": account})
        assert isinstance(found, dict)
        return Decimal(str(found["BalanceMap"]["*monetary"][0]["Value"]))

    def records(self, account: str) -> list[tuple[object, ...]]:
        found = self.call("APIerSv2.GetCDRs", {"Accounts": [account], "OrderBy": "OrderID"})
        assert isinstance(found, list)
        return [(one["ToR"], one["Destination"], one["Usage"], Decimal(str(one["Cost"]))) for one in found]

    def give(self, account: str, money: object) -> None:
        """Money for an account, which is made where it is not there."""
        cash = {"Tenant": "default", "Account": account, "BalanceType": "*monetary", "Value": money, "Balance": {"ID": "money"}}
        self.call("APIerSv1.AddBalance", cash)
