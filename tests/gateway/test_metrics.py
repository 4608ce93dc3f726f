"""What Prometheus is told: every metric of the table and of the manual is there, moves with what it counts, and its labels have a bound."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.cli.client import read_server
from gateway.config import load
from gateway.metrics.manual import document
from gateway.metrics.row import COUNTER, HISTOGRAM
from gateway.metrics.table import METRICS, PREFIX
from tests.gateway.servers import Gateway, environment, gateway, until

ROOT = Path(__file__).resolve().parents[2]
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("metrics"), "--set", "cores.caps=100") as served:
        until(lambda: "event=ready" in served.text(), "it is ready")
        yield served


def text_of(served: Gateway, path: str = "/prometheus") -> str:
    with urllib.request.urlopen(f"http://{served.http}{path}", timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        found = answer.read()
    assert isinstance(found, bytes)
    return found.decode()


def scrape(served: Gateway) -> Samples:
    families = text_string_to_metric_families(text_of(served))
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_every_metric_of_the_table_is_told_and_no_other(served: Gateway) -> None:
    found = {family.name: family.type for family in text_string_to_metric_families(text_of(served))}
    assert {name: kind for name, kind in found.items() if name.startswith(PREFIX)} == {PREFIX + one.name: one.kind for one in METRICS}
    assert {name for name in found if not name.startswith(PREFIX)} >= {"process_cpu_seconds", "process_open_fds"}


@pytest.mark.house
def test_the_manual_is_written_from_the_table() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert page == document(), "write it anew: python -m gateway.metrics docs/metrics.md"
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert named == {f"{PREFIX}{one.name}{'_total' if one.kind == COUNTER else ''}" for one in METRICS}


def test_names_are_told_once_and_say_their_unit() -> None:
    assert len({one.name for one in METRICS}) == len(METRICS)
    for one in METRICS:
        assert not one.name.endswith("_total")
        assert (one.kind == HISTOGRAM) is one.name.endswith("_seconds")
        assert one.help.endswith(".")
        assert bool(one.labels) is bool(one.values)


def test_requests_are_counted_by_service_and_outcome(served: Gateway) -> None:
    def counts(samples: Samples) -> list[float]:
        return [
            samples.get(("tollwire_requests_total", (("outcome", outcome), ("service", service))), 0.0)
            for service, outcome in (("APIerSv1", "done"), ("APIerSv1", "refused"), ("unknown", "refused"))
        ]

    before = scrape(served)
    with served.client() as client:
        client.call("APIerSv1.SetBalance", {"Account": "m", "BalanceType": "*monetary", "Balance": {"ID": "b", "Value": 1}})
        for method in ("APIerSv1.GetAccount", "Nobody.Knows"):
            with pytest.raises(Exception, match=r"NOT_FOUND|can't find"):
                client.call(method, {"Account": "nobody"})
        during = scrape(served)
    after = [now - then for now, then in zip(counts(during), counts(before), strict=True)]
    assert after == [1, 1, 1]
    assert during["tollwire_accounts", ()] == before["tollwire_accounts", ()] + 1
    assert during["tollwire_journal_appends_total", ()] > before["tollwire_journal_appends_total", ()]
    assert during["tollwire_commit_seconds_count", ()] > before["tollwire_commit_seconds_count", ()]
    connections = ("tollwire_connections", (("door", "rpc_json"),))
    assert during[connections] == before[connections] + 1
    assert during["tollwire_connections_accepted_total", ()] > before["tollwire_connections_accepted_total", ()]
    service = (("service", "APIerSv1"),)
    assert during["tollwire_request_seconds_count", service] - before.get(("tollwire_request_seconds_count", service), 0) == 2
    assert during["tollwire_caps_places", ()] == 100
    assert during["tollwire_storage_available", ()] == 1
    assert during["tollwire_gate_wait_seconds_count", ()] >= 1


def test_what_is_held_and_in_flight_shows(served: Gateway) -> None:
    rpc = (("door", "rpc_json"),)
    with socket.create_connection(read_server(served.address), 60) as link:
        link.sendall(b'{"method":"CoreSv1.Sleep","params":[{"Duration":1000000000000}],"id":1}{"method":"Half')
        until(lambda: scrape(served)["tollwire_requests_in_flight", rpc] == 1, "it is at work")
        found = scrape(served)
        assert found["tollwire_held_bytes", rpc] > 0
        assert found["tollwire_caps_at_work", ()] == 1


def test_strangers_do_not_make_series(served: Gateway) -> None:
    before = len(scrape(served))
    with served.client() as client:
        for number in range(50):
            with pytest.raises(Exception, match="can't find"):
                client.call(f"Service{number}.Method", {})
    for number in range(20):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://{served.http}/path{number}", timeout=60)
    assert len(scrape(served)) <= before + 20  # those of `unknown`, when they are the first
    assert len(scrape(served)) < 3_000


def test_metrics_ask_for_the_password(tmp_path: Path) -> None:
    words = ("--set", "http.use_basic_auth=true", "--set", 'http.auth_users={"anna": "c2VjcmV0"}')
    with gateway(tmp_path, *words) as served:
        until(lambda: "event=ready" in served.text(), "it is ready")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            text_of(served)


def test_they_may_be_elsewhere_or_nowhere(tmp_path: Path) -> None:
    assert load(environ={}).tree.prometheus.enabled
    with gateway(tmp_path, "--set", "prometheus_agent.path=/elsewhere", env=environment()) as served:
        until(lambda: "event=ready" in served.text(), "it is ready")
        assert "tollwire_info" in text_of(served, "/elsewhere")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            text_of(served)


BOUND = re.compile(r"`([A-Z][A-Z_]+)`")


@pytest.mark.house
def test_every_queue_of_the_manual_has_a_bound_that_exists_and_a_metric() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text().partition("## Queues and their bounds")[2]
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    sources = [*ROOT.glob("gateway/**/*.py"), *ROOT.glob("engine/**/*.py")]
    constants = set(re.findall(r"^([A-Z][A-Z_]+): Final", "\n".join(file.read_text() for file in sources), re.M))
    for waits, bound, _, metric in rows:
        assert set(BOUND.findall(bound)) <= constants, waits
        assert BOUND.findall(bound), waits
        assert set(re.findall(r"`(\w+)`", metric)) <= {one.name for one in METRICS}, waits
        assert metric.strip() or "`BACKLOG`" in bound, waits
