"""Which entry an address has, and whose requests are taken without a signature."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.agents.radius import nas as nases
from gateway.agents.radius.counts import (
    BAD_AUTHENTICATOR,
    BAD_MESSAGE_AUTHENTICATOR,
    NO_MESSAGE_AUTHENTICATOR,
    PROXY_STATE_UNSIGNED,
)
from gateway.agents.radius.limits import DEMAND_AFTER
from gateway.agents.radius.nas import AUTO, DEFAULT, NO, YES, Nas, Nases, Sender
from gateway.protocols.radius.building import Builder
from gateway.protocols.radius.codes import ACCESS_REQUEST, ACCOUNTING_REQUEST, STATUS_SERVER
from gateway.protocols.radius.dictionary import Dictionary
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.paths import Paths
from gateway.protocols.radius.signing import request

SECRET = b"between-us"
WORDS = Dictionary()
NAME = b"\x01\x05ann"
EAP = b"\x4f\x06\x02\x01\x00\x04"
DIGEST = b"\xce\x05abc"
STATE = b"\x21\x04ab"


def entry(name: str, *networks: str, **more: Any) -> Nas:
    return Nas(name, list(networks), SECRET, Paths(WORDS), Builder(WORDS), **more)


def access(*, signed: bool, extra: bytes = b"", secret: bytes = SECRET, code: int = ACCESS_REQUEST) -> Packet:
    return decode(request(code, 1, NAME + extra, secret, bytes(16), signed))


def accounting(*, signed: bool = False, secret: bytes = SECRET) -> Packet:
    return decode(request(ACCOUNTING_REQUEST, 1, NAME, secret, b"", signed))


def test_the_longest_prefix_counts_and_default_is_everybody() -> None:
    found = Nases(
        [entry("all", DEFAULT), entry("net", "192.0.2.0/24", "2001:db8::/32"), entry("one", "192.0.2.7"), entry("six", "2001:db8::1")]
    )
    names = {address: getattr(found.of(address), "name", None) for address in ("192.0.2.7", "192.0.2.8", "198.51.100.1", "2001:db8::1")}
    assert names == {"192.0.2.7": "one", "192.0.2.8": "net", "198.51.100.1": "all", "2001:db8::1": "six"}
    assert found.of("2001:db8::2") is found.named("net")
    assert found.of("2001:db9::2") is found.named("all")


def test_an_ipv4_address_is_one_however_a_socket_writes_it() -> None:
    found = Nases([entry("one", "192.0.2.7"), entry("link", "fe80::1")])
    sender = found.sender("::ffff:192.0.2.7")
    assert sender is not None
    assert (sender.nas.name, sender.address) == ("one", "192.0.2.7")
    assert found.of("fe80::1%eth0") is found.named("link")
    assert found.of("192.0.2.8") is found.of("no address") is found.named("nobody") is None


def test_what_is_no_network_and_what_two_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2 is no address"):
        Nases([entry("a", "192.0.2")])
    found = Nases([entry("a", "192.0.2.1/24")])
    with pytest.raises(ValueError, match=r"192\.0\.2\.0/24 stands for a already"):
        found.replace([entry("a", "192.0.2.1/24"), entry("b", "192.0.2.0/24")])
    assert found.of("192.0.2.9") is not None


def test_entries_come_and_go_while_packets_come() -> None:
    found = Nases([entry("a", "192.0.2.1")])
    assert found.of("192.0.2.1") is not None
    found.replace([entry("b", "192.0.2.2")])
    assert found.of("192.0.2.1") is None
    assert found.of("192.0.2.2") is not None


def test_what_is_known_of_senders_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nases, "MAX_SENDERS", 3)
    found = Nases([entry("all", DEFAULT)])
    for number in range(10):
        assert found.of(f"192.0.2.{number}") is not None
    assert list(found.senders) == ["192.0.2.7", "192.0.2.8", "192.0.2.9"]


def test_an_accounting_request_is_signed() -> None:
    sender = Sender(entry("a"), "192.0.2.1")
    assert sender.fault(accounting(), SECRET) == sender.fault(accounting(signed=True), SECRET) == ""
    assert sender.fault(accounting(secret=b"other"), SECRET) == BAD_AUTHENTICATOR


@pytest.mark.parametrize("policy", [AUTO, YES, NO])
def test_a_wrong_message_authenticator_is_never_taken(policy: int) -> None:
    sender = Sender(entry("a", message_authenticator=policy), "192.0.2.1")
    assert sender.fault(access(signed=True, secret=b"other"), SECRET) == BAD_MESSAGE_AUTHENTICATOR
    assert sender.fault(access(signed=True, extra=b"\x50\x03\x00"), SECRET) == BAD_MESSAGE_AUTHENTICATOR  # two of them
    assert sender.fault(access(signed=True), SECRET) == ""


@pytest.mark.parametrize("policy", [AUTO, YES, NO])
def test_status_server_and_eap_need_one_whatever_the_policy(policy: int) -> None:
    sender = Sender(entry("a", message_authenticator=policy), "192.0.2.1")
    assert sender.fault(access(signed=False, code=STATUS_SERVER), SECRET) == NO_MESSAGE_AUTHENTICATOR
    assert sender.fault(access(signed=False, extra=EAP), SECRET) == NO_MESSAGE_AUTHENTICATOR
    assert sender.fault(access(signed=True, code=STATUS_SERVER), SECRET) == sender.fault(access(signed=True, extra=EAP), SECRET) == ""


def test_the_policy_says_who_may_send_none() -> None:
    packet = access(signed=False)
    faults = [Sender(entry("a", message_authenticator=policy), "192.0.2.1").fault(packet, SECRET) for policy in (AUTO, YES, NO)]
    assert faults == ["", NO_MESSAGE_AUTHENTICATOR, ""]


def test_auto_demands_it_of_who_has_sent_enough_of_them() -> None:
    sender = Sender(entry("a"), "192.0.2.1")
    for _ in range(DEMAND_AFTER - 1):
        assert sender.fault(access(signed=True), SECRET) == ""
    assert sender.fault(access(signed=False), SECRET) == ""  # one without: it is counted anew
    for _ in range(DEMAND_AFTER):
        assert sender.fault(access(signed=True), SECRET) == ""
    assert sender.fault(access(signed=False), SECRET) == NO_MESSAGE_AUTHENTICATOR
    assert (sender.nas.counts.signed, sender.nas.counts.unsigned) == (2 * DEMAND_AFTER - 1, 1)


def test_what_needs_a_signature_anyway_shows_nothing_of_the_rest() -> None:
    sender = Sender(entry("a"), "192.0.2.1")
    for extra in (EAP, DIGEST):
        for _ in range(DEMAND_AFTER + 1):
            assert sender.fault(access(signed=True, extra=extra), SECRET) == ""
    assert sender.fault(access(signed=False), SECRET) == ""


def test_proxy_state_without_a_signature_is_limited() -> None:
    assert Sender(entry("a"), "192.0.2.1").fault(access(signed=False, extra=STATE), SECRET) == ""
    sender = Sender(entry("a", limit_proxy_state=True), "192.0.2.1")
    assert sender.fault(access(signed=False, extra=STATE), SECRET) == PROXY_STATE_UNSIGNED
    assert sender.fault(access(signed=True, extra=STATE), SECRET) == sender.fault(access(signed=False), SECRET) == ""
