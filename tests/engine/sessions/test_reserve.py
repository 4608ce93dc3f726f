"""What a part of a run takes from its reserve, and what is left to be debited."""

from __future__ import annotations

import pytest

from engine.accounts.ledger import Cause
from engine.errors import Refusal
from engine.event import Event
from engine.sessions.reserve import correct_usage, debit_part, pass_free, take_reserve
from engine.sessions.session import PREPAID, Run
from engine.usage import SECOND
from tests.engine.house import NOW, account, balance, call, charging, plan

CAUSE = Cause("debit", "c", NOW)


def run_of(*, reserve: int = 0, last: int = 0, total: int = 0) -> Run:
    run = Run("*default", Event("t", "", {}, {}), PREPAID, call("sub", "a", 0))
    run.reserve_ns, run.last_usage_ns, run.total_usage_ns = reserve, last, total
    return run


def state(run: Run) -> tuple[int, int, int]:
    return run.reserve_ns, run.last_usage_ns, run.total_usage_ns


@pytest.mark.parametrize(
    ("last_used", "after"),
    [(60, (0, 60, 60)), (40, (20, 40, 40)), (0, (60, 0, 0)), (90, (-30, 90, 90))],
)
def test_what_was_not_used_becomes_reserve_and_an_excess_is_owed(last_used: int, after: tuple[int, int, int]) -> None:
    run = run_of(last=60, total=60)
    correct_usage(run, last_used)
    assert state(run) == after


@pytest.mark.parametrize(
    ("reserve", "asked", "missing", "after"),
    [
        (50, 30, 0, (20, 30, 130)),
        (50, 50, 0, (0, 50, 150)),
        (20, 50, 30, (0, 0, 100)),
        (0, 50, 50, (0, 0, 100)),
        (-10, 50, 60, (0, 0, 100)),
    ],
)
def test_the_reserve_goes_first(reserve: int, asked: int, missing: int, after: tuple[int, int, int]) -> None:
    run = run_of(reserve=reserve, total=100)
    assert take_reserve(run, asked) == missing
    assert state(run) == after


def test_a_refusal_leaves_the_run_as_it_was() -> None:
    house = charging(("sub", plan("P", ("0", "1", SECOND, SECOND))))
    run = run_of(reserve=20, last=60, total=60)
    before = (run.call.start_ns, run.call.end_ns, run.call.duration_index_ns, run.call.loop_index)
    assert debit_part(house, run, 50, None, CAUSE) is Refusal.ACCOUNT_NOT_FOUND
    assert state(run) == (20, 60, 60)
    assert (run.call.start_ns, run.call.end_ns, run.call.duration_index_ns, run.call.loop_index) == before


def test_what_a_step_takes_beyond_what_was_asked_is_reserve() -> None:
    house = charging(("sub", plan("P", ("0", "1", 60 * SECOND, 60 * SECOND))))
    balance(house, account(house, "a"), "cash", "*monetary", 10)
    run = run_of()
    assert debit_part(house, run, 10 * SECOND, None, CAUSE) == 10 * SECOND
    assert state(run) == (50 * SECOND, 10 * SECOND, 10 * SECOND)
    assert debit_part(house, run, 60 * SECOND, 10 * SECOND, CAUSE) == 60 * SECOND
    assert state(run) == (50 * SECOND, 60 * SECOND, 70 * SECOND)
    assert run.cost is not None
    assert run.cost.cost == 2 * 10**9


def test_a_part_that_is_not_chargeable_is_free_and_uses_the_reserve() -> None:
    run = run_of(reserve=20 * SECOND)
    assert pass_free(run, 50 * SECOND, None) == 50 * SECOND
    assert state(run) == (0, 50 * SECOND, 50 * SECOND)
    assert run.cost is not None
    assert (run.cost.usage_ns, run.cost.cost) == (30 * SECOND, 0)


def test_a_call_that_begins_free_pays_its_fee_when_it_is_charged() -> None:
    house = charging(("sub", plan("P", ("0", "1", SECOND, SECOND), fee="5")))
    balance(house, account(house, "a"), "cash", "*monetary", 100)
    run = run_of()
    start = run.call.start_ns
    pass_free(run, 30 * SECOND, None)
    assert debit_part(house, run, 10 * SECOND, None, CAUSE) == 10 * SECOND
    assert run.cost is not None
    assert run.cost.cost == 15 * 10**9
    assert run.call.start_ns == start + 30 * SECOND
