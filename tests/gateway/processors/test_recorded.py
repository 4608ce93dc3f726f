"""What was recorded of the reference, worked off without any protocol: diameter-fields, diameter-values, diameter-flow."""

from __future__ import annotations

import pytest

from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.profiles.policies import KINDS
from gateway.processors.reading import compile_processors
from gateway.processors.run import Processors
from gateway.processors.settings import Settings
from gateway.processors.terms import Terms
from tests.gateway.processors.recorded import Exchange, exchanges, request_map, shown, tree_of

NOW = 1_772_445_600_000_000_000
VARS = {
    "OriginHost": "CGR-DA",
    "OriginRealm": "cgrates.org",
    "ProductName": "CGRateS",
    "*appid": 4,
    "*cmd": "CCR",
    "node_id": "recorder",
    "RemoteHost": "127.0.0.1:5",
}
# What Diameter decides: how texts become AVPs, which names there are, how groups are put together, selectors and indexes
OF_THE_PROTOCOL = {
    *(f"diameter-fields/{number}" for number in (8, 9, 22, 59, 60, 61, 62, 63, 64, 66, 67, 68)),
    *(f"diameter-values/{number}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 32, 34)),
}


class NoEngine:
    client = ""

    def step(self, command: object) -> object:
        raise AssertionError(f"nothing is asked here: {command}")


@pytest.fixture(scope="module")
def compiled() -> dict[str, Processors]:
    found = {}
    for name in ("diameter-fields", "diameter-values", "diameter-flow"):
        tree = tree_of(name)
        terms = Terms(tree.general.default_tenant, settings=Settings(tree), filters=Filters(Items(KINDS)))
        found[name] = compile_processors(tree.section("diameter_agent")["request_processors"], tree.values["templates"], terms)
    return found


FOUND = [one for name in ("diameter-fields", "diameter-values", "diameter-flow") for one in exchanges(name)]
CASES = list(dict.fromkeys(one.case for one in FOUND))


@pytest.mark.parametrize("case", CASES)
def test_as_recorded(case: str, compiled: dict[str, Processors]) -> None:
    """The requests of a case one after the other: a later one may find what an earlier one has left."""
    if case in OF_THE_PROTOCOL:
        pytest.skip("decided by the protocol")
    for exchange in FOUND:
        if exchange.case == case:
            worked_off(exchange, compiled[case.partition("/")[0]])


def worked_off(exchange: Exchange, processors: Processors) -> None:
    """One request, and the answer that was recorded."""
    scopes: dict[str, object] = {"*req": request_map(exchange.request), "*vars": dict(VARS)}
    worked = processors.work(scopes, NoEngine(), NOW)
    if exchange.answer is None:
        assert worked.failed
    else:
        assert worked.handled
        assert not worked.failed, worked.failed
        assert sorted(shown(worked.reply)) == sorted(exchange.answer)
