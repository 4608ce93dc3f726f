"""What moves the engine between requests: the clocks, the one timer, and what follows a step outside of it.

Two clocks. The wall clock (`now`, ns since 1970) dates records and tariffs, and runs what operators planned for a time of day. The
monotonic clock (`ticks`, ns since some instant) runs intervals: debits of loops, times to live. So a wall clock that is set neither
starts a debit too early nor leaves one out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, assert_never

import msgspec

from engine.commands import ReloadSchedule, RestoreBalances
from engine.door import Engine
from engine.effects import (
    ActionsFailed,
    AskActiveSessions,
    AskSessions,
    DisconnectSession,
    Effect,
    LogAction,
    OutsideAction,
    PublishAccount,
    ReauthorizeSession,
    ReplicateSession,
    RestoreAccount,
    SessionEnded,
    WarnDisconnect,
)
from engine.errors import RequestError, StorageUnavailable
from engine.rating.packing import unpack_cost
from engine.records import CdrPut
from engine.storage.ports import CdrStore, StorageRefused
from engine.storage.query import CdrOrder, CdrQuery
from engine.times import SECOND
from gateway.api.clients import Callbacks, Clients, Performer, when_stored
from gateway.limits import DONE_SECONDS, LONGEST_SLEEP_SECONDS, MAX_RESTORES, MAX_WAITING_EFFECTS, RETRY_SECONDS
from gateway.observe.log import line_writer

log: Final = logging.getLogger(__name__)

clock: Final[Callable[[], int]] = time.time_ns
ticks: Final[Callable[[], int]] = time.monotonic_ns


class Clockwork:
    """The engine as the API sees it, with what follows a step: the one timer set anew, effects performed when they are durable."""

    engine: Engine
    callbacks: Callbacks

    def __init__(self, engine: Engine, clients: Clients, attempts: int) -> None:
        """`clients` are told what sessions ask of them, `attempts` times until it works."""
        self.engine = engine
        effects = Effects(self)
        self.callbacks = Callbacks(clients, effects, attempts)
        self._restores = Restores(engine.storage.cdrs, effects)
        self._effects = effects
        self._timer: asyncio.TimerHandle | None = None
        self._wake_at: int | None = None
        self._wake_ticks: int | None = None
        self._stopped = True
        self._held = False

    @property
    def ticket(self) -> int:
        """See `EngineDoor`."""
        return self.engine.ticket

    @property
    def effects_waiting(self) -> int:
        """What the outside is still to be told."""
        return len(self._effects)

    @property
    def effects_under_way(self) -> int:
        """What it is being told."""
        return self.callbacks.under_way + self._restores.under_way

    def step(self, command: object, now_ns: int) -> object:
        """See `EngineDoor`."""
        try:
            return self.engine.step(command, now_ns, ticks())
        finally:
            if not self._held:
                self._follow(now_ns)

    def hold(self, request: Callable[[], bytes] | None = None) -> None:
        """The steps from here on are one request (Engine.hold)."""
        self._held = True
        self.engine.hold(request)

    def release(self, keys: Sequence[bytes], answer: bytes, now_ns: int) -> None:
        """Ends what `hold` began (Engine.release)."""
        self._held = False
        try:
            self.engine.release(keys, answer, now_ns)
        finally:
            self._follow(now_ns)

    def repeated(self, keys: Sequence[bytes], now_ns: int) -> bytes | None:
        """See `Engine.repeated`."""
        return self.engine.repeated(keys, now_ns)

    def finish(self, effect_id: int, command: object, now_ns: int) -> object:
        """A step that completes an effect (Engine.finish)."""
        try:
            return self.engine.finish(effect_id, command, now_ns, ticks())
        finally:
            self._follow(now_ns)

    def start(self) -> None:
        """What is due is done from now on."""
        self._stopped = False
        self.callbacks.start()
        self.engine.journal.subscribe(self._effects.perform)
        self._effects.start()
        self._follow(clock())

    def stop(self) -> None:
        """Nothing is done by itself any more."""
        self._stopped = True
        self._disarm()
        self._effects.stop()
        self.callbacks.stop()
        self._restores.stop()

    def perform(self, effect_id: int, effect: Effect) -> bool:
        """Begins to perform an effect; False when too many are under way."""
        if isinstance(
            effect,
            DisconnectSession | WarnDisconnect | AskActiveSessions | SessionEnded | ReplicateSession | AskSessions | ReauthorizeSession,
        ):
            if not self.callbacks.has_room:
                return False
            self.callbacks.perform(effect_id, effect)
        elif isinstance(effect, RestoreAccount):
            if not self._restores.has_room:
                return False
            self._restores.begin(effect_id, effect)
        elif isinstance(effect, PublishAccount):
            perform(effect)
            self.engine.effect_done(effect_id)
        else:
            perform(effect)
            self._effects.done_when_written(effect_id)
        return True

    def _follow(self, now_ns: int) -> None:
        effects = self.engine.take_effects()
        if effects:
            self._effects.add(self.engine.ticket, effects)
        wake_at, wake_ticks = self.engine.wake_at(now_ns), self.engine.wake_ticks()
        if wake_at != self._wake_at or wake_ticks != self._wake_ticks:
            self._wake_at, self._wake_ticks = wake_at, wake_ticks
            waits = [] if wake_at is None else [wake_at - now_ns]
            if wake_ticks is not None:
                waits.append(wake_ticks - ticks())
            self._arm(min(waits) if waits else None)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, wait_ns: int | None) -> None:
        self._disarm()
        if wait_ns is not None and not self._stopped:
            seconds = min(max(wait_ns, 0) / SECOND, LONGEST_SLEEP_SECONDS)
            self._timer = asyncio.get_running_loop().call_later(seconds, self._wake)

    def _wake(self) -> None:
        """The clock may have been set meanwhile: only what is due by it is done, and the next sleep is reckoned anew."""
        now_ns, self._timer, self._wake_at, self._wake_ticks = clock(), None, None, None
        try:
            self.engine.wake(now_ns, ticks())
        except StorageUnavailable:  # it is tried again
            log.warning("what is due has to wait", extra={"reason": "storage unavailable"})
            self._arm(RETRY_SECONDS * SECOND)
        except Exception:
            log.exception("what is due could not be done")
            self._arm(RETRY_SECONDS * SECOND)
        else:
            self._follow(now_ns)


class Effects:
    """Effects on their way: they wait until they are durable and there is room, are performed in their order, and the journal learns
    which are done. What it has not learned comes again after the next start.

    In memory are at most MAX_WAITING_EFFECTS: what comes beyond them is left to the next start as well, and said so.
    """

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self._engine = clockwork.engine
        self._waiting: deque[tuple[int, int, Effect]] = deque()  # (ticket, id, effect)
        self._timer: asyncio.TimerHandle | None = None
        self._running = False
        self._performing = False
        self._crowded = False

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self) -> None:
        """They are performed from now on."""
        self._running = True
        self._perform()

    def stop(self) -> None:
        """None is begun any more; those that are done are journaled as such."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
        self._engine.journal_done()

    def add(self, ticket: int, effects: Sequence[tuple[int, Effect]]) -> None:
        """Takes what steps asked for, to be performed when the ticket is durable."""
        room = max(0, MAX_WAITING_EFFECTS - len(self._waiting))
        crowded = len(effects) > room
        if crowded and not self._crowded:
            log.error("too many effects wait: the latest are left to the next start", extra={"waiting": len(self._waiting)})
        self._crowded = crowded
        self._waiting.extend((ticket, effect_id, effect) for effect_id, effect in effects[:room])
        self._perform()

    def perform(self, durable_ticket: int) -> None:
        """The journal has come further."""
        if self._waiting and self._waiting[0][0] <= durable_ticket:
            self._perform()

    def _perform(self) -> None:
        if self._performing:
            return
        self._performing = True
        durable_ticket, waiting = self._engine.journal.durable_ticket, self._waiting
        try:
            while self._running and waiting and waiting[0][0] <= durable_ticket:
                if not self._clockwork.perform(waiting[0][1], waiting[0][2]):
                    break  # what is under way comes back here when it is done
                waiting.popleft()
        finally:
            self._performing = False
        self._journal_soon()

    def _journal_soon(self) -> None:
        if self._timer is None and self._running and self._engine.has_done:
            self._timer = asyncio.get_running_loop().call_later(DONE_SECONDS, self._journal)

    def _journal(self) -> None:
        self._timer = None
        if not self._engine.journal_done():
            self._journal_soon()

    def done_when_written(self, effect_id: int) -> None:
        """An effect that is a line of the log is done when the line is out of the process, not when it waits to be written."""
        writer = line_writer()
        if writer is None:
            self._engine.effect_done(effect_id)
            return
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: the line comes again after the next start
                loop.call_soon_threadsafe(self.done, effect_id)

        writer.when_written(tell)

    # -- for those who perform (gateway.api.clients.Performer) ---------------------------------------------------------

    def step(self, command: object) -> object:
        """See `Performer`."""
        return self._clockwork.step(command, clock())

    def finish(self, effect_id: int, command: object) -> object:
        """See `Performer`."""
        return self._clockwork.finish(effect_id, command, clock())

    def done(self, effect_id: int) -> None:
        """See `Performer`."""
        self._engine.effect_done(effect_id)
        self._perform()


class Restores:
    """`*reset_account_cdr`: looks up an account's last rated record, and has the engine restore the balances that it shows."""

    def __init__(self, cdrs: CdrStore, performer: Performer) -> None:
        self._cdrs = cdrs
        self._performer = performer
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        """How many are being restored."""
        return len(self._tasks)

    @property
    def has_room(self) -> bool:
        """Whether another one can begin: at most MAX_RESTORES at a time."""
        return len(self._tasks) < MAX_RESTORES

    def begin(self, effect_id: int, effect: RestoreAccount) -> None:
        """Does it in a task of its own."""
        task = asyncio.get_running_loop().create_task(self._restore(effect_id, effect))
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._ended(effect_id, task))

    def _ended(self, effect_id: int, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._performer.done(effect_id)

    def stop(self) -> None:
        """What is under way is dropped."""
        for task in self._tasks:
            task.cancel()

    async def _restore(self, effect_id: int, effect: RestoreAccount) -> None:
        tenant, _, name = effect.account_id.partition(":")
        wanted = CdrQuery(tenants=(tenant,), accounts=(name,), min_cost=0, order_by=CdrOrder.ORDER_ID, descending=True, limit=1)
        try:
            found = await self._found(wanted)
            last = found[0] if found and found[0].cost_details else None
            summary = None if last is None else unpack_cost(last.cost_details, last.cgrid, last.run_id).summary
            if summary is None or f"{summary.tenant}:{summary.account}" != effect.account_id:
                self._failed(effect, "no rated record shows the account's balances")
                return
            command = RestoreBalances(effect.account_id, effect.actions_id, summary.balances)
            await when_stored(lambda: self._performer.finish(effect_id, command))
        except (RequestError, ValueError, msgspec.MsgspecError) as error:
            self._failed(effect, str(error))

    async def _found(self, wanted: CdrQuery) -> list[CdrPut]:
        """What the store has; while it cannot be asked it is asked again and again."""
        while True:
            try:
                return await self._cdrs.query(wanted)
            except StorageRefused:
                await asyncio.sleep(RETRY_SECONDS)

    def _failed(self, effect: RestoreAccount, reason: str) -> None:
        fields = {"account": effect.account_id, "actions": effect.actions_id, "trigger": "", "reason": reason}
        log.warning("actions failed", extra=fields)


def perform(effect: LogAction | ActionsFailed | PublishAccount | OutsideAction) -> None:
    """Does what the engine asks of the outside, as far as this build can; says so where it cannot."""
    match effect:
        case LogAction():
            log.info("action", extra={"account": effect.account_id, "actions": effect.actions_id, "text": effect.text})
        case ActionsFailed():
            fields = {"account": effect.account_id, "actions": effect.actions_id, "trigger": effect.trigger_id, "reason": effect.text}
            log.warning("actions failed", extra=fields)
        case PublishAccount():
            log.debug("account not published: no thresholds or stats in this build", extra={"account": effect.account_id})
        case OutsideAction():
            fields = {"kind": effect.kind, "account": effect.account_id, "actions": effect.actions_id}
            log.warning("action needs a service that this build does not have", extra=fields)
        case _:
            assert_never(effect)


class Scheduler:
    """The switch of what the engine does by itself at given times (ServiceManagerV1)."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self._schedule = clockwork.engine.actions.schedule

    @property
    def running(self) -> bool:
        """See `SchedulerSwitch`."""
        return self._schedule.enabled

    def start(self) -> None:
        """See `SchedulerSwitch`."""
        self._schedule.enabled = True
        self._clockwork.step(ReloadSchedule(), clock())

    def stop(self) -> None:
        """See `SchedulerSwitch`."""
        self._schedule.enabled = False
