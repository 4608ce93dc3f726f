"""From tables to a load: everything that a plan puts into the engine, or the faults for which it puts nothing.

`load_plan` is pure: it can run in another thread or process. What it makes is handed to the engine in one step
(engine.tariffplan.apply).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec

from engine.actions.kinds import ACTION_PLAN, ACTION_TRIGGERS, ACTIONS
from engine.actions.kinds import KINDS as ACTION_KINDS
from engine.errors import Fault
from engine.profiles.kind import Kind
from engine.profiles.policies import KINDS as POLICY_KINDS
from engine.rating.book import RatingPlan
from engine.rating.kinds import DESTINATION, RATING_PLAN, RATING_PROFILE, SHARED_GROUP, TIMING
from engine.rating.kinds import KINDS as RATING_KINDS
from engine.tariffplan.accounting import AccountAction, account_actions, action_plans, action_triggers, actions
from engine.tariffplan.check import check
from engine.tariffplan.faults import Faults
from engine.tariffplan.kinds import KINDS as OWN_KINDS
from engine.tariffplan.kinds import OldItem
from engine.tariffplan.merge import item_key
from engine.tariffplan.oldsheets import OLD_SHEETS
from engine.tariffplan.policies import POLICY_SHEETS, profiles
from engine.tariffplan.rating import PlanBuilder, destinations, rating_profiles, shared_groups, timings
from engine.tariffplan.read import COMMA, Plan, PlanError, Source, folder_sources, read_plan, zip_sources
from engine.tariffplan.terms import Terms
from engine.tariffplan.valid import warn

Put = tuple[str, str, object]


class PlanLoad(msgspec.Struct):
    """What a plan puts into the engine: items as (kind, id, item) in the order of the sheets, and what accounts are set to."""

    load_id: str
    puts: list[Put]
    accounts: list[AccountAction]


class Outcome(msgspec.Struct):
    """What came of reading a plan. `load` is None when there are faults; `counts` are rows by sheet.

    `faults_more` and its like count what was found beyond what is named.
    """

    load: PlanLoad | None
    counts: dict[str, int]
    faults: list[Fault]
    warnings: list[Fault]
    notices: list[Fault]
    faults_more: int = 0
    warnings_more: int = 0
    notices_more: int = 0


def load_folder(folder: str, terms: Terms, separator: str = COMMA) -> Outcome:
    """Reads a folder with all folders in it. Raises PlanError when there is none."""
    sources, faults = folder_sources(folder)
    return load_sources(sources, terms, separator, faults)


def load_zip(data: bytes, terms: Terms, separator: str = COMMA) -> Outcome:
    """Reads a zip file. Raises PlanError when it is none."""
    sources, faults = zip_sources(data)
    return load_sources(sources, terms, separator, faults)


def load_sources(sources: Iterable[Source], terms: Terms, separator: str = COMMA, faults: Iterable[Fault] = ()) -> Outcome:
    """Reads the files of a plan; `faults` are what is known to be wrong with them already."""
    plan = read_plan(sources, separator)
    for fault in faults:
        plan.faults.add(fault)
    return load_plan(plan, terms)


def load_plan(plan: Plan, terms: Terms) -> Outcome:
    """Checks the tables of a plan, and makes a load of them when nothing is wrong."""
    check(plan, terms)
    load = None
    if not len(plan.faults):
        load = _build(plan, terms)
    faults, warnings, notices = (_ordered(one) for one in (plan.faults, plan.warnings, plan.notices))
    return Outcome(load, plan.counts(), faults, warnings, notices, plan.faults.more, plan.warnings.more, plan.notices.more)


def _ordered(faults: Faults) -> list[Fault]:
    """Each file's from top to bottom, the files in the order in which they came."""
    files = {fault.file: place for place, fault in reversed(list(enumerate(faults.found)))}
    return sorted(faults.found, key=lambda fault: (files[fault.file], fault.line, fault.column))


def _build(plan: Plan, terms: Terms) -> PlanLoad:
    own = timings(plan)
    every = {**terms.known.timings, **terms.built_in(), **own}
    warn(plan, terms, every)
    zone = terms.zone
    puts: list[Put] = [(DESTINATION, item.Id, item) for item in destinations(plan)]
    puts += [(TIMING, tag, item) for tag, item in own.items()]
    puts += [(RATING_PLAN, item.Id, item) for item in PlanBuilder(plan, every).plans(plan)]
    puts += [(RATING_PROFILE, item.Id, item) for item in rating_profiles(plan, zone, terms.now_ns)]
    puts += [(SHARED_GROUP, item.Id, item) for item in shared_groups(plan)]
    puts += [(ACTIONS, item.Id, item) for item in actions(plan, every)]
    puts += [(ACTION_PLAN, item.Id, item) for item in action_plans(plan, every, terms.load_id)]
    puts += [(ACTION_TRIGGERS, item.Id, item) for item in action_triggers(plan, every, terms)]
    for sheet in POLICY_SHEETS:
        if plan.of(sheet.name):
            puts += [(sheet.kind, key, item) for key, item in profiles(plan, sheet, zone, terms.now_ns)]
    return PlanLoad(terms.load_id, puts + _old_items(plan), account_actions(plan))


def _old_items(plan: Plan) -> list[Put]:
    puts: list[Put] = []
    for sheet in OLD_SHEETS:
        rows: dict[str, list[tuple[str, ...]]] = {}
        for table in plan.of(sheet.name):
            for row in table.cells:
                rows.setdefault(item_key(sheet, row), []).append(tuple(row))
        puts += [(sheet.kind, key, OldItem(key, tuple(found))) for key, found in rows.items()]
    return puts


# -- between processes ---------------------------------------------------------------------------------------------------

LOADED_KINDS: Final = (*RATING_KINDS, *ACTION_KINDS, *POLICY_KINDS, *OWN_KINDS)
"""Every kind that a load puts items of."""

_BY_NAME: Final[dict[str, Kind]] = {kind.name: kind for kind in LOADED_KINDS}


class _Packed(msgspec.Struct):
    outcome: Outcome
    puts: list[tuple[str, str, bytes]]


_ENCODER: Final = msgspec.msgpack.Encoder()
_PART_DESTINATIONS: Final = 500


def pack(outcome: Outcome) -> bytes:
    """The outcome as bytes, for `Unpacking` in another process."""
    puts: list[tuple[str, str, bytes]] = []
    load = outcome.load
    if load is not None:
        puts = [(kind, key, _BY_NAME[kind].encode(part)) for kind, key, item in load.puts for part in _parts(item)]
        outcome = msgspec.structs.replace(outcome, load=PlanLoad(load.load_id, [], load.accounts))
    return _ENCODER.encode(_Packed(outcome, puts))


def _parts(item: object) -> Iterator[object]:
    """An item in pieces that are decoded quickly: the prices of a large rating plan come one part after the other."""
    if not isinstance(item, RatingPlan) or len(item.DestinationRates) <= _PART_DESTINATIONS:
        yield item
        return
    rows = iter(item.DestinationRates.items())
    while part := dict(islice(rows, _PART_DESTINATIONS)):
        yield msgspec.structs.replace(item, DestinationRates=part)


class Unpacking:
    """Takes `pack`'s bytes apart in slices, so that whoever waits in the same thread waits for a few items only."""

    outcome: Outcome
    _packed: list[tuple[str, str, bytes]]
    _next: int

    def __init__(self, data: bytes) -> None:
        found = msgspec.msgpack.decode(data, type=_Packed)
        self.outcome = found.outcome
        self._packed = found.puts
        self._next = 0

    def step(self, octets: int) -> bool:
        """Decodes items of so many octets together; False when all are decoded."""
        load = self.outcome.load
        while load is not None and self._next < len(self._packed) and octets > 0:
            kind, key, body = self._packed[self._next]
            self._packed[self._next] = ("", "", b"")
            item = _BY_NAME[kind].decode(body)
            last = load.puts[-1] if load.puts else ("", "", None)
            if isinstance(item, RatingPlan) and isinstance(last[2], RatingPlan) and last[1] == key:
                last[2].DestinationRates.update(item.DestinationRates)  # another part of it
            else:
                load.puts.append((kind, key, item))
            self._next += 1
            octets -= len(body)
        return self._next < len(self._packed)


__all__ = [
    "LOADED_KINDS",
    "Outcome",
    "PlanError",
    "PlanLoad",
    "Put",
    "Terms",
    "Unpacking",
    "load_folder",
    "load_plan",
    "load_sources",
    "load_zip",
    "pack",
]
