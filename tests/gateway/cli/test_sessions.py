"""tollwire sessions: what it asks for, how it shows it, and when it ends sessions."""

from __future__ import annotations

import json
from typing import Any, Self

import pytest

from gateway.cli import sessions
from gateway.cli.client import RefusedError
from gateway.cli.main import main
from gateway.cli.outcome import Exit
from gateway.cli.selection import Row
from gateway.cli.sessions import changes_between

SESSION: dict[str, object] = {
    "CGRID": "c1",
    "RunID": "*default",
    "Tenant": "default",
    "Account": "anna",
    "ToR": "*voice",
    "Destination": "+44",
    "AnswerTime": "2026-03-01T10:00:00Z",
    "Usage": 65_000_000_000,
    "RequestType": "*prepaid",
    "OriginID": "o1",
    "ExtraFields": {"Colour": "red"},
}


class FakeClient:
    """Answers from a table; keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[object]] = {}
        self.asked: list[tuple[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def call(self, method: str, params: object) -> object:
        self.asked.append((method, params))
        answers = self.answers.get(method, [])
        answer = answers.pop(0) if len(answers) > 1 else answers[0] if answers else RefusedError("NOT_FOUND")
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    found = FakeClient()
    monkeypatch.setattr(sessions, "client_of", lambda options: found)
    return found


def test_sessions_are_listed(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.answers["SessionSv1.GetActiveSessions"] = [[SESSION]]
    assert main(["sessions"]) == Exit.OK
    heading, _, row = capsys.readouterr().out.splitlines()
    assert heading.split() == list(sessions.USUAL)
    assert row.split() == ["c1", "*default", "default", "anna", "*voice", "+44", "2026-03-01T10:00:00Z", "1m5s", "*prepaid", "o1"]
    assert client.asked == [("SessionSv1.GetActiveSessions", {"Filters": [], "Tenant": ""})]
    assert main(["sessions", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out) == SESSION
    assert main(["sessions", "--fields", "account,ExtraFields.Colour"]) == Exit.OK
    assert capsys.readouterr().out.splitlines()[2].split() == ["anna", "red"]


def test_no_session_is_an_empty_table(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "--passive"]) == Exit.OK
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert client.asked[0][0] == "SessionSv1.GetPassiveSessions"


def test_filters(client: FakeClient) -> None:
    words = ["--account", "anna", "--destination", "+44", "--filter", "*gt:~*req.Usage:1m", "--tenant", "t", "--limit", "3"]
    assert main(["sessions", *words]) == Exit.OK
    rules = ["*string:~*req.Account:anna", "*prefix:~*req.Destination:+44", "*gt:~*req.Usage:1m"]
    assert client.asked[0][1] == {"Filters": rules, "Tenant": "t", "Limit": 3}


def test_what_becomes_of_sessions() -> None:
    one, two, three = ({**SESSION, "CGRID": name} for name in ("c1", "c2", "c3"))
    grown = {**two, "Usage": 70_000_000_000}
    before: dict[tuple[object, object], Row] = {("c1", "r"): one, ("c2", "r"): two}
    now: dict[tuple[object, object], Row] = {("c2", "r"): grown, ("c3", "r"): three}
    assert changes_between(before, now) == [("ended", one), ("begun", three), ("changed", grown)]
    assert changes_between(now, now) == []


def test_changes_are_told_until_it_is_interrupted(
    client: FakeClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grown = {**SESSION, "Usage": 70_000_000_000}
    client.answers["SessionSv1.GetActiveSessions"] = [[SESSION], [SESSION], [grown], RefusedError("NOT_FOUND"), KeyboardInterrupt()]
    monkeypatch.setattr(sessions.time, "sleep", lambda seconds: None)  # type: ignore[attr-defined]
    assert main(["sessions", "follow"]) == 130
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["+", "~", "-"]
    assert "1m10s" in lines[3]
    client.answers["SessionSv1.GetActiveSessions"] = [[SESSION], RefusedError("NOT_FOUND"), KeyboardInterrupt()]
    assert main(["sessions", "follow", "--json"]) == 130
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told == [{"change": "begun", "session": SESSION}, {"change": "ended", "session": SESSION}]


def test_one_session_is_ended(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.answers = {"SessionSv1.GetActiveSessionsCount": [1], "SessionSv1.ForceDisconnect": ["OK"]}
    assert main(["sessions", "disconnect", "--cgrid", "c1", "--cause", "FRAUD"]) == Exit.OK
    assert capsys.readouterr().out == "ended: 1\n"
    wanted = {"Filters": ["*string:~*req.CGRID:c1"], "Tenant": ""}
    assert client.asked == [
        ("SessionSv1.GetActiveSessionsCount", wanted),
        ("SessionSv1.ForceDisconnect", wanted | {"Event": {"DisconnectCause": "FRAUD"}}),
    ]


@pytest.mark.parametrize(
    ("words", "count", "status", "said"),
    [
        ((), 5, Exit.USAGE, "disconnect wants a filter, or --all"),
        (("--account", "anna"), 0, Exit.REFUSED, "no session matches"),
        (("--account", "anna"), 5, Exit.USAGE, "5 sessions match; --yes ends them all"),
        (("--all",), 5, Exit.USAGE, "5 sessions match; --yes ends them all"),
    ],
)
def test_sessions_are_not_ended_by_mistake(
    client: FakeClient, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], count: int, status: Exit, said: str
) -> None:
    client.answers = {"SessionSv1.GetActiveSessionsCount": [count], "SessionSv1.ForceDisconnect": ["OK"]}
    assert main(["sessions", "disconnect", *words]) == status
    assert said in capsys.readouterr().err
    assert "SessionSv1.ForceDisconnect" not in [method for method, _ in client.asked]


def test_many_are_ended_when_that_is_meant(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.answers = {"SessionSv1.GetActiveSessionsCount": [5], "SessionSv1.ForceDisconnect": ["OK"]}
    assert main(["sessions", "disconnect", "--all", "--yes", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out) == {"ended": 5}


def test_a_refusal_is_told(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.answers["SessionSv1.GetActiveSessions"] = [RefusedError("rpc: can't find service SessionSv1.GetActiveSessions")]
    assert main(["sessions"]) == Exit.REFUSED
    assert "can't find service" in capsys.readouterr().err
