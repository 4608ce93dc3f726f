"""What a client says late of a session that the engine itself has ended: its end, or a report, of a client that reports (RADIUS).

The engine charged what it knew when an operator, a time to live or another session ended this one; the client counted on until it was told,
and its end says what was used. So for an hour such a session is kept, and what its client says corrects what it was charged, once: the
difference is debited or goes back, and its records say so. Records that an operator has refunded since are left alone; those that were
rated again since, or by themselves, are rated anew as a whole. A record that was charged in place of what the session took, and says
another usage, is left alone as well: that is somebody else's word.
"""

from __future__ import annotations

from typing import Final

from engine.accounts.ledger import Cause
from engine.calls import call_of
from engine.cdrs.rating import OTHER_USAGE
from engine.cdrs.record import REFUNDED, SESSIONS
from engine.effects import SessionEnded
from engine.errors import RequestError
from engine.event import ACCOUNT, Event
from engine.records import CdrPut
from engine.sessions.life import Life
from engine.sessions.request import setup_of
from engine.sessions.reserve import rewind
from engine.sessions.session import Run, Session

# what becomes of a run and its record
_LEFT: Final = 0  # both as they are
_CHARGED: Final = 1  # the session charges the difference; there is no record, or one that is not this session's
_REPLACED: Final = 2  # the same, and the record says it
_RATED: Final = 3  # the record is rated anew


def correct(life: Life, event: Event, usage_ns: int, now_ns: int, *, final: bool) -> None:
    """Makes what a session was charged that the engine ended what its client says that it used in all. Nothing where it is not known any
    more, or another one of its name is meant. A report that is not `final` only adds, and what follows corrects again."""
    registry = life.registry
    cgrid = event.cgrid()
    session = registry.remains(cgrid, now_ns)
    if session is None or _is_another(life, event, cgrid, now_ns):
        return
    known_ns = session.known_usage()
    if final:
        if known_ns is not None:
            usage_ns = life.no_less(session, usage_ns, known_ns)
    elif usage_ns <= session.total_usage_ns():
        return
    session.reported_ns = usage_ns
    if any(run.total_usage_ns != usage_ns for run in session.runs):
        life.alter(session, event)
        _charge(life, session, usage_ns, now_ns)
    registry.bury(session, now_ns, corrected=True)
    if final:
        registry.seal(cgrid)


def replace(life: Life, cgrid: str, run_id: str, now_ns: int) -> None:
    """What a session took for a run has gone back, and its record was charged instead: if the engine ended it, its late end knows that."""
    session = life.registry.remains(cgrid, now_ns)
    if session is None:
        return
    for run in session.runs:
        if run.id == run_id and not run.replaced:
            run.replaced = True
            life.registry.bury(session, now_ns, corrected=True)


def _is_another(life: Life, event: Event, cgrid: str, now_ns: int) -> bool:
    """Whether the event says that its session began after the one that the engine ended was over."""
    began_ns = setup_of(event, life.options.zone, now_ns)
    return began_ns is not None and began_ns > life.registry.tombstones.put_up_at(cgrid)


def _charge(life: Life, session: Session, usage_ns: int, now_ns: int) -> None:
    cause = Cause("session", session.cgrid, now_ns)
    records = [life.cdrs.known(session.cgrid, run.id) for run in session.runs]
    fates = [_fate(run, record) for run, record in zip(session.runs, records, strict=True)]
    for run, fate, record in zip(session.runs, fates, records, strict=True):
        if fate == _LEFT:
            continue
        run.total_usage_ns = usage_ns
        if fate == _RATED:
            run.replaced = True
            continue
        _charge_run(life, session, run, cause)
        if record is None:
            life.store_cost(session, run, now_ns)
    life.settled(session)
    for run, fate, record in zip(session.runs, fates, records, strict=True):
        if record is None or fate not in (_REPLACED, _RATED):
            continue
        try:
            life.cdrs.correct_run(run.event, record, run.cost if fate == _REPLACED else None, now_ns)
        except RequestError as refused:
            if fate == _RATED:
                run.total_usage_ns = record.usage_ns
            text = f"its record does not say what it used in the end: {refused.text}"
            life.effects.append(SessionEnded(session.cgrid, session.tenant, session.event.text(ACCOUNT), "", text))


def _charge_run(life: Life, session: Session, run: Run, cause: Cause) -> None:
    cost = run.cost
    if cost is not None:
        for account_id, balance_uuid, correction in cost.unround():
            life.charging.take_rounding(account_id, balance_uuid, correction, cause)
        rewind(run, call_of(run.event, 0, life.options, cause.at_ns).start_ns)
    life.balance(session, run, cause)


def _fate(run: Run, record: CdrPut | None) -> int:
    cost = run.cost
    if record is None or record.usage_ns != run.total_usage_ns:
        replaced = run.replaced or (record is not None and record.cost_source == OTHER_USAGE)  # older versions kept no mark of it
        return _LEFT if replaced else _CHARGED
    if record.settled or record.pre_rated or record.extra_info == REFUNDED:
        return _LEFT
    if cost is not None and record.cost_source == SESSIONS and record.cost_amount == cost.cost and not record.taken:
        return _REPLACED
    return _RATED
