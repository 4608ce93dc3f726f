"""A session as the journal keeps it, so that it goes on after a restart with the next event."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from engine.event import Event
from engine.money import Ratio
from engine.rating.call import Call
from engine.rating.cost import EventCost
from engine.records import join_amount, split_amount
from engine.sessions.session import Run, Session
from engine.times import Zone, fixed_zone, zone_of

_ENCODER: Final = msgspec.msgpack.Encoder(decimal_format="string")
_DECODER: Final = msgspec.msgpack.Decoder(list[Any])


def encode_session(session: Session) -> bytes:
    """All of a session that its next event needs."""
    return _ENCODER.encode(
        [
            session.tenant,
            _event(session.event),
            [_run(run) for run in session.runs],
            split_amount(session.begun_at),
            split_amount(session.updated_at),
            split_amount(session.expires_at),
            session.failed,
        ]
    )


def decode_session(cgrid: str, body: bytes) -> Session:
    """The session that `encode_session` wrote."""
    data: list[Any] = _DECODER.decode(body)
    tenant, event, runs, begun, updated, expires, failed = data
    session = Session(cgrid, tenant, _read_event(event), join_amount(begun))
    session.runs = [_read_run(run) for run in runs]
    session.updated_at = join_amount(updated)
    session.expires_at = join_amount(expires)
    session.failed = failed
    return session


def _event(event: Event) -> list[object]:
    fields = {name: value for name, value in event.fields.items() if not isinstance(value, EventCost)}
    return [event.tenant, event.id, fields, event.options, event.at_ns]


def _read_event(data: list[Any]) -> Event:
    return Event(*data)


def _run(run: Run) -> list[object]:
    cost = None if run.cost is None else run.cost.to_data()
    return [run.id, _event(run.event), run.request_type, _call(run.call), run.reserve_ns, run.last_usage_ns, run.total_usage_ns, cost]


def _read_run(data: list[Any]) -> Run:
    run_id, event, request_type, call, reserve_ns, last_ns, total_ns, cost = data
    run = Run(run_id, _read_event(event), request_type, _read_call(call))
    run.reserve_ns = reserve_ns
    run.last_usage_ns = last_ns
    run.total_usage_ns = total_ns
    run.cost = None if cost is None else EventCost.from_data(cost)
    return run


def _call(call: Call) -> list[object]:
    return [
        [call.tenant, call.category, call.subject, call.account, call.destination, call.tor],
        split_amount(call.start_ns),
        split_amount(call.end_ns),
        _zone(call.zone, call.start_ns),
        call.duration_index_ns,
        call.loop_index,
        split_amount(call.max_cost_so_far),
        [call.cgrid, call.run_id, call.factor_id],
        None if call.run_price is None else [str(call.run_price.num), str(call.run_price.den)],
        call.run_step_ns,
        call.run_length,
    ]


def _read_call(data: list[Any]) -> Call:
    names, start, end, zone, index_ns, loop_index, so_far, ids, price, step_ns, length = data
    tenant, category, subject, account, destination, tor = names
    clock = zone_of(zone) if isinstance(zone, str) else fixed_zone(zone)
    call = Call(tenant, category, subject, account, destination, tor, join_amount(start), join_amount(end), clock)
    call.duration_index_ns = index_ns
    call.loop_index = loop_index
    call.max_cost_so_far = join_amount(so_far)
    call.cgrid, call.run_id, call.factor_id = ids
    call.run_price = None if price is None else Ratio(int(price[0]), int(price[1]))
    call.run_step_ns = step_ns
    call.run_length = length
    return call


def _zone(zone: Zone, at_ns: int) -> object:
    """A named zone by its name, a fixed one by its offset in seconds."""
    return zone.offset_at(at_ns) if zone.name[:1] in "+-" else zone.name
