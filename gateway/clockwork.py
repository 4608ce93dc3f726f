"""What moves the engine between requests: the clocks, the one timer, and what follows a step outside of it.

Two clocks. The wall clock (`now`, ns since 1970) dates records and tariffs, and runs what operators planned for a time of day. The
monotonic clock (`ticks`, ns since some instant) runs intervals: debits of loops, times to live. So a wall clock that is set neither
starts a debit too early nor leaves one out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from decimal import Decimal
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
    ReplicateSession,
    RestoreAccount,
    SessionEnded,
    WarnDisconnect,
)
from engine.errors import RequestError, StorageUnavailable
from engine.rating.cost import EventCost
from engine.storage.ports import CdrStore, StorageRefused
from engine.storage.query import CdrOrder, CdrQuery
from engine.times import SECOND
from gateway.api.clients import Callbacks, Clients
from gateway.limits import LONGEST_SLEEP_SECONDS, MAX_RESTORES, RETRY_SECONDS

log: Final = logging.getLogger(__name__)

clock: Final[Callable[[], int]] = time.time_ns
_DETAILS: Final = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)
ticks: Final[Callable[[], int]] = time.monotonic_ns


class Clockwork:
    """The engine as the API sees it, with what follows a step: the one timer set anew, effects performed when they are durable."""

    engine: Engine
    callbacks: Callbacks

    def __init__(self, engine: Engine, clients: Clients, attempts: int) -> None:
        """`clients` are told what sessions ask of them, `attempts` times until it works."""
        self.engine = engine
        self.callbacks = Callbacks(clients, lambda command: self.step(command, clock()), attempts)
        self._restores = Restores(engine.storage.cdrs, lambda command: self.step(command, clock()))
        self._effects: deque[tuple[int, list[Effect]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._wake_at: int | None = None
        self._wake_ticks: int | None = None
        self._stopped = True

    @property
    def ticket(self) -> int:
        """See `EngineDoor`."""
        return self.engine.ticket

    def step(self, command: object, now_ns: int) -> object:
        """See `EngineDoor`."""
        try:
            return self.engine.step(command, now_ns, ticks())
        finally:
            self._follow(now_ns)

    def start(self) -> None:
        """What is due is done from now on."""
        self._stopped = False
        self.engine.journal.subscribe(self._perform)
        self._follow(clock())

    def stop(self) -> None:
        """Nothing is done by itself any more."""
        self._stopped = True
        self._disarm()
        self.callbacks.stop()
        self._restores.stop()

    def _follow(self, now_ns: int) -> None:
        effects = self.engine.take_effects()
        if effects:
            self._effects.append((self.engine.ticket, effects))
            self._perform(self.engine.journal.durable_ticket)
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

    def _perform(self, durable_ticket: int) -> None:
        """Does what the outside was asked for by steps that are on disk."""
        while self._effects and self._effects[0][0] <= durable_ticket:
            for effect in self._effects.popleft()[1]:
                self._perform_one(effect)

    def _perform_one(self, effect: Effect) -> None:
        if isinstance(effect, DisconnectSession | WarnDisconnect | AskActiveSessions | SessionEnded | ReplicateSession | AskSessions):
            self.callbacks.perform(effect)
        elif isinstance(effect, RestoreAccount):
            self._restores.begin(effect)
        else:
            perform(effect)


class Restores:
    """`*reset_account_cdr`: looks up an account's last rated record, and has the engine restore the balances that it shows."""

    def __init__(self, cdrs: CdrStore, step: Callable[[object], object]) -> None:
        self._cdrs = cdrs
        self._step = step
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, effect: RestoreAccount) -> None:
        """Does it in a task of its own; at most MAX_RESTORES at a time, more are refused and said so."""
        if len(self._tasks) >= MAX_RESTORES:
            self._failed(effect, "too many accounts are being restored")
            return
        task = asyncio.get_running_loop().create_task(self._restore(effect))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """What is under way is dropped."""
        for task in self._tasks:
            task.cancel()

    async def _restore(self, effect: RestoreAccount) -> None:
        tenant, _, name = effect.account_id.partition(":")
        wanted = CdrQuery(tenants=(tenant,), accounts=(name,), min_cost=0, order_by=CdrOrder.ORDER_ID, descending=True, limit=1)
        try:
            found = await self._cdrs.query(wanted)
            summary = EventCost.from_data(_DETAILS.decode(found[0].cost_details)).summary if found and found[0].cost_details else None
            if summary is None or f"{summary.tenant}:{summary.account}" != effect.account_id:
                self._failed(effect, "no rated record shows the account's balances")
                return
            self._step(RestoreBalances(effect.account_id, effect.actions_id, summary.balances))
        except (RequestError, StorageUnavailable, StorageRefused, ValueError, msgspec.MsgspecError) as error:
            self._failed(effect, str(error))

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
