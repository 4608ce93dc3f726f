"""A session as the journal keeps it, so that it goes on after a restart with the next event.

Two keys a session. What stays as it is from its begin to its end (its event, its runs' events, who it is) is written when it begins, and
again when it changed: one octet and JSON, which keeps the values of an event as they came, numbers by their digits. What moves with each
event is written at each event, whole: a head of 11 octets (what it is now: open, ended, buried or passive; the instant of its next moment
or of its forgetting, ns since 1970, 8 octets; how many runs it has, 2 octets), then a msgpack array with the numbers of the session, the
fields of its event that changed since it was written, for each run its numbers and what it cost, packed, and what its client reported
that it used, where it did. A cost stays packed until somebody asks.

A tombstone is a head alone. In older files the two were one: a head, then parts of JSON, each after its length in 4 octets: the session,
and for each run what it cost.
"""

from __future__ import annotations

from base64 import b64decode
from decimal import Decimal
from struct import Struct
from typing import Any, Final

import msgspec

from engine.event import COST_DETAILS, USAGE, Event
from engine.money import Ratio
from engine.parts import read_amount, split_amount
from engine.rating.call import Call
from engine.rating.cost import EventCost
from engine.sessions.session import NEVER, NOT_REPORTED, Run, Session, is_same_field
from engine.times import Zone, fixed_zone, zone_of

BEGUN: Final = b"b"  # what stays as it is
OPEN: Final = b"o"
ENDED: Final = b"e"  # its record may still come
REPORTED: Final = b"r"  # the same, of a client whose reports may come late and twice
PASSIVE: Final = b"p"  # a copy of another engine's
BURIED: Final = b"f"  # the engine ended it, and its client's late end corrects what it was charged
TOMBSTONE: Final = b"t"  # the engine ended it: its switch's end costs nothing
_HEAD: Final = 11
_PACK_HEAD: Final = Struct(">cqH").pack
_MOST_RUNS: Final = 0xFFFF
_CHARGEABLE: Final = 1
_FAILED: Final = 2
_SETTLED: Final = 4
_REPORTS: Final = 8
_SHORT: Final = 1
_FORCED: Final = 2
_REPLACED: Final = 4

_MISSING: Final = object()

_JSON: Final = msgspec.json.Encoder(decimal_format="number")
_JSON_DECODER: Final = msgspec.json.Decoder(list[Any], float_hook=Decimal)
_FIELDS_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Any])


class Head:
    """What is known of a body without reading all of it."""

    kind: bytes
    due_at: int
    runs: int

    def __init__(self, kind: bytes, due_at: int, runs: int) -> None:
        self.kind = kind
        self.due_at = due_at
        self.runs = runs


class Stored:
    """A session as the journal has it; `progress` is empty where an older version wrote both as one."""

    begun: bytes
    progress: bytes

    def __init__(self, begun: bytes) -> None:
        self.begun = begun
        self.progress = b""

    def head(self) -> Head:
        """What is known of it."""
        return read_head(self.progress or self.begun)


def read_head(body: bytes) -> Head:
    """The head of a body that `encode_progress` or `encode_tombstone` wrote."""
    return Head(body[:1], int.from_bytes(body[1:9], "big", signed=True), int.from_bytes(body[9:_HEAD], "big"))


def _head(kind: bytes, due_at: int, runs: int) -> bytes:
    head: bytes = _PACK_HEAD(kind, min(due_at, NEVER), min(runs, _MOST_RUNS))
    return head


def encode_tombstone(until_ns: int) -> bytes:
    """A session that is over, and known for that until then."""
    return _head(TOMBSTONE, until_ns, 0)


# -- writing ---------------------------------------------------------------------------------------------------------------


def encode_begun(session: Session) -> bytes:
    """What of a session stays as it is; `session.whole` says whether it was written since it changed."""
    event = session.event
    runs: list[object] = []
    for run in session.runs:
        call = run.call
        names = [
            call.tenant,
            call.category,
            call.subject,
            call.account,
            call.destination,
            call.tor,
            call.cgrid,
            call.run_id,
            call.factor_id,
        ]
        runs.append([run.id, _run_event(run.event, event), run.request_type, names, _zone(call.zone, call.start_ns)])
    written = [
        session.tenant,
        [event.tenant, event.id, _fields(event.fields), event.options, event.at_ns],
        runs,
        session.begun_at,
        session.client,
    ]
    if session.request:
        written.append(session.request)
    return BEGUN + _JSON.encode(written)


def encode_progress(session: Session, kind: bytes = OPEN, until_ns: int = 0) -> bytes:
    """What of a session moves with its events; an ended one is kept until `until_ns`."""
    held = session.lifetime
    altered = session.altered
    flags = (_CHARGEABLE if session.chargeable else 0) | (_FAILED if session.failed else 0) | (_SETTLED if session.settled else 0)
    flags |= _REPORTS if session.reports else 0
    written: list[object] = [
        flags,
        split_amount(session.updated_at),
        _moment(session.expires_at),
        split_amount(session.debit_interval_ns),
        [_usage(held.ttl_ns), _usage(held.max_delay_ns), _usage(held.last_used_ns), _usage(held.last_usage_ns), _usage(held.usage_ns)],
        session.ending,
        split_amount(session.ending_extra_ns),
        None if altered is None else _JSON.encode(_fields(altered)),
        [_run(run) for run in session.runs],
    ]
    if session.reported_ns != NOT_REPORTED:
        written.append(split_amount(session.reported_ns))
    return _head(kind, until_ns or session.due_at(), len(session.runs)) + _ENCODER.encode(written)


def _run(run: Run) -> object:
    call = run.call
    price = run.call.run_price
    return [
        (_SHORT if run.short else 0) | (_FORCED if call.force_duration else 0) | (_REPLACED if run.replaced else 0),
        split_amount(run.reserve_ns),
        split_amount(run.last_usage_ns),
        split_amount(run.total_usage_ns),
        _moment(run.loop_at),
        run.stop_reason,
        split_amount(call.start_ns),
        split_amount(call.end_ns),
        split_amount(call.duration_index_ns),
        call.loop_index,
        split_amount(call.max_cost_so_far),
        None if price is None else [split_amount(price.num), split_amount(price.den)],
        split_amount(call.run_step_ns),
        split_amount(call.run_length),
        run.cost_body(),
    ]


def _moment(at_ns: int) -> object:
    return None if at_ns >= NEVER else split_amount(at_ns)


def _usage(usage_ns: int | None) -> object:
    return None if usage_ns is None else split_amount(usage_ns)


def _fields(fields: dict[str, object]) -> dict[str, object]:
    """Fields as they are written: a cost, which only one of them may be (engine.cdrs.record), is none of them."""
    if isinstance(fields.get(COST_DETAILS), EventCost):
        return {name: value for name, value in fields.items() if name != COST_DETAILS}
    return fields


def _run_event(event: Event, whole: Event) -> list[object]:
    """A run's event, as far as it is not the session's: its own fields, and the names that it lacks."""
    known = whole.fields
    fields: dict[str, object] = {}
    shared = 0
    for name, value in event.fields.items():
        held = known.get(name, _MISSING)
        if held is not _MISSING:
            shared += 1
            if is_same_field(held, value):
                continue
        if not isinstance(value, EventCost):
            fields[name] = value
    lacking = [name for name in known if name not in event.fields] if shared < len(known) else []
    options = None if event.options == whole.options else event.options
    return [event.tenant, event.id, fields, lacking, options, event.at_ns]


def store(session: Session, kind: bytes, until_ns: int) -> Stored:
    """What rests of a session that the step under way has not changed: what the journal was handed of it last."""
    if session.whole and session.begun_body and session.progress_body:
        stored = Stored(session.begun_body)
        stored.progress = session.progress_body
    else:
        stored = Stored(encode_begun(session))
        stored.progress = encode_progress(session, kind, until_ns)
    return stored


# -- reading ---------------------------------------------------------------------------------------------------------------


def decode_session(cgrid: str, stored: Stored, ticks_ahead_ns: int) -> Session:
    """The session that was written. `ticks_ahead_ns` is what the clock that only runs forward shows more than the wall."""
    if not stored.progress:
        return _decode_older(cgrid, stored.begun, ticks_ahead_ns)
    tenant, event, runs, begun_at, client, *request = _JSON_DECODER.decode(stored.begun[1:])
    session = Session(cgrid, tenant, _read_event(event), begun_at)
    session.client = client
    session.request = b64decode(request[0]) if request else b""
    session.whole = True
    session.begun_body = stored.begun
    session.progress_body = stored.progress
    flags, updated, expires, interval, lifetime, ending, extra, altered, moving, *reported = _DECODER.decode(stored.progress[_HEAD:])
    session.chargeable = bool(flags & _CHARGEABLE)
    session.failed = bool(flags & _FAILED)
    session.settled = bool(flags & _SETTLED)
    session.reports = bool(flags & _REPORTS)
    session.reported_ns = read_amount(reported[0]) if reported else NOT_REPORTED
    session.updated_at = read_amount(updated)
    session.expires_at = _read_moment(expires)
    session.expires_ticks = _ticks(session.expires_at, ticks_ahead_ns)
    session.debit_interval_ns = read_amount(interval)
    held = session.lifetime
    held.ttl_ns = read_amount(lifetime[0])
    held.max_delay_ns = read_amount(lifetime[1])
    held.last_used_ns = _read_usage(lifetime[2])
    held.last_usage_ns = _read_usage(lifetime[3])
    held.usage_ns = _read_usage(lifetime[4])
    session.ending = ending
    session.ending_extra_ns = read_amount(extra)
    session.runs = [_read_run(run, session.event, moving[place], ticks_ahead_ns) for place, run in enumerate(runs)]
    if altered is not None:
        session.altered = _FIELDS_DECODER.decode(altered)
        session.event.fields.update(session.altered)
    if session.settled:
        _tell_usage(session)
    return session


def _tell_usage(session: Session) -> None:
    """A session that was settled says its usage."""
    for run in session.runs:
        run.event.fields[USAGE] = run.total_usage_ns
    if session.runs:
        session.event.fields[USAGE] = session.total_usage_ns()


def _read_run(data: list[Any], whole: Event, moving: list[Any], ticks_ahead_ns: int) -> Run:
    run_id, (tenant, event_id, own, lacking, options, at_ns), request_type, names, zone = data
    flags, reserve, last, total, loop_at, reason, start, end, index, loop_index, so_far, price, step, length, cost = moving
    fields = {name: value for name, value in whole.fields.items() if name not in lacking}
    fields.update(own)
    event = Event(tenant, event_id, fields, dict(whole.options) if options is None else options, at_ns)
    call = _named_call(names, read_amount(start), read_amount(end), zone)
    call.duration_index_ns = read_amount(index)
    call.loop_index = loop_index
    call.max_cost_so_far = read_amount(so_far)
    call.run_price = None if price is None else Ratio(read_amount(price[0]), read_amount(price[1]))
    call.run_step_ns = read_amount(step)
    call.run_length = read_amount(length)
    call.force_duration = bool(flags & _FORCED)
    run = Run(run_id, event, request_type, call)
    run.short = bool(flags & _SHORT)
    run.replaced = bool(flags & _REPLACED)
    run.reserve_ns = read_amount(reserve)
    run.last_usage_ns = read_amount(last)
    run.total_usage_ns = read_amount(total)
    run.loop_at = _read_moment(loop_at)
    run.loop_ticks = _ticks(run.loop_at, ticks_ahead_ns)
    run.stop_reason = reason
    run.set_cost_body(cost)
    return run


def _named_call(names: list[Any], start_ns: int, end_ns: int, zone: Any) -> Call:
    clock = zone_of(zone) if isinstance(zone, str) else fixed_zone(zone)
    call = Call(names[0], names[1], names[2], names[3], names[4], names[5], start_ns, end_ns, clock)
    call.cgrid, call.run_id, call.factor_id = names[6], names[7], names[8]
    return call


def _read_moment(stored: object) -> int:
    return NEVER if stored is None else read_amount(stored)


def _read_usage(stored: object) -> int | None:
    return None if stored is None else read_amount(stored)


def _ticks(at_ns: int, ticks_ahead_ns: int) -> int:
    return NEVER if at_ns >= NEVER else at_ns + ticks_ahead_ns


def _read_event(data: list[Any]) -> Event:
    return Event(data[0], data[1], data[2], data[3], data[4])


# -- what older versions wrote ---------------------------------------------------------------------------------------------


def _decode_older(cgrid: str, body: bytes, ticks_ahead_ns: int) -> Session:
    """A session as one body."""
    parts = _parts(body)
    tenant, event, runs, times, lifetime, client, chargeable, failed, ending = _JSON_DECODER.decode(parts[0])
    begun, updated, expires, interval_ns = times
    session = Session(cgrid, tenant, _read_event(event), begun)
    session.client = client
    session.runs = [_read_older_run(run, parts[number], ticks_ahead_ns) for number, run in enumerate(runs, 1)]
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


def _parts(body: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = _HEAD
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        found.append(body[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def _read_older_run(data: list[Any], cost: bytes, ticks_ahead_ns: int) -> Run:
    run_id, event, request_type, described, (reserve_ns, last_ns, total_ns, loop_at), reason, short = data
    names, (start, end, index_ns, loop_index, so_far), zone, price, (step_ns, length, forced) = described
    call = _named_call(names, start, end, zone)
    call.duration_index_ns = index_ns
    call.loop_index = loop_index
    call.max_cost_so_far = so_far
    call.run_price = None if price is None else Ratio(price[0], price[1])
    call.run_step_ns = step_ns
    call.run_length = length
    call.force_duration = forced
    run = Run(run_id, _read_event(event), request_type, call)
    run.reserve_ns = reserve_ns
    run.last_usage_ns = last_ns
    run.total_usage_ns = total_ns
    run.loop_at = loop_at
    run.loop_ticks = _ticks(loop_at, ticks_ahead_ns)
    run.stop_reason = reason
    run.short = short
    run.set_cost_body(cost)
    return run


def _zone(zone: Zone, at_ns: int) -> object:
    """A named zone by its name, a fixed one by its offset in seconds."""
    return zone.offset_at(at_ns) if zone.name[:1] in "+-" else zone.name
