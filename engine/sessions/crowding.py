"""How many sessions may be open at a time: of an account, or of whatever else a field names (a line, a port).

Options of the event that asks: `*sessionsAtMost` is how many there may be with this one, `*sessionsAtMostBy` the field that they share
(Account where it is not given), `*sessionsSupersede` a field of which only one session can have a value: the port of a NAS. An older
session with the event's value there is over, whatever is known of it (its NAS forgot to say so): it is not counted, and a begin ends
it at what it reported last; not one that by its SetupTime began after the event's, whose begin comes late. Fields are those that
sessions are found by (sessions.session_indexes), so that nothing is searched.
"""

from __future__ import annotations

from typing import Final

from engine.errors import RequestError, StorageUnavailable, server_error
from engine.event import ACCOUNT, Event, field_text
from engine.limits import SESSIONS_PER_STEP
from engine.sessions.life import Life
from engine.sessions.request import setup_of
from engine.sessions.session import Session

AT_MOST: Final = "*sessionsAtMost"
AT_MOST_BY: Final = "*sessionsAtMostBy"
SUPERSEDE: Final = "*sessionsSupersede"
TOO_MANY: Final = "SIMULTANEOUS_USE"
SUPERSEDED: Final = "SUPERSEDED"
_MOST_DIGITS: Final = 9
_SHOWN: Final = 40


def refuse_crowd(life: Life, event: Event) -> None:
    """RequestError SIMULTANEOUS_USE where as many sessions as may be are open. StorageUnavailable where that is not known yet: soon after a
    start, while sessions are made ready."""
    options = event.options
    if not options or AT_MOST not in options:
        return
    most = _number(options[AT_MOST])
    name = field_text(options.get(AT_MOST_BY)) or ACCOUNT
    value = event.text(name)
    registry = life.registry
    _known(life, name)
    found = registry.named(name, value)
    if len(found) >= most and _count(life, event, list(found), most) >= most:
        raise RequestError(TOO_MANY)
    if registry.has_sleepers:
        raise StorageUnavailable


def supersede(life: Life, event: Event, now_ns: int) -> None:
    """Ends the older sessions that a begin shows to be over, a step's worth of them at most. StorageUnavailable where they are not
    known yet: see `refuse_crowd`."""
    options = event.options
    if not options or SUPERSEDE not in options:
        return
    name = field_text(options[SUPERSEDE])
    _known(life, name)
    value = event.text(name)
    if not value:
        return
    if life.registry.has_sleepers:
        raise StorageUnavailable
    cgrid, zone = event.cgrid(), life.options.zone
    began_ns = setup_of(event, zone, now_ns)
    for other in list(life.registry.named(name, value))[:SESSIONS_PER_STEP]:
        session = life.registry.get(other) if other != cgrid else None
        if session is None or session.tenant != event.tenant:
            continue
        other_ns = None if began_ns is None else setup_of(session.event, zone, now_ns)
        if began_ns is None or other_ns is None or other_ns <= began_ns:
            life.force_end(session, SUPERSEDED, now_ns, told=True)


def _count(life: Life, event: Event, cgrids: list[str], most: int) -> int:
    """How many of these count, as far as `most`: of the same tenant, not the event's own session, not one that it supersedes."""
    own = event.cgrid()
    name = field_text(event.options.get(SUPERSEDE))
    value = event.text(name) if name else ""
    count = 0
    for start in range(0, len(cgrids), SESSIONS_PER_STEP):
        for session in life.registry.seen(cgrids[start : start + SESSIONS_PER_STEP]):
            if session.tenant == event.tenant and session.cgrid != own and not (value and _has(session, name, value)):
                count += 1
                if count >= most:
                    return count
    return count


def _has(session: Session, name: str, value: str) -> bool:
    return any(field_text(run.event.fields.get(name)) == value for run in session.runs)


def _known(life: Life, name: str) -> None:
    if name not in life.registry.indexed:
        raise server_error(f"sessions are not found by {name}: sessions.session_indexes lacks it")


def _number(value: object) -> int:
    text = field_text(value)
    if not text.isdecimal() or not text.isascii() or len(text) > _MOST_DIGITS:
        raise server_error(f"{AT_MOST} is no number: {text[:_SHOWN]}")
    return int(text)
