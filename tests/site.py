"""A whole engine with a client in one process: a disk in memory, a clock that is set by hand, chance that repeats itself.

`cut` is a kill -9 and a new start: what was durable is read back, all else is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from engine.accounts.account import Account
from engine.accounts.verify import Tally
from engine.actions.book import Action, ActionPlan, Actions, ActionTiming, ActionTrigger, ActionTriggers, BalancePattern, ValueFormula
from engine.actions.kinds import ACTION_PLAN, ACTION_TRIGGERS, ACTIONS
from engine.commands import PutItem, SetAccount
from engine.door import Engine
from engine.effects import Effect
from engine.options import EngineOptions, SessionOptions
from engine.rating.book import RatingPlan, RatingProfile, Timing
from engine.rating.call import RatingOptions
from engine.records import Entry
from engine.storage.memory.disk import MemoryDisk
from engine.storage.memory.storage import MemoryStorage
from engine.tariffplan.load import LOADED_KINDS
from engine.times import UTC_ZONE, Zone, parse_time
from engine.usage import SECOND
from gateway.api.cdrqueries import STORE
from gateway.api.cdrrating import JOURNAL
from gateway.api.context import Api, ApiOptions
from tests.engine.house import TENANT, plan, profile, seeded
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import ALL_SECTIONS

NOW = parse_time("2026-04-07T10:00:00Z", UTC_ZONE, 0).ns
_LOOP = asyncio.new_event_loop()
_LOOP.close()  # it is only ever held, never run

Kind = TypeVar("Kind")


class Site:
    """One engine. `call` asks it as a client does, `step` as the gateway does; `now` is its clock."""

    engine: Engine
    storage: MemoryStorage
    api: Api
    call: Caller
    ticks: int | None = None  # the clock of intervals, where a test has one of its own

    def __init__(
        self,
        *,
        exact: bool = True,
        decimals: int = 5,
        zone: Zone = UTC_ZONE,
        remove_expired: bool = True,
        scheduler: bool = True,
        disk: MemoryDisk | None = None,
        random: Callable[[int], bytes] | None = None,
        now: int = NOW,
    ) -> None:
        self.now = now
        self.random = random or seeded(1)
        self.options = EngineOptions(
            rating=RatingOptions(exact=exact, rounding_decimals=decimals),
            default_steps={"*voice": SECOND, "*any": 1},
            sessions=SessionOptions(default_usage={"*voice": 3 * 3600 * SECOND, "*sms": 1, "*any": 1 << 20}),
            default_tenant=TENANT,
            zone=zone,
            remove_expired=remove_expired,
            scheduler=scheduler,
        )
        self.disk = disk or MemoryDisk()
        self.effects: list[Effect] = []
        self._open()

    def _open(self) -> None:
        self.storage = MemoryStorage(self.disk, automatic=False)
        self.engine = Engine(self.options, self.storage, LOADED_KINDS, self.random)
        self.engine.recover(self.now, self.ticks)
        self.storage.start(_LOOP)
        options = ApiOptions(ALL_SECTIONS, "test", default_tenant=TENANT, default_timezone=self.options.zone.name)
        self.api = Api(self, options, lambda: self.now, rooms={STORE: self.storage.cdrs, JOURNAL: self.storage.journal})
        self.call = Caller(self.api)

    @property
    def ticket(self) -> int:
        return self.engine.ticket

    def step(self, command: object, now_ns: int | None = None) -> Any:
        """One command; what it recorded is on the disk afterwards."""
        try:
            return self.engine.step(command, self.now if now_ns is None else now_ns)
        finally:
            self.gather()

    def gather(self) -> None:
        """Brings everything to the disk and performs what was asked for, as far as a test does."""
        self.storage.commit()
        for effect_id, effect in self.engine.take_effects():
            self.effects.append(effect)
            self.engine.effect_done(effect_id)
        self.engine.journal_done()
        self.storage.commit()

    def cut(self) -> None:
        """Kills the engine and starts another one on its disk."""
        self.storage.crash()
        self._open()

    def sleep(self, ns: int) -> None:
        """Lets time go by: what is due meanwhile is done when it is due."""
        until = self.now + ns
        while (at := self.engine.wake_at(self.now)) is not None and at <= until:
            self.now = max(self.now, at)
            self.engine.wake(self.now)
            self.gather()
        self.now = until

    # -- what operators write ------------------------------------------------------------------------------------------

    def put(self, kind: str, id: str, item: object) -> None:
        self.step(PutItem(kind, id, item))

    def price(self, subject: str, *slots: tuple[str, str, int, int], category: str = "call", tenant: str = TENANT, **rating: Any) -> None:
        """A subject's price for every destination; slots are (from ns, value, step ns, unit ns)."""
        name = f"RP_{tenant}_{category}_{subject}"
        self.put("rating_plan", name, plan(name, *slots, **rating))
        made = profile(subject, name, category)
        self.put_profile(RatingProfile(made.Id.replace(TENANT, tenant), made.RatingPlanActivations))

    def put_profile(self, made: RatingProfile) -> None:
        self.put("rating_profile", made.Id, made)

    def put_plan(self, made: RatingPlan) -> None:
        self.put("rating_plan", made.Id, made)

    def actions(self, name: str, *rows: Action) -> None:
        self.put(ACTIONS, name, Actions(name, tuple(msgspec.structs.replace(row, Id=name) for row in rows)))

    def plan(self, name: str, *timings: ActionTiming, accounts: tuple[str, ...] = ()) -> None:
        self.put(ACTION_PLAN, name, ActionPlan(name, dict.fromkeys(accounts, True) or None, timings))

    def triggers(self, group: str, *rows: ActionTrigger) -> None:
        self.put(ACTION_TRIGGERS, group, ActionTriggers(group, rows))

    def account(self, name: str, **fields: Any) -> Account:
        """The account, made if it is not there."""
        self.step(SetAccount(f"{TENANT}:{name}", **fields))
        return self.held(name)

    # -- what came of it -----------------------------------------------------------------------------------------------

    def held(self, name: str) -> Account:
        found = self.engine.accounts.get(f"{TENANT}:{name}")
        assert found is not None, f"there is no account {name}"
        return found

    def values(self, name: str) -> dict[str, list[int]]:
        """What the account holds, in 10**-9, by type, in the order in which clients see it."""
        return {kind: [one.value for one in chain] for kind, chain in (self.held(name).balances or {}).items()}

    def entries(self) -> list[Entry]:
        """Every durable movement, the oldest first."""
        return [entry for _, entry in sorted(self.storage.tables.entries.items())]

    def verify(self) -> None:
        """Every balance is the sum of its entries, and each entry follows from the one before."""
        tally = Tally()
        tally.add(self.entries())
        assert tally.differences(self.engine.accounts.all()) == []


# -- words for actions ---------------------------------------------------------------------------------------------------


def units(kind: str, value: object = None, id: str | None = None, **fields: Any) -> BalancePattern:
    """A pattern of balances of a type with so many units."""
    return BalancePattern(Type=kind or None, ID=id, Value=None if value is None else ValueFormula(Static=str(value)), **fields)


def act(kind: str, balance: BalancePattern | None = None, extra: str = "", weight: int = 0, **fields: Any) -> Action:
    return Action("", kind, extra, Weight=str(weight), Balance=balance, **fields)


def due(timing: Timing, actions_id: str, uuid: str = "u1", weight: int = 10) -> ActionTiming:
    return ActionTiming(uuid, timing, actions_id, str(weight))
