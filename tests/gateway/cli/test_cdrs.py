"""tollwire cdrs against a gateway: filters, pages, forms, and records that come while it looks."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from gateway.cli import cdrs
from gateway.cli.client import Client
from gateway.cli.limits import CDR_PAGE, CDRS_BEFORE_FOLLOW
from gateway.cli.main import main
from gateway.cli.outcome import Exit
from tests.gateway.servers import DEADLINE_SECONDS, Gateway, environment, gateway, until

COUNT = 7


def put(client: Client, number: int) -> None:
    record = {
        "OriginID": f"call-{number}",
        "ToR": "*voice",
        "RequestType": "*rated",
        "Tenant": "default",
        "Category": "call",
        "Account": "anna" if number % 2 else "bert",
        "Subject": "anna",
        "Destination": f"+44{number}",
        "SetupTime": f"2026-03-0{number}T10:00:00Z",
        "AnswerTime": f"2026-03-0{number}T10:00:00Z",
        "Usage": "65s",
        "Cost": 1.5,
        "PreRated": True,
        "ExtraFields": {"Colour": "red, or blue"},
    }
    assert client.call("CDRsV1.ProcessExternalCDR", record) == "OK"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("served")) as found:
        with found.client() as client:
            for number in range(1, COUNT + 1):
                put(client, number)
        yield found


@pytest.fixture
def run(served: Gateway, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def printed(*words: str) -> str:
        assert main(["cdrs", "--server", served.address, *words]) == Exit.OK, capsys.readouterr().err
        return capsys.readouterr().out

    return printed


def ids(text: str) -> list[str]:
    return [json.loads(line)["OriginID"] for line in text.splitlines()]


def calls(*numbers: int) -> list[str]:
    return [f"call-{number}" for number in numbers]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ((), (1, 2, 3, 4, 5, 6, 7)),
        (("--account", "anna"), (1, 3, 5, 7)),
        (("--account", "anna", "--account", "bert"), (1, 2, 3, 4, 5, 6, 7)),
        (("--destination", "+443"), (3,)),
        (("--since", "2026-03-03", "--until", "2026-03-05"), (3, 4)),
        (("--limit", "2"), (1, 2)),
        (("--limit", "0"), ()),
        (("--last", "2"), (6, 7)),
        (("--last", "2", "--account", "bert"), (4, 6)),
        (("--min-cost", "2"), ()),
        (("--tenant", "elsewhere"), ()),
        (("--errors",), ()),
    ],
)
def test_filters(run: Callable[..., str], words: tuple[str, ...], numbers: tuple[int, ...]) -> None:
    assert ids(run("--json", *words)) == calls(*numbers)


def test_pages_follow_each_other(run: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdrs, "CDR_PAGE", 3)
    assert ids(run("--json")) == calls(1, 2, 3, 4, 5, 6, 7)
    assert ids(run("--json", "--limit", "5")) == calls(1, 2, 3, 4, 5)


def test_a_table(run: Callable[..., str]) -> None:
    heading, rule, first, *_ = run().splitlines()
    assert heading.split() == list(cdrs.USUAL)
    assert set(rule) == {"-", " "}
    assert first.split()[2:4] == ["default", "anna"]
    assert first.split()[6:8] == ["1m5s", "1.5"]
    assert run("--fields", "account,Cost,extrafields.Colour", "--limit", "1").splitlines()[2].split(maxsplit=2) == [
        "anna",
        "1.5",
        "red, or blue",
    ]
    assert run("--tenant", "elsewhere").splitlines()[0].split() == list(cdrs.USUAL)


def test_csv(run: Callable[..., str]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv"))))
    assert [row["OriginID"] for row in rows] == calls(1, 2, 3, 4, 5, 6, 7)
    assert json.loads(rows[0]["ExtraFields"]) == {"Colour": "red, or blue"}
    assert run("--format", "csv", "--fields", "OriginID,Cost", "--last", "1").splitlines() == ["OriginID,Cost", "call-7,1.5"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fields", "Colour"), "'Colour' is no field; there are OrderID"),
        (("--limit", "-1"), "--limit must not be below 0"),
        (("--limit", "1", "--last", "1"), "--limit is for the first records"),
        (("--errors", "--min-cost", "1"), "--errors asks for records without a cost"),
        (("--interval", "0"), "--interval must be at least"),
        (("--last", "100000"), "--last can be"),
    ],
)
def test_what_is_wrong_is_said(served: Gateway, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    assert main(["cdrs", "--server", served.address, *words]) == Exit.USAGE
    assert said in capsys.readouterr().err


def test_a_time_that_is_none_is_said(served: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cdrs", "--server", served.address, "--since", "tomorrow-ish"]) == Exit.REFUSED
    assert capsys.readouterr().err.startswith("tollwire cdrs: ")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-03-01", "2026-03-01 00:00:00"),
        ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z"),
        ("36h", "2026-02-28T12:00:00Z"),
        ("1h30m", "2026-03-01T22:30:00Z"),
        ("nonsense", "nonsense"),
    ],
)
def test_times_as_people_write_them(text: str, wanted: str) -> None:
    assert cdrs.instant_text(text, 1_772_409_600 * 10**9) == wanted


def test_new_records_are_followed(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("follow")
    with gateway(folder) as served, served.client() as client, (folder / "out").open("wb") as out:
        for number in range(1, 4):
            put(client, number)
        words = ["cdrs", "--server", served.address, "--json", "--follow", "--last", "2", "--interval", "0.1"]
        follower = subprocess.Popen([sys.executable, "-m", "gateway", *words], stdout=out, env=environment())
        try:
            until(lambda: ids((folder / "out").read_text()) == calls(2, 3), "the last two are shown")
            put(client, 4)
            put(client, 5)
            until(lambda: ids((folder / "out").read_text()) == calls(2, 3, 4, 5), "those that came are shown")
            os.kill(follower.pid, signal.SIGINT)
            assert follower.wait(DEADLINE_SECONDS) == 130
        finally:
            follower.kill()
            follower.wait()


def test_following_begins_with_the_last_few() -> None:
    assert 0 < CDRS_BEFORE_FOLLOW < CDR_PAGE
