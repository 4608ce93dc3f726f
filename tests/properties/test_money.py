"""For any series of operations: what was taken is what is gone, every value is the sum of its entries, a restart changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.accounts.snapshot import decode_account, encode_account
from engine.cdrs.record import taken_details
from engine.money import ONE, amount_of
from engine.records import CdrPut, Entry
from gateway.api.accounts import shown_account
from tests.engine.house import seeded
from tests.properties.series import MONEY, PRICES, Operation, Play, Prices, furnish, increments, series
from tests.site import Site

MODES = st.booleans()
SETTINGS = settings(
    max_examples=settings().max_examples // 2,  # a series is many operations
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TAKEN = ("debit", "session", "rounding", "refund")  # causes of calls, in contrast to those of actions


def site_of(prices: Prices, exact: bool) -> Site:
    site = Site(exact=exact)
    furnish(site, prices)
    return site


def state(site: Site) -> dict[str, bytes]:
    """Every account as it is written down."""
    return {one.id: encode_account(one) for one in site.engine.accounts.all()}


class Chain:
    """Adds entries up as they come, so that each operation's are looked at once."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], int] = {}

    def add(self, entries: list[Entry]) -> None:
        for entry in entries:
            key = (entry.account, entry.balance)
            value = self.values.get(key, 0) + entry.delta_amount
            assert value == entry.after_amount, f"{entry} does not follow from {self.values.get(key, 0)}"
            self.values[key] = value

    def agree(self, site: Site) -> None:
        held = {
            (one.id, balance.uuid): balance.value
            for one in site.engine.accounts.all()
            for chain in (one.balances or {}).values()
            for balance in chain
        }
        left = {key: value for key, value in self.values.items() if value}
        assert {key: value for key, value in held.items() if value} == left


# -- what each operation may move --------------------------------------------------------------------------------------------


def charged(play: Play, operation: Operation, answer: object, moved: list[Entry]) -> None:
    """A call of Responder: its cost is what money lost, and its increments say what each balance lost."""
    mine = [entry for entry in moved if entry.cause == "debit"]
    if not isinstance(answer, dict):
        assert mine == [], "a refused call takes nothing"
        return
    taken: dict[str, float] = {}
    for one in increments(answer):
        info = one["BalanceInfo"]
        if info and info["Unit"]:
            taken[info["Unit"]["UUID"]] = taken.get(info["Unit"]["UUID"], 0) + info["Unit"]["Consumed"] * one["CompressFactor"]
        if info and info["Monetary"]:
            taken[info["Monetary"]["UUID"]] = taken.get(info["Monetary"]["UUID"], 0) + one["Cost"] * one["CompressFactor"]
    money = -sum(entry.delta_amount for entry in mine if entry.balance_type == MONEY)
    assert abs(answer["Cost"] * ONE - money) < 2
    rounded = any(span["RoundIncrement"] for span in answer["Timespans"] or ())
    lost: dict[str, int] = {}
    for entry in mine:
        lost[entry.balance] = lost.get(entry.balance, 0) - entry.delta_amount
    if not rounded:
        assert lost.keys() <= taken.keys(), "only balances that an increment names lose anything"
        for uuid, amount in taken.items():
            assert abs(amount * ONE - lost.get(uuid, 0)) < 2
    if operation[0] == "max" and not rounded and not play.site.held(operation[1]["account"]).allow_negative:
        assert all(entry.after_amount >= 0 for entry in mine), "a debit of what there is leaves nothing below zero, before it is rounded"


def changed(wanted: Callable[[dict[str, Any]], int], cause: str) -> Callable[[Play, Operation, object, list[Entry]], None]:
    def check(play: Play, operation: Operation, answer: object, moved: list[Entry]) -> None:
        mine = [entry for entry in moved if entry.cause_id == cause]
        assert (answer == "OK") or mine == []
        assert all(entry.delta_amount == wanted(operation[1]) for entry in mine), "every balance that fits changes by as much"

    return check


def added(play: Play, operation: Operation, answer: object, moved: list[Entry]) -> None:
    given = operation[1]
    mine = [entry for entry in moved if entry.cause_id == "AddBalance"]
    value = amount_of(str(given["Value"]))
    assert answer == "OK"
    for entry in mine:
        assert entry.after_amount == value if given["Overwrite"] else entry.delta_amount == value


def transferred(play: Play, operation: Operation, answer: object, moved: list[Entry]) -> None:
    mine = [entry for entry in moved if entry.cause_id == "TransferBalance"]
    assert answer == "" or mine == []
    assert sum(entry.delta_amount for entry in mine) == 0, "what one gives the other gets"


def refunded(play: Play, operation: Operation, answer: object, moved: list[Entry]) -> None:
    assert all(entry.delta_amount > 0 for entry in moved if entry.cause == "refund")


def all_or_nothing(play: Play, operation: Operation, answer: object, moved: list[Entry]) -> None:
    if operation[1]["set"] == "HALF":
        assert answer == ("error", "SERVER_ERROR: PARTIALLY_EXECUTED") or answer == ("error", "PARTIALLY_EXECUTED")
        assert moved == []
    if operation[1]["set"] in ("GIVE", "POOL"):
        assert sum(entry.delta_amount for entry in moved if entry.cause_id == operation[1]["set"]) == 0


def recorded(play: Play, operation: Operation, answer: object, moved: list[Entry]) -> None:
    """The record's cost is what money lost."""
    if operation[1]["request"] == "*rated":
        assert [entry for entry in moved if entry.cause in TAKEN] == []
        return
    costs = [cdr for cdr in play.site.storage.tables.cdrs.values() if cdr.origin_id == f"o{play.count}"]
    assert len(costs) == 1
    cost = costs[0].cost_amount
    money = -sum(entry.delta_amount for entry in moved if entry.cause in TAKEN and entry.balance_type == MONEY)
    assert money == (0 if cost == -ONE else cost)


def ended(play: Play, operation: Operation, answer: object, moved: list[Entry]) -> None:
    """All that the session took and gave back is the cost in its record."""
    if not isinstance(answer, tuple) or answer != ("OK", "OK"):
        return
    cdr = max(play.site.storage.tables.cdrs.values(), key=lambda one: one.order_id)
    if cdr.request_type != "*prepaid" or cdr.cost_source != "*sessions":
        return
    mine = [entry for entry in play.site.entries() if entry.cause_id == cdr.cgrid and entry.cause in TAKEN]
    assert cdr.cost_amount == -sum(entry.delta_amount for entry in mine if entry.balance_type == MONEY)


def records_say_what_was_taken(play: Play) -> None:
    """Whatever was processed again, rated again or given back: a record's cost is what its money has lost, or nothing when it is settled.

    What came from a balance that is gone cannot go back; such records say nothing.
    """
    held = {balance.uuid for one in play.site.engine.accounts.all() for chain in (one.balances or {}).values() for balance in chain}
    taken: dict[str, list[Entry]] = {}
    for entry in play.site.entries():
        if entry.cause in TAKEN:
            taken.setdefault(entry.cause_id, []).append(entry)
    for cdr in play.site.storage.tables.cdrs.values():
        mine = taken.get(cdr.cgrid, [])
        if cdr.source == "*cdrlog" or cdr.request_type == "*rated" or any(entry.balance not in held for entry in mine):
            continue
        lost = -sum(entry.delta_amount for entry in mine if entry.balance_type == MONEY)
        assert lost == stands(cdr), cdr


def stands(cdr: CdrPut) -> int:
    """What money stands taken for a record."""
    if cdr.taken:
        details = taken_details(cdr)
        assert details is not None
        return details.cost
    cost = cdr.cost_amount
    return 0 if cost is None or cost == -ONE or cdr.settled else cost


CHECKS: dict[str, Callable[[Play, Operation, object, list[Entry]], None]] = {
    "add": added,
    "take": changed(lambda given: -amount_of(str(given["value"])), "DebitBalance"),
    "transfer": transferred,
    "debit": charged,
    "max": charged,
    "refund": refunded,
    "record": recorded,
    "actions": all_or_nothing,
    "end": ended,
}


@SETTINGS
@given(PRICES, MODES, series(7))
def test_what_was_taken_is_what_is_gone(prices: Prices, exact: bool, operations: list[Operation]) -> None:
    site = site_of(prices, exact)
    play, chain = Play(site, prices), Chain()
    last = 0
    for operation in operations:
        answer = play(operation)
        moved = play.moved(last)
        last = site.engine.charging.ledger.last_entry_id
        assert [entry.entry_id for entry in moved] == list(range(last - len(moved) + 1, last + 1)), "ids count up without a gap"
        chain.add(moved)
        chain.agree(site)
        if operation[0] in CHECKS:
            CHECKS[operation[0]](play, operation, answer, moved)
        records_say_what_was_taken(play)
    site.verify()


@SETTINGS
@given(PRICES, MODES, series(7))
def test_a_refund_of_all_restores_every_balance(prices: Prices, exact: bool, operations: list[Operation]) -> None:
    site = site_of(prices, exact)
    play = Play(site, prices)
    for operation in operations:
        before = {(one.id, uuid): value for one in site.engine.accounts.all() for uuid, value in values_of(one).items()}
        since = site.engine.charging.ledger.last_entry_id
        answer = play(operation)
        if operation[0] not in ("debit", "max") or not isinstance(answer, dict) or operation[1]["rounding"]:
            continue
        if any(entry.cause != "debit" for entry in play.moved(since)):
            continue  # a trigger had its say
        play(("refund", {}))
        after = {(one.id, uuid): value for one in site.engine.accounts.all() for uuid, value in values_of(one).items()}
        assert {key: value for key, value in after.items() if key in before} == before
        assert all(value == 0 for key, value in after.items() if key not in before)


def values_of(holder: Any) -> dict[str, int]:
    return {one.uuid: one.value for chain in (holder.balances or {}).values() for one in chain}


# -- what is written down is what is there -------------------------------------------------------------------------------------


@SETTINGS
@given(PRICES, series(7))
def test_accounts_are_read_back_as_they_were(prices: Prices, operations: list[Operation]) -> None:
    site = site_of(prices, exact=True)
    play = Play(site, prices)
    for operation in operations:
        play(operation)
    for one in site.engine.accounts.all():
        twin = decode_account(one.id, encode_account(one))
        assert encode_account(twin) == encode_account(one)
        assert shown_account(twin) == shown_account(one)
    before = state(site)
    items = {kind: dict(site.engine.items.all(kind)) for kind in site.engine.items.kinds}
    site.cut()
    assert state(site) == before
    assert {kind: dict(site.engine.items.all(kind)) for kind in site.engine.items.kinds} == items


@SETTINGS
@given(PRICES, MODES, series(6), st.data())
def test_a_restart_anywhere_changes_nothing(prices: Prices, exact: bool, operations: list[Operation], data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, len(operations) - 1), max_size=3))
    whole, parts = Play(site_of(prices, exact), prices), Play(site_of(prices, exact), prices)
    for place, operation in enumerate(operations):
        if place in cuts:
            parts.site.cut()
        whole(operation)
        parts(operation)
    assert nameless(parts) == nameless(whole)
    parts.site.verify()


def nameless(play: Play) -> object:
    """Answers, movements and records, with every drawn identifier replaced by its place in the order of their appearance."""
    names: dict[str, str] = {}
    entries = [
        (entry.entry_id, entry.account, names.setdefault(entry.balance, f"#{len(names)}"), entry.balance_type, entry.delta, entry.after)
        for entry in play.site.entries()
    ]
    cdrs = [(one.order_id, one.tor, one.account, one.usage, one.cost, one.extra_info) for one in play.site.storage.tables.cdrs.values()]
    grants = [answer for answer in play.answers if isinstance(answer, dict) and "MaxUsage" in answer]
    refusals = [answer for answer in play.answers if isinstance(answer, tuple | str)]
    sessions = sorted((one.cgrid, [run.total_usage_ns for run in one.runs]) for one in play.site.engine.sessions.life.registry.every())
    return entries, cdrs, grants, refusals, sessions


@SETTINGS
@given(PRICES, MODES, series(6), st.integers(0, 9))
def test_the_same_commands_and_chance_leave_the_same_records(prices: Prices, exact: bool, operations: list[Operation], seed: int) -> None:
    disks = []
    for _ in range(2):
        site = Site(exact=exact, random=seeded(seed))
        furnish(site, prices)
        play = Play(site, prices)
        for operation in operations:
            play(operation)
        disks.append(msgspec.msgpack.encode([records for _, records in site.disk.appends()]))
    assert disks[0] == disks[1]
