"""Which sessions a filter means, and what is shown of them.

Rules `*string:~*req.<field>:<value>|<value>` on indexed fields are answered by the index; all other rules are put to every run that is
left, whose event is `*req`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from engine.event import (
    ACCOUNT,
    ANSWER_TIME,
    CATEGORY,
    CGRID,
    COST,
    COST_DETAILS,
    COST_SOURCE,
    DESTINATION,
    EXTRA_INFO,
    ORIGIN_HOST,
    ORIGIN_ID,
    PARTIAL,
    PRE_RATED,
    REQUEST_TYPE,
    RUN_ID,
    SETUP_TIME,
    SOURCE,
    SUBJECT,
    TENANT,
    TOR,
    USAGE,
    Event,
    field_text,
)
from engine.limits import SESSIONS_SEEN
from engine.money import Amount
from engine.sessions.registry import Registry
from engine.sessions.session import NEVER, Run, Session
from engine.times import NO_TIME, UTC_ZONE, Moment, Zone

MAIN_FIELDS: Final = frozenset(
    {
        CGRID, RUN_ID, TOR, ORIGIN_ID, ORIGIN_HOST, SOURCE, REQUEST_TYPE, TENANT, CATEGORY, ACCOUNT, SUBJECT, DESTINATION, SETUP_TIME,
        ANSWER_TIME, USAGE, COST, COST_DETAILS, COST_SOURCE, EXTRA_INFO, PRE_RATED, PARTIAL, "OrderID", "ExtraFields",
    }
)  # fmt: skip
STRING_RULE: Final = "*string:~*req."

Matches = Callable[[str, Sequence[str], Event, int], bool]
"""Whether an event passes filters: (tenant, filter ids or rules, event, now). RequestError for an unknown filter."""


class ListedRun:
    """One run as it is shown. Usages in ns; `next_debit` is NO_TIME without a loop."""

    cgrid: str
    tenant: str
    client: str
    run_id: str
    texts: dict[str, str]  # ToR, OriginID, OriginHost, Source, RequestType, Category, Account, Subject, Destination
    setup: Moment
    answer: Moment
    usage_ns: int
    extra_fields: dict[str, str]
    loop_index: int
    duration_index_ns: int
    max_cost_so_far: Amount
    debit_interval_ns: int
    next_debit: Moment
    begun_at: int
    updated_at: int

    def __init__(self, session: Session, run: Run, zone: Zone, now_ns: int) -> None:
        event = run.event
        self.cgrid = session.cgrid
        self.tenant = session.tenant
        self.client = session.client
        self.run_id = run.id
        self.texts = {name: event.text(name) for name in (TOR, REQUEST_TYPE, CATEGORY, ACCOUNT, SUBJECT, DESTINATION)}
        self.texts[ORIGIN_ID] = session.event.text(ORIGIN_ID)
        self.texts[ORIGIN_HOST] = session.event.text(ORIGIN_HOST)
        self.texts[SOURCE] = f"SessionS_{session.event.text('EventName')}"
        self.setup = _moment(event, SETUP_TIME, zone, now_ns)
        self.answer = _moment(event, ANSWER_TIME, zone, now_ns)
        self.usage_ns = run.total_usage_ns
        self.extra_fields = {name: field_text(value) for name, value in event.fields.items() if name not in MAIN_FIELDS}
        self.loop_index = run.call.loop_index
        self.duration_index_ns = run.call.duration_index_ns
        self.max_cost_so_far = run.call.max_cost_so_far
        self.debit_interval_ns = session.debit_interval_ns
        self.next_debit = NO_TIME if run.loop_at >= NEVER else Moment(run.loop_at, UTC_ZONE)
        self.begun_at = session.begun_at
        self.updated_at = session.updated_at


def _moment(event: Event, name: str, zone: Zone, now_ns: int) -> Moment:
    try:
        return event.moment(name, zone, now_ns)
    except ValueError:  # an update may have written anything into it
        return NO_TIME


def by_index(registry: Registry, filters: Sequence[str]) -> tuple[list[Session] | None, list[str]]:
    """The open sessions that the indexed rules leave (None: all), and the rules that are still to be put to them."""
    found: dict[str, None] | None = None
    left: list[str] = []
    for rule in filters:
        name, _, values = rule.removeprefix(STRING_RULE).partition(":")
        if rule.startswith(STRING_RULE) and name in registry.indexed and not any(mark in values for mark in "~*"):
            named = registry.under(name, values.split("|"))
            found = named if found is None else {cgrid: None for cgrid in found if cgrid in named}
            left.append(rule)  # another run of the session may be what the index found
        else:
            left.append(rule)
    if found is None:
        return None, left
    sessions = [session for session in map(registry.get, found) if session is not None]
    return sorted(sessions, key=_begun), left


def _begun(session: Session) -> int:
    return session.begun_at


def every(registry: Registry) -> Iterator[Session]:
    """All open sessions, the oldest first, a piece at a time: they are to be looked at and not to be changed."""
    cgrids = registry.cgrids()
    for start in range(0, len(cgrids), SESSIONS_SEEN):
        yield from registry.seen(cgrids[start : start + SESSIONS_SEEN])


def find(
    registry: Registry, tenant: str, filters: Sequence[str], passive: bool, matches: Matches, now_ns: int
) -> Iterable[tuple[Session, Run]]:
    """The runs that filters mean, the oldest session first."""
    left = list(filters)
    sessions: Iterable[Session]
    if passive:
        sessions = list(registry.passive.values())
    elif filters:
        indexed, left = by_index(registry, filters)
        sessions = every(registry) if indexed is None else indexed
    else:
        sessions = every(registry)
    return passing(sessions, tenant, left, matches, now_ns)


def passing(
    sessions: Iterable[Session], tenant: str, filters: Sequence[str], matches: Matches, now_ns: int
) -> Iterator[tuple[Session, Run]]:
    """The runs of sessions that pass filters."""
    for session in sessions:
        for run in session.runs:
            if not filters or matches(tenant, filters, run.event, now_ns):
                yield session, run
