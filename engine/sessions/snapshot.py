"""A session as the journal keeps it, so that it goes on after a restart with the next event.

A body is a head of 11 octets: what it is (open, ended, passive, or a tombstone), the instant of its next moment or of its forgetting (ns
since 1970, 8 octets), how many runs it has (2 octets). Then parts of JSON, each after its length in 4 octets: the session, and for each run
what it cost (empty for nothing), which stays as it is until somebody asks. JSON keeps the values of an event as they came, numbers by
their digits.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from engine.event import Event
from engine.money import Ratio
from engine.rating.call import Call
from engine.rating.cost import EventCost
from engine.sessions.session import NEVER, Run, Session
from engine.times import Zone, fixed_zone, zone_of

OPEN: Final = b"o"
ENDED: Final = b"e"  # its record may still come
PASSIVE: Final = b"p"  # a copy of another engine's
TOMBSTONE: Final = b"t"  # the engine ended it: its switch's end costs nothing
_HEAD: Final = 11
_MOST_RUNS: Final = 0xFFFF

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(list[Any], float_hook=Decimal)


class Head:
    """What is known of a body without reading all of it."""

    kind: bytes
    due_at: int
    runs: int

    def __init__(self, kind: bytes, due_at: int, runs: int) -> None:
        self.kind = kind
        self.due_at = due_at
        self.runs = runs


def read_head(body: bytes) -> Head:
    """The head of a body that `encode_session` or `encode_tombstone` wrote."""
    return Head(body[:1], int.from_bytes(body[1:9], "big", signed=True), int.from_bytes(body[9:_HEAD], "big"))


def _head(kind: bytes, due_at: int, runs: int) -> bytes:
    return kind + min(due_at, NEVER).to_bytes(8, "big", signed=True) + min(runs, _MOST_RUNS).to_bytes(2, "big")


def encode_tombstone(until_ns: int) -> bytes:
    """A session that is over, and known for that until then."""
    return _head(TOMBSTONE, until_ns, 0)


def encode_session(session: Session, kind: bytes = OPEN, until_ns: int = 0) -> bytes:
    """All of a session that its next event needs; an ended one is kept until `until_ns`."""
    lifetime = session.lifetime
    written = [
        session.tenant,
        _event(session.event),
        [_run(run) for run in session.runs],
        [session.begun_at, session.updated_at, session.expires_at, session.debit_interval_ns],
        [lifetime.ttl_ns, lifetime.max_delay_ns, lifetime.last_used_ns, lifetime.last_usage_ns, lifetime.usage_ns],
        session.client,
        session.chargeable,
        session.failed,
        [session.ending, session.ending_extra_ns],
    ]
    parts = [_head(kind, until_ns or session.due_at(), len(session.runs))]
    _add_part(parts, _ENCODER.encode(written))
    for run in session.runs:
        _add_part(parts, run.cost_body())
    return b"".join(parts)


def _add_part(parts: list[bytes], part: bytes) -> None:
    parts.append(len(part).to_bytes(4, "big"))
    parts.append(part)


def _parts(body: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = _HEAD
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        found.append(body[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def decode_session(cgrid: str, body: bytes, ticks_ahead_ns: int) -> Session:
    """The session that `encode_session` wrote. `ticks_ahead_ns` is what the clock that only runs forward shows more than the wall."""
    parts = _parts(body)
    tenant, event, runs, times, lifetime, client, chargeable, failed, ending = _DECODER.decode(parts[0])
    begun, updated, expires, interval_ns = times
    session = Session(cgrid, tenant, _read_event(event), begun)
    session.client = client
    session.runs = [_read_run(run, parts[number], ticks_ahead_ns) for number, run in enumerate(runs, 1)]
    session.updated_at = updated
    session.expires_at = expires
    session.expires_ticks = _ticks(expires, ticks_ahead_ns)
    session.debit_interval_ns = interval_ns
    held = session.lifetime
    held.ttl_ns, held.max_delay_ns, held.last_used_ns, held.last_usage_ns, held.usage_ns = lifetime
    session.chargeable = chargeable
    session.failed = failed
    session.ending, session.ending_extra_ns = ending
    return session


def _ticks(at_ns: int, ticks_ahead_ns: int) -> int:
    return NEVER if at_ns >= NEVER else at_ns + ticks_ahead_ns


def _event(event: Event) -> list[object]:
    fields = {name: value for name, value in event.fields.items() if not isinstance(value, EventCost)}
    return [event.tenant, event.id, fields, event.options, event.at_ns]


def _read_event(data: list[Any]) -> Event:
    return Event(*data)


def _run(run: Run) -> list[object]:
    return [
        run.id,
        _event(run.event),
        run.request_type,
        _call(run.call),
        [run.reserve_ns, run.last_usage_ns, run.total_usage_ns, run.loop_at],
        run.stop_reason,
        run.short,
    ]


def _read_run(data: list[Any], cost: bytes, ticks_ahead_ns: int) -> Run:
    run_id, event, request_type, call, (reserve_ns, last_ns, total_ns, loop_at), reason, short = data
    run = Run(run_id, _read_event(event), request_type, _read_call(call))
    run.reserve_ns = reserve_ns
    run.last_usage_ns = last_ns
    run.total_usage_ns = total_ns
    run.loop_at = loop_at
    run.loop_ticks = _ticks(loop_at, ticks_ahead_ns)
    run.stop_reason = reason
    run.short = short
    run.set_cost_body(cost)
    return run


def _call(call: Call) -> list[object]:
    return [
        [call.tenant, call.category, call.subject, call.account, call.destination, call.tor, call.cgrid, call.run_id, call.factor_id],
        [call.start_ns, call.end_ns, call.duration_index_ns, call.loop_index, call.max_cost_so_far],
        _zone(call.zone, call.start_ns),
        None if call.run_price is None else [call.run_price.num, call.run_price.den],
        [call.run_step_ns, call.run_length, call.force_duration],
    ]


def _read_call(data: list[Any]) -> Call:
    names, (start, end, index_ns, loop_index, so_far), zone, price, (step_ns, length, forced) = data
    clock = zone_of(zone) if isinstance(zone, str) else fixed_zone(zone)
    call = Call(names[0], names[1], names[2], names[3], names[4], names[5], start, end, clock)
    call.cgrid, call.run_id, call.factor_id = names[6], names[7], names[8]
    call.duration_index_ns = index_ns
    call.loop_index = loop_index
    call.max_cost_so_far = so_far
    call.run_price = None if price is None else Ratio(price[0], price[1])
    call.run_step_ns = step_ns
    call.run_length = length
    call.force_duration = forced
    return call


def _zone(zone: Zone, at_ns: int) -> object:
    """A named zone by its name, a fixed one by its offset in seconds."""
    return zone.offset_at(at_ns) if zone.name[:1] in "+-" else zone.name
