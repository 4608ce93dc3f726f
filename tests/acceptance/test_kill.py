"""kill -9 while debits are under way: what was acknowledged is there once, what was not is there once or not at all.

Ends four processes in the test command; TOLLWIRE_KILLS=200 ./test tests/acceptance/test_kill.py ends as many as you like.
"""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import pytest

from gateway.cli.outcome import CommandError
from tests.gateway.servers import Gateway, tollwire, until

ACCOUNTS = 12
KILLS = int(os.environ.get("TOLLWIRE_KILLS", "4"))
TENANT = "kill.example"
PRICE = 2  # money a debit: ten seconds at 0.2
START = 1_000_000
PLAN = {
    "Rates.csv": "RT,0,0.2,1s,1s,0s\n",
    "DestinationRates.csv": "DR,*any,RT,*middle,5,0,\n",
    "RatingPlans.csv": "RP,DR,*any,10\n",
    "RatingProfiles.csv": f"{TENANT},call,*any,2020-01-01T00:00:00Z,RP,\n",
}


class Payer(threading.Thread):
    """Debits one account, one call after the other, until the server is gone; counts what was sent and what was acknowledged."""

    def __init__(self, gateway: Gateway, account: str) -> None:
        super().__init__(daemon=True)
        self.client = gateway.client()
        self.account = account
        self.sent = self.acknowledged = 0

    def run(self) -> None:
        call = {"Tenant": TENANT, "Category": "call", "Subject": "any", "Account": self.account, "Destination": "49", "ToR": "*voice"}
        times = {"TimeStart": "2026-04-07T10:00:00Z", "TimeEnd": "2026-04-07T10:00:10Z"}
        with self.client:
            try:
                while True:
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


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * KILLS)
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    chance = random.Random(7)
    plan = tmp_path / "plan"
    plan.mkdir()
    for name, text in PLAN.items():
        (plan / name).write_text(text)
    done = dict.fromkeys((f"a{number}" for number in range(ACCOUNTS)), 0.0)
    gateway = Gateway(tmp_path)
    try:
        gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
        cash = {"Tenant": TENANT, "BalanceType": "*monetary", "Value": START, "Balance": {"ID": "cash"}}
        for account in done:
            gateway.call("APIerSv1.AddBalance", {**cash, "Account": account})
        for _ in range(KILLS):
            payers = [Payer(gateway, account) for account in done]
            for payer in payers:
                payer.start()
            ready = time.monotonic() + chance.uniform(0.05, 0.5)
            until(lambda: time.monotonic() > ready and all(one.acknowledged for one in payers), "debits are acknowledged")  # noqa: B023
            gateway.kill()
            for payer in payers:
                payer.join(10)
                assert not payer.is_alive()
            gateway = Gateway(tmp_path)
            for payer in payers:
                seen = debits_of(gateway, payer.account)
                new = seen - done[payer.account]
                assert new in (payer.acknowledged, payer.sent), (
                    f"{payer.account}: {payer.acknowledged} of {payer.sent} acknowledged, {new} found"
                )
                done[payer.account] = seen
        assert gateway.stop() == 0
    finally:
        gateway.kill()
    verified = tollwire("verify", "--state", str(gateway.state))
    assert verified.returncode == 0, verified.stdout + verified.stderr
