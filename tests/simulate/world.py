"""A gateway without sockets in a world that a seed makes: clients, clocks, a disk with faults, crashes, and the next start.

Real are the door, the API's handlers, the gate of answers and the SQLite driver with its files; simulated are time, chance, threads (one
at a time runs, hands.py) and what a crash leaves of the files (disk.py). Beside it a model is kept (model.py). After every crash the state
must be the one after some step: not before the last that was acknowledged, no step in part, none twice.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

from engine.accounts.account import Account
from engine.commands import PutItem, RunActions
from engine.door import Engine
from engine.effects import DisconnectSession, Effect, LogAction, PublishAccount
from engine.errors import StorageUnavailable
from engine.event import Event, origin_cgrid
from engine.options import EngineOptions, SessionOptions
from engine.profiles.kind import Kind
from engine.rating.call import RatingOptions
from engine.sessions.commands import InitiateSession, ProcessSessionCdr, TerminateSession
from engine.storage.ports import StorageError
from engine.storage.sqlite.storage import SqliteStorage
from engine.tariffplan.load import LOADED_KINDS
from engine.times import UTC_ZONE
from engine.usage import SECOND
from gateway.api.cdrqueries import STORE
from gateway.api.cdrrating import JOURNAL
from gateway.api.context import Api, ApiOptions
from gateway.api.dispatch import UNAVAILABLE
from gateway.transport.gate import Gate
from gateway.upkeep import verify_state
from tests.engine.house import TENANT, plan, profile, seeded
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import ALL_SECTIONS
from tests.simulate.disk import DATABASE, LOG, Plan, SimulatedDisk
from tests.simulate.hands import Clock, CrashError, SimulatedHand
from tests.simulate.model import PRICE, Change, Model, after
from tests.site import NOW, act

ACCOUNTS: Final = tuple(f"a{number}" for number in range(6))
ANSWERED: Final = "2026-04-07T10:00:00Z"
IN_FLIGHT: Final = 32
MOST_LIVES: Final = 4
MOST_TURNS: Final = 160  # of one life
KINDS: Final[tuple[Kind, ...]] = tuple(LOADED_KINDS)


class Loop:
    """The event loop as far as storage uses it: it remembers what it is to call."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []

    def call_soon_threadsafe(self, call: Callable[[], object]) -> None:
        self.calls.append(call)

    def run(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


class Answer:
    """A client that waits for one answer; the gate delivers it."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def deliver(self, answer: bytes) -> None:
        self.change.acknowledged = True

    def flush(self) -> None:
        """It was delivered whole."""


class World:
    """One seed. `run` is its whole story; AssertionError when something is not as it must be."""

    def __init__(self, seed: int, folder: Path, *, impatient: bool = False, hasty: bool = False, lying: bool = False) -> None:
        """Tests of the tests plant a fault: answers leave before they are durable (`impatient`), effects are performed before they are
        (`hasty`), the disk says that it has what it has not (`lying`)."""
        self.chance = random.Random(seed)
        self.impatient = impatient
        self.hasty = hasty
        self.clock = Clock()
        self.plan = Plan(self.chance)
        self.plan.lying = lying
        self.model = Model()  # as of the last start
        self.changes: list[Change] = []  # since then
        self.now_ns = NOW
        self.performed: Counter[str] = Counter()
        self.done_at: dict[str, int] = {}  # what was performed, and the ticket with which the journal has learned it
        self._done: list[str] = []
        self._waiting: list[tuple[int, int, str]] = []  # effects: ticket, id, what
        self._numbers = 0
        self._folder = folder
        self._lives = 0
        self._open()

    # -- life ------------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        self._begin()
        for _ in range(self.chance.randint(1, MOST_LIVES)):
            self._live()
            self._start_again()
            self._look()
        self._settle()

    @property
    def _life_folder(self) -> Path:
        return self._folder / f"life{self._lives}"

    def _open(self) -> None:
        """Starts the gateway on what is there; CrashError when it does not get so far."""
        self.loop = Loop()
        self.hands: list[SimulatedHand] = []
        self._life_folder.mkdir(parents=True, exist_ok=True)
        self.disk = SimulatedDisk(self._life_folder, self.plan, self._folder / f"life{self._lives + 1}", self._held_up)
        self.storage = SqliteStorage(self._life_folder, connect=self.disk.connect, hand=self._hand)
        self.engine = Engine(_options(), self.storage, KINDS, seeded(self.chance.getrandbits(30)))
        self.engine.recover(self.now_ns)
        if not self._lives:
            self.disk.sync(DATABASE, LOG)
        self.storage.start(cast(asyncio.AbstractEventLoop, self.loop))
        options = ApiOptions(ALL_SECTIONS, "test", default_tenant=TENANT, default_timezone="UTC")
        rooms = {STORE: self.storage.cdrs, JOURNAL: self.storage.journal}
        self.api = Api(self, options, lambda: self.now_ns, rooms=rooms)
        self.caller = Caller(self.api)
        self.gate = Gate(self.storage.journal)

    def _hand(self, name: str) -> SimulatedHand:
        hand = SimulatedHand(name, self.clock)
        self.hands.append(hand)
        return hand

    def _held_up(self, seconds: float) -> None:
        """The disk is slow: whoever waits for it gives the word back."""
        for hand in self.hands:
            if hand.is_current:
                hand.held_up(seconds)

    def _begin(self) -> None:
        """A price, an action, and accounts with money; all of it durable."""
        self.step(PutItem("rating_plan", "RP", plan("RP", ("0", "0.2", SECOND, SECOND))))
        made = profile("any", "RP")
        self.step(PutItem("rating_profile", made.Id, made))
        for account in ACCOUNTS:
            self._top_up(account)
        self._until_quiet()

    @property
    def ticket(self) -> int:
        return self.engine.ticket

    def step(self, command: object, now_ns: int | None = None) -> Any:
        """The engine as the API has it."""
        try:
            return self.engine.step(command, self.now_ns, int(self.clock.seconds * SECOND))
        finally:
            self._gather()

    def _gather(self) -> None:
        """Takes what the step asked of the outside, and notes with which ticket the journal has learned what is done."""
        for effect_id, effect in self.engine.take_effects():
            self._waiting.append((self.engine.ticket, effect_id, _name(effect)))
        if self._done and not self.engine.has_done:
            self.done_at.update(dict.fromkeys(self._done, self.engine.ticket))
            self._done.clear()

    def _live(self) -> None:
        """Some time of work, with faults; it ends by a crash, wherever that may be."""
        if self.chance.random() < 0.6:
            self.plan.crash_in = self.chance.randint(1, 120)
        self.plan.power = self.chance.random() < 0.7
        self.plan.slow_seconds = self.chance.choice((0.0, 0.0, 0.05))
        with suppress(CrashError):
            for _ in range(self.chance.randint(5, MOST_TURNS)):
                self._turn()
                if self.disk.crashed:
                    return

    def _turn(self) -> None:
        roll = self.chance.random()
        if roll < 0.45:
            self._request()
        elif roll < 0.75:
            self._work()
        elif roll < 0.85:
            self.loop.run()
        elif roll < 0.9:
            self._perform()
        elif roll < 0.94:
            self.clock.seconds += self.chance.choice((0.01, 0.3, 2.0))
        elif roll < 0.96:
            self.plan.full = not self.plan.full and self.chance.random() < 0.5
            self.plan.failing = not self.plan.failing and self.chance.random() < 0.3
        elif roll < 0.98:
            self._prune()
        else:
            self.engine.journal_done()
            self._gather()

    def _work(self) -> None:
        """Lets one of those who work beside the loop go on."""
        ready = [hand for hand in self.hands if hand.ready]
        if ready:
            self.chance.choice(ready).go()
        self._look_at_hands()

    def _look_at_hands(self) -> None:
        for hand in self.hands:
            assert hand.fault is None, f"{hand.name} ended by {hand.fault!r}"

    def _prune(self) -> None:
        """Somebody asks that the journal be folded."""
        asked = self.storage.prune()
        with suppress(StorageError, StopIteration, RuntimeError):  # there is no loop to wait on
            asked.send(None)
        asked.close()

    # -- the end, and the next start -------------------------------------------------------------------------------------

    def _start_again(self) -> None:
        """Crashes, if that has not happened, and starts on what is left; a start may crash as well."""
        while True:
            self._bury()
            self.plan.full = self.plan.failing = False
            self.plan.crash_in = self.chance.randint(1, 40) if self.chance.random() < 0.2 else 0
            self.plan.slow_seconds = 0.0
            try:
                self._open()
            except CrashError:
                continue
            self.plan.crash_in = 0
            return

    def _bury(self) -> None:
        """Ends what is left of the process, and goes to the folder that the crash has left."""
        if not self.disk.crashed:
            self.disk.crash()
        for hand in self.hands:
            hand.crash()
        with suppress(StorageError, CrashError):
            asyncio.run(self.storage.close())
        self.disk.let_go()
        self._lives += 1

    def _look(self) -> None:
        """The state is the one after some step, and none that was acknowledged is missing."""
        ticket = self.storage.journal.last_ticket
        for change in self.changes:
            assert change.ticket <= ticket or not change.acknowledged, f"{change} was acknowledged, and the journal ends at {ticket}"
        self.model = after(self.model, self.changes, ticket)
        for change in self.changes:
            if change.asked and change.ticket > ticket:
                assert not self.performed[change.asked], f"{change.asked} was performed and is not durable"
        self.changes = []
        self._compare()
        self.done_at = {what: at for what, at in self.done_at.items() if at <= ticket}
        self._done, self._waiting = [], []
        self._gather()
        handed = sorted(what for _, _, what in self._waiting if what)
        assert handed == sorted(self.model.asked - self.done_at.keys()), f"handed out again: {handed}"
        self._verify()

    def _compare(self) -> None:
        """What the engine has in memory is what the model says."""
        now = self._now()
        found = {one.id.partition(":")[2]: _money(one) for one in self.engine.accounts.all()}
        assert found == now.balances, f"balances are {found}, not {now.balances}"
        used = {one.event.text("OriginID"): one.total_usage_ns() // SECOND for one in self.engine.sessions.life.registry.every()}
        assert used == now.sessions, f"sessions are {used}, not {now.sessions}"
        for origin, cost in now.records.items():
            record = self.storage.cdrs.find(_cgrid(origin), "*default")
            assert record is not None, f"there is no record of {origin}"
            assert record.cost_amount == cost, f"{origin} costs {record.cost_amount}, not {cost}"
        for origin, answer in now.answers.items():
            assert self.engine.repeated((origin.encode(),), 0) == answer, f"{origin} is not answered as before"
        assert len(self.engine.repetitions) == len(now.answers), "answers of requests that never were"
        for change in self.changes:
            assert change.ticket or not change.records, "what is recorded has a ticket"

    def _now(self) -> Model:
        return after(self.model, self.changes, self.engine.ticket)

    def _verify(self) -> None:
        found = verify_state(self._life_folder, lambda *_: None)
        assert not found.differences, found.differences

    @property
    def _at_rest(self) -> bool:
        journal = self.storage.journal
        return journal.accepting and journal.durable_ticket == journal.last_ticket

    def _until_quiet(self) -> None:
        """Lets all that is under way come to its end; the disk works."""
        self.plan.full = self.plan.failing = False
        for _ in range(10_000):
            self.loop.run()
            ready = [hand for hand in self.hands if hand.ready]
            if not ready and self._at_rest:
                break
            for hand in ready:
                hand.go()
            self.clock.seconds += 0.05
        else:
            raise AssertionError("it does not come to rest")
        self._look_at_hands()

    def _settle(self) -> None:
        """The end of the story: everything is durable, performed, and found again after a clean stop."""
        self._until_quiet()
        self._perform()
        self.engine.journal_done()
        self._gather()
        self._until_quiet()
        assert all(change.acknowledged for change in self.changes), "an answer never came"
        self._compare()
        missing = [what for what in self._now().asked if not self.performed[what]]
        assert not missing, f"never performed: {missing}"
        self._verify()
        asyncio.run(self.storage.close())

    def state(self) -> object:
        """What came of it, to compare."""
        return self._now(), self.performed, self.done_at, self.storage.journal.last_ticket, self._lives

    def end(self) -> None:
        """Lets go of everything, wherever the story stands."""
        self.disk.crashed = True
        for hand in self.hands:
            hand.crash()
        with suppress(StorageError, CrashError):
            asyncio.run(self.storage.close())
        self.disk.let_go()

    # -- what clients do -------------------------------------------------------------------------------------------------

    def _perform(self) -> None:
        """Does what the outside was asked for by steps that are durable."""
        durable = self.storage.journal.durable_ticket
        while self._waiting and (self._waiting[0][0] <= durable or self.hasty):
            _, effect_id, what = self._waiting.pop(0)
            self.engine.effect_done(effect_id)
            if what:
                self.performed[what] += 1
                self._done.append(what)

    def _request(self) -> None:
        if sum(not change.acknowledged for change in self.changes) >= IN_FLIGHT:
            return
        now, account = self._now(), self.chance.choice(ACCOUNTS)
        if account not in now.balances:
            self._top_up(account)
            return
        mine = [origin for origin in now.sessions if origin.endswith(account)]
        others = (self._debit, self._event, self._top_up, self._say, self._ask, self._begin_session)
        if not mine and self.chance.random() < 0.1:
            self._send(Change("remove", {account: None}), "APIerSv1.RemoveAccount", {"Account": account})
        elif mine and self.chance.random() < 0.5:
            self._go_on(self.chance.choice(mine), account, now)
        else:
            self.chance.choice(others)(account)

    def _send(self, change: Change, method: str, params: Mapping[str, object]) -> None:
        self._answered(change, lambda: self.caller(method, {"Tenant": TENANT, **params}))

    def _answered(self, change: Change, ask: Callable[[], object]) -> None:
        """Sends a request. Where the storage takes nothing it is refused whole; else its answer waits at the gate."""
        journal, before = self.storage.journal, self.engine.ticket
        accepting = journal.accepting
        result = ask()
        if not accepting:
            question = change.what == "ask" and before <= journal.durable_ticket
            assert question or result == ("error", UNAVAILABLE), f"{change.what} while the disk fails: {result}"
            assert self.engine.ticket == before, f"{change.what} was refused, and has changed something"
            self._compare()
            return
        assert not isinstance(result, tuple), f"{change.what}: {result}"
        ticket = self.engine.ticket
        assert (ticket > before) is (change.what != "ask"), f"{change.what} has {ticket - before} appends"
        change.ticket = ticket
        self.changes.append(change)
        answer = Answer(change)
        if self.impatient or self.gate.is_open(ticket):
            answer.deliver(b"")
        else:
            self.gate.hold(ticket, answer, b"")

    def _origin(self, account: str) -> str:
        self._numbers += 1
        return f"o{self._numbers}-{account}"

    def _seconds(self) -> int:
        return self.chance.randint(1, 3_000)

    def _top_up(self, account: str) -> None:
        money = self.chance.randint(10_000, 99_999)
        cash = {"Account": account, "BalanceType": "*monetary", "Value": money, "Balance": {"ID": "cash"}}
        self._send(Change("top up", {account: money * 10**9}), "APIerSv1.AddBalance", cash)

    def _debit(self, account: str) -> None:
        seconds = self._seconds()
        end = f"2026-04-07T10:{seconds // 60:02}:{seconds % 60:02}Z"
        call = {"Category": "call", "Subject": "any", "Destination": "49", "ToR": "*voice", "TimeStart": ANSWERED, "TimeEnd": end}
        self._send(Change("debit", {account: -seconds * PRICE}), "Responder.Debit", call | {"Account": account})

    def _event(self, account: str) -> None:
        origin, seconds = self._origin(account), self._seconds()
        change = Change("event", {account: -seconds * PRICE}, records={origin: seconds * PRICE})
        event = _fields(origin, account, seconds, "*postpaid")
        self._send(change, "CDRsV1.ProcessEvent", {"Flags": ["*rals"], "ID": origin, "Event": event})

    def _say(self, account: str) -> None:
        what = self._origin(account)
        command = RunActions(f"{TENANT}:{account}", "say", (act("*log", extra=what),))
        self._answered(Change("say", asked=what), lambda: self._command(command))

    def _command(self, command: object) -> object:
        """A command that no plain client can send."""
        try:
            self.api.step(command)
        except StorageUnavailable:
            return ("error", UNAVAILABLE)
        return None

    def _ask(self, account: str) -> None:
        self._send(Change("ask"), "APIerSv2.GetAccount", {"Account": account})

    def _begin_session(self, account: str) -> None:
        origin, seconds = self._origin(account), self._seconds()
        change = Change("begin", {account: -seconds * PRICE}, {origin: seconds})
        event = Event(TENANT, origin, _fields(origin, account, seconds, "*prepaid"), {})
        self._answered(change, lambda: self._command(InitiateSession(event, client="switch")))

    def _go_on(self, origin: str, account: str, now: Model) -> None:
        used, roll = now.sessions[origin], self.chance.random()
        if roll < 0.5:
            more = self._seconds()
            event = _fields(origin, account, more, "*prepaid")
            change = Change("update", {account: -more * PRICE}, {origin: used + more})
            self._send(change, "SessionSv1.UpdateSession", {"UpdateSession": True, "ID": origin, "Event": event})
        elif roll < 0.6:
            end = self.chance.randint(0, used + 100)
            change = Change("whole", {account: (used - end) * PRICE}, {origin: None}, {origin: end * PRICE})
            change.answers[origin] = b"%d" % end
            whole = Event(TENANT, origin, _fields(origin, account, end, "*prepaid"), {})
            self._answered(change, lambda: self._whole(whole, origin, change.answers[origin]))
        elif roll < 0.75:
            end = self.chance.randint(0, used + 100)
            event = _fields(origin, account, end, "*prepaid")
            change = Change("end", {account: (used - end) * PRICE}, {origin: None})
            self._send(change, "SessionSv1.TerminateSession", {"TerminateSession": True, "ID": origin, "Event": event})
        else:
            change = Change("disconnect", {}, {origin: None}, {origin: used * PRICE}, f"end {origin}")
            wanted = {"Filters": [f"*string:~*req.OriginID:{origin}"], "Event": {}}
            self._send(change, "SessionSv1.ForceDisconnect", wanted)

    def _whole(self, event: Event, origin: str, answer: bytes) -> object:
        """The end of a session, its record and the answer, as one request."""
        self.engine.hold()
        try:
            for command in (TerminateSession(event), ProcessSessionCdr(event.copy())):
                self.engine.step(command, self.now_ns, int(self.clock.seconds * SECOND))
        except StorageUnavailable:
            answer = b""
            return ("error", UNAVAILABLE)
        finally:
            self.engine.release((origin.encode(),), answer, self.now_ns)
            self._gather()
        return None


# -- words ---------------------------------------------------------------------------------------------------------------


def _options() -> EngineOptions:
    return EngineOptions(
        rating=RatingOptions(exact=True, rounding_decimals=5),
        default_steps={"*voice": SECOND, "*any": 1},
        sessions=SessionOptions(connected=frozenset({"cdrs"})),
        default_tenant=TENANT,
        zone=UTC_ZONE,
    )


def _fields(origin: str, account: str, seconds: int, request_type: str) -> dict[str, object]:
    names = {"OriginID": origin, "OriginHost": "sw", "ToR": "*voice", "Category": "call", "Account": account, "Subject": "any"}
    times = {"SetupTime": ANSWERED, "AnswerTime": ANSWERED, "Usage": f"{seconds}s"}
    return {**names, **times, "Destination": "49", "RequestType": request_type}


def _cgrid(origin: str) -> str:
    return origin_cgrid(origin, "sw")


def _money(account: Account) -> int:
    return sum(balance.value for balance in (account.balances or {}).get("*monetary", ()))


def _name(effect: Effect) -> str:
    """What an effect asks for, as the model calls it; it does not know what is told with every top-up."""
    if isinstance(effect, PublishAccount):
        return ""
    if isinstance(effect, DisconnectSession):
        return f"end {effect.event['OriginID']}"
    assert isinstance(effect, LogAction), effect
    return effect.text
