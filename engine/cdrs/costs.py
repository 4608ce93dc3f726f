"""What sessions cost, kept apart until their records come and fetch it (sessions.store_session_costs, CDRsV1.StoreSessionCost).

A cost is fetched once: a record that has it carries it from then on. Until then it is durable, as one item a run in the journal.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from engine.limits import MAX_SESSION_COSTS
from engine.parts import read_amount, split_amount
from engine.rating.cost import EventCost
from engine.rating.packing import pack_cost, unpack_cost
from engine.records import ItemPut, ItemRemoved, Record

SESSION_COST: Final = "session_cost"  # the journal's kind of item
_EXPIRED_AT_ONCE: Final = 16

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Any])


class SessionCost:
    """The cost of one run of a session that is over. `usage_ns` is what the session lasted."""

    cgrid: str
    run_id: str
    origin_host: str
    origin_id: str
    cost_source: str
    usage_ns: int
    details: EventCost

    def __init__(
        self, cgrid: str, run_id: str, origin_host: str, origin_id: str, cost_source: str, usage_ns: int, details: EventCost
    ) -> None:
        self.cgrid = cgrid
        self.run_id = run_id
        self.origin_host = origin_host
        self.origin_id = origin_id
        self.cost_source = cost_source
        self.usage_ns = usage_ns
        self.details = details


class SessionCosts:
    """All costs that wait, at most MAX_SESSION_COSTS and none longer than `ttl_ns`: beyond it the oldest goes."""

    ttl_ns: int
    records: list[Record]
    _bodies: dict[str, tuple[int, bytes]]

    def __init__(self, ttl_ns: int, records: list[Record]) -> None:
        """`records` takes what is to be journaled."""
        self.ttl_ns = ttl_ns
        self.records = records
        self._bodies = {}

    def __len__(self) -> int:
        return len(self._bodies)

    def has(self, cgrid: str, run_id: str) -> bool:
        """Whether a cost of this run waits."""
        return _key(cgrid, run_id) in self._bodies

    def put(self, cost: SessionCost, now_ns: int) -> None:
        """Keeps the cost, in place of one that waits already."""
        key = _key(cost.cgrid, cost.run_id)
        details = pack_cost(cost.details, cost.cgrid, cost.run_id)
        names = [cost.cgrid, cost.run_id, cost.origin_host, cost.origin_id, cost.cost_source]
        body = _ENCODER.encode([names, split_amount(cost.usage_ns), split_amount(now_ns), details])
        self._bodies.pop(key, None)
        self._bodies[key] = (now_ns, body)
        self.records.append(ItemPut(SESSION_COST, key, body))
        self._drop_old(now_ns)

    def take(self, cgrid: str, run_id: str) -> SessionCost | None:
        """The cost of this run, which waits no more; None without one."""
        key = _key(cgrid, run_id)
        found = self._bodies.pop(key, None)
        if found is None:
            return None
        self.records.append(ItemRemoved(SESSION_COST, key))
        (cgrid, run_id, host, origin_id, source), usage, _, details = _DECODER.decode(found[1])
        return SessionCost(cgrid, run_id, host, origin_id, source, read_amount(usage), unpack_cost(details, cgrid, run_id))

    def drop(self, cgrid: str, run_id: str) -> None:
        """The record of this run carries what it cost: that waits no more."""
        if self._bodies and self._bodies.pop(_key(cgrid, run_id), None) is not None:
            self.records.append(ItemRemoved(SESSION_COST, _key(cgrid, run_id)))

    def restore(self, key: str, body: bytes | None) -> None:
        """Takes up what the journal says: a cost, or None for one that was fetched."""
        self._bodies.pop(key, None)
        if body is not None:
            self._bodies[key] = (read_amount(_DECODER.decode(body)[2]), body)

    def _drop_old(self, now_ns: int) -> None:
        for key in [key for key, _ in zip(self._bodies, range(_EXPIRED_AT_ONCE), strict=False)]:
            if len(self._bodies) > MAX_SESSION_COSTS or self._bodies[key][0] + self.ttl_ns <= now_ns:
                del self._bodies[key]
                self.records.append(ItemRemoved(SESSION_COST, key))


def _key(cgrid: str, run_id: str) -> str:
    return f"{cgrid}:{run_id}"
