"""How long it is known of a session that it is over, and how long what it was charged may be corrected."""

from __future__ import annotations

import pytest

from engine.event import Event
from engine.limits import CORRECTED_SECONDS, TOMBSTONE_SECONDS
from engine.sessions.session import Session
from engine.sessions.snapshot import BURIED, store
from engine.sessions.tombstones import Tombstones
from engine.usage import SECOND

NOW = 1_000 * SECOND
HOUR = CORRECTED_SECONDS * SECOND
DAY = TOMBSTONE_SECONDS * SECOND


def session_of(cgrid: str) -> Session:
    return Session(cgrid, "t", Event("t", cgrid, {"OriginID": cgrid}, {}, NOW), NOW)


def put_up(*cgrids: str) -> Tombstones:
    """With remains, written, a second apart."""
    tombstones = Tombstones()
    for place, cgrid in enumerate(cgrids):
        session = session_of(cgrid)
        tombstones.put_up(cgrid, NOW + place * SECOND, session)
        tombstones.written(session)
    return tombstones


def test_it_stands_for_a_day() -> None:
    tombstones = Tombstones()
    tombstones.put_up("a", NOW)
    assert tombstones.put_up_at("a") == NOW
    assert tombstones.stands("a", NOW + DAY - 1)
    assert not tombstones.stands("a", NOW + DAY)
    assert not tombstones.stands("b", NOW)
    assert tombstones.due(NOW + DAY - 1) == []
    assert tombstones.due(NOW + DAY) == ["a"]
    tombstones.take_down("a")
    assert len(tombstones) == 0


@pytest.mark.parametrize("written", [False, True])
def test_what_it_keeps_is_kept_for_an_hour(written: bool) -> None:
    tombstones, session = Tombstones(), session_of("a")
    tombstones.put_up("a", NOW, session)
    assert tombstones.unwritten("a") is session
    if written:
        tombstones.written(session)
        assert tombstones.unwritten("a") is None
    assert tombstones.correctable == 1
    kept = tombstones.remains("a", NOW + HOUR - 1, 0)
    assert kept is not None
    assert kept.event.fields == session.event.fields
    assert (kept is session) is not written
    assert tombstones.remains("a", NOW + HOUR, 0) is None
    assert tombstones.stands("a", NOW + HOUR)


def test_one_that_keeps_nothing_has_nothing_to_correct() -> None:
    tombstones = Tombstones()
    tombstones.put_up("a", NOW)
    assert tombstones.remains("a", NOW, 0) is None
    assert tombstones.remains("b", NOW, 0) is None


@pytest.mark.parametrize("written", [False, True])
def test_a_sealed_one_still_stands(written: bool) -> None:
    tombstones, session = Tombstones(), session_of("a")
    tombstones.put_up("a", NOW, session)
    if written:
        tombstones.written(session)
    tombstones.seal("a")
    assert tombstones.correctable == 0
    assert tombstones.remains("a", NOW, 0) is None
    assert tombstones.stands("a", NOW)


def test_what_is_put_up_again_is_the_youngest() -> None:
    tombstones = put_up("a", "b")
    tombstones.put_up("a", NOW + 5 * SECOND)
    assert list(tombstones.until) == ["b", "a"]
    assert tombstones.remains("a", NOW, 0) is None


def test_the_oldest_are_corrected_no_more_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sessions.tombstones.CORRECTED_SESSIONS", 2)
    tombstones = put_up("a", "b", "c")
    assert (tombstones.is_crowded, tombstones.kept_too_long(NOW)) == (True, ["a"])
    tombstones.seal("a")
    assert (tombstones.is_crowded, tombstones.kept_too_long(NOW)) == (False, [])
    assert tombstones.kept_too_long(NOW + HOUR + SECOND) == ["b"]


def test_they_come_back_in_the_order_in_which_they_go() -> None:
    tombstones = Tombstones()
    tombstones.recover("late", NOW + 2 * SECOND + DAY, store(session_of("late"), BURIED, NOW))
    tombstones.recover("early", NOW + DAY, store(session_of("early"), BURIED, NOW))
    tombstones.recover("bare", NOW + SECOND + DAY)
    tombstones.recovered()
    assert list(tombstones.until) == ["early", "bare", "late"]
    assert tombstones.kept_too_long(NOW + HOUR) == ["early"]
    assert tombstones.correctable == 2
