"""A fifth of all packets lost, a fifth doubled, a fifth late; NASes that die and flood; the gateway itself killed in between: every session
is charged once, and to the last digit.

For a minute: TOLLWIRE_LOSS_SECONDS=60 ./test tests/acceptance/test_radius_loss.py
"""

from __future__ import annotations

import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.cli.client import RefusedError
from gateway.cli.measure import radius
from gateway.cli.measure.plan import TENANT, write_plan
from gateway.cli.measure.run import verify
from tests.acceptance.lossynas import Nas, Weather, work
from tests.acceptance.radiuswire import OFF
from tests.gateway.servers import Gateway, own_loopback

SECONDS = float(os.environ.get("TOLLWIRE_LOSS_SECONDS", "4"))
SEED = int(os.environ.get("TOLLWIRE_SEED", "7"))
NASES, OPEN_EACH = 8, 12
ACCOUNTS = [f"p{number}" for number in range(20)]
MONEY = Decimal(100_000)
SECOND = Decimal("0.01")
FLOOD = 20_000

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(400 + 3 * SECONDS)]


class Served:
    """A gateway on two addresses that it keeps when it is killed and comes again: of a loopback of its own, on ports that the kernel gives
    to nobody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = own_loopback()
        config = folder / "config"
        config.mkdir()
        (config / "tollwire.toml").write_text(radius.config(f"{self.host}:1812", f"{self.host}:1813"))
        self.words = ("--config", str(config))
        self.gateway = Gateway(folder, *self.words)
        write_plan(folder / "plan")
        self.gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(folder / "plan")})
        for account in ACCOUNTS:
            cash = {"Tenant": TENANT, "Account": account, "BalanceType": "*monetary", "Value": MONEY, "Balance": {"ID": "cash"}}
            self.gateway.call("APIerSv1.AddBalance", cash)

    def killed(self) -> None:
        """A power cut."""
        self.gateway.kill()
        self.gateway = Gateway(self.folder, *self.words)

    def balances(self) -> Decimal:
        found = self.gateway.call("APIerSv2.GetAccounts", {"Tenant": TENANT, "AccountIDs": ACCOUNTS})
        assert isinstance(found, list)
        return sum((Decimal(str(one["Value"])) for account in found for one in account["BalanceMap"]["*monetary"]), Decimal())

    def records(self) -> list[dict[str, object]]:
        found, start = list[dict[str, object]](), 0
        while True:
            try:
                page = self.gateway.call("CDRsV1.GetCDRs", {"Tenants": [TENANT], "ExtraArgs": {"OrderIDStart": start}, "Limit": 2000})
            except RefusedError as refused:
                if "NOT_FOUND" not in refused.text:
                    raise
                return found
            assert isinstance(page, list)
            found += page
            start = max(int(one["OrderID"]) for one in page) + 1

    def open_sessions(self) -> int:
        found = self.gateway.call("SessionSv1.GetActiveSessionsCount", {"Tenant": TENANT})
        assert isinstance(found, int)
        return found


def test_every_session_is_charged_once(tmp_path: Path) -> None:
    served = Served(tmp_path)
    nases = [Nas(number, (served.host, 1813), radius.SECRET, Weather(), SEED, ACCOUNTS) for number in range(1, NASES + 1)]
    try:
        flooded = killed = False
        for share in work(nases, OPEN_EACH, SECONDS, [(0.3, 1), (0.6, 2)]):
            if share > 0.45 and not killed:
                killed = True
                served.killed()
            if share > 0.7 and not flooded:
                flooded = True
                nases[4].flood(FLOOD)
        for nas in nases:
            nas.say_it_is(OFF)  # what died, and came late, is over now
        for _ in work(nases, 0, 0.1, []):
            pass
        look_at(served, nases)
    finally:
        served.gateway.kill()
        for nas in nases:
            nas.socket.close()


def look_at(served: Served, nases: list[Nas]) -> None:
    """Every session has one record, those that ended in order with what their Stop says; nothing else cost anything."""
    done = {session.name: session for nas in nases for session in nas.done}
    gone = {session.name for nas in nases for session in nas.gone}
    records = served.records()
    sent, lost, again = (sum(getattr(nas, name) for nas in nases) for name in ("sent", "lost", "again"))
    print(f"{len(done)} sessions, {len(gone)} that died with their NAS; {sent} packets, {lost} lost, {again} sent again")
    assert len(done) > 20
    assert lost > sent * 0.1
    assert gone
    counted = Counter(str(one["OriginID"]) for one in records)
    assert {name: times for name, times in counted.items() if times != 1} == {}
    assert done.keys() - counted.keys() == set()
    assert counted.keys() - done.keys() <= gone
    for record in records:
        session = done.get(str(record["OriginID"]))
        if session is not None:
            assert record["Account"] == session.account
            assert Decimal(str(record["Cost"])) == session.seconds * SECOND, record
    assert served.open_sessions() == 0
    cost = sum((Decimal(str(one["Cost"])) for one in records), Decimal())
    assert served.balances() + cost == MONEY * len(ACCOUNTS)
    assert served.gateway.stop() == 0, served.gateway.text()
    assert "Traceback" not in served.gateway.text()
    assert verify(served.gateway.state) == ""
