"""Sessions that the engine ends: their time to live, the tombstones they leave, begins that failed."""

from __future__ import annotations

import pytest

from engine.effects import DisconnectSession
from engine.errors import RequestError
from engine.limits import TOMBSTONE_SECONDS
from engine.sessions.commands import ForceDisconnect, InitiateSession, SyncSessions
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch

TTL = {"*sessionsTTL": "10s"}


def test_a_session_without_an_update_ends_and_its_time_to_live_is_charged() -> None:
    site = Switch(client="sw")
    site.begin(options=TTL, Usage="60s")
    site.sleep(9 * SECOND)
    assert site.count() == 1
    site.sleep(1 * SECOND)
    assert site.count() == 0
    assert site.cdrs() == [(70, 7)]
    assert site.told() == [("SESSION_TIMEOUT", True)]
    site.verify()


@pytest.mark.parametrize(("kind", "least"), [("*data", 0), ("*sms", 0), ("*data", 3)])
@pytest.mark.parametrize("reported", [False, True])
def test_a_time_to_live_is_neither_octets_nor_messages(kind: str, least: int, reported: bool) -> None:
    site = Switch()
    site.price("units", ("0", "0.5", 1, 1))
    options: dict[str, object] = TTL | ({"*sessionsTTLLastUsage": least} if least else {})
    event = site.event(options=options, Usage="10", ToR=kind, Subject="units")
    site.step(InitiateSession(event, reported=reported))
    site.sleep(11 * SECOND)
    ((usage, cost),) = site.cdrs()
    assert (usage * SECOND, cost) == (10 + least, (10 + least) / 2)
    assert site.cash() == pytest.approx(100 - cost)
    site.verify()


def test_every_update_begins_the_time_anew() -> None:
    site = Switch()
    site.begin(options=TTL, Usage="8s")
    for _ in range(3):
        site.sleep(8 * SECOND)
        site.update(Usage="8s", LastUsed="8s")
    site.sleep(9 * SECOND)
    assert site.count() == 1
    site.sleep(1 * SECOND)
    assert site.count() == 0


@pytest.mark.parametrize(
    ("options", "usage", "cost"),
    [
        ({"*sessionsTTLUsage": "20s", "*sessionsTTLLastUsed": "0s"}, 20, 2),
        ({"*sessionsTTLLastUsage": "1s"}, 61, 6.1),
        ({"*sessionsTTLLastUsed": "30s"}, 40, 4),
        ({"*sessionsTTLLastUsed": "30s", "*sessionsTTLLastUsage": "2s"}, 32, 3.2),
    ],
)
def test_what_a_session_comes_to_that_nobody_ended(options: dict[str, object], usage: float, cost: float) -> None:
    site = Switch()
    site.begin(options=TTL | options, Usage="60s")
    site.sleep(10 * SECOND)
    assert site.cdrs() == [(usage, cost)]
    assert site.cash() == pytest.approx(100 - cost)


def test_the_delay_is_drawn_and_the_same_chance_draws_the_same() -> None:
    ends = []
    for _ in range(2):
        site = Switch()
        site.begin(options=TTL | {"*sessionsTTLMaxDelay": "5s"}, Usage="1s")
        begun = site.ticks
        while site.count():
            site.sleep(SECOND // 10)
        ends.append(site.ticks - begun)
    assert ends[0] == ends[1]
    assert 10 * SECOND <= ends[0] <= 15 * SECOND


def test_the_time_to_live_goes_on_over_a_restart() -> None:
    site = Switch()
    site.begin(options=TTL, Usage="60s")
    site.cut(away_ns=4 * SECOND)
    site.sleep(5 * SECOND)
    assert site.count() == 1
    site.sleep(1 * SECOND)
    assert site.count() == 0


@pytest.mark.parametrize("restart", [False, True])
def test_the_end_and_the_record_of_a_session_that_was_ended_cost_nothing(restart: bool) -> None:
    site = Switch()
    site.begin(Usage="60s")
    assert site.step(ForceDisconnect(TENANT)) == 1
    if restart:
        site.cut(away_ns=3600 * SECOND)
    site.end(Usage="90s")
    site.cdr(Usage="90s")
    assert site.cdrs() == [(60, 6)]
    assert site.cash() == 94


def test_a_tombstone_is_forgotten_after_a_day() -> None:
    site = Switch()
    site.begin(Usage="60s")
    site.step(ForceDisconnect(TENANT))
    site.now += TOMBSTONE_SECONDS * SECOND + 1
    site.end(Usage="10s")
    assert site.cash() == 93, "as an end that nobody knows the begin of"


def test_a_call_may_begin_again_under_the_name_of_one_that_was_ended() -> None:
    site = Switch()
    site.begin(Usage="60s")
    site.step(ForceDisconnect(TENANT))
    site.begin(Usage="10s")
    site.end(Usage="10s")
    assert site.cash() == 93


def test_a_second_end_is_charged_as_a_call_of_its_own() -> None:
    site = Switch()
    site.begin(Usage="60s")
    site.end(Usage="60s")
    site.end(Usage="10s")
    assert site.cash() == 93


@pytest.mark.parametrize(("away_s", "cash"), [(9, 97), (11, 94)])
def test_the_record_of_an_ended_session_finds_its_cost_over_a_restart(away_s: int, cash: float) -> None:
    site = Switch()
    site.begin(Usage="60s")
    site.end(Usage="30s")
    site.cut(away_ns=away_s * SECOND)
    site.cdr(Usage="30s")
    assert site.cash() == cash, "it is remembered for 10 s; later a record is charged by itself, as recorded"
    assert site.cdrs() == [(30, 3)]


def test_the_reason_and_fields_of_an_operator_go_to_the_client() -> None:
    site = Switch(client="sw")
    site.begin(Usage="60s")
    site.step(ForceDisconnect(TENANT, fields={"DisconnectCause": "FRAUD", "Note": "x"}))
    (effect,) = [one for one in site.effects if isinstance(one, DisconnectSession)]
    assert (effect.reason, effect.event["Note"], "DisconnectCause" in effect.event) == ("FRAUD", "x", False)


def test_many_sessions_are_ended_a_few_at_a_time() -> None:
    site = Switch(credit=10_000)
    for number in range(200):
        site.begin(f"call{number}", Usage="1s")
    assert site.step(ForceDisconnect(TENANT)) == 200
    assert 0 < site.count() < 200
    site.cut()
    site.sleep(0)
    assert site.count() == 0
    assert len(site.cdrs()) == 200


def test_clients_say_which_calls_are_gone() -> None:
    site = Switch(client="sw")
    site.begin("here", Usage="60s")
    site.begin("gone", Usage="60s")
    site.client = ""
    site.begin("alone", Usage="60s")
    listed = frozenset(one.cgrid for one in site.open() if one.event.text("OriginID") == "here")
    later = site.now + 1
    assert site.step(SyncSessions(later, listed, frozenset(), frozenset({"sw"}))) == 0, "who does not answer loses nothing"
    assert site.step(SyncSessions(site.now, listed, frozenset({"sw"}))) == 0, "they began after the question"
    nobody = SyncSessions(later, listed, frozenset({"sw"}), never_asked=("diameter|", "s"))
    assert site.step(nobody) == 0, "who cannot be asked loses nothing"
    assert site.step(SyncSessions(later, listed, frozenset({"sw"}))) == 1
    assert sorted(one.event.text("OriginID") for one in site.open()) == ["alone", "here"]
    assert site.told() == [("FORCED_DISCONNECT", True)]


def test_a_begin_that_failed_is_forgotten_after_a_while() -> None:
    site = Switch(sessions={"failed_begin_ttl_ns": 300 * SECOND})
    with pytest.raises(RequestError, match="RALS_ERROR:ACCOUNT_NOT_FOUND"):
        site.begin(Account="nobody", Usage="60s")
    with pytest.raises(RequestError, match="EXISTS"):
        site.begin(Account="nobody", Usage="60s")
    site.sleep(299 * SECOND)
    assert site.count() == 1
    site.sleep(1 * SECOND)
    assert site.count() == 0
    assert site.cdrs() == []


def test_a_begin_that_failed_and_goes_on_stays() -> None:
    site = Switch(sessions={"failed_begin_ttl_ns": 300 * SECOND})
    with pytest.raises(RequestError):
        site.begin(Account="late", Usage="60s")
    site.balance("late", "cash", "*monetary", 10)
    assert site.update(Account="late", Usage="60s") == 60 * SECOND
    site.sleep(3600 * SECOND)
    assert site.count() == 1


def test_a_prepaid_call_that_began_with_nothing_is_charged_at_its_end() -> None:
    site = Switch()
    assert site.begin(Usage="0s") == 0
    site.end(Usage="30s")
    assert site.cash() == 97
    site.cdr(Usage="30s")
    assert site.cash() == 97
    assert site.cdrs() == [(30, 3)]
