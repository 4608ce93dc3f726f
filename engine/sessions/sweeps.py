"""Clients that began anew: their open sessions are ended, some in each step, until none is left.

What is under way lies in the journal as one item for each client, so that a restart goes on with it. A session that begins meanwhile is not
meant, also where it has the name of one that is: then that one ends first.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from engine.errors import server_error
from engine.event import field_text
from engine.limits import MAX_SWEEPS, SESSIONS_PER_STEP
from engine.parts import read_amount, split_amount
from engine.records import ItemPut, ItemRemoved, Record
from engine.sessions.commands import EndSessionsOf
from engine.sessions.life import Life
from engine.sessions.session import Session

SWEEP: Final = "session_sweep"  # the journal's kind of item

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Any])


class Sweep:
    """One client's. `left` are the CGRIDs that are still to be looked at, the next one last; None before the first look."""

    tenant: str
    name: str
    value: str
    before_ns: int
    reason: str
    left: list[str] | None

    def __init__(self, tenant: str, name: str, value: str, before_ns: int, reason: str) -> None:
        self.tenant = tenant
        self.name = name
        self.value = value
        self.before_ns = before_ns
        self.reason = reason
        self.left = None

    def means(self, session: Session) -> bool:
        """Whether it ends this session."""
        if session.begun_at >= self.before_ns or session.tenant != self.tenant:
            return False
        return any(field_text(run.event.fields.get(self.name)) == self.value for run in session.runs)


class Sweeps:
    """All that are under way, at most MAX_SWEEPS, by client."""

    life: Life
    records: list[Record]
    _sweeps: dict[str, Sweep]

    def __init__(self, life: Life) -> None:
        self.life = life
        self.records = []
        self._sweeps = {}

    def __len__(self) -> int:
        return len(self._sweeps)

    @property
    def under_way(self) -> bool:
        """Whether sessions are still to be ended."""
        return bool(self._sweeps)

    def begin(self, command: EndSessionsOf, now_ns: int) -> object:
        """See EndSessionsOf."""
        if command.name not in self.life.registry.indexed:
            raise server_error(f"sessions are not found by {command.name}: sessions.session_indexes lacks it")
        sweep = Sweep(command.tenant, command.name, command.value, command.before_ns, command.reason)
        id = f"{command.tenant}:{command.name}:{command.value}"
        known = self._sweeps.get(id)
        if known is not None:
            sweep.before_ns = max(sweep.before_ns, known.before_ns)
        elif len(self._sweeps) >= MAX_SWEEPS:
            raise server_error("too many clients began anew, try again later")
        self._sweeps[id] = sweep
        names = [sweep.tenant, sweep.name, sweep.value, split_amount(sweep.before_ns), sweep.reason]
        self.records.append(ItemPut(SWEEP, id, _ENCODER.encode(names)))
        self.run(now_ns)
        return None

    def run(self, now_ns: int) -> None:
        """Ends some sessions of the first client. Those that a start has not made ready yet are waited for."""
        if not self._sweeps or self.life.registry.has_sleepers:
            return
        id = next(iter(self._sweeps))
        sweep = self._sweeps[id]
        if sweep.left is None:
            sweep.left = list(self.life.registry.named(sweep.name, sweep.value))
            sweep.left.reverse()
        for _ in range(min(SESSIONS_PER_STEP, len(sweep.left))):
            session = self.life.registry.get(sweep.left.pop())
            if session is not None and sweep.means(session):
                self._end(session, sweep, now_ns)
        if not sweep.left:
            del self._sweeps[id]
            self.records.append(ItemRemoved(SWEEP, id))

    def end(self, session: Session, now_ns: int) -> bool:
        """Ends a session now that is among those to be ended; answers whether it was."""
        for sweep in self._sweeps.values():
            if sweep.means(session):
                self._end(session, sweep, now_ns)
                return True
        return False

    def _end(self, session: Session, sweep: Sweep, now_ns: int) -> None:
        self.life.force_end(session, sweep.reason, now_ns, told=True, final=True)

    # -- the journal ---------------------------------------------------------------------------------------------------------

    def take_records(self) -> list[Record]:
        """What the step changed, for the journal."""
        records, self.records = self.records, []
        return records

    def restore(self, id: str, body: bytes | None) -> None:
        """Takes up what the journal says: sessions that are to be ended, or None when all are."""
        self._sweeps.pop(id, None)
        if body is not None:
            tenant, name, value, before, reason = _DECODER.decode(body)
            self._sweeps[id] = Sweep(tenant, name, value, read_amount(before), reason)
