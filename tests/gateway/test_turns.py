"""Long lists are written a few entries at a time: others have their turn between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest

from gateway.cli.measure.plan import TENANT
from tests.gateway.test_garbage import prepared
from tests.perf.restart import Maker, call, session

COUNT = 350


async def turns_of_others(maker: Maker, method: str, params: object) -> tuple[int, int]:
    """How many answers of another client come while the list is written, and how many entries it has."""
    asked = maker.app.server.dispatcher.call(call(method, params))
    assert isinstance(asked, Awaitable)
    task = asyncio.ensure_future(asked)
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    answer, _ = await task
    return turns, answer.count(b'"RunID"') or answer.count(b'"BalanceMap"')


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("APIerSv2.GetAccounts", {"Tenant": TENANT}),
        ("APIerSv1.GetAccounts", {"Tenant": TENANT}),
        ("SessionSv1.GetActiveSessions", {"Tenant": TENANT}),
        ("APIerSv2.GetCDRs", {"Tenants": [TENANT], "RunIDs": ["*default"]}),
    ],
)
def test_a_long_list_lets_others_have_their_turn(tmp_path: Path, method: str, params: object) -> None:
    async def run() -> tuple[int, int]:
        maker = await prepared(tmp_path)
        for number in range(10, 10 + COUNT):
            cash = {"Tenant": TENANT, "Account": f"a{number}", "BalanceType": "*monetary", "Value": 100, "Balance": {"ID": "cash"}}
            await maker.ask(call("APIerSv1.AddBalance", cash))
            await maker.ask(session("InitiateSession", "InitSession", number, "60s"))
            await maker.ask(session("ProcessCDR", "Unused", number, "90s"))
        await maker.app.storage.project()
        found = await turns_of_others(maker, method, params)
        await maker.app.storage.close()
        return found

    turns, entries = asyncio.run(run())
    assert entries >= COUNT
    assert turns > COUNT // 100
