"""The examples of RFC 2865 section 7, RFC 5997 section 6, RFC 2433, RFC 2759 section 9.2, RFC 3079 section 3.5, RFC 1320 and of DES."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.radius.chap import chap_challenge, chap_is_right
from gateway.protocols.radius.des import encrypt_block, with_parity
from gateway.protocols.radius.hiding import hide_password, show_password
from gateway.protocols.radius.md4 import md4
from gateway.protocols.radius.mschap import (
    challenge_hash,
    lm_hash,
    mppe2_keys,
    mppe_keys,
    mschap2_success,
    mschap_error,
    mschap_is_right,
    nt_hash,
)
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.signing import ABSENT, RIGHT, answer_is_signed, message_authenticator
from tests.gateway.protocols.radius.samples import packet, raw

SECRET = b"xyzzy5461"
EXAMPLES = {
    "7.1 PAP": (
        "01000038 0f403f9473978057bd83d5cb98f4227a 01066e656d6f 02120dbe708d93d413ce3196e43f782a0aee 0406c0a80110 050600000003",
        "02000026 86fe220e7624ba2a1005f6bf9b55e0b2 060600000001 0f0600000000 0e06c0a80103",
    ),
    "7.2 CHAP": (
        (
            "01010047 2aee86f08d0d55969ca5978e0d3367a2 0108666c6f707379 031316e97557c316185895f293ff634407727504 06c0a80110"
            "050600000014 060600000002 070600000001"
        ),
        "02010038 15efbc7dab26cfa3dc34d9c03c8601a4 060600000002 070600000001 0806fffffffe 0a0600000002 0d0600000001 0c06000005dc",
    ),
    "7.3 challenge": (
        "01020039 f3a47a1f6a6d76710b947ab93041a039 01076d6f707379 021233657573778289b570885e15084825c5 0406c0a80110 050600000007",
        (
            "0b02004e 36f3c8764ae8c71157403c0c71ff9c45 12304368616c6c656e67652033323736393433302e2020456e74657220726573706f6e736520"
            "61742070726f6d70742e 180a3332373639343330"
        ),
    ),
    "7.3 reject": (
        (
            "01030043 b122556d428a13d0d6253807c457ecf0 01076d6f707379 0212692c1f205fc081b919b95195f561a581 0406c0a80110 050600000007"
            "180a3332373639343330"
        ),
        "03030014 a42f4fca45916c4e09c8340f9e746aa0",
    ),
    "RFC 5997 6.1": (
        "0cda0026 8a54f4686fb394c52866e302185d0623 50125a665e2e1e8411f3e243822097c84fa3",
        "02da0014 ef0d552a4bf2d693ec2b6fe8b5411d66",
    ),
    "RFC 5997 6.2": (
        "0cb30026 925f6b66dd5fed571fcb1db7ad388260 5012e8d6eabda910875cd91fdade26367858",
        "05b30014 0f6f92145f107e2f504e860a4860669c",
    ),
}
CHALLENGE = bytes.fromhex("5b5d7c7d7b3f2f3e3c2c602132262628")
PEER_CHALLENGE = bytes.fromhex("21402324255e262a28295f2b3a337c7e")
NT_RESPONSE = bytes.fromhex("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df")


def example(name: str) -> tuple[Packet, Packet]:
    request, answer = EXAMPLES[name]
    return decode(bytes.fromhex(request)), decode(bytes.fromhex(answer))


@pytest.mark.parametrize("name", EXAMPLES)
def test_answers_are_signed(name: str) -> None:
    request, answer = example(name)
    assert answer_is_signed(answer, request.authenticator, SECRET)
    assert not answer_is_signed(answer, request.authenticator, SECRET + b"x")
    assert message_authenticator(request, SECRET) == (RIGHT if "5997" in name else ABSENT)


@pytest.mark.parametrize(("name", "password"), [("7.1 PAP", b"arctangent"), ("7.3 challenge", b"challenge"), ("7.3 reject", b"99101462")])
def test_passwords(name: str, password: bytes) -> None:
    request, _ = example(name)
    hidden = request.first(2)
    assert hidden is not None
    assert show_password(hidden, SECRET, request.authenticator) == password
    assert hide_password(password, SECRET, request.authenticator) == hidden


def test_chap() -> None:
    request, _ = example("7.2 CHAP")
    response = request.first(3)
    assert response is not None
    assert chap_is_right(response, chap_challenge(request), b"arctangent")
    assert not chap_is_right(response, chap_challenge(request), b"arctangen")
    assert not chap_is_right(response[:-1], chap_challenge(request), b"arctangent")
    assert not chap_is_right(b"", chap_challenge(request), b"arctangent")
    assert chap_challenge(packet(raw(60, b"asked"))) == b"asked"


def test_mschapv2() -> None:
    """RFC 2759 section 9.2, RFC 3079 section 3.5.3."""
    response = b"\x17\0" + PEER_CHALLENGE + bytes(8) + NT_RESPONSE
    assert challenge_hash(PEER_CHALLENGE, CHALLENGE, b"User").hex() == "d02e4386bce91226"
    assert nt_hash("clientPass").hex() == "44ebba8d5312b8d611474411f56989ae"
    success = b"\x17S=407A5589115FD0D6209F510FE9C04566932CDA56"
    assert mschap2_success(response, CHALLENGE, b"User", nt_hash("clientPass")) == success
    assert mschap2_success(response, CHALLENGE, b"DOMAIN\\User", nt_hash("clientPass")) == success
    assert mschap2_success(response, CHALLENGE, b"User", nt_hash("clientpass")) == b""
    assert mschap2_success(response, CHALLENGE, b"user", nt_hash("clientPass")) == b""
    assert mschap2_success(response[:-1], CHALLENGE, b"User", nt_hash("clientPass")) == b""
    assert mschap2_success(response, CHALLENGE[:-1], b"User", nt_hash("clientPass")) == b""
    assert mppe2_keys(nt_hash("clientPass"), NT_RESPONSE)[0].hex() == "8b7cdc149b993a1ba118cb153f56dccb"


def test_mschapv1() -> None:
    """RFC 2433 appendix B, RFC 3079 section 2.5."""
    challenge = bytes.fromhex("102db5df085d3041")
    nt = bytes.fromhex("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61")
    assert nt_hash("MyPw").hex() == "fc156af7edcd6c0edde3337d427f4eac"
    assert mschap_is_right(b"\x01\x01" + bytes(24) + nt, challenge, nt_hash("MyPw"))
    assert not mschap_is_right(b"\x01\x01" + bytes(24) + nt, challenge, nt_hash("MyPW"))
    assert not mschap_is_right(b"\x01\x00" + bytes(24) + nt, challenge, nt_hash("MyPw"))
    assert not mschap_is_right(b"\x01\x01" + nt, challenge, nt_hash("MyPw"))
    assert lm_hash("clientPass").hex() == "76a152936096d7830e23902274" + "04afd2"
    assert not mschap_is_right(b"\x01\x00" + nt + bytes(24), challenge, nt_hash("MyPw"))
    assert mppe_keys(nt_hash("clientPass"), lm_hash("clientPass")) == bytes.fromhex("76a152936096d783") + md4(nt_hash("clientPass"))


def test_failures_are_told() -> None:
    assert mschap_error(1, CHALLENGE, "no credit", retry=True) == b"\x01E=691 R=1 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=no credit"
    assert mschap_error(9, bytes(8), error=648) == b"\x09E=648 R=0 C=0000000000000000 V=2"


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"a", "bde52cb31de33e46245e05fbdbd6fb24"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4(text: bytes, digest: str) -> None:
    """RFC 1320, appendix A.5."""
    assert md4(text).hex() == digest


def test_des() -> None:
    assert encrypt_block(bytes.fromhex("133457799bbcdff1"), bytes.fromhex("0123456789abcdef")).hex() == "85e813540f0ab405"
    assert with_parity(bytes.fromhex("fc156af7edcd6c")) == bytes([0xFC, 0x0A, 0x5A, 0x5E, 0x7E, 0x6E, 0x34, 0xD8])


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_des_is_triple_des_with_one_key(key: bytes, block: bytes) -> None:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    encryptor = Cipher(TripleDES(key * 3), ECB()).encryptor()
    assert encrypt_block(key, block) == encryptor.update(block) + encryptor.finalize()
