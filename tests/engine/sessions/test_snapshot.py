"""What the journal keeps of a session: all of it after every event, and little at most of them. `Switch` compares after each step."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.event import Event
from engine.records import Record, SessionClosed, SessionProgress, SessionPut, decode_commit
from engine.sessions.session import MOST_ALTERED, Run, Session
from engine.sessions.snapshot import BEGUN, Stored, decode_session, encode_begun, encode_progress
from engine.usage import SECOND
from tests.engine.rating.build import call_of
from tests.engine.sessions.switch import Switch, whole_of


def recorded(switch: Switch, since: int) -> list[Record]:
    """What became of sessions in the journal after its first rows."""
    rows = switch.disk.rows[since:]
    records = [record for row in rows for append in decode_commit(row.body) for record in append]
    return [record for record in records if isinstance(record, SessionPut | SessionProgress | SessionClosed)]


def test_a_session_is_written_whole_when_it_begins_and_by_its_progress_afterwards() -> None:
    switch = Switch()
    since = len(switch.disk.rows)
    switch.begin(Usage="60s")
    switch.update(Usage="60s")
    switch.update(Usage="60s")
    switch.end(Usage="150s")
    found = recorded(switch, since)
    assert [type(record) for record in found] == [SessionPut, *[SessionProgress] * 4]
    assert max(len(record.body) for record in found[1:] if isinstance(record, SessionProgress)) < 450
    switch.cut()
    switch.cdr()
    assert switch.cdrs() == [(150.0, 15.0)]


def test_fields_that_change_go_with_the_progress_until_they_are_many() -> None:
    switch = Switch()
    switch.begin(Usage="10s")
    since = len(switch.disk.rows)
    switch.update(Usage="11s", Weight=Decimal("1.50"), Deep={"a": [1, None]}, Nothing=None)
    assert [type(record) for record in recorded(switch, since)] == [SessionProgress]
    switch.cut()
    (session,) = switch.open()
    assert session.altered == {"Weight": Decimal("1.50"), "Deep": {"a": [1, None]}, "Nothing": None}
    since = len(switch.disk.rows)
    more: dict[str, Any] = {f"F{number}": number for number in range(MOST_ALTERED)}
    switch.update(Usage="11s", **more)
    assert [type(record) for record in recorded(switch, since)] == [SessionPut, SessionProgress]
    assert session.altered is None


def test_what_changes_of_runs_is_written_whole_again() -> None:
    switch = Switch(sessions={"alterable_fields": ("Colour",)}, client="sw")
    switch.begin(Usage="10s")
    since = len(switch.disk.rows)
    switch.update(Usage="10s", Colour="red")
    switch.update(Usage="10s", Colour="red")
    switch.end(AnswerTime="2026-04-07T10:00:05Z", Usage="20s")
    assert [type(record) for record in recorded(switch, since)] == [
        SessionPut,
        SessionProgress,
        SessionProgress,
        SessionPut,
        SessionProgress,
    ]
    switch.cut()
    switch.cdr()
    assert switch.cdrs() == [(20.0, 2.0)]


def test_a_session_that_the_engine_ended_leaves_only_its_tombstone() -> None:
    switch = Switch(credit=1)
    switch.begin(Usage="60s")
    since = len(switch.disk.rows)
    switch.engine.sessions.life.force_end(switch.open()[0], "why", switch.now)
    switch.count()
    assert [type(record) for record in recorded(switch, since)] == [SessionClosed, SessionPut]
    switch.cut()
    assert not switch.open()


def test_a_name_that_changes_takes_all_along() -> None:
    switch = Switch()
    switch.begin("one", Usage="10s")
    switch.update("two", Usage="10s", InitialOriginID="one")
    switch.cut()
    (session,) = switch.open()
    assert session.event.text("OriginID") == "two"


def test_numbers_of_any_size_are_kept() -> None:
    event = Event("t", "id", {"a": 1, "b": "x", "c": None}, {"*o": True}, 5)
    session = Session("cgrid", "t", event, -(2**63))
    run = Run("*default", Event("other", "", {"b": "x", "a": True, "own": Decimal("0.10")}, {}), "*prepaid", call_of(2**70))
    run.reserve_ns = run.last_usage_ns = run.total_usage_ns = 2**80
    run.call.max_cost_so_far = -(10**40)
    session.runs = [run]
    session.debit_interval_ns = session.lifetime.ttl_ns = 2**64
    session.lifetime.usage_ns = 0
    session.ending, session.ending_extra_ns = "", 3 * SECOND
    stored = Stored(encode_begun(session))
    stored.progress = encode_progress(session)
    assert stored.begun[:1] == BEGUN
    found = decode_session("cgrid", stored, 0)
    assert whole_of(found) == whole_of(session)
    assert found.runs[0].event.fields["a"] is True
