"""The sample set-up for Diameter as a whole: served, asked by `tollwire diameter send`, and what became of the money."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.cli.measure.diameter import free_port
from tests.gateway.servers import ROOT, Gateway, tollwire

CONFIG = ROOT / "packaging" / "config" / "diameter"
PLAN = ROOT / "packaging" / "tariffplans" / "diameter"
REQUESTS = ROOT / "packaging" / "requests" / "diameter"

pytestmark = pytest.mark.acceptance


class Sample(Gateway):
    """A gateway with the sample set-up, its Diameter port a free one."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        listeners = f'diameter_agent.listeners=[{{"address": "127.0.0.1:{self.port}"}}]'
        super().__init__(folder, "--config", str(CONFIG), "--set", listeners)
        loaded = tollwire("load", "--server", self.address, str(PLAN))
        assert loaded.returncode == 0, loaded.stderr

    def send(self, name: str, *words: str) -> list[dict[str, object]]:
        """What the answers to a file of requests say; all are what they are to be."""
        ran = tollwire("diameter", "send", "--json", "--peer", f"127.0.0.1:{self.port}", "--file", str(REQUESTS / name), *words)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return [json.loads(line, parse_float=Decimal) for line in ran.stdout.splitlines()]

    def money(self, account: str) -> Decimal:
        found = self.call("APIerSv2.GetAccount", {"Tenant": "default", "Account": account})
        assert isinstance(found, dict)
        return Decimal(str(found["BalanceMap"]["*monetary"][0]["Value"]))

    def records(self, account: str) -> list[tuple[object, ...]]:
        found = self.call("APIerSv2.GetCDRs", {"Accounts": [account], "OrderBy": "OrderID"})
        assert isinstance(found, list)
        return [(one["ToR"], one["Destination"], one["Usage"], Decimal(str(one["Cost"]))) for one in found]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    gateway = Sample(tmp_path_factory.mktemp("sample"))
    yield gateway
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.text()


def grant(answer: dict[str, object]) -> object:
    """The Multiple-Services-Credit-Control of an answer."""
    avps = answer["avps"]
    assert isinstance(avps, dict)
    return avps.get("Multiple-Services-Credit-Control")


def test_it_has_no_faults() -> None:
    checked = tollwire("check", "--config", str(CONFIG))
    assert checked.returncode == 0, checked.stdout
    assert tollwire("load", "--dry-run", str(PLAN)).returncode == 0


def test_data(served: Sample) -> None:
    before = served.money("1001")
    begun, renewed, ended = served.send("data.toml")
    granted = {"Granted-Service-Unit": {"CC-Total-Octets": 2097152}, "Rating-Group": 10, "Validity-Time": 600, "Result-Code": 2001}
    assert grant(begun) == grant(renewed) == granted
    assert grant(ended) is None
    cost = Decimal("0.03")  # 3 MiB
    assert served.records("1001")[-1] == ("*data", "internet", "3145728", cost)
    assert served.money("1001") == before - cost


def test_a_bundle_is_used_before_money(served: Sample, tmp_path: Path) -> None:
    file = tmp_path / "bundle.toml"
    file.write_text((REQUESTS / "data.toml").read_text().replace('"1001"', '"1003"'))
    served.send(str(file))
    assert served.money("1003") == 10
    assert served.records("1003") == [("*data", "internet", "3145728", Decimal(0))]
    account = served.call("APIerSv2.GetAccount", {"Tenant": "default", "Account": "1003"})
    assert isinstance(account, dict)
    assert account["BalanceMap"]["*data"][0]["Value"] == 104857600 - 3145728


def test_a_call_and_one_that_cannot_be_paid(served: Sample) -> None:
    before = served.money("alice")
    begun, renewed, ended, refused, closed = served.send("call.toml")
    granted = {
        "Granted-Service-Unit": {"CC-Time": 60},
        "Service-Identifier": 1000,
        "Rating-Group": 100,
        "Validity-Time": 600,
        "Result-Code": 2001,
    }
    assert grant(begun) == grant(renewed) == granted
    assert [one["result"] for one in (ended, refused, closed)] == [2001, 4012, 2001]
    assert grant(refused) is None
    assert served.records("alice") == [("*voice", "4930123", "1m15s", Decimal("0.075"))]
    assert served.money("alice") == before - Decimal("0.075")
    assert served.money("1002") == Decimal("0.05"), "what was refused costs nothing"


def test_messages(served: Sample) -> None:
    before = served.money("1001")
    asked, sent, unknown = served.send("sms.toml")
    assert [one["result"] for one in (asked, sent, unknown)] == [2001, 2001, 5030]
    assert asked["avps"]["Check-Balance-Result"] == 0  # type: ignore[index]
    assert sent["avps"]["Granted-Service-Unit"] == {"CC-Service-Specific-Units": 1}  # type: ignore[index]
    assert served.records("1001")[-1] == ("*sms", "447700900123", "1", Decimal("0.19"))
    assert served.money("1001") == before - Decimal("0.19")
