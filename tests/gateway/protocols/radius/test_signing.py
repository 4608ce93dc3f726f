"""Authenticators, hiding and the window of repetitions; the same packets made and taken by pyrad."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrad import packet as theirs
from pyrad.client import Client
from pyrad.dictionary import Dictionary as PyradDictionary

from gateway.protocols.radius.builtin import builtin_folder
from gateway.protocols.radius.chap import chap_password
from gateway.protocols.radius.codes import (
    ACCESS_ACCEPT,
    ACCESS_REQUEST,
    ACCOUNTING_REQUEST,
    ACCOUNTING_RESPONSE,
    COA_ACK,
    COA_REQUEST,
    DISCONNECT_REQUEST,
    HEADER_BYTES,
    MESSAGE_AUTHENTICATOR,
    STATUS_SERVER,
)
from gateway.protocols.radius.duplicates import BUSY, FULL, NEW, REPEATED, Duplicates
from gateway.protocols.radius.hiding import hide_ascend, hide_password, hide_salted, show_ascend, show_password, show_salted
from gateway.protocols.radius.limits import MAX_PACKET_BYTES
from gateway.protocols.radius.md5 import hmac_md5, md5
from gateway.protocols.radius.packet import Packet, decode, header
from gateway.protocols.radius.signing import (
    ABSENT,
    RIGHT,
    WRONG,
    answer,
    answer_is_signed,
    message_authenticator,
    request,
    request_is_signed,
)
from tests.gateway.protocols.radius.samples import AUTHENTICATOR, SECRET, raw, text


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_digests(secret: bytes, data: bytes) -> None:
    assert md5(data) == hashlib.md5(data, usedforsecurity=False).digest()
    assert hmac_md5(secret, data) == hmac_md5(secret, data) == hmac.digest(secret, data, "md5")


BY_CHANCE = (ACCESS_REQUEST, STATUS_SERVER)
DIGESTED = (ACCOUNTING_REQUEST, DISCONNECT_REQUEST, COA_REQUEST)


def asked(code: int, body: bytes = b"", signed: bool = True, identifier: int = 7) -> Packet:
    return decode(request(code, identifier, body, SECRET, AUTHENTICATOR if code in BY_CHANCE else b"", signed))


@pytest.mark.parametrize("code", BY_CHANCE + DIGESTED)
@pytest.mark.parametrize("signed", [True, False])
def test_requests(code: int, signed: bool) -> None:
    body = text("User-Name", "ann") + raw(33, b"proxy")
    made = asked(code, body, signed)
    assert message_authenticator(made, SECRET) == (RIGHT if signed else ABSENT)
    assert message_authenticator(made, b"another") == (WRONG if signed else ABSENT)
    assert made.attributes.endswith(body)
    assert len(made.attributes) == len(body) + 18 * signed
    if code in DIGESTED:
        assert request_is_signed(made, SECRET)
        assert not request_is_signed(made, b"another")
        assert not request_is_signed(decode(made.raw[:-1] + b"?"), SECRET)
    else:
        assert made.authenticator == AUTHENTICATOR


@pytest.mark.parametrize("code", BY_CHANCE + DIGESTED)
@pytest.mark.parametrize("signed", [True, False])
def test_answers(code: int, signed: bool) -> None:
    """Message-Authenticator first in what answers Access-Requests, Status-Server and a CoA that has one; Proxy-State behind, in order."""
    asking = asked(code, raw(33, b"a") + text("User-Name", "ann") + raw(33, b"b") + raw(33, b""), signed)
    made = decode(answer(asking, ACCESS_ACCEPT, text("Class", "in"), SECRET))
    first = code in BY_CHANCE or (signed and code != ACCOUNTING_REQUEST)
    assert (made.raw[HEADER_BYTES] == MESSAGE_AUTHENTICATOR) == first
    assert made.attributes[18 * first :] == text("Class", "in") + raw(33, b"a") + raw(33, b"b") + raw(33, b"")
    assert (made.code, made.identifier) == (ACCESS_ACCEPT, 7)
    assert answer_is_signed(made, asking.authenticator, SECRET)
    assert not answer_is_signed(made, asking.authenticator, b"another")
    assert not answer_is_signed(made, bytes(16), SECRET)
    assert message_authenticator(made, SECRET, asking.authenticator) == (RIGHT if first else ABSENT)
    assert message_authenticator(made, SECRET, bytes(15) + b"x") == (WRONG if first else ABSENT)


def test_a_message_authenticator_that_is_none() -> None:
    good = asked(ACCESS_REQUEST, text("User-Name", "ann"))
    signature = good.attributes[:18]
    for attributes in (
        signature + signature,
        signature + raw(80, b""),
        raw(80, b""),
        raw(80, b"x" * 15),
        raw(80, b"x" * 17),
        signature[:-1] + bytes([signature[-1] ^ 1]),
    ):
        assert message_authenticator(decode(header(1, 7, len(attributes)) + AUTHENTICATOR + attributes), SECRET) == WRONG


def test_what_does_not_fit_into_a_packet() -> None:
    body = raw(18, b"x" * 253) * 15 + raw(18, b"y" * 231)
    assert len(answer(asked(ACCESS_REQUEST), ACCESS_ACCEPT, body, SECRET)) == MAX_PACKET_BYTES
    with pytest.raises(ValueError, match="a packet of 4099 octets"):
        answer(asked(ACCESS_REQUEST, raw(33, b"p")), ACCESS_ACCEPT, body, SECRET)
    with pytest.raises(ValueError, match="a packet of 4097 octets"):
        request(ACCOUNTING_REQUEST, 1, body + raw(1, b"")[:1], SECRET)


# -- hiding ----------------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=128), st.binary(min_size=1, max_size=40), st.binary(min_size=16, max_size=16))
def test_passwords_come_back(password: bytes, secret: bytes, authenticator: bytes) -> None:
    hidden = hide_password(password, secret, authenticator)
    assert len(hidden) == max(16, (len(password) + 15) // 16 * 16)
    assert show_password(hidden, secret, authenticator) == password.rstrip(b"\0")
    assert show_password(hidden + b"odd", secret, authenticator) == password.rstrip(b"\0")


@given(st.binary(max_size=200), st.integers(0, 1 << 20), st.binary(min_size=16, max_size=16))
def test_salted_values_come_back(value: bytes, salt: int, authenticator: bytes) -> None:
    hidden = hide_salted(value, SECRET, authenticator, salt)
    assert hidden[0] & 0x80
    assert hidden[:2] != hide_salted(value, SECRET, authenticator, salt + 1)[:2]
    assert show_salted(hidden, SECRET, authenticator) == value


@given(st.binary(max_size=80))
def test_any_octets_can_be_asked_for_what_they_hide(octets: bytes) -> None:
    show_password(octets, SECRET, AUTHENTICATOR)
    show_ascend(octets, SECRET, AUTHENTICATOR)
    if len(octets) < 18 or (len(octets) - 2) % 16:
        with pytest.raises(ValueError, match="no whole blocks"):
            show_salted(octets, SECRET, AUTHENTICATOR)


def test_what_cannot_be_hidden() -> None:
    for hide in (hide_password, hide_ascend):
        with pytest.raises(ValueError, match="is the most"):
            hide(b"x" * 129, SECRET, AUTHENTICATOR)
    with pytest.raises(ValueError, match="too long to be hidden"):
        hide_salted(b"x" * 240, SECRET, AUTHENTICATOR, 1)
    assert show_ascend(hide_ascend(b"ascend", SECRET, AUTHENTICATOR), SECRET, AUTHENTICATOR) == b"ascend"


# -- pyrad -----------------------------------------------------------------------------------------------------------------

PYRAD = PyradDictionary(*[str(builtin_folder() / f"dictionary.{name}") for name in ("rfc2865", "rfc2866", "rfc2868", "rfc2869", "cisco")])
OCTETS = st.binary(min_size=1, max_size=60)


def pyrad_client() -> Client:
    return Client(server="127.0.0.1", secret=SECRET, dict=PYRAD)


@settings(max_examples=20, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
    st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=64),
    OCTETS,
)
def test_an_access_request_of_pyrad(user: str, password: str, pair: bytes) -> None:
    made = pyrad_client().CreateAuthPacket(code=ACCESS_REQUEST, User_Name=user)
    made["User-Password"] = made.PwCrypt(password)
    made["NAS-Port"] = 17
    made["Class"] = pair
    made["Proxy-State"] = pair
    made.add_message_authenticator()
    taken = decode(made.RequestPacket())
    assert message_authenticator(taken, SECRET) == RIGHT
    assert taken.first(1) == user.encode()
    assert taken.first(5) == bytes([0, 0, 0, 17])
    assert taken.first(25) == pair
    assert show_password(taken.first(2) or b"", SECRET, taken.authenticator) == password.encode()
    octets = answer(taken, ACCESS_ACCEPT, raw(18, b"hello"), SECRET)
    assert made.VerifyReply(made.CreateReply(packet=octets), octets, enforce_ma=True)
    assert octets.endswith(raw(33, pair))
    twisted = octets[:-1] + bytes([octets[-1] ^ 1])
    assert not made.VerifyReply(made.CreateReply(packet=twisted), twisted)


@settings(max_examples=20, deadline=None)
@given(OCTETS, st.integers(0, 0xFFFFFFFF), st.sampled_from(DIGESTED))
def test_requests_and_answers_between_pyrad_and_us(octets: bytes, number: int, code: int) -> None:
    kind = theirs.AcctPacket if code == ACCOUNTING_REQUEST else theirs.CoAPacket
    made = kind(code=code, secret=SECRET, dict=PYRAD)
    made["Acct-Session-Id"] = octets
    made["Acct-Session-Time"] = number
    taken = decode(made.RequestPacket())
    assert request_is_signed(taken, SECRET)
    assert (taken.first(44), taken.first(46)) == (octets, number.to_bytes(4, "big"))
    ours = request(code, 9, raw(44, octets) + raw(46, number.to_bytes(4, "big")), SECRET, signed=code != ACCOUNTING_REQUEST)
    read = kind(packet=ours, secret=SECRET, dict=PYRAD)
    assert read.VerifyAcctRequest() if code == ACCOUNTING_REQUEST else read.VerifyCoARequest()
    assert read[44] == [octets]
    reply = answer(taken, ACCOUNTING_RESPONSE if code == ACCOUNTING_REQUEST else COA_ACK, raw(18, b"ok"), SECRET)
    assert made.VerifyReply(made.CreateReply(packet=reply), reply)


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=1, max_size=100))
def test_salted_values_of_pyrad(value: bytes) -> None:
    made = theirs.AuthPacket(code=ACCESS_ACCEPT, secret=SECRET, dict=PYRAD, authenticator=AUTHENTICATOR)
    assert show_salted(made.SaltCrypt(value), SECRET, AUTHENTICATOR) == value
    assert made.SaltDecrypt(hide_salted(value, SECRET, AUTHENTICATOR, 77)) == value


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=30), st.integers(0, 255), st.binary(min_size=16, max_size=16))
def test_chap_of_pyrad(password: str, identifier: int, challenge: bytes) -> None:
    made = theirs.AuthPacket(code=ACCESS_REQUEST, secret=SECRET, dict=PYRAD, authenticator=challenge)
    made["CHAP-Password"] = chap_password(identifier, password.encode(), challenge)
    assert made.VerifyChapPasswd(password.encode())
    assert not made.VerifyChapPasswd(password.encode() + b"x")


# -- repetitions -----------------------------------------------------------------------------------------------------------

SECOND = 10**9


def started(number: int, body: bytes = b"") -> Packet:
    return asked(ACCOUNTING_REQUEST, body or text("Acct-Session-Id", f"s{number}"), False, number)


def test_the_same_octets_are_the_same_request() -> None:
    window = Duplicates(10, 5 * SECOND)
    one = started(1)
    assert window.offer("a:1", one, 0) == NEW
    assert window.offer("a:1", one, 1) == BUSY
    assert window.offer("a:2", one, 1) == NEW
    assert window.answered("a:1", one, b"answer", 2)
    assert window.offer("a:1", started(1), 3) == REPEATED
    assert (window.answer, window.repeated, window.working, len(window)) == (b"answer", 2, 1, 2)
    assert window.offer("a:1", one, 5 * SECOND + 2) == NEW  # forgotten
    assert not window.answered("a:9", one, b"", 0)


def test_other_octets_under_the_same_identifier_are_a_new_request() -> None:
    window = Duplicates(10, 5 * SECOND)
    one, two = started(1), started(1, text("Acct-Session-Id", "other"))
    assert window.offer("a", one, 0) == NEW
    assert window.offer("a", two, 1) == NEW
    assert not window.answered("a", one, b"one", 2)  # nobody waits for it
    assert window.answered("a", two, b"two", 2)
    assert window.offer("a", one, 3) == NEW
    assert window.offer("a", two, 3) == NEW


def test_a_request_without_an_answer_is_worked_on_again() -> None:
    window = Duplicates(10, 5 * SECOND)
    one = started(1)
    assert window.offer("a", one, 0) == NEW
    window.dropped("a", one)
    window.dropped("a", one)
    assert window.offer("a", one, 0) == NEW


def test_the_window_is_bounded() -> None:
    window = Duplicates(3, 5 * SECOND)
    for number in range(3):
        assert window.offer("a", started(number), 0) == NEW
    assert window.offer("a", started(3), 0) == FULL
    assert window.offer("a", started(0), 0) == BUSY
    assert window.answered("a", started(1), b"1", 0)
    assert window.answered("a", started(0), b"0", 0)
    assert window.offer("a", started(3), 0) == NEW
    assert len(window) == 3
    assert window.offer("a", started(1), 0) == NEW  # the oldest answer had to go
    assert window.offer("a", started(0), 0) == FULL


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["offer", "answer", "drop"]), st.integers(0, 3)), max_size=60))
def test_what_is_answered_once_is_answered_the_same(steps: list[tuple[int, str, int]]) -> None:
    window = Duplicates(4, 10)
    now = 0
    answers: dict[int, tuple[bytes, int]] = {}
    working: set[int] = set()
    for number, step, passed in steps:
        now += passed
        one = started(number)
        if step == "offer":
            said = window.offer("a", one, now)
            if said == REPEATED:
                assert answers[number][0] == window.answer
                assert now - answers[number][1] < 10
            assert (said == BUSY) == (number in working)
            if said == NEW:
                working.add(number)
        elif step == "answer":
            made = f"{number} at {now}".encode()
            assert window.answered("a", one, made, now) == (number in working)
            if number in working:
                answers[number] = (made, now)
            working.discard(number)
        else:
            window.dropped("a", one)
            working.discard(number)
        assert len(window) <= 4
        assert window.working == len(working)


def test_the_window_is_bounded_by_octets_too() -> None:
    window = Duplicates(10, 5 * SECOND, 3 * 120)
    for number in range(6):
        packet = decode(request(ACCOUNTING_REQUEST, number, bytes((1, 40)) + bytes(38), SECRET, b"", False))
        assert window.offer("a", packet, 0) == NEW
        assert window.answered("a", packet, bytes(60), 0)
        assert window.held_bytes <= 3 * 120 + 60
    assert (len(window), window.held_bytes) == (3, 3 * 120)
    window.expire(5 * SECOND)
    assert (len(window), window.held_bytes) == (0, 0)
