"""Calls of several steps while the disk fails between them: what was begun is brought to its end, what was not is refused whole."""

from __future__ import annotations

import asyncio

import pytest

from engine.commands import SetAccount
from engine.limits import MAX_EVENTS_PER_STEP, MAX_RERATED_PER_STEP, QUERY_PAGE_RECORDS
from engine.parts import NANO
from engine.records import CdrPut
from engine.storage.query import CdrQuery
from engine.usage import SECOND
from gateway.api.dispatch import UNAVAILABLE
from gateway.limits import RETRY_SECONDS
from tests.engine.house import TENANT
from tests.gateway.api.calls import run
from tests.site import Site


class Failing(Site):
    """An engine whose disk fails when the call under way waits for the first time, and works when it has waited long enough."""

    def __init__(self) -> None:
        super().__init__()
        self.price("any", ("0", "0.2", SECOND, SECOND))
        self.waits: list[float] = []
        self.fails = False

    async def sleep_for(self, seconds: float) -> None:
        """asyncio.sleep."""
        self.waits.append(seconds)
        if not seconds:
            self.break_disk()
        elif len(self.waits) > 3:
            self.mend_disk()

    def break_disk(self) -> None:
        if self.fails:
            return
        self.fails = self.storage.faults.failing = True
        self.engine.step(SetAccount(f"{TENANT}:other"), self.now)
        assert not self.storage.commit()

    def mend_disk(self) -> None:
        self.storage.faults.failing = False
        assert self.storage.commit()

    def records(self) -> list[CdrPut]:
        return run(self.storage.cdrs.query(CdrQuery()))

    def money(self) -> int:
        (cash,) = self.values("a")["*monetary"]
        return cash


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Failing:
    made = Failing()
    assert made.call("APIerSv1.AddBalance", {"Tenant": TENANT, "Account": "a", "BalanceType": "*monetary", "Value": 100_000}) == "OK"
    monkeypatch.setattr(asyncio, "sleep", made.sleep_for)
    return made


def events(count: int) -> dict[str, object]:
    """So many events of ten seconds: two units of money each."""
    fields = {"OriginHost": "h", "ToR": "*voice", "Category": "call", "Account": "a", "Subject": "any", "Destination": "49", "Usage": "10s"}
    times = {"SetupTime": "2026-04-07T10:00:00Z", "AnswerTime": "2026-04-07T10:00:00Z", "RequestType": "*postpaid"}
    made = [{"Tenant": TENANT, "ID": f"{number}", "Event": {**fields, **times, "OriginID": f"{number}"}} for number in range(count)]
    return {"Flags": ["*rals"], "CGREvents": made}


def test_events_that_go_on_in_further_steps_are_all_processed(site: Failing) -> None:
    count = 2 * MAX_EVENTS_PER_STEP + 1
    assert site.call("CDRsV1.ProcessEvents", events(count)) == "OK"
    assert site.waits[:3] == [0, RETRY_SECONDS, RETRY_SECONDS]
    assert len(site.records()) == count
    assert site.money() == (100_000 - 2 * count) * NANO
    site.verify()


def test_what_has_not_begun_is_refused_whole(site: Failing) -> None:
    site.break_disk()
    assert site.call("CDRsV1.ProcessEvents", events(2 * MAX_EVENTS_PER_STEP)) == ("error", UNAVAILABLE)
    assert site.waits == []
    site.mend_disk()
    assert site.records() == []
    assert site.money() == 100_000 * NANO


def test_all_records_that_were_found_are_removed(site: Failing) -> None:
    for start in range(0, QUERY_PAGE_RECORDS + 1, MAX_EVENTS_PER_STEP):
        wanted = events(QUERY_PAGE_RECORDS + 1)["CGREvents"]
        assert isinstance(wanted, list)
        assert site.call("CDRsV1.ProcessEvents", {"CGREvents": wanted[start : start + MAX_EVENTS_PER_STEP]}) == "OK"
    assert site.call("APIerSv1.RemoveCDRs", {"Tenants": [TENANT]}) == "OK"
    assert site.waits[:2] == [0, RETRY_SECONDS]
    assert site.records() == []


def test_records_that_were_given_back_are_rated_again(site: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    count = MAX_RERATED_PER_STEP + 1
    assert site.call("CDRsV1.ProcessEvents", events(count)) == "OK"
    wait = site.storage.journal.wait

    async def then_it_breaks(ticket: int) -> None:
        await wait(ticket)
        site.break_disk()

    monkeypatch.setattr(site.storage.journal, "wait", then_it_breaks)
    assert site.call("CDRsV1.RateCDRs", {"Flags": ["*rerate", "*chargers:false"], "Tenants": [TENANT]}) == "OK"
    assert RETRY_SECONDS in site.waits
    assert [record.cost_amount for record in site.records()] == [2 * NANO] * count
    assert site.money() == (100_000 - 2 * count) * NANO
    site.verify()
