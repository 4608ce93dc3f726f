"""Sessions with loops and times to live, cut by restarts anywhere: the same answers, records and money as without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.usage import SECOND
from tests.engine.sessions.switch import ACCOUNT, Switch

CREDIT = 40
WORDS = ("begin", "begin", "update", "end", "end", "cdr", "cdr", "sleep", "top_up")


@dataclass(frozen=True)
class Act:
    word: str
    origin: str
    usage: int
    last_used: int | None
    option: int
    kind: str


ACTS = st.builds(
    Act,
    st.sampled_from(WORDS),
    st.sampled_from(("a", "b")),
    st.integers(0, 90),
    st.none() | st.integers(0, 60),
    st.integers(0, 3),
    st.sampled_from(("*prepaid", "*prepaid", "*prepaid", "*prepaid", "*postpaid", "*pseudoprepaid", "*rated")),
)


def whole_call(act: Act) -> list[Act]:
    """A call from its begin to its record."""
    return [replace(act, word=word) for word in ("begin", "end", "cdr")]


SERIES = st.lists(ACTS.map(lambda act: [act]) | ACTS.map(whole_call), min_size=2, max_size=7).map(lambda parts: list(chain(*parts)))
OPTIONS: tuple[dict[str, object], ...] = ({}, {"*sessionsDebitInterval": "7s"}, {"*sessionsTTL": "20s"}, {"*sessionsChargeable": False})


def play(site: Switch, act: Act) -> object:
    fields: dict[str, Any] = {"Usage": f"{act.usage}s", "RequestType": act.kind, "options": OPTIONS[act.option]}
    if act.last_used is not None:
        fields["LastUsed"] = f"{act.last_used}s"
    try:
        if act.word == "sleep":
            site.sleep(act.usage * SECOND // 3)
            return None
        if act.word == "top_up":
            site.top_up(act.usage % 5)
            return None
        return getattr(site, act.word)(act.origin, **fields)
    except RequestError as refused:
        return refused.text


def money(site: Switch) -> object:
    """What moved where, without the names that were drawn."""
    return [(entry.balance_type, entry.delta, entry.after, entry.cause) for entry in site.entries()]


def moments(site: Switch) -> object:
    """Which sessions go on, and in how long they are looked at next."""
    return sorted((one.cgrid, one.due_at() - site.now) for one in site.open())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SERIES, st.sets(st.integers(0, 20), max_size=4) | st.just(set(range(21))))
def test_a_series_that_is_cut_gives_the_same_numbers(acts: list[Act], cuts: set[int]) -> None:
    whole, parts = Switch(credit=CREDIT), Switch(credit=CREDIT)
    for place, act in enumerate(acts):
        if place in cuts:
            parts.cut()
        assert play(parts, act) == play(whole, act), (place, act)
    for site in (whole, parts):
        site.sleep(60 * SECOND)
    assert parts.cdrs() == whole.cdrs()
    assert money(parts) == money(whole)
    assert moments(parts) == moments(whole)
    parts.verify()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SERIES, st.sets(st.integers(0, 20), max_size=2))
def test_sessions_that_rest_between_events_give_the_same_numbers(acts: list[Act], cuts: set[int]) -> None:
    awake, resting = Switch(credit=CREDIT), Switch(credit=CREDIT, restful=True)
    for place, act in enumerate(acts):
        if place in cuts:
            resting.cut()
        assert play(resting, act) == play(awake, act), (place, act)
        assert resting.count() == awake.count()
        account = f"*string:~*req.Account:{ACCOUNT}"
        assert resting.count(account) == awake.count(account)
    for site in (awake, resting):
        site.sleep(60 * SECOND)
    assert resting.cdrs() == awake.cdrs()
    assert money(resting) == money(awake)
    assert moments(resting) == moments(awake)
    resting.verify()
