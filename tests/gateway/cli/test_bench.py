"""`tollwire bench`, small: its table, its JSON, what it refuses, and that it sees what is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gateway.cli.bench import KINDS
from gateway.cli.client import Client
from gateway.cli.measure.check import records_missing, wait_until_queryable
from gateway.cli.measure.diameter import fill, gy_sessions, request_of
from gateway.cli.measure.drive import at_rate, closed
from gateway.cli.measure.figures import Figures, median
from gateway.cli.measure.link import Link
from gateway.cli.measure.plan import write_plan
from gateway.cli.measure.process import Process
from gateway.cli.measure.reference import ratios
from gateway.cli.measure.run import DIAMETER, RADIUS, Terms, links_for, prepare, target, verify, works_of
from gateway.cli.measure.work import WORKS, Work
from gateway.cli.outcome import CommandError
from tests.gateway.servers import Gateway, gateway, tollwire


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("bench")
    write_plan(folder / "plan")
    with gateway(folder) as running:
        prepare(running.address, folder / "plan")
        yield running


@contextmanager
def links(served: Gateway, count: int) -> Iterator[list[Link]]:
    found = [Link(served.address) for _ in range(count)]
    yield found
    for link in found:
        link.close()


LOADS = ("8 in flight", "at half the rate")
ROWS = {
    "cost": [("cost query", load) for load in LOADS],
    "sessions": [("prepaid session events", load) for load in LOADS],
    "cdrs": [("rated CDRs", load) for load in LOADS],
    "diameter": [("Gy session requests", load) for load in LOADS],
    "radius": [(work, load) for work in ("RADIUS accounting", "Access-Request, PAP", "Access-Request, PAP and credit") for load in LOADS],
    "mixed": [
        ("prepaid session events", "half the rate, alone"),
        ("prepaid session events", "while 4,000 prefixes load, 2,000 records go out"),
    ],
    "process": [("cost query in process", "one after the other")],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_work_in_a_table_and_nothing_stays(tmp_path: Path, kind: str) -> None:
    ran = tollwire("bench", "--work", kind, "--seconds", "0.1", "--in-flight", "8", "--state-on", str(tmp_path), "--json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert [(row["work"], row["load"]) for row in found["rows"]] == ROWS[kind]
    for row in found["rows"]:
        assert row["rate"] > 0
        assert row["cpu_us"] > 1
        assert row["memory_mib"] > 10
        if kind == "process":
            assert row["p50_ms"] is None
        else:
            assert 0 < row["p50_ms"] <= row["p99_ms"] <= row["p999_ms"]
    assert [(one["missing"], one["surplus"], one["verify"]) for one in found["checks"]] == [(0, 0, "clean")] * (kind != "process")
    assert all(one["records"] > 0 for one in found["checks"] if kind != "cost")
    assert list(tmp_path.iterdir()) == []


def test_a_gateway_that_runs_is_driven_when_it_is_named(served: Gateway) -> None:
    words = ("--server", served.address, "--work", "cdrs", "--seconds", "0.1", "--in-flight", "4", "--no-rate")
    ran = tollwire("bench", *words, "--json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert [(row["load"], row["cpu_us"], row["memory_mib"]) for row in found["rows"]] == [("4 in flight", None, None)]
    assert [(one["missing"], one["surplus"], one["verify"]) for one in found["checks"]] == [(0, 0, None)]
    assert "not verified" in tollwire("bench", *words).stdout


@pytest.mark.parametrize("name", WORKS)
def test_what_was_acknowledged_is_found(served: Gateway, name: str) -> None:
    work = WORKS[name](f"closed-{name}-")
    with links(served, 3) as connections, served.client() as client:
        begun = closed(work, connections, 7, 0.1, 0)
        driven = at_rate(work, connections, 200, 0.2, begun.last, 5)
        wait_until_queryable(client, work, driven.last)
        if work.stores:
            assert records_missing(client, work, driven.last) == (0, 0)
            assert records_missing(client, work, driven.last + 1) == (1, 0)
            assert records_missing(client, work, driven.last - 1) == (0, 1)
    for one in (begun, driven):
        assert len(one.times) % len(work.steps) == 0
        assert len(one.times) >= len(work.steps)
    assert begun.last >= 7


def test_credit_control_over_diameter() -> None:
    with target(Terms(), DIAMETER) as driven, ExitStack() as stack, Client(driven.server) as client:
        work = gy_sessions("gy-", f"127.0.0.1:{driven.ports[0]}")
        connections = links_for(Terms(connections=3), driven, stack, 7, work.speech)
        done = closed(work, connections, 7, 0.1, 0)
        done = at_rate(work, connections, 200, 0.2, done.last, 5)
        wait_until_queryable(client, work, done.last)
        assert records_missing(client, work, done.last) == (0, 0)
        assert len(done.times) == 4 * (done.last - done.first)
        assert driven.state is not None
        assert verify(driven.state) == ""
        nobody = Work("refused", "x", (request_of("x", 4, 0, {}),), fill, speech=work.speech)
        with pytest.raises(CommandError, match=r"the gateway refused: .*00001394"):  # 5012: no processor takes a CCR-E
            closed(nobody, connections[:1], 1, 1.0, 0)


def test_requests_over_radius() -> None:
    with target(Terms(), RADIUS) as driven, ExitStack() as stack, Client(driven.server) as client:
        accounting, *logins = works_of(RADIUS, "calls-", driven.ports)
        connections = links_for(Terms(connections=3), driven, stack, 7, accounting.speech)
        done = closed(accounting, connections, 7, 0.1, 0)
        done = at_rate(accounting, connections, 200, 0.2, done.last, 5)
        wait_until_queryable(client, accounting, done.last)
        assert records_missing(client, accounting, done.last) == (0, 0)
        assert len(done.times) == 4 * (done.last - done.first)
        for work in logins:
            connections = links_for(Terms(connections=3), driven, stack, 7, work.speech)
            assert closed(work, connections, 7, 0.1, 0).last > 0
            wrong = Work("refused", "x", work.steps, lambda number, fill=work.fill: (bytes(16), *fill(number)[1:]), speech=work.speech)  # type: ignore[misc]
            with pytest.raises(CommandError, match="the gateway refused: 03"):
                closed(wrong, connections[:1], 1, 1.0, 0)


def test_a_record_that_is_not_there_is_missed(served: Gateway) -> None:
    work = WORKS["cdrs"]("never-")
    with served.client() as client, pytest.raises(CommandError, match="NOT_FOUND"):
        wait_until_queryable(client, work, 3)


def test_a_refusal_ends_it(served: Gateway) -> None:
    work = Work("refused", "x", (b'{"method":"CoreSv1.Nothing","params":[{}],"id":%d}\n',), lambda number: ())
    with links(served, 1) as connections:
        with pytest.raises(CommandError, match=r"refused: .*CoreSv1\.Nothing"):
            closed(work, connections, 1, 1.0, 0)
        with pytest.raises(CommandError, match="refused"):
            at_rate(work, connections, 100, 1.0, 0, 4)


def test_figures_are_medians() -> None:
    rows = [Figures("w", "l", rate, 1.0, 2.0, 3.0, cpu, None, 10.0, 0.0) for rate, cpu in ((10.0, 5.0), (30.0, 7.0), (20.0, 6.0))]
    assert median(rows) == Figures("w", "l", 20.0, 1.0, 2.0, 3.0, 6.0, None, 10.0, 0.0)


def test_rates_are_compared_where_there_is_something_to_compare() -> None:
    rows = [Figures("rated CDRs", load, 10_200.0, 1.0, 2.0, 3.0, 31.3, 80.0, 10.0, 0.0) for load in ("32 in flight", "256 in flight")]
    assert ratios(rows) == [("rated CDRs", "10,200", "2.00 x 5,100", "2.55 x 4,000", "37.64 x 271", "313", "31.3")]
    assert ratios(rows[:1]) == []


def test_cpu_of_a_process_grows(served: Gateway) -> None:
    process = Process(served.process.pid)
    before = process.cpu_seconds()
    with Client(served.address) as client:
        for _ in range(50):
            client.call("CoreSv1.Status", {})
    assert process.cpu_seconds() > before > 0


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--seconds", "0"), 2),
        (("--seconds", "nan"), 2),
        (("--runs", "0"), 2),
        (("--in-flight", "0"), 2),
        (("--connections", "-1"), 2),
        (("--work", "everything"), 2),
        (("--server", "127.0.0.1:9", "--state-on", "."), 2),
        (("--state-on", "/nonexistent"), 1),
        (("--server", "127.0.0.1:9"), 3),
    ],
)
def test_what_it_refuses(words: tuple[str, ...], status: int) -> None:
    ran = tollwire("bench", *words)
    assert ran.returncode == status, ran.stderr
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) <= 2
