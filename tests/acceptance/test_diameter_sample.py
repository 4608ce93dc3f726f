"""The sample set-up for Diameter as a whole: served, asked by `tollwire diameter send`, and what became of the money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.cli.avps import Tree
from tests.acceptance.gypayers import MIB, Link, credit, granted, service
from tests.acceptance.sample import CONFIG, PLAN, REQUESTS, Sample
from tests.gateway.certificates import Authority
from tests.gateway.servers import gateway, tollwire

pytestmark = pytest.mark.acceptance


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


def test_more_used_than_can_be_paid(served: Sample) -> None:
    """What is owed is no grant: 4012, and the end takes what was used, below nothing."""
    served.give("overrun", 0.05)
    link = Link(served.port, "overrun.client.test")
    said = [(1, service(MIB, None)), (2, service(MIB, 9 * MIB)), (3, service(None, 0))]
    answers = [link.ask(credit(link.origin, "overrun", "overrun", kind, number, more)) for number, (kind, more) in enumerate(said)]
    link.close()
    assert [(answer.avps.number(268), answer.is_error, granted(answer)) for answer in answers] == [
        (2001, False, MIB),
        (4012, False, 0),
        (2001, False, 0),
    ]
    assert served.records("overrun")[-1] == ("*data", "", str(9 * MIB), Decimal("0.09"))
    account = served.call("APIerSv2.GetAccount", {"Tenant": "default", "Account": "overrun"})
    assert isinstance(account, dict)
    assert sum(Decimal(str(one["Value"])) for one in account["BalanceMap"]["*monetary"]) == Decimal("-0.04")


def test_over_tls_with_certificates_of_both(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.sign("server")
    authority.sign("client")
    keys = ("server_certificate=server.crt", "server_key=server.key", "ca_certificate=authority.pem")
    tls = [f"tls.{name}={tmp_path / file}" for name, _, file in (key.partition("=") for key in keys)]
    listeners = 'diameter_agent.listeners=[{"address": "127.0.0.1:0", "network": "tcp-tls"}]'
    sets = [word for one in (*tls, "tls.server_policy=4", listeners) for word in ("--set", one)]
    shown = ("--ca", str(tmp_path / "authority.pem"), "--certificate", str(tmp_path / "client.crt"), "--key", str(tmp_path / "client.key"))
    with gateway(tmp_path / "gateway", "--config", str(CONFIG), *sets) as served:
        (port,) = served.agent_ports("diameter")
        peer = ("diameter", "send", "--peer", f"127.0.0.1:{port}")
        watched = tollwire(*peer, *shown, "DWR")
        assert watched.returncode == 0, watched.stderr
        assert watched.stdout.startswith("DWR -> 2001 DIAMETER_SUCCESS")
        refused = tollwire(*peer, *shown[:2], "DWR")
        assert refused.returncode == 3
        assert "TLS" in refused.stderr or "closed the connection" in refused.stderr, refused.stderr
        plain = tollwire(*peer, "--timeout", "2", "DWR")
        assert plain.returncode == 3, plain.stdout


@pytest.mark.parametrize("context", ["32251@3gpp.org", "32260@3gpp.org"])
@pytest.mark.parametrize("begun", [False, True])
def test_an_end_that_tells_no_use_costs_nothing(served: Sample, context: str, begun: bool) -> None:
    """What a client has used it says; without a grant it has nothing to say, and what nobody granted is not what it used."""
    payer = f"silent-{context[:5]}-{begun}"
    served.give(payer, 5)
    link = Link(served.port, f"{payer}.client.test")
    units: Tree = {"CC-Total-Octets": MIB} if context.startswith("32251") else {"CC-Time": 60}
    called: Tree = {"Service-Information": {"IMS-Information": {"Node-Functionality": 6, "Called-Party-Address": "tel:4930123"}}}
    about: Tree = {"Service-Context-Id": context, **(called if "CC-Time" in units else {})}
    asked: Tree = {"Multiple-Services-Credit-Control": {"Rating-Group": 10, "Requested-Service-Unit": units}}
    said = [(1, {**about, **asked}), (3, about)] if begun else [(3, about)]
    answers = [link.ask(credit(link.origin, payer, payer, kind, number, more)) for number, (kind, more) in enumerate(said)]
    link.close()
    assert [answer.avps.number(268) for answer in answers] == [2001] * len(said)
    assert served.money(payer) == 5
    assert [record[3] for record in served.records(payer)] in ([], [0])
