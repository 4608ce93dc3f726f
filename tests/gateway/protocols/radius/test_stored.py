"""Forms in which passwords are kept. The hashes are those that slappasswd, smbencrypt and htdigest make of them."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest

from gateway.protocols.radius.mschap import lm_hash, nt_hash
from gateway.protocols.radius.stored import BROKEN, CLEAR, StoredPassword

SALT = b"salt"


def kept(name: str, octets: bytes) -> list[str]:
    return [f"{{{name}}}{octets.hex()}", f"{{{name.upper()}}}{b64encode(octets).decode()}"]


FORMS = [
    "secret",
    "{cleartext}secret",
    "{clear}secret",
    *kept("nt", nt_hash("secret")),
    *kept("nthash", nt_hash("secret")),
    *kept("md5", hashlib.md5(b"secret").digest()),
    *kept("smd5", hashlib.md5(b"secret" + SALT).digest() + SALT),
    *kept("sha", hashlib.sha1(b"secret").digest()),
    *kept("ssha", hashlib.sha1(b"secret" + SALT).digest() + SALT),
    *kept("sha256", hashlib.sha256(b"secret").digest()),
    *kept("ssha256", hashlib.sha256(b"secret" + SALT).digest() + SALT),
    *kept("sha512", hashlib.sha512(b"secret").digest()),
    *kept("ssha512", hashlib.sha512(b"secret" + SALT).digest() + SALT),
]


@pytest.mark.parametrize("text", FORMS)
def test_it_is_the_password(text: str) -> None:
    stored = StoredPassword(text)
    assert stored.is_password(b"secret")
    for wrong in (b"", b"Secret", b"secret ", b"secre", b"{" + text.encode(), b"\xff"):
        assert not stored.is_password(wrong)


def test_texts_from_elsewhere() -> None:
    assert StoredPassword("{sha}W6ph5Mm5Pz8GgiULbPgzG37mj9g=").is_password(b"password")  # slappasswd -h {SHA}
    assert StoredPassword("{ha1}939e7578ed9e3c518a452acee763bce9").ha1() == b"939e7578ed9e3c518a452acee763bce9"  # RFC 2617 section 3.5


def test_a_brace_alone_is_a_letter() -> None:
    for text in ("{", "{}", "{unknown}secret", "{ssha", "}", "{scram}"):
        stored = StoredPassword(text)
        assert stored.form == CLEAR
        assert stored.clear() == text.encode()
        assert stored.is_password(text.encode())
    assert StoredPassword("{cleartext}{ssha}x").clear() == b"{ssha}x"


@pytest.mark.parametrize(
    "text",
    [
        "{nt}",
        "{nt}00",
        "{nt}secret",
        "{ssha}" + "00" * 20,
        "{sha}" + "00" * 21,
        "{ssha}" + "00" * 200,
        "{ha1}0",
        "{md5}====",
        "{crypt}$1$salt$hash",
        "{PBKDF2-SHA256}x",
        "{argon2}",
    ],
)
def test_what_is_no_hash_fits_nothing(text: str) -> None:
    stored = StoredPassword(text)
    assert stored.form == BROKEN
    assert not stored.is_password(b"")
    assert not stored.is_password(text.encode())
    assert not stored.is_password(text[4:].encode())
    assert not stored.nt()
    assert not stored.ha1()
    assert not stored.lanman()
    assert not stored.is_clear()


@pytest.mark.parametrize("text", ["", "{clear}", "{cleartext}", "{nt}" + nt_hash("").hex(), "{sha}" + hashlib.sha1(b"").hexdigest()])
def test_an_empty_password_is_none(text: str) -> None:
    stored = StoredPassword(text)
    assert not stored.is_password(b"")
    assert not stored.is_clear()
    assert not stored.nt()


def test_what_serves_what() -> None:
    clear = StoredPassword("clientPass")
    assert (clear.nt(), clear.lanman(), clear.ha1()) == (nt_hash("clientPass"), lm_hash("clientPass"), b"")
    hashed = StoredPassword("{nt}" + nt_hash("clientPass").hex())
    assert (hashed.nt(), hashed.lanman(), hashed.is_clear()) == (nt_hash("clientPass"), b"", False)
    salted = StoredPassword(kept("ssha", hashlib.sha1(b"clientPass" + SALT).digest() + SALT)[0])
    assert (salted.nt(), salted.lanman(), salted.is_clear()) == (b"", b"", False)


@pytest.mark.parametrize("text", ["pass\u00e9", "pa\ud800ss", "\u20ac" * 100])
def test_any_text_can_be_one(text: str) -> None:
    stored = StoredPassword(text)
    assert stored.is_password(stored.clear())
    assert not stored.is_password(b"pass")
