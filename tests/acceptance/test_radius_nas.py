"""The requests of real NASes, played from their captures: every answer is right, and every session is charged once by what its Stop says.

One gateway for all of them, so that what repeats from one capture to the next (a Call-ID does) repeats here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.request import urlopen

import pytest

from engine.usage import parse_duration
from gateway.cli.client import RefusedError
from tests.acceptance import nascaptures as captured
from tests.acceptance import radiuswire as wire
from tests.acceptance.nascaptures import Capture, Nas, Packet, Ports
from tests.gateway.servers import DEADLINE_SECONDS, Gateway, until

ACCOUNTS = tuple(f"700{number}" for number in range(1, 8))
MONEY = Decimal(10)
SECOND = Decimal("0.01")
NOW_AND_THEN = "a duplicate is answered as the first was"
UNPRICED = ("kamailio-register",)  # it calls nobody, and the configuration asks whom
DISCONNECT = "SessionSv1.ForceDisconnect"

pytestmark = pytest.mark.acceptance


def expect_nothing(refused: RefusedError) -> None:
    """What is asked for is not there; anything else is a failure."""
    if "NOT_FOUND" not in refused.text:
        raise refused


class Asked:
    """A gateway with the captures' configuration, a NAS that acknowledges what it is asked, and the money of their accounts."""

    def __init__(self, folder: Path) -> None:
        self.nas = Nas(b"nas-shared")
        config = folder / "config"
        config.mkdir(parents=True)
        (config / "cgrates.json").write_text(captured.configuration())
        sets = (
            "general.log_level=6",
            "prometheus_agent.enabled=true",
            'radius_agent.listeners=[{"network": "udp", "auth_address": "127.0.0.1:0", "acct_address": "127.0.0.1:0"}]',
            f'radius_agent.client_dictionaries={{"*default": ["{captured.CONFIG / "dict"}"]}}',
            f'radius_agent.client_da_addresses={{"127.0.0.1": {{"transport": "udp", "host": "127.0.0.1", "port": {self.nas.port}}}}}',
        )
        self.gateway = Gateway(folder, "--config", str(config), *(word for one in sets for word in ("--set", one)))
        self.ports = dict(zip(("radius-auth", "radius-acct"), self.gateway.agent_ports("radius"), strict=True))
        plan = folder / "plan"
        plan.mkdir()
        for name, text in captured.PLAN.items():
            (plan / f"{name}.csv").write_text(text)
        self.gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
        self.seen = 0  # OrderID of the last record that was looked at

    def fill(self, accounts: dict[str, float]) -> dict[str, Decimal]:
        """Gives each account what it has at the begin of a capture."""
        money = {account: Decimal(str(accounts.get(account, MONEY))) for account in ACCOUNTS}
        for account, value in money.items():
            try:
                self.gateway.call("APIerSv1.RemoveAccount", {"Tenant": "cgrates.org", "Account": account})
            except RefusedError as refused:
                expect_nothing(refused)
            cash = {"Tenant": "cgrates.org", "Account": account, "BalanceType": "*monetary", "Value": value, "Balance": {"ID": "cash"}}
            self.gateway.call("APIerSv1.AddBalance", cash)
        return money

    def balance(self, account: str) -> Decimal:
        found = self.gateway.call("APIerSv2.GetAccount", {"Tenant": "cgrates.org", "Account": account})
        assert isinstance(found, dict)
        return sum((Decimal(str(one["Value"])) for one in found["BalanceMap"]["*monetary"]), Decimal())

    def new_records(self) -> list[dict[str, object]]:
        """The records since it was asked last."""
        try:
            found = self.gateway.call("CDRsV1.GetCDRs", {"ExtraArgs": {"OrderIDStart": self.seen + 1}, "OrderBy": "OrderID"})
        except RefusedError as refused:
            expect_nothing(refused)
            return []
        assert isinstance(found, list)
        self.seen = max(int(one["OrderID"]) for one in found)
        return found

    def end_sessions(self) -> None:
        """Whatever is still open ends; its NAS has agreed when it returns, so that the next capture's NAS does not hear of it."""
        try:
            self.gateway.call(DISCONNECT, {})
        except RefusedError as refused:
            expect_nothing(refused)
        until(lambda: self.to_be_told() == 0, "the NAS has agreed")

    def to_be_told(self) -> float:
        """How many effects the outside has not heard of, or not agreed to."""
        with urlopen(f"http://{self.gateway.http}/prometheus", timeout=DEADLINE_SECONDS) as answer:
            rows = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line.startswith("tollwire_effects_"))
        return float(rows["tollwire_effects_waiting"]) + float(rows["tollwire_effects_under_way"])

    def close(self) -> None:
        self.nas.close()
        status = self.gateway.stop()
        assert status == 0, self.gateway.text()
        assert "Traceback" not in self.gateway.text()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    served = Asked(tmp_path_factory.mktemp("nas"))
    yield served
    served.close()


def wanted_code(capture: Capture, request: bytes, recorded: bytes) -> int:
    """What an answer's code is to be: the engine's own, where it was there, else what the configuration makes of the request."""
    if request[0] == wire.ACCOUNTING_REQUEST:
        return wire.ACCOUNTING_RESPONSE
    if wire.first(request, wire.EAP_MESSAGE) is not None:
        return wire.ACCESS_REJECT
    if capture.server == "cgrates":
        return recorded[0]
    # Kamailio's digests are not looked at by this configuration
    return wire.ACCESS_REJECT if capture.wrong_password and capture.nas == "pppd" else wire.ACCESS_ACCEPT


def meaning(packet: bytes) -> list[tuple[int, bytes]]:
    """The attributes of an answer that count; MS-CHAP2-Success with its right vendor (recordings: radius-nas/README.md, the last line)."""
    found = [one for one in wire.attributes_of(packet) if one[0] not in (wire.MESSAGE_AUTHENTICATOR, wire.PROXY_STATE)]
    return sorted((kind, (311).to_bytes(4, "big") + value[4:] if kind == 26 and value[:4] == bytes(4) else value) for kind, value in found)


@pytest.mark.parametrize("capture", captured.captures(), ids=lambda capture: capture.name)
def test_a_capture(asked: Asked, capture: Capture) -> None:
    money = asked.fill(capture.accounts)
    before, ports, answered = len(asked.nas.heard), Ports(asked.ports), dict[tuple[int, bytes], bytes]()
    try:
        for event, recorded in captured.asked(capture):
            if isinstance(event, str):
                assert asked.gateway.call(event, {}) == "OK"
                until(lambda: len(asked.nas.heard) > before, "the NAS was asked")
                continue
            if capture.name in UNPRICED:
                assert ports.ask(event, captured.SILENCE_SECONDS) == b""
                continue
            found = ports.ask(event)
            assert found, f"no answer to {event.octets.hex()}\n{asked.gateway.text()[-2000:]}"
            assert wire.fault(found, event.octets, capture.secret) == ""
            assert found[0] == wanted_code(capture, event.octets, recorded), (found.hex(), recorded.hex())
            if capture.server == "cgrates":
                assert meaning(found) == meaning(recorded), (found.hex(), recorded.hex())
            assert answered.setdefault((event.port, event.octets), found) == found, NOW_AND_THEN
    finally:
        ports.close()
    asked_by_us = list(dict.fromkeys(asked.nas.heard[before:]))  # what is asked again, because the NAS was slow, is one request
    asked.end_sessions()
    look_at_money(asked, capture, money)
    look_at_disconnects(capture, asked_by_us)


def look_at_money(asked: Asked, capture: Capture, money: dict[str, Decimal]) -> None:
    """One record a session, as long as its Stop says; what the accounts lack is what the records cost, to the last digit."""
    sessions, records = captured.sessions_of(capture), asked.new_records()
    assert sorted(map(session_of, records)) == sorted(sessions)
    for record in records:
        spoken = sessions[session_of(record)]
        usage = parse_duration(str(record["Usage"])) if isinstance(record["Usage"], str) else record["Usage"]
        assert record["Account"] == spoken.account
        if spoken.seconds is not None and DISCONNECT not in capture.events:
            assert usage == spoken.seconds * 10**9, record
            assert Decimal(str(record["Cost"])) == spoken.seconds * SECOND, record
    for account, had in money.items():
        cost = sum((max(Decimal(str(one["Cost"])), Decimal(0)) for one in records if one["Account"] == account), Decimal())
        assert asked.balance(account) == had - cost, account


def session_of(record: dict[str, object]) -> str:
    """The Acct-Session-Id of a record, without when the call was answered."""
    return re.sub(r"@\d{10}$", "", str(record["OriginID"]))


def look_at_disconnects(capture: Capture, heard: list[bytes]) -> None:
    """What the engine asked of the NAS in the capture, the gateway asked too, signed."""
    wanted = [
        one
        for one in capture.events
        if isinstance(one, Packet) and one.channel == "radius-dae" and one.octets[0] == wire.DISCONNECT_REQUEST
    ]
    if DISCONNECT not in capture.events:
        assert heard == []
        return
    assert [wire.request_fault(one, capture.secret) for one in heard] == [""] * len(wanted)
    for mine, theirs in zip(heard, wanted, strict=True):
        assert set(wire.attributes_of(theirs.octets)) <= set(wire.attributes_of(mine))


def test_the_captures_are_all_there() -> None:
    found = captured.captures()
    assert len(found) == 81
    assert {one.nas for one in found} == {"kamailio", "pppd", "hostapd", "eapol_test", "strongswan"}
    copies = [
        one.name
        for one in found
        if len({event.octets for event in one.events if isinstance(event, Packet) and event.to_server})
        < sum(isinstance(event, Packet) and event.to_server for event in one.events)
    ]
    assert len(copies) >= 10, "captures with copies of the very octets"
