"""Clients that debit accounts by a thread each, and what their accounts have then."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from gateway.cli.outcome import CommandError
from tests.acceptance.killing import TENANT
from tests.gateway.servers import Gateway, tollwire

ACCOUNTS = 12
VERIFY_SECONDS = 600.0
PRICE = 2  # money a debit: ten seconds at 0.2
START = 1_000_000
PLAN = {
    "Rates.csv": "RT,0,0.2,1s,1s,0s\n",
    "DestinationRates.csv": "DR,*any,RT,*middle,5,0,\n",
    "RatingPlans.csv": "RP,DR,*any,10\n",
    "RatingProfiles.csv": f"{TENANT},call,*any,2020-01-01T00:00:00Z,RP,\n",
    "Chargers.csv": f"{TENANT},CRG,,,*default,*none,10\n",
    "Actions.csv": "SAY,*log,said,,,,,,,,,,,,,,10\n",
}


def planned(folder: Path, *words: str, small: bool = False, under: Sequence[str] = ()) -> Gateway:
    """A gateway with a plan."""
    plan = folder / "plan"
    plan.mkdir(parents=True)
    for name, text in PLAN.items():
        (plan / name).write_text(text)
    gateway = Gateway(folder, *words, small=small, under=under)
    gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
    return gateway


def verify(gateway: Gateway) -> None:
    verified = tollwire("verify", "--state", str(gateway.state), seconds=VERIFY_SECONDS)
    assert verified.returncode == 0, verified.stdout + verified.stderr


class Payer(threading.Thread):
    """Debits one account, one call after the other, until the server is gone or says no, or it is told that it is
    `enough`; counts what was sent and what was acknowledged."""

    def __init__(self, gateway: Gateway, account: str) -> None:
        super().__init__(daemon=True)
        self.client = gateway.client()
        self.account = account
        self.sent = self.acknowledged = 0
        self.enough = False

    def run(self) -> None:
        call = {"Tenant": TENANT, "Category": "call", "Subject": "any", "Account": self.account, "Destination": "49", "ToR": "*voice"}
        times = {"TimeStart": "2026-04-07T10:00:00Z", "TimeEnd": "2026-04-07T10:00:10Z"}
        with self.client:
            try:
                while not self.enough:
                    self.sent += 1
                    self.client.call("Responder.Debit", {**call, **times})
                    self.acknowledged += 1
            except CommandError:  # it was killed
                return


def debits_of(gateway: Gateway, account: str) -> float:
    """How many debits the account's balance has seen."""
    found = gateway.call("APIerSv2.GetAccount", {"Tenant": TENANT, "Account": account})
    assert isinstance(found, dict)
    (only,) = found["BalanceMap"]["*monetary"]
    return (START - float(only["Value"])) / PRICE


def prepared(folder: Path, *, small: bool = False, under: Sequence[str] = ()) -> tuple[Gateway, dict[str, float]]:
    """A gateway with a plan and accounts, and how many debits each has seen: none."""
    gateway = planned(folder, small=small, under=under)
    done = dict.fromkeys((f"a{number}" for number in range(ACCOUNTS)), 0.0)
    for account in done:
        cash = {"Tenant": TENANT, "Account": account, "BalanceType": "*monetary", "Value": START, "Balance": {"ID": "cash"}}
        gateway.call("APIerSv1.AddBalance", cash)
    return gateway, done


def look_at(gateway: Gateway, payers: list[Payer], done: dict[str, float]) -> None:
    """What each payer was told is there once, what it was not told is there once or not at all."""
    for payer in payers:
        payer.join(10)
        assert not payer.is_alive()
    for payer in payers:
        seen = debits_of(gateway, payer.account)
        new = seen - done[payer.account]
        assert new in (payer.acknowledged, payer.sent), f"{payer.account}: {payer.acknowledged} of {payer.sent} acknowledged, {new} found"
        done[payer.account] = seen
