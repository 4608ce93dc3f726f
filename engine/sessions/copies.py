"""A session as engines send it to each other (SessionSv1.SetPassiveSession), written and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import RequestError
from engine.event import Event, usage_of
from engine.money import Amount, amount_of
from engine.rating.call import Call
from engine.rating.cost import EventCost
from engine.rating.render import number
from engine.sessions.session import NEVER, Run, Session
from engine.times import UTC_ZONE, ZERO_TIME, Moment, format_time, parse_time

if TYPE_CHECKING:
    from engine.sessions.life import Life


def written_copy(session: Session) -> dict[str, object]:
    """The session as another engine takes it."""
    return {
        "CGRID": session.cgrid,
        "Tenant": session.tenant,
        "ResourceID": "",
        "ClientConnID": session.client,
        "EventStart": dict(session.event.fields),
        "DebitInterval": session.debit_interval_ns,
        "Chargeable": session.chargeable,
        "SRuns": [_written_run(run) for run in session.runs],
        "OptsStart": dict(session.event.options),
        "UpdatedAt": format_time(session.updated_at, UTC_ZONE),
    }


def _written_run(run: Run) -> dict[str, object]:
    call = run.call
    cost = run.cost
    return {
        "Event": dict(run.event.fields),
        "CD": {
            "Category": call.category,
            "Tenant": call.tenant,
            "Subject": call.subject,
            "Account": call.account,
            "Destination": call.destination,
            "TimeStart": format_time(call.start_ns, call.zone),
            "TimeEnd": format_time(call.end_ns, call.zone),
            "LoopIndex": call.loop_index,
            "DurationIndex": call.duration_index_ns,
            "ToR": call.tor,
            "MaxCostSoFar": number(call.max_cost_so_far),
            "ForceDuration": call.force_duration,
            "CgrID": call.cgrid,
            "RunID": call.run_id,
        },
        "EventCost": None if cost is None else cost.to_data(),
        "ExtraDuration": run.reserve_ns,
        "LastUsage": run.last_usage_ns,
        "TotalUsage": run.total_usage_ns,
        "NextAutoDebit": None if run.loop_at >= NEVER else format_time(run.loop_at, UTC_ZONE),
    }


def read_copy(data: dict[str, Any], life: Life, now_ns: int) -> Session | str:
    """The session that another engine sent, or the CGRID of one that is over there. RequestError when it is none."""
    cgrid = str(data.get("CGRID") or "")
    if data.get("EventStart") is None:
        return cgrid
    try:
        event = Event(
            str(data.get("Tenant") or life.options.default_tenant), "", dict(data["EventStart"]), dict(data.get("OptsStart") or {})
        )
        session = Session(cgrid, event.tenant, event, now_ns)
        session.client = str(data.get("ClientConnID") or "")
        session.debit_interval_ns = usage_of(data.get("DebitInterval") or 0)
        session.chargeable = bool(data.get("Chargeable", True))
        session.updated_at = _moment(data.get("UpdatedAt"), now_ns).ns
        session.runs = [_read_run(one, event, life, now_ns) for one in data.get("SRuns") or ()]
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise RequestError(f"SERVER_ERROR: not a session: {fault}") from None
    return session


def _read_run(data: dict[str, Any], start: Event, life: Life, now_ns: int) -> Run:
    event = Event(start.tenant, "", dict(data["Event"]), dict(start.options))
    run = life.make_run(event, now_ns)
    described = data.get("CD")
    if described:
        _read_call(run.call, described, now_ns)
    run.call.cgrid = str(event.fields.get("CGRID") or "")
    cost = data.get("EventCost")
    if cost is not None:
        run.set_cost(EventCost.from_data(cost))
    run.reserve_ns = usage_of(data.get("ExtraDuration") or 0)
    run.last_usage_ns = usage_of(data.get("LastUsage") or 0)
    run.total_usage_ns = usage_of(data.get("TotalUsage") or 0)
    next_debit = _moment(data.get("NextAutoDebit"), now_ns)
    if next_debit.ns != ZERO_TIME:
        run.loop_at = next_debit.ns
    return run


def _read_call(call: Call, data: dict[str, Any], now_ns: int) -> None:
    start = _moment(data.get("TimeStart"), now_ns)
    call.start_ns = start.ns
    call.zone = start.zone
    call.end_ns = _moment(data.get("TimeEnd"), now_ns).ns
    call.loop_index = int(data.get("LoopIndex") or 0)
    call.duration_index_ns = usage_of(data.get("DurationIndex") or 0)
    call.max_cost_so_far = _amount(data.get("MaxCostSoFar"))
    call.force_duration = bool(data.get("ForceDuration"))


def _amount(value: object) -> Amount:
    return 0 if value is None else amount_of(value)


def _moment(value: object, now_ns: int) -> Moment:
    return parse_time(value if isinstance(value, str) else "", UTC_ZONE, now_ns)
