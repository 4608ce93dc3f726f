"""Records that others rate, give back and process again beside the late end of a session that the engine ended: one charge stands."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cdrs.record import taken_details
from engine.commands import CdrSwitches, ProcessCdr, ProcessCdrs, RateCdrs, RefundCdrs, Together
from engine.errors import RequestError
from engine.records import CdrPut
from engine.sessions.commands import ForceDisconnect, InitiateSession, TerminateSession, UpdateSession
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch

OUTSIDE = "outside"  # a record comes past the sessions
RERATED = "rerated"
RATED_UNSTORED = "rated, not stored"
REFUNDED = "refunded"
REFUNDED_UNSTORED = "refunded, not stored"
PROCESSED_AGAIN = "processed again"
REPORT = "report"
STOP = "stop"
RESTART = "restart"
DEAR = "dear"  # a second costs twice as much from now on
OPERATIONS = (OUTSIDE, RERATED, RATED_UNSTORED, REFUNDED, REFUNDED_UNSTORED, PROCESSED_AGAIN, REPORT, STOP, RESTART, DEAR)


def ended(*, past: bool, store: bool = True) -> Switch:
    """A session of 60 s that was cut off; its cost waits for a record of somebody else's where the records come `past` the sessions."""
    site = Switch(client="nas", sessions={"store_session_costs": past})
    if past:
        site.options.sessions.connected = frozenset()
    site.options.store_cdrs = store
    site.report(InitiateSession, Usage="60s") if not past else site.step(started(site))
    site.step(ForceDisconnect(TENANT))
    return site


def started(site: Switch) -> InitiateSession:
    return InitiateSession(site.event(Usage="60s"), client="nas", reported=True)


def record_of(site: Switch) -> CdrPut | None:
    return next(iter(site.storage.tables.cdrs.values()), None)


def do(site: Switch, what: str, seconds: int = 0, *, stored: bool = True) -> None:
    """One thing that happens; `seconds` is the usage that it tells."""
    site.now += SECOND
    record = record_of(site)
    keys = [] if record is None else [(record.cgrid, record.run_id)]
    told = site.event(Usage=f"{seconds}s", RunID="*default")
    if what == OUTSIDE:
        site.step(ProcessCdr(told, rate=True, store=stored))
    elif what == PROCESSED_AGAIN:
        site.step(ProcessCdrs([told], CdrSwitches(rerate=True)))
    elif what == RERATED:
        site.step(RateCdrs(keys, CdrSwitches(rerate=True)))
    elif what == RATED_UNSTORED:
        site.step(RateCdrs(keys, CdrSwitches(rerate=True, store=False)))
    elif what == REFUNDED:
        site.step(RefundCdrs(keys, CdrSwitches(refund=True, store=True)))
    elif what == REFUNDED_UNSTORED:
        site.step(RefundCdrs(keys, CdrSwitches(refund=True, store=False)))
    elif what == REPORT:
        site.step(UpdateSession(site.event(Usage="60s", UsageSoFar=f"{seconds}s"), client="nas", reported=True))
    elif what == STOP:
        site.step(TerminateSession(site.event(Usage=f"{seconds}s"), client="nas", reported=True))
    elif what == DEAR:
        site.price("sub", ("0", "0.2", SECOND, SECOND))
    else:
        site.cut(away_ns=SECOND)


def standing(site: Switch) -> float:
    """What the record says that stands taken."""
    record = record_of(site)
    assert record is not None
    details = None if record.settled else taken_details(record)
    return 0 if details is None else details.cost / 10**9


@pytest.mark.parametrize("used", [10, 60, 90])
@pytest.mark.parametrize("told", [10, 60, 90])
@pytest.mark.parametrize("since", [RERATED, RATED_UNSTORED, REFUNDED, REFUNDED_UNSTORED, RESTART])
def test_a_record_that_came_past_the_sessions_is_charged_once(since: str, told: int, used: int) -> None:
    site = ended(past=True)
    do(site, OUTSIDE, told)
    do(site, since)
    before = standing(site)
    do(site, STOP, used)
    assert site.cash() == pytest.approx(100 - standing(site))
    if told != 60:
        assert standing(site) == before, "somebody else said what was used"
    elif since in (REFUNDED, REFUNDED_UNSTORED):
        assert standing(site) == 0
    else:
        assert standing(site) == pytest.approx(used / 10)
    site.verify()


@pytest.mark.parametrize(("told", "paid"), [(10, 1), (60, 9), (90, 9)])
def test_a_record_that_is_not_stored(told: int, paid: float) -> None:
    """It took what the session cost over, and what it says instead stands; or it is what the session cost, which the end corrects."""
    site = ended(past=True, store=False)
    do(site, OUTSIDE, told, stored=False)
    do(site, STOP, 90)
    assert site.cash() == pytest.approx(100 - paid)
    site.verify()


@pytest.mark.parametrize("used", [10, 60, 90])
def test_a_record_that_came_before_the_gateway_was_upgraded_is_charged_once(used: int) -> None:
    """What an older version kept of the session does not say that its record was charged instead."""
    site = ended(past=True)
    do(site, OUTSIDE, 10)
    registry = site.engine.sessions.life.registry
    (cgrid,) = registry.tombstones.until
    session = registry.remains(cgrid, site.now)
    assert session is not None
    session.runs[0].replaced = False
    registry.bury(session, site.now, corrected=True)
    site.step(Together([]))
    do(site, RESTART)
    do(site, STOP, used)
    assert site.cdrs() == [(10, 1)]
    assert site.cash() == pytest.approx(99)
    site.verify()


@pytest.mark.parametrize("restart", [False, True])
def test_a_refund_between_two_reports(restart: bool) -> None:
    site = ended(past=False)
    do(site, REFUNDED)
    for what, seconds in ((REPORT, 70), (REPORT, 80), (STOP, 90)):
        do(site, what, seconds)
        assert site.cash() == 100
        if restart:
            do(site, RESTART)
    site.verify()


def test_a_record_that_was_processed_again_with_another_usage() -> None:
    site = ended(past=False)
    do(site, PROCESSED_AGAIN, 50)
    do(site, STOP, 90)
    assert site.cdrs() == [(50, 5)]
    assert site.cash() == pytest.approx(95)
    site.verify()


steps = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 120)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(steps, st.booleans())
def test_whatever_happens_one_charge_stands(happens: list[tuple[str, int]], past: bool) -> None:
    site = ended(past=past)
    for what, seconds in happens:
        with suppress(RequestError):  # a record that is there already
            do(site, what, seconds)
        if record_of(site) is not None:
            assert site.cash() == pytest.approx(100 - standing(site)), (what, seconds)
    site.verify()
