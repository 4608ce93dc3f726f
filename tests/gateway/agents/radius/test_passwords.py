"""`*radauth` as a function: requests of clients, passwords as they are kept, what is accepted and what goes into the answer."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from hashlib import md5

import pytest

from engine.errors import RequestError
from gateway.agents.radius.passwords import CHAP, DIGEST, METHODS, MSCHAP, MSCHAP2, PAP, Checked, check
from gateway.processors.calls import OwnRequest
from gateway.protocols.radius.attributes import inner_values
from gateway.protocols.radius.chap import chap_password
from gateway.protocols.radius.hiding import hide_password, show_password, show_salted
from gateway.protocols.radius.mschap import challenge_hash, challenge_response, lm_hash, mppe2_keys, mppe_keys, nt_hash
from gateway.protocols.radius.packet import Packet, decode, encode

SECRET = b"shared"
AUTHENTICATOR = bytes(range(16))
CHALLENGE2 = bytes.fromhex("5b5d7c7d7b3f2f3e3c2c602132262628")  # RFC 2759 section 9.2
PEER = bytes.fromhex("21402324255e262a28295f2b3a337c7e")
NT = "{nt}" + nt_hash("clientPass").hex()
SSHA = "{ssha}" + b64encode(hashlib.sha1(b"clientPass" + b"salt").digest() + b"salt").decode()


def attribute(number: int, value: bytes) -> bytes:
    return bytes((number, len(value) + 2)) + value


def microsoft(number: int, value: bytes) -> bytes:
    return attribute(26, b"\x00\x00\x01\x37" + attribute(number, value))


def request(*attributes: bytes, user: bytes = b"User") -> Packet:
    return decode(encode(1, 7, AUTHENTICATOR, b"".join((attribute(1, user), *attributes))))


def asked(packet: Packet, password: str | None, *flags: str) -> Checked:
    variables: dict[str, object] = {} if password is None else {"UserPassword": password}
    return check(OwnRequest("*radauth", ["*radauth", *flags], {"*vars": variables}), packet, SECRET, lambda count: b"\x11" * count, 5)


def pap(password: bytes) -> Packet:
    return request(attribute(2, hide_password(password, SECRET, AUTHENTICATOR)))


def chap(password: bytes, challenge: bytes = b"") -> Packet:
    sent = attribute(3, chap_password(9, password, challenge or AUTHENTICATOR))
    return request(sent, attribute(60, challenge)) if challenge else request(sent)


def mschap(password: str, lanman: bool = False) -> Packet:
    challenge = bytes.fromhex("102db5df085d3041")
    lm, nt = bytes(24), challenge_response(challenge, nt_hash(password))
    if lanman:
        lm, nt = challenge_response(challenge, lm_hash(password)), bytes(24)
    return request(microsoft(11, challenge), microsoft(1, bytes((5, 0 if lanman else 1)) + lm + nt))


def mschap2(password: str, user: bytes = b"User") -> Packet:
    response = challenge_response(challenge_hash(PEER, CHALLENGE2, user), nt_hash(password))
    return request(microsoft(11, CHALLENGE2), microsoft(25, b"\x17\x00" + PEER + bytes(8) + response), user=user)


def digest(password: bytes, user: bytes = b"anna", name: bytes = b"anna@sip.test") -> Packet:
    ha1 = md5(user + b":sip.test:" + password).hexdigest().encode()
    ha2 = md5(b"REGISTER:sip:sip.test").hexdigest().encode()
    response = md5(ha1 + b":nonce:" + ha2).hexdigest().encode()
    parts = [(1, b"sip.test"), (2, b"nonce"), (3, b"REGISTER"), (4, b"sip:sip.test"), (10, user)]
    return request(attribute(206, response), *[attribute(207, attribute(part, text)) for part, text in parts], user=name)


@pytest.mark.parametrize(
    ("packet", "password", "method"),
    [
        (pap(b"clientPass"), "clientPass", PAP),
        (pap(b"clientPass"), NT, PAP),
        (pap(b"clientPass"), SSHA, PAP),
        (pap(b"a password of 21 byte"), "a password of 21 byte", PAP),
        (chap(b"clientPass"), "clientPass", CHAP),
        (chap(b"clientPass", b"a challenge of 19 b"), "clientPass", CHAP),
        (mschap("clientPass"), "clientPass", MSCHAP),
        (mschap("clientPass"), NT, MSCHAP),
        (mschap2("clientPass"), "clientPass", MSCHAP2),
        (mschap2("clientPass"), NT, MSCHAP2),
        (mschap2("clientPass", b"DOMAIN\\User"), "clientPass", MSCHAP2),
        (digest(b"clientPass"), "clientPass", DIGEST),
        (digest(b"clientPass", name=b"anna"), "clientPass", DIGEST),
        (digest(b"clientPass"), "{ha1}" + md5(b"anna:sip.test:clientPass").hexdigest(), DIGEST),
    ],
)
def test_right_passwords_and_wrong_ones(packet: Packet, password: str, method: str) -> None:
    right = asked(packet, password, method)
    assert (right.error, right.note) == ("", "")
    wrong = asked(packet, "another", method)
    assert (wrong.error, wrong.accepting, wrong.refusing, wrong.note) == ("RADAUTH_FAILED", b"", b"", "")
    assert asked(packet, password, *METHODS).error == "", "of several methods the one that the request has"


@pytest.mark.parametrize(
    ("packet", "method", "password"),
    [
        (chap(b"clientPass"), CHAP, NT),
        (chap(b"nobody's"), CHAP, SSHA),
        (mschap("nobody's"), MSCHAP, SSHA),
        (mschap2("clientPass"), MSCHAP2, SSHA),
        (mschap2("nobody's"), MSCHAP2, SSHA),
        (digest(b"clientPass"), DIGEST, NT),
        (digest(b"nobody's"), DIGEST, SSHA),
        (pap(b"x"), PAP, "{ha1}" + "0" * 32),
        (pap(b"{crypt}x"), PAP, "{crypt}x"),
        (chap(b""), CHAP, "{clear}"),
    ],
)
def test_forms_that_a_method_cannot_use(packet: Packet, method: str, password: str) -> None:
    checked = asked(packet, password, method)
    assert checked.error == "RADAUTH_FAILED"
    assert password == NT or checked.note.endswith(f"cannot be checked by {method}")


@pytest.mark.parametrize("kept", ["clientPass", "CLIENTPASS", "{cleartext}clientPass"])
def test_the_response_of_lan_manager_alone_proves_nothing(kept: str) -> None:
    assert asked(mschap("clientPass", lanman=True), kept, MSCHAP, "*mppe").error == "RADAUTH_FAILED"


@pytest.mark.parametrize(
    ("packet", "method"),
    [
        (pap(b""), PAP),
        (request(attribute(2, b"")), PAP),
        (chap(b""), CHAP),
        (mschap(""), MSCHAP),
        (mschap2(""), MSCHAP2),
        (digest(b""), DIGEST),
    ],
)
def test_an_empty_password_lets_nobody_in(packet: Packet, method: str) -> None:
    with pytest.raises(RequestError, match=r"^NOT_FOUND$"):
        asked(packet, "", method)
    assert asked(packet, "{clear}", method).error == "RADAUTH_FAILED"
    assert asked(packet, "{nt}" + nt_hash("").hex(), method).error == "RADAUTH_FAILED"


@pytest.mark.parametrize(
    ("method", "missing"),
    [
        (PAP, "User-Password"),
        (CHAP, "CHAP-Password"),
        (MSCHAP, "MS-CHAP-Challenge"),
        (MSCHAP2, "MS-CHAP-Challenge"),
        (DIGEST, "Digest-Response"),
    ],
)
def test_what_is_missing(method: str, missing: str) -> None:
    for password in ("secret", None):
        with pytest.raises(RequestError, match=rf"MANDATORY_IE_MISSING: \[{missing}\]"):
            asked(request(), password, method)
    challenged = request(microsoft(11, CHALLENGE2))
    for method, text in ((MSCHAP, "MS-CHAP-Response"), (MSCHAP2, "MS-CHAP2-Response")):
        with pytest.raises(RequestError, match=rf"\[{text}\]"):
            asked(challenged, "secret", method)


def test_no_password_and_no_method() -> None:
    with pytest.raises(RequestError, match=r"^NOT_FOUND$"):
        asked(pap(b"nobody's"), None, PAP)
    with pytest.raises(RequestError, match="without a method"):
        asked(pap(b"secret"), "secret")


def test_a_digest_is_of_the_user_who_is_named() -> None:
    assert asked(digest(b"secret", name=b"ben@sip.test"), "secret", DIGEST).error == "RADAUTH_FAILED"
    assert asked(digest(b"secret", user=b"", name=b""), "secret", DIGEST).error == "RADAUTH_FAILED"


@pytest.mark.parametrize("number", [1, 11, 25])
def test_responses_of_other_sizes(number: int) -> None:
    for size in (0, 1, 7, 49, 51, 200):
        packet = request(microsoft(11, CHALLENGE2), microsoft(number, bytes(size)), microsoft(25, bytes(50)), microsoft(1, bytes(50)))
        for method in (MSCHAP, MSCHAP2):
            assert asked(packet, "secret", method, "*mschap_error").error == "RADAUTH_FAILED"
    assert asked(request(attribute(3, b"short")), "secret", CHAP).error == "RADAUTH_FAILED"
    assert asked(request(attribute(2, b"")), "secret", PAP).error == "RADAUTH_FAILED"


def of_microsoft(octets: bytes) -> list[tuple[int, bytes]]:
    found = []
    for number, value in inner_values(octets):
        assert number == 26
        assert value[:4] == b"\x00\x00\x01\x37"
        found += inner_values(value[4:])
    return found


def test_success_and_keys_of_version_2() -> None:
    """RFC 2759 section 9.2; FreeRADIUS sends the same four attributes beside it."""
    assert of_microsoft(asked(mschap2("clientPass"), "clientPass", MSCHAP2).accepting) == [
        (26, b"\x17S=407A5589115FD0D6209F510FE9C04566932CDA56")
    ]
    _, sending, receiving, policy, types = of_microsoft(asked(mschap2("clientPass"), NT, MSCHAP2, "*mppe").accepting)
    response = challenge_response(challenge_hash(PEER, CHALLENGE2, b"User"), nt_hash("clientPass"))
    shown = tuple(show_salted(hidden, SECRET, AUTHENTICATOR) for _, hidden in (sending, receiving))
    assert shown == mppe2_keys(nt_hash("clientPass"), response)
    assert (sending[0], receiving[0]) == (16, 17)
    assert sending[1][:2] != receiving[1][:2], "each salt once"
    assert (policy, types) == ((7, b"\0\0\0\1"), (8, b"\0\0\0\6"))
    required = of_microsoft(asked(mschap2("clientPass"), "clientPass", MSCHAP2, "*mppe:*required").accepting)
    assert required[3:] == [(7, b"\0\0\0\2"), (8, b"\0\0\0\4")]


def test_keys_of_version_1() -> None:
    ((number, hidden), *_) = of_microsoft(asked(mschap("clientPass"), "clientPass", MSCHAP, "*mppe").accepting)
    keys = mppe_keys(nt_hash("clientPass"), lm_hash("clientPass"))
    assert number == 12
    assert len(hidden) == 32
    assert show_password(hidden, SECRET, AUTHENTICATOR) == keys.rstrip(b"\0")
    assert asked(mschap("clientPass"), "clientPass", MSCHAP).accepting == b""


def test_what_a_refused_client_is_told() -> None:
    """RFC 2759 section 6, RFC 2433 section 5."""
    refused = asked(mschap2("clientPass"), "another", MSCHAP2, "*mppe", "*mschap_error")
    assert refused.accepting == b""
    assert of_microsoft(refused.refusing) == [(2, b"\x17E=691 R=0 C=" + b"11" * 16 + b" V=3 M=Authentication failed")]
    assert of_microsoft(asked(mschap("a"), "b", MSCHAP, "*mschap_error").refusing) == [
        (2, b"\x05E=691 R=0 C=" + b"11" * 8 + b" V=2 M=Authentication failed")
    ]
    assert asked(pap(b"a"), "b", PAP, "*mschap_error").refusing == b""
