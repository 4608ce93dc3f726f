"""The sample set-up for RADIUS as a whole: served, asked by `tollwire radius send`, and what became of the money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from gateway.protocols.radius.codes import DISCONNECT_ACK, DISCONNECT_REQUEST
from gateway.protocols.radius.packet import decode
from gateway.protocols.radius.signing import answer
from tests.acceptance.sample import PACKAGING, RADIUS_SECRET, RadiusSample
from tests.gateway.servers import environment, tollwire

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RadiusSample]:
    gateway = RadiusSample(tmp_path_factory.mktemp("radius"))
    yield gateway
    gateway.nas.close()
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.text()


def test_it_has_no_faults_and_no_secret() -> None:
    config = str(PACKAGING / "config" / "radius")
    checked = tollwire("check", "--config", config, env=environment(RADIUS_SECRET=RADIUS_SECRET))
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (0, "4 files, no faults")
    without = tollwire("check", "--config", config)
    assert without.returncode != 0
    assert "the environment has no RADIUS_SECRET" in without.stdout
    assert tollwire("load", "--dry-run", str(PACKAGING / "tariffplans" / "radius")).returncode == 0


def said(answer: dict[str, object]) -> dict[str, object]:
    attributes = answer["attributes"]
    assert isinstance(attributes, dict)
    return {name: value for name, value in attributes.items() if name != "Message-Authenticator"}


def record(served: RadiusSample, account: str) -> dict[str, object]:
    """The last record of an account."""
    found = served.call("APIerSv2.GetCDRs", {"Accounts": [account], "OrderBy": "OrderID"})
    assert isinstance(found, list)
    last = found[-1]
    assert isinstance(last, dict)
    return last


def test_data(served: RadiusSample) -> None:
    before = served.money("1001")
    login, begun, reported, second, ended, wrong, disabled = served.send("data.toml")
    assert login["mschap2_success"] is True, "the server has shown that it knows the password, too"
    affordable = str(int(before * 100) * 1048576)
    assert (
        said(login).items() >= {"Acct-Interim-Interval": "300", "Mikrotik-Total-Limit": affordable, "Service-Type": "Framed-User"}.items()
    )
    assert {"MS-MPPE-Send-Key", "MS-MPPE-Recv-Key"} <= set(said(login))
    assert [said(one) for one in (begun, reported, ended)] == [{}, {}, {}]
    assert [said(one) for one in (second, wrong, disabled)] == [
        {"Reply-Message": "Already logged in"},
        {"Reply-Message": "Authentication failed"},
        {"Reply-Message": "No credit"},
    ]
    cost = Decimal("0.03")  # 3 MiB
    assert served.money("1001") == before - cost
    last = record(served, "1001")
    assert (last["Usage"], last["OriginHost"], last["OriginID"]) == ("3145728", "192.0.2.10", "81800001-1001")
    assert last["ExtraFields"] == {
        "NASPort": "192.0.2.10/7",
        "FramedIPAddress": "10.64.0.7",
        "InputOctets": "1048576",
        "OutputOctets": "2097152",
        "SessionTime": "420s",
        "DisconnectCause": "User-Request",
    }


def test_a_sip_call(served: RadiusSample) -> None:
    before = served.money("1001")
    registered, invited, begun, ended = served.send("sip.toml")
    assert said(registered) == {}
    seconds = str(int(before * 1000))
    assert said(invited) == {"Session-Timeout": seconds, "Attr-225": f"timeout#{seconds}"}
    assert [said(one) for one in (begun, ended)] == [{}, {}]
    assert served.records("1001")[-1] == ("*voice", "4930123", "1m15s", Decimal("0.075"))
    assert served.money("1001") == before - Decimal("0.075")
    last = record(served, "1001")
    assert (last["SetupTime"], last["AnswerTime"]) == ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z")
    wrong = served.send("--auth", "digest", "Access-Request", "User-Name=1001@sip.test", "User-Password=x", "Service-Type=15", refused=True)
    assert said(wrong[0]) == {"Reply-Message": "Authentication failed"}


def test_a_prepaid_call(served: RadiusSample) -> None:
    before = served.money("1003")
    let_in, *legs, poor, poorer = served.send("call.toml")
    seconds = str(int((before - Decimal("0.05")) / Decimal("0.002")))
    assert said(let_in)["h323-credit-time"] == f"h323-credit-time={seconds}"
    assert [said(one) for one in legs] == [{}, {}, {}, {}]
    assert (said(poor)["h323-credit-time"], said(poorer)) == ("h323-credit-time=50", {"Reply-Message": "No credit"})
    assert served.records("1003") == [("*voice", "4917555", "1m30s", Decimal("0.23"))], "one leg of the two"
    assert served.money("1003") == before - Decimal("0.23")


def test_a_nas_that_begins_anew(served: RadiusSample) -> None:
    """Its subscriber is let in again at once, and the session before is charged as it was reported last."""
    before = served.money("1001")
    line = ("User-Name=1001", "Service-Type=Framed-User", "NAS-IP-Address=192.0.2.11", "NAS-Port=3")
    login = ("--auth", "chap", "Access-Request", *line, "User-Password=pass-1001")
    served.send("Start", *line, "Acct-Session-Id=00000001")
    served.send("Interim", *line, "Acct-Session-Id=00000001", "Acct-Session-Time=60", "Acct-Output-Octets=1048576")
    elsewhere = [one.replace("NAS-Port=3", "NAS-Port=4") for one in login]
    (refused,) = served.send(*elsewhere, "Acct-Session-Id=00000002", refused=True)
    assert said(refused) == {"Reply-Message": "Already logged in"}
    served.send(*login, "Acct-Session-Id=00000002")
    served.send("On", "NAS-IP-Address=192.0.2.11")
    served.send(*elsewhere, "Acct-Session-Id=00000002")
    assert served.records("1001")[-1] == ("*data", "internet", "1048576", Decimal("0.01"))
    assert served.money("1001") == before - Decimal("0.01")


def test_credit_that_ends(served: RadiusSample) -> None:
    """A report of more than the account can pay has the NAS asked to end the session."""
    line = ("User-Name=1002", "Service-Type=Framed-User", "NAS-IP-Address=192.0.2.12", "NAS-Port=1", "Acct-Session-Id=0000000A")
    served.send("Start", *line)
    served.send("Interim", *line, "Acct-Session-Time=60", "Acct-Output-Octets=6291456")
    octets, sender = served.nas.recvfrom(4096)
    asked = decode(octets)
    assert (asked.code, asked.first(1), asked.first(44)) == (DISCONNECT_REQUEST, b"1002", b"0000000A")
    served.nas.sendto(answer(asked, DISCONNECT_ACK, b"", RADIUS_SECRET.encode()), sender)
    served.send("Stop", *line, "Acct-Session-Time=61", "Acct-Output-Octets=6291456")
    assert served.records("1002") == [("*data", "internet", "6291456", Decimal("0.06"))]
    assert served.money("1002") == Decimal("-0.01")
