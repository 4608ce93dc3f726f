"""Every packet that was recorded: taken, shown, and the same octets again."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.protocols.radius.attributes import all_values, wrap
from gateway.protocols.radius.chap import chap_challenge, chap_is_right
from gateway.protocols.radius.codes import ACCESS_REQUEST, CODE_NAMES, EAP_MESSAGE, HEADER_BYTES, STATUS_SERVER, VENDOR_SPECIFIC
from gateway.protocols.radius.hiding import show_password, show_salted
from gateway.protocols.radius.mschap import mppe2_keys, mschap2_success, nt_hash
from gateway.protocols.radius.packet import DecodeError, Packet, decode, encode
from gateway.protocols.radius.paths import Paths, RadiusSource
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.signing import RIGHT, WRONG, answer_is_signed, message_authenticator, request_is_signed
from tests.gateway.protocols.radius.samples import RECORDINGS, known, nas_files, nas_lines, recorded_steps, row

NAS_SECRET = b"nas-shared"


def again(packet: Packet) -> bytes:
    """A packet encoded from its values, read by their rows: what stood in several attributes goes into as many as it needs."""
    dictionary = known()
    body = b""
    joined = set()
    at = HEADER_BYTES
    while at < len(packet.raw):
        number = packet.raw[at]
        attribute = dictionary.attribute(number) or dictionary.unknown(number, dictionary.standard)
        if number == VENDOR_SPECIFIC or not attribute.concat:
            body += bytes((number, len(packet.value(at)) + 2)) + packet.value(at)
        elif number not in joined:
            joined.add(number)
            body += b"".join([wrap(attribute, value) for value in all_values(packet, attribute)])
        at = packet.after(at)
    return encode(packet.code, packet.identifier, packet.authenticator, body)


def test_packets_of_the_agents_are_taken_and_written_again() -> None:
    seen = refused = 0
    for step in recorded_steps():
        for key in ("send", "expect", "arrives"):
            if not step.get(key):
                continue
            octets = bytes.fromhex(step[key])
            if step.get("expect") == "" and key == "send":
                try:
                    decode(octets)
                except DecodeError:
                    refused += 1
                    continue
            packet = decode(octets)
            seen += 1
            assert again(packet) == packet.raw == octets
            assert packet.code in CODE_NAMES
            assert shown(known(), packet)[:1] or packet.code == 5
    assert (seen, refused) == (161, 2)


def test_authenticators_of_the_agents() -> None:
    for step in recorded_steps():
        if not step.get("send") or not step.get("expect"):
            continue
        request, answer = decode(bytes.fromhex(step["send"])), decode(bytes.fromhex(step["expect"]))
        secret = step["secret"].encode()
        assert answer_is_signed(answer, request.authenticator, secret)
        assert not answer_is_signed(answer, request.authenticator, b"another")
        assert message_authenticator(request, secret) != WRONG
        if request.code not in (ACCESS_REQUEST, STATUS_SERVER):
            assert request_is_signed(request, secret)
            assert not request_is_signed(request, b"another")


@pytest.mark.parametrize("file", nas_files(), ids=lambda file: file.stem)
def test_packets_of_nases(file: Path) -> None:
    """Taken, written again, and signed as they should be; but where a capture says that they are twisted."""
    _, lines = nas_lines(file)
    requests: dict[tuple[str, int, int], Packet] = {}
    for line in lines:
        octets = bytes.fromhex(line["payload"]["hex"])
        packet = decode(octets)
        assert again(packet) == packet.raw == octets
        key = (line["channel"], line["payload"]["port"], packet.identifier)
        if packet.is_request:
            requests[key] = packet
            assert message_authenticator(packet, NAS_SECRET) != WRONG
            if packet.code not in (ACCESS_REQUEST, STATUS_SERVER):
                assert request_is_signed(packet, NAS_SECRET) or "refused" in file.stem
        elif key in requests and "twisted" not in file.stem:
            authenticator = requests[key].authenticator
            assert answer_is_signed(packet, authenticator, NAS_SECRET)
            assert message_authenticator(packet, NAS_SECRET, authenticator) != WRONG
            if packet.first(EAP_MESSAGE) is not None:
                assert message_authenticator(packet, NAS_SECRET, authenticator) == RIGHT


NAMES = ("User-Name", "Acct-Session-Id", "NAS-IP-Address", "Framed-Protocol", "Service-Type", "Acct-Status-Type", "Acct-Terminate-Cause")


def test_names_and_values_are_those_that_captures_show() -> None:
    """The text beside each captured packet was written by another program, with another dictionary."""
    compared = 0
    for file in nas_files():
        for line in nas_lines(file)[1]:
            for name, value in shown(known(), decode(bytes.fromhex(line["payload"]["hex"]))):
                if name in NAMES and value not in ("15",):  # Sip-Session, Failed: SIP's own, in no RFC
                    compared += 1
                    assert f"{name}={value}" in line["payload"]["text"], file.stem
    assert compared > 700


def test_the_password_of_pppd_in_each_way_of_asking() -> None:
    """PAP, CHAP and MS-CHAPv2 of a real client, and the keys that FreeRADIUS gave it."""
    ways = set()
    for file in nas_files():
        if not file.stem.startswith("pppd") or "wrong" in file.stem:
            continue
        for line in nas_lines(file)[1]:
            packet = decode(bytes.fromhex(line["payload"]["hex"]))
            user = packet.first(1) or b""
            password = f"tollgate-pw-{user.decode()}"
            if packet.code != ACCESS_REQUEST:
                continue
            source = RadiusSource(packet, Paths(known()), NAS_SECRET)
            hidden, response = packet.first(2), packet.first(3)
            if hidden is not None:
                assert show_password(hidden, NAS_SECRET, packet.authenticator) == password.encode()
                assert source.read(("*req", "User-Password"), 1) == password
                ways.add("pap")
            if response is not None:
                assert chap_is_right(response, chap_challenge(packet), password.encode())
                assert not chap_is_right(response, chap_challenge(packet), b"another")
                ways.add("chap")
            for value in all_values(packet, row("MS-CHAP2-Response")):
                challenge = all_values(packet, row("MS-CHAP-Challenge"))[0]
                assert mschap2_success(value, challenge, user, nt_hash(password))
                assert mschap2_success(value, challenge, user, nt_hash(password + "x")) == b""
                ways.add("mschapv2")
    assert ways == {"pap", "chap", "mschapv2"}


def test_the_keys_of_mppe_are_those_that_freeradius_gave() -> None:
    request, answer = (
        decode(bytes.fromhex(line["payload"]["hex"]))
        for line in nas_lines(RECORDINGS / "radius-nas" / "pppd-mschapv2-mppe.jsonl")[1]
        if line["channel"] == "radius-auth"
    )
    response = all_values(request, row("MS-CHAP2-Response"))[0]
    success = mschap2_success(response, all_values(request, row("MS-CHAP-Challenge"))[0], b"7001", nt_hash("tollgate-pw-7001"))
    assert all_values(answer, row("MS-CHAP2-Success")) == [success]
    keys = [
        show_salted(all_values(answer, row(name))[0], NAS_SECRET, request.authenticator)
        for name in ("MS-MPPE-Send-Key", "MS-MPPE-Recv-Key")
    ]
    assert keys == list(mppe2_keys(nt_hash("tollgate-pw-7001"), response[26:]))
