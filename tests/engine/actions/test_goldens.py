"""goldens/accounts.json by id: top-ups, triggers, counters, transfers and logged actions, on an engine of its own.

There they begin with balances and counters that are put in place by hand; the actions that a trigger runs are a top-up of 10 money and
of 10 s for NAT, as in the source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.accounts import counters
from engine.accounts.account import Account, Balance
from engine.actions.book import ActionTrigger
from engine.commands import AddAccountTriggers, ExecuteActions, ResetAccountTriggers, RunActions
from engine.money import ONE
from engine.rating.call import Call
from engine.times import UTC_ZONE, parse_time
from engine.usage import SECOND
from tests.engine.house import CAUSE, TENANT
from tests.goldens.golden_file import Case, golden_cases
from tests.site import NOW, Site, act, units

CASES = golden_cases("accounts")
MONEY = "*monetary"
NAT = {"NAT": True}
ANN = f"{TENANT}:ann"


def site_of(trigger: ActionTrigger | None = None) -> tuple[Site, Account]:
    """An account with 100 money and 10 s for NAT, and what its trigger runs."""
    site = Site(decimals=6, exact=False)
    site.actions(
        "TEST",
        act("*topup", units(MONEY, 10), weight=20),
        act("*topup", units("*voice", 10 * SECOND, DestinationIDs=NAT, Weight="20"), weight=10),
    )
    site.actions("ORDER", act("*topup", units(MONEY, 10), weight=10), act("*reset_account", weight=20))
    holder = site.account("ann")
    put(site, holder, MONEY, 100)
    put(site, holder, "*voice", 10 * SECOND, weight=20, destination_ids=dict(NAT))
    if trigger is not None:
        site.step(AddAccountTriggers(ANN, trigger=trigger))
    return site, site.held("ann")


def put(site: Site, holder: Account, kind: str, value: int, weight: int = 0, **fields: Any) -> Balance:
    made = Balance(site.engine.ids.uuid(), "", kind, value * ONE)
    made.weight = weight * ONE
    for name, field in fields.items():
        setattr(made, name, field)
    site.engine.charging.ledger.open(holder, made, CAUSE)
    return made


def count(site: Site, amount: int = 1) -> None:
    """What a call of that much money does to counters, and what comes of it."""
    call = Call(TENANT, "call", "ann", "ann", "0723", "*voice", NOW, NOW + SECOND, UTC_ZONE)
    holder = site.held("ann")
    counters.count(holder, MONEY, amount * ONE, call, None, site.engine.tariff.ids_of_prefix)
    react(site)


def react(site: Site) -> None:
    site.engine.actions.runner.react(site.engine.actions.runner.direct, site.held("ann"), site.now)


def values(site: Site) -> tuple[list[int], list[int]]:
    held = site.values("ann")
    return [one // ONE for one in held[MONEY]], [one // SECOND // ONE for one in held["*voice"]]


def play_new(case: Case) -> None:
    """acc-017: nothing fits the pattern, so a balance is made; 0 units are enough."""
    site = Site()
    holder = site.account("ann")
    put(site, holder, "*voice", 0, 20, destination_ids={"NAT": True})
    put(site, holder, "*voice", 0, 10, destination_ids={"RET": True})
    site.step(RunActions(ANN, "t", [act("*topup", units("*voice", 0, Weight="20", DestinationIDs={"NEW": True}))]))
    assert [one.destination_ids for one in site.held("ann").of_type("*voice")] == [{"NAT": True}, {"RET": True}, {"NEW": True}]


def play_known(case: Case) -> None:
    """acc-018: one that fits is filled."""
    site = Site()
    holder = site.account("ann")
    put(site, holder, "*voice", 15, 20, destination_ids={"NAT": True})
    put(site, holder, "*voice", 0, 10, destination_ids={"RET": True})
    site.step(RunActions(ANN, "t", [act("*topup", units("*voice", 10, Weight="20", DestinationIDs=dict(NAT)))]))
    assert site.values("ann")["*voice"] == [value * ONE for value in case["after"]["*voice"]]


def play_merge(case: Case) -> None:
    """acc-019."""
    site = Site()
    for place in ("NAT", "NAT", "OTHER"):
        site.step(RunActions(ANN, "t", [act("*topup", units("*voice", 10, DestinationIDs={place: True}))]))
    assert site.values("ann")["*voice"] == [value * ONE for value in case["after"]["*voice"]]


def play_counter(case: Case) -> None:
    """acc-020: at the threshold once, and again when it is reset."""
    site, _ = site_of(ActionTrigger("G", "T", "*max_event_counter", "2", Balance=units(MONEY), ActionsID="TEST"))
    count(site)
    assert values(site) == ([100], [10])
    count(site)
    assert values(site) == ([110], [20])
    count(site)
    assert values(site) == ([110], [20])
    site.step(ResetAccountTriggers(ANN, "", "", executed=False))  # the counter still stands above the threshold: it fires at once
    count(site, 10)
    assert values(site) == ([120], [30])


def play_below(case: Case) -> None:
    """acc-021: fires at or below the threshold."""
    site, _ = site_of()
    site.step(
        AddAccountTriggers(
            ANN, trigger=ActionTrigger("G", "T", "*min_event_counter", "100", Balance=units(MONEY), ActionsID="TEST"), executed=True
        )
    )
    count(site)
    site.held("ann").triggers[0].executed = False  # type: ignore[index]
    count(site)
    assert values(site) == ([110], [20])


def play_order(case: Case) -> None:
    """acc-022: the reset goes before the top-up, which finds the empty balance that it left."""
    site, _ = site_of(ActionTrigger("G", "T", "*max_event_counter", "2", Balance=units(MONEY), ActionsID="ORDER"))
    count(site, 2)
    assert site.values("ann")[MONEY] == [value * ONE for value in case["after"][MONEY]]


def play_reset(case: Case) -> None:
    """acc-023: a reset by the trigger's name leaves the other's counter."""
    site = Site()
    site.account("ann")
    for name, threshold in (("day_trigger", "10"), ("week_trigger", "100")):
        site.step(AddAccountTriggers(ANN, trigger=ActionTrigger("G", name, "*max_event_counter", threshold, Balance=units(MONEY))))
    count(site)
    site.step(RunActions(ANN, "t", [act("*reset_counters", units(MONEY, id="day_trigger"))]))
    chain = (site.held("ann").counters or {})[MONEY]
    assert [one.value // ONE for one in chain[0].counters] == case["after"]["counters"]


def play_expired(case: Case) -> None:
    """acc-024, acc-025, acc-026: the trigger itself is open, or not yet, or no more."""
    times: dict[str, dict[str, Any]] = {
        "acc-024": {},
        "acc-025": {"ActivationDate": "2116-01-01T00:00:00Z"},
        "acc-026": {"ExpirationDate": "2016-01-01T00:00:00Z"},
    }
    site = Site()
    site.actions(
        "TEST",
        act("*topup", units(MONEY, 10), weight=20),
        act("*topup", units("*voice", 10 * SECOND, DestinationIDs=NAT, Weight="20"), weight=10),
    )
    holder = site.account("ann")
    put(site, holder, "*voice", 10 * SECOND, weight=20, destination_ids=dict(NAT))
    trigger = ActionTrigger("G", "T", "*balance_expired", "0", Balance=units(MONEY), ActionsID="TEST", **times[case["id"]])
    site.step(AddAccountTriggers(ANN, trigger=trigger))
    gone = parse_time("2015-11-09T23:00:00Z", UTC_ZONE, 0)
    expiry: dict[str, Any] = {"expires": gone} if case["id"] == "acc-024" else {}
    put(site, holder, MONEY, 100, **expiry)
    react(site)
    assert site.values("ann")[MONEY] == [value * ONE for value in case["after"][MONEY]]
    if case["id"] == "acc-024":
        assert site.values("ann")["*voice"] == [20 * SECOND * ONE]
    if case["id"] == "acc-026":
        assert not site.held("ann").triggers


def play_flags(case: Case) -> None:
    """acc-065."""
    site = Site()
    site.account("ann")
    seen = []
    for kind in ("*disable_account", "*enable_account"):
        site.step(RunActions(ANN, "t", [act(kind)]))
        seen.append(site.held("ann").disabled)
    assert seen == case["after"]["Disabled"]


def moved(*, units_: int, target: str = "balance_dest") -> tuple[Site, Account, Account]:
    site = Site()
    site.call("APIerSv1.AddBalance", {"Account": "SRC", "BalanceType": "*sms", "Value": 10, "Balance": {"ID": "balance_src"}})
    site.call("APIerSv1.AddBalance", {"Account": "DEST", "BalanceType": "*sms", "Value": 10, "Balance": {"ID": "balance_dest"}})
    extra = f'{{"DestinationAccountID":"{TENANT}:DEST","DestinationBalanceID":"{target}"}}'
    log = act("*cdrlog", extra='{"Destination":"DEST"}', weight=1)
    site.actions("MOVE", act("*transfer_balance", units("", units_, "balance_src"), extra, weight=2), log)
    site.step(ExecuteActions(f"{TENANT}:SRC", "MOVE"))
    return site, site.held("SRC"), site.held("DEST")


def play_transfer(case: Case) -> None:
    """acc-070."""
    site, source, target = moved(units_=4)
    assert source.of_type("*sms")[0].value == case["after"]["balance_src"] * ONE
    assert target.of_type("*sms")[0].value == case["after"]["balance_dest"] * ONE
    (cdr,) = site.storage.tables.cdrs.values()
    wanted = case["cdrlog"]
    assert (cdr.run_id, cdr.source, cdr.tor, cdr.cost_amount) == (wanted["RunID"], wanted["Source"], wanted["ToR"], wanted["Cost"] * ONE)
    assert (cdr.account, cdr.destination) == ("SRC", "DEST")


def play_transfer_by_api(case: Case) -> None:
    """acc-071, acc-072: from 6 and 14, and from 4 to a balance that is not there yet."""
    site, _, _ = moved(units_=4 if case["id"] == "acc-071" else 6)
    to = "balance_dest" if case["id"] == "acc-071" else "new"
    given = {"SourceAccountID": "SRC", "SourceBalanceID": "balance_src", "DestinationAccountID": "DEST", "DestinationBalanceID": to}
    answer = site.call("APIerSv1.TransferBalance", given | {"Units": 2 if case["id"] == "acc-071" else 3})
    assert answer == ""
    held = {one.id: one.value // ONE for name in ("SRC", "DEST") for one in site.held(name).of_type("*sms")}
    wanted = {"acc-071": {"balance_src": 4, "balance_dest": 16}, "acc-072": {"balance_src": 1, "balance_dest": 16, "new": 3}}
    assert held == wanted[case["id"]]
    assert case["after"]["balance_src"] == held["balance_src"]


def play_log(case: Case) -> None:
    """acc-085, and its note on *remove_balance."""
    site = Site()
    log = act("*cdrlog", extra='{"BalanceID":"~*acnt.BalanceID"}', weight=1)
    site.actions("FILL", act("*topup_reset", units(MONEY, 150, "balance_monetary"), weight=2), log)
    site.actions("EMPTY", act("*remove_balance", units(MONEY, id="balance_monetary"), weight=2), log)
    for name in ("FILL", "EMPTY"):
        site.step(ExecuteActions(ANN, name))
    filled, emptied = site.storage.tables.cdrs.values()
    wanted = case["cdr"]
    assert (filled.run_id, filled.source, filled.tor, filled.cost_amount) == (
        wanted["RunID"],
        wanted["Source"],
        wanted["ToR"],
        wanted["Cost"] * ONE,
    )
    assert filled.extra_fields == b'{"BalanceID":"balance_monetary"}'
    assert (emptied.run_id, emptied.cost_amount) == ("*remove_balance", 150 * ONE)


PLAYERS: dict[str, Callable[[Case], None]] = {
    "acc-017": play_new,
    "acc-018": play_known,
    "acc-019": play_merge,
    "acc-020": play_counter,
    "acc-021": play_below,
    "acc-022": play_order,
    "acc-023": play_reset,
    **dict.fromkeys("acc-024 acc-025 acc-026".split(), play_expired),
    "acc-065": play_flags,
    "acc-070": play_transfer,
    "acc-071": play_transfer_by_api,
    "acc-072": play_transfer_by_api,
    "acc-085": play_log,
}


@pytest.mark.parametrize("name", PLAYERS)
def test_golden(name: str) -> None:
    PLAYERS[name](CASES[name])
