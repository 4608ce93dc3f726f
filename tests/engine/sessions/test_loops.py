"""Debit loops: money goes as time does, a credit that ends ends the session, and nothing is lost or taken twice by a restart."""

from __future__ import annotations

import pytest

from engine.effects import DisconnectSession, SessionEnded, WarnDisconnect
from engine.sessions.commands import DisconnectFailed
from engine.usage import SECOND
from tests.engine.sessions.switch import Switch

LOOP = {"*sessionsDebitInterval": "10s"}


def test_the_first_interval_is_debited_at_once_and_the_others_when_they_begin() -> None:
    site = Switch(credit=100)
    assert site.begin(options=LOOP, Usage="60s") == -1
    assert site.cash() == 99
    site.sleep(9 * SECOND)
    assert site.cash() == 99
    site.sleep(1 * SECOND)
    assert site.cash() == 98
    site.sleep(25 * SECOND)
    assert site.cash() == 96
    site.end(Usage="33s")
    assert site.cash() == pytest.approx(96.7)
    site.sleep(60 * SECOND)
    assert site.cash() == pytest.approx(96.7)
    site.cdr(Usage="33s")
    assert site.cdrs() == [(33, 3.3)]
    site.verify()


def test_an_update_of_a_looping_session_debits_nothing() -> None:
    site = Switch(credit=100)
    site.begin(options=LOOP)
    assert site.update(Usage="40s", LastUsed="10s") == 40 * SECOND
    assert site.cash() == 99


def test_a_postpaid_run_has_no_loop() -> None:
    site = Switch(credit=100)
    assert site.begin(options=LOOP, RequestType="*postpaid", Usage="60s") == 60 * SECOND
    site.sleep(60 * SECOND)
    assert site.cash() == 100


def test_without_a_client_the_engine_ends_a_session_whose_credit_is_used_up() -> None:
    site = Switch(credit=2.5)
    site.begin(options=LOOP)
    site.sleep(24 * SECOND)
    assert site.count() == 1
    assert site.cash() == 0
    site.sleep(1 * SECOND)
    assert site.count() == 0
    assert site.cdrs() == [(25, 2.5)]
    assert [one.reason for one in site.effects if isinstance(one, SessionEnded)] == ["INSUFFICIENT_CREDIT"]
    site.end(Usage="27s")
    site.cdr(Usage="27s")
    assert site.cash() == 0
    assert site.cdrs() == [(25, 2.5)]


def test_a_client_is_told_and_ends_its_session_itself() -> None:
    site = Switch(client="sw", credit=2.5)
    site.begin(options=LOOP)
    site.sleep(25 * SECOND)
    assert site.told() == [("INSUFFICIENT_CREDIT", False)]
    (effect,) = [one for one in site.effects if isinstance(one, DisconnectSession)]
    assert effect.client == "sw"
    assert effect.event["Usage"] == 25 * SECOND
    assert site.count() == 1
    site.end(Usage="27s")
    assert site.cash() == pytest.approx(-0.2)
    site.sleep(60 * SECOND)
    assert site.told() == [("INSUFFICIENT_CREDIT", False)]


def test_a_client_that_cannot_be_told_leaves_the_end_to_the_engine() -> None:
    site = Switch(client="sw", credit=2.5)
    site.begin(options=LOOP)
    cgrid = site.open()[0].cgrid
    site.step(DisconnectFailed(cgrid, "INSUFFICIENT_CREDIT"))
    assert site.count() == 1, "nobody was asked to end it yet"
    site.sleep(25 * SECOND)
    site.step(DisconnectFailed(cgrid, "INSUFFICIENT_CREDIT"))
    assert site.count() == 0
    assert site.cdrs() == [(25, 2.5)]
    assert site.told() == [("INSUFFICIENT_CREDIT", False)]
    site.step(DisconnectFailed(cgrid, "INSUFFICIENT_CREDIT"))


def test_a_top_up_before_the_credit_ends_goes_on() -> None:
    site = Switch(credit=2.5)
    site.begin(options=LOOP)
    site.sleep(22 * SECOND)
    site.top_up(10)
    site.sleep(3 * SECOND)
    assert site.count() == 1
    assert site.cash() == 9
    site.sleep(10 * SECOND)
    assert site.cash() == 8


def test_no_credit_at_all_ends_it_after_its_begin_was_answered() -> None:
    site = Switch(credit=0)
    assert site.begin(options=LOOP) == -1
    assert site.count() == 1
    site.sleep(0)
    assert site.count() == 0


@pytest.mark.parametrize(("account", "reason"), [("nobody", "SERVER_ERROR")])
def test_an_account_that_refuses_ends_it(account: str, reason: str) -> None:
    site = Switch(client="sw")
    assert site.begin(options=LOOP, Account=account) == -1
    assert site.told() == []
    site.sleep(0)
    assert site.told() == [(reason, False)]


def test_the_client_is_warned_when_little_is_left() -> None:
    site = Switch(client="sw", credit=1.3, sessions={"min_low_balance_ns": 3 * SECOND})
    site.begin(options=LOOP)
    assert not [one for one in site.effects if isinstance(one, WarnDisconnect)]
    site.sleep(10 * SECOND)
    assert [one.client for one in site.effects if isinstance(one, WarnDisconnect)] == ["sw"]
    assert site.told() == []
    site.sleep(3 * SECOND)
    assert site.told() == [("INSUFFICIENT_CREDIT", False)]


def test_a_restart_debits_what_was_missed_in_one_step() -> None:
    site = Switch(credit=100)
    site.begin(options=LOOP)
    site.sleep(4 * SECOND)
    site.cut(away_ns=41 * SECOND)
    before = len(site.entries())
    site.sleep(0)
    assert site.cash() == 95, "45 s are over, the fifth interval is paid"
    assert len(site.entries()) == before + 1
    site.sleep(5 * SECOND)
    assert site.cash() == 94
    site.end(Usage="50s")
    site.cdr(Usage="50s")
    assert site.cdrs() == [(50, 5)]
    site.verify()


def test_a_restart_debits_no_more_than_the_credit() -> None:
    site = Switch(credit=2.5)
    site.begin(options=LOOP)
    site.cut(away_ns=3600 * SECOND)
    site.sleep(0)
    assert site.cash() == 0
    assert site.count() == 0
    assert site.cdrs() == [(25, 2.5)]


def test_a_client_is_asked_again_after_a_restart() -> None:
    site = Switch(client="sw", credit=0.5)
    site.begin(options=LOOP)
    site.sleep(5 * SECOND)
    site.cut()
    site.take()
    site.sleep(0)
    assert site.told() == [("INSUFFICIENT_CREDIT", False)]


@pytest.mark.parametrize("step_ns", [-86_400 * SECOND, 86_400 * SECOND])
def test_a_wall_clock_that_is_set_starts_no_debit_and_leaves_none_out(step_ns: int) -> None:
    site = Switch(credit=100)
    site.begin(options=LOOP)
    site.sleep(5 * SECOND)
    site.now += step_ns
    site.sleep(4 * SECOND)
    assert site.cash() == 99
    site.sleep(1 * SECOND)
    assert site.cash() == 98


def test_a_plan_that_is_loaded_meanwhile_prices_the_next_debit() -> None:
    site = Switch(credit=100)
    site.begin(options=LOOP)
    site.price("sub", ("0", "0.2", SECOND, SECOND))
    site.sleep(10 * SECOND)
    assert site.cash() == 97
    site.end(Usage="20s")
    site.cdr()
    assert site.cdrs() == [(20, 3)]
