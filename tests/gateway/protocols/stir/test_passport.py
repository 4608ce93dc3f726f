"""Identities as bytes: what is written, what is read, what is refused. Signatures are checked by the library itself."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.stir.keys import PrivateKey, PublicKey
from gateway.protocols.stir.limits import FUTURE_SECONDS, MAX_DESTINATIONS, MAX_IDENTITY_OCTETS
from gateway.protocols.stir.passport import Claims, IdentityError, identity_text, read_identity, signing_input
from tests.gateway.protocols.stir.certificates import certificate_pem, private_pem, public_pem

NOW_S = 1_800_000_000
X5U = "https://cert.example.org/passport.cer"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def claims(attest: str = "A", origin: str = "12155551212", to: tuple[str, ...] = ("12155551213",), iat: int = NOW_S) -> Claims:
    return Claims(attest, origin, "", to, (), iat, "123e4567-e89b-12d3-a456-426655440000")


def identity(said: Claims | None = None, x5u: str = X5U) -> str:
    signed = signing_input(said or claims(), x5u)
    return identity_text(signed, PrivateKey(private_pem(KEY)).sign(signed), x5u)


def part(text: str) -> object:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_an_identity_is_written_as_rfc_8588_has_it() -> None:
    text = identity(claims(origin="+1 (215) 555-1212"))
    token, info, alg, ppt = text.split(";")
    assert (info, alg, ppt) == (f"info=<{X5U}>", "alg=ES256", "ppt=shaken")
    header, payload, signature = token.split(".")
    assert base64.urlsafe_b64decode(header + "==").startswith(b'{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert')
    assert part(payload) == {
        "attest": "A",
        "dest": {"tn": ["12155551213"]},
        "iat": NOW_S,
        "orig": {"tn": "12155551212"},
        "origid": "123e4567-e89b-12d3-a456-426655440000",
    }
    octets = base64.urlsafe_b64decode(signature + "==")
    assert len(octets) == 64
    r, s = int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")
    KEY.public_key().verify(encode_dss_signature(r, s), f"{header}.{payload}".encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        OTHER.public_key().verify(encode_dss_signature(r, s), f"{header}.{payload}".encode(), ec.ECDSA(SHA256()))


def test_signing_draws_no_chance() -> None:
    assert identity() == identity()


def test_what_was_written_is_read_and_verified() -> None:
    found = read_identity(identity())
    assert (found.claims.attest, found.claims.origin_tn, found.claims.destination_tns) == ("A", "12155551212", ("12155551213",))
    assert (found.claims.iat, found.x5u) == (NOW_S, X5U)
    PublicKey(public_pem(KEY)).verify(found.signed, found.signature, NOW_S)
    for wrong in (found.signature[:-1], bytes(64), b"\xff" * 64, found.signature[32:] + found.signature[:32]):
        with pytest.raises(IdentityError, match="verification error"):
            PublicKey(public_pem(KEY)).verify(found.signed, wrong, NOW_S)
    with pytest.raises(IdentityError, match="verification error"):
        PublicKey(public_pem(OTHER)).verify(found.signed, found.signature, NOW_S)
    with pytest.raises(IdentityError, match="verification error"):
        PublicKey(public_pem(KEY)).verify(found.signed + b"A", found.signature, NOW_S)


def test_parameters_may_stand_in_any_order_and_in_quotes() -> None:
    token = identity().split(";")[0]
    assert read_identity(f'{token}; ppt="shaken" ;info=<{X5U}>').claims.attest == "A"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda text: "", "missing parts of the message header"),
        (lambda text: text.split(";")[0], "missing parts of the message header"),
        (lambda text: text.replace(".", "", 1), "missing parts of the message header"),
        (lambda text: text.replace(";ppt=shaken", ""), "missing parts of the message header"),
        (lambda text: text.replace("alg=ES256", "alg=none"), "wrong alg"),
        (lambda text: text.replace("ppt=shaken", "ppt=div"), "wrong ppt"),
        (lambda text: text.replace("cert.example.org/", "evil.example.org/"), "wrong x5u"),
        (lambda text: text.replace(".", ".!", 1), "a part of the message header is not in base64"),
        (lambda text: encoded({"alg": "none"}) + text[text.index(".") :], "wrong alg"),
        (lambda text: encoded(["alg"]) + text[text.index(".") :], "a part of the message header is no JSON object"),
        (lambda text: "e30x" + text[text.index(".") :], "a part of the message header is no JSON"),
        (lambda text: "x" * (MAX_IDENTITY_OCTETS + 1), "the message header is too long"),
    ],
)
def test_what_is_no_identity_is_refused(change: object, text: str) -> None:
    assert callable(change)
    with pytest.raises(IdentityError) as caught:
        read_identity(change(identity()))
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"attest": "A", "dest": {}, "orig": {}, "iat": "1"},
        {"attest": "A", "dest": {}, "orig": {}, "iat": True},
        {"attest": 1, "dest": {}, "orig": {}, "iat": 1},
        {"attest": "A", "dest": {"tn": "1"}, "orig": {}, "iat": 1},
        {"attest": "A", "dest": {"tn": [1]}, "orig": {}, "iat": 1},
        {"attest": "A", "dest": {"tn": ["1"] * (MAX_DESTINATIONS + 1)}, "orig": {}, "iat": 1},
        {"attest": "A", "dest": {}, "orig": {"tn": []}, "iat": 1},
    ],
)
def test_a_payload_of_another_shape_is_refused(payload: object) -> None:
    header, _, rest = identity().split(".", 2)
    with pytest.raises(IdentityError, match="wrong payload"):
        read_identity(f"{header}.{encoded(payload)}.{rest}")


@given(st.text(alphabet="ey0.;=<>[{info=ppt=shaken_-", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(IdentityError):
        read_identity(text)


def test_brackets_within_brackets_are_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 9_000).decode().rstrip("=")
    with pytest.raises(IdentityError, match="no JSON"):
        read_identity(f"{deep}.{deep[:40]}.AAAA;info=<x>;ppt=shaken")


def test_levels_and_ages() -> None:
    said = claims("B", iat=NOW_S - 60)
    said.check_attest(("*any",))
    said.check_attest(("A", "B"))
    with pytest.raises(IdentityError, match="wrong attest level"):
        said.check_attest(("A",))
    said.check_age(NOW_S, -1)
    said.check_age(NOW_S, 60_000_000_000)
    with pytest.raises(IdentityError, match="expired payload"):
        said.check_age(NOW_S, 59_999_999_999)
    claims(iat=NOW_S + FUTURE_SECONDS).check_age(NOW_S, 0)
    with pytest.raises(IdentityError, match="payload of a later time"):
        claims(iat=NOW_S + FUTURE_SECONDS + 1).check_age(NOW_S, 0)


@pytest.mark.parametrize(
    ("said", "x5u", "text"),
    [
        (claims("D"), X5U, "wrong attest level"),
        (claims(origin=""), X5U, "no originator"),
        (claims(to=()), X5U, "no destination"),
        (claims(origin="alice"), X5U, "no telephone number: alice"),
        (claims(to=("1", "")), X5U, "no telephone number: "),
        (claims(to=("1",) * (MAX_DESTINATIONS + 1)), X5U, f"more than {MAX_DESTINATIONS} destinations"),
        (claims(), "", "no path of the public key"),
        (claims(), "x>;alg=none", "the path of the public key has characters that no URL has"),
        (claims(), "x\r\nVia: y", "the path of the public key has characters that no URL has"),
    ],
)
def test_what_cannot_be_signed(said: Claims, x5u: str, text: str) -> None:
    with pytest.raises(IdentityError) as caught:
        signing_input(said, x5u)
    assert str(caught.value) == text


def test_a_certificate_counts_while_it_is_valid() -> None:
    found = read_identity(identity())
    key = PublicKey(certificate_pem(KEY, NOW_S - 10, NOW_S + 10))
    for at in (NOW_S - 10, NOW_S, NOW_S + 10):
        key.verify(found.signed, found.signature, at)
    for at in (NOW_S - 11, NOW_S + 11):
        with pytest.raises(IdentityError, match="the certificate is not valid now"):
            key.verify(found.signed, found.signature, at)


def test_keys_that_are_none() -> None:
    p384, modulus = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)
    for key in (p384, modulus):
        with pytest.raises(IdentityError, match="no key for ES256"):
            PublicKey(public_pem(key))
        with pytest.raises(IdentityError, match="no key for ES256"):
            PrivateKey(private_pem(key))
    for pem in (b"", b"nonsense", private_pem(KEY), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(IdentityError, match="no public key and no certificate in PEM"):
            PublicKey(pem)
    for pem in (b"", public_pem(KEY), private_pem(KEY, b"secret")):
        with pytest.raises(IdentityError, match="no private key in PEM, or one with a password"):
            PrivateKey(pem)
