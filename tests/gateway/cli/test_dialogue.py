"""The interactive console: completion, history, and a conversation through a terminal that is a pipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from gateway.cli.client import RefusedError
from gateway.cli.dialogue import Names, converse, history_file
from gateway.cli.limits import MAX_HISTORY_LINES
from gateway.cli.outcome import CommandError, Exit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def completed(text: str) -> list[str]:
    """The whole line after each completion that is offered."""
    return [text[: len(text) + one.start_position] + one.text for one in Names().get_completions(Document(text), CompleteEvent())]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("CoreSv1.St", "CoreSv1.Status"),
        ("coresv1.st", "CoreSv1.Status"),
        ("getcdrs", "CDRsV1.GetCDRs"),
        ("fields coresv1.sta", "fields CoreSv1.Status"),
        ("js", "json"),
        ("APIerSv1.SetChargerProfile r", "APIerSv1.SetChargerProfile RunID="),
        ("RemoteLock ReferenceID=a l", "RemoteLock ReferenceID=a LockIDs="),
        ("APIerSv1.SetChargerProfile ActivationInterval.e", "APIerSv1.SetChargerProfile ActivationInterval.ExpiryTime="),
        ("SessionSv1.InitiateSession InitSession=t", "SessionSv1.InitiateSession InitSession=true"),
    ],
)
def test_completion(text: str, line: str) -> None:
    assert line in completed(text)


@pytest.mark.parametrize(
    "text", ["nothing.at.all", "CoreSv1.Nothing A", "CoreSv1.Status Debug=x", "CoreSv1.Status Timezone=t", "CoreSv1.Status A.b.c"]
)
def test_there_is_nothing_to_complete(text: str) -> None:
    assert completed(text) == []


def test_no_method_is_offered_twice() -> None:
    found = completed("status")
    assert len(found) == len(set(found))


class FakeClient:
    """Answers by method; a refusal is raised."""

    server = "box:2012"

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.closed = 0

    def call(self, method: str, params: object) -> object:
        self.asked.append((method, params))
        if method == "CoreSv1.Status":
            return {"node_id": "n", "pid": 5}
        if method == "CoreSv1.Sleep":
            raise KeyboardInterrupt
        if method == "CoreSv1.Gone":
            raise CommandError("cannot reach a server at box:2012", Exit.UNREACHABLE)
        raise RefusedError("NOT_FOUND")

    def close(self) -> None:
        self.closed += 1


def talk(client: FakeClient, *lines: str, as_json: bool = False) -> int:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text("".join(f"{line}\r" for line in lines))
        return converse(client, as_json=as_json)  # type: ignore[arg-type]


def test_a_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    client = FakeClient()
    lines = ("", "status", "json", "CoreSv1.Status Debug=true", "APIerSv1.GetAccount Account=anna", 'CoreSv1.Status "open', "quit")
    assert talk(client, *lines) == Exit.OK
    said = capsys.readouterr().out
    assert "node_id  n\npid      5\n" in said
    assert '{\n  "node_id": "n",\n  "pid": 5\n}' in said
    assert "NOT_FOUND" in said
    assert "No closing quotation" in said
    assert client.asked == [
        ("CoreSv1.Status", {}),
        ("CoreSv1.Status", {"Debug": True}),
        ("APIerSv1.GetAccount", {"Account": "anna"}),
    ]


def test_what_stands_in_its_way_does_not_end_it(capsys: pytest.CaptureFixture[str]) -> None:
    client = FakeClient()
    assert talk(client, "CoreSv1.Gone", "CoreSv1.Sleep Duration=1h", "help", "fields CoreSv1.Status", "\x03", "\x04") == Exit.OK
    said = capsys.readouterr().out
    assert "cannot reach a server" in said
    assert "SERVICE.METHOD" in said
    assert "Timezone" in said
    assert client.closed == 1, "the answer of what was interrupted is not waited for"


def test_history_is_kept_private_and_short(home: Path) -> None:
    talk(FakeClient(), "CoreSv1.Status", "quit")
    path = history_file()
    assert path.is_relative_to(home)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "+CoreSv1.Status" in path.read_text()
    path.write_text("+a\n" * (MAX_HISTORY_LINES + 1))
    assert len(history_file().read_text().splitlines()) == MAX_HISTORY_LINES // 2
