"""Sessions are found by what their runs hold, in the order in which they were put there, whatever else came and went."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.event import Event
from engine.rating.call import Call
from engine.sessions.finding import Index
from engine.sessions.session import Run, Session
from engine.times import UTC_ZONE

NAMES = ("CGRID", "Account", "Destination")
VALUES = st.sampled_from(["1001", "1002", 1001, None])
STEPS = st.tuples(st.sampled_from("abc"), st.booleans(), st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=2))


def hold(session: Session, held: list[tuple[object, ...]]) -> None:
    session.runs = []
    for values in held:
        fields = {name: value for name, value in zip(NAMES, values, strict=True) if value is not None}
        call = Call("t", "call", "s", "a", "d", "*voice", 0, 0, UTC_ZONE)
        session.runs.append(Run("*default", Event("t", "", fields, {}), "*prepaid", call))


@given(st.lists(STEPS, max_size=20))
def test_who_was_put_there_is_found_until_he_is_removed(steps: list[tuple[str, bool, list[tuple[object, ...]]]]) -> None:
    index = Index(NAMES)
    sessions = {cgrid: Session(cgrid, "t", Event("t", "", {}, {}), 0) for cgrid in "abc"}
    wanted: dict[tuple[str, str], list[str]] = {}
    for cgrid, stays, held in steps:
        for found in wanted.values():
            if cgrid in found:
                found.remove(cgrid)
        session = sessions[cgrid]
        if stays:
            hold(session, held)
            index.put(session)
            keys = {(name, str(value)) for values in held for name, value in zip(NAMES, values, strict=True) if value is not None}
            for key in keys:
                wanted.setdefault(key, []).append(cgrid)
        else:
            index.remove(session)
        for name in NAMES:
            for value in ("1001", "1002"):
                assert list(index.named(name, value)) == wanted.get((name, value), [])
    assert not index.named("Subject", "1001")
    for session in sessions.values():
        index.remove(session)
    assert not any(index.named(name, value) for name in NAMES for value in ("1001", "1002"))
