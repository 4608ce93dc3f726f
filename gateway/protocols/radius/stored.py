"""Passwords as an operator keeps them: as they are, or as a hash under a name in braces, as LDAP folders and FreeRADIUS have them.

    s3cret                                          the password itself
    {cleartext}{odd one}                            the same, for one that begins with a brace
    {nt}0cb6948805f797bf2a82807973b89537            its NT hash: serves PAP and MS-CHAP
    {ssha}sHSV7cDGDBo2M3bOZ9bGsoAwlJtzYWx0          a salted SHA-1, {ssha256}, {ssha512}, {smd5} likewise: serve PAP
    {sha256}...                                     without salt; {md5}, {sha}, {sha512} likewise
    {ha1}939e7578ed9e3c518a452acee763bce9           MD5 of user:realm:password: serves SIP digests

Hashes are written in hexadecimal digits or base64. What is slow by design ({crypt}, bcrypt) is not among them: one request would keep all
others waiting. Such a text fits no password, not even itself. An empty password is none: nothing fits it, however it is kept. Comparisons
take as long for a wrong password as for a right one.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.protocols.radius.mschap import KEY_BYTES, lm_hash, nt_hash

CLEAR: Final = 0
NT: Final = 1
HASHED: Final = 2
HA1: Final = 3
BROKEN: Final = 4  # no password, or a name in braces that is known and behind it no hash that can be used: fits nothing

MAX_SALT_BYTES: Final = 64

_NAMES: Final[Mapping[str, int]] = MappingProxyType({"clear": CLEAR, "cleartext": CLEAR, "nt": NT, "nthash": NT, "ha1": HA1})
# name: the function, octets of its digest, whether a salt follows
_HASHES: Final[Mapping[str, tuple[str, int, bool]]] = MappingProxyType(
    {
        "md5": ("md5", 16, False),
        "smd5": ("md5", 16, True),
        "sha": ("sha1", 20, False),
        "ssha": ("sha1", 20, True),
        "sha256": ("sha256", 32, False),
        "ssha256": ("sha256", 32, True),
        "sha512": ("sha512", 64, False),
        "ssha512": ("sha512", 64, True),
    }
)
_OTHER_HASHES: Final = ("crypt", "bcrypt", "scrypt", "pbkdf2", "argon2", "sha224", "sha384", "ssha224", "ssha384", "lanman")
"""What the names of hashes begin with that are not taken: who has read such a text must not be able to log in with it."""
_NT_OF_NOTHING: Final = nt_hash("")


class StoredPassword:
    """What is known of a password. `form` is one of the above; `name` what stood in the braces, empty where none did."""

    form: int
    name: str
    _text: str
    _hash: str
    _digest: bytes
    _salt: bytes

    def __init__(self, text: str) -> None:
        """As it is kept. A text in braces that names no form is a password as it is."""
        self.form = CLEAR
        self.name = ""
        self._text = text
        self._hash = ""
        self._digest = b""
        self._salt = b""
        if text[:1] == "{":
            name, closed, rest = text[1:].partition("}")
            if closed:
                self._read(name.lower(), rest)
        if self.form == CLEAR and not self._text:
            self.form = BROKEN

    def _read(self, name: str, rest: str) -> None:
        hashed = _HASHES.get(name)
        if hashed is not None:
            self.name = name
            self._hash, size, salted = hashed
            octets = _octets(rest, size, salted)
            self.form = HASHED if octets else BROKEN
            self._digest, self._salt = octets[:size], octets[size:]
        elif name in _NAMES:
            self.name = name
            self.form = _NAMES[name]
            self._text = rest
            if self.form != CLEAR:
                self._digest = _octets(rest, KEY_BYTES, False)
                if not self._digest or (self.form == NT and self._digest == _NT_OF_NOTHING):
                    self.form = BROKEN
        elif name.startswith(_OTHER_HASHES):
            self.name = name
            self.form = BROKEN

    def is_password(self, given: bytes) -> bool:
        """Whether these octets are the password; none never are."""
        if not given:
            return False
        if self.form == CLEAR:
            return hmac.compare_digest(_even(given), _even(self.clear()))
        if self.form == NT:
            return hmac.compare_digest(nt_hash(given.decode("utf-8", "surrogateescape")), self._digest)
        if self.form != HASHED:
            return False
        return hmac.compare_digest(hashlib.new(self._hash, given + self._salt, usedforsecurity=False).digest(), self._digest)

    def is_clear(self) -> bool:
        """Whether the password itself is known, which CHAP needs."""
        return self.form == CLEAR

    def clear(self) -> bytes:
        """The octets of the password; to be asked for where it is known."""
        try:
            return self._text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return self._text.encode("utf-8", "surrogatepass")

    def nt(self) -> bytes:
        """The NT hash; empty where it is not known."""
        if self.form == CLEAR:
            return nt_hash(self._text)
        return self._digest if self.form == NT else b""

    def lanman(self) -> bytes:
        """The LAN Manager hash; empty where it is not known."""
        return lm_hash(self._text) if self.form == CLEAR else b""

    def ha1(self) -> bytes:
        """H(user:realm:password) in hexadecimal digits where it is kept so; empty where it is not."""
        return self._digest.hex().encode() if self.form == HA1 else b""


def _octets(text: str, size: int, salted: bool) -> bytes:
    """The digest, and what is its salt; empty for what is none."""
    most = 2 * (size + MAX_SALT_BYTES)
    text = text.strip()
    if len(text) > most or not text.isascii():
        return b""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        try:
            found = b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (Error, ValueError):
            return b""
    fits = size < len(found) <= size + MAX_SALT_BYTES if salted else len(found) == size
    return found if fits else b""


def _even(octets: bytes) -> bytes:
    """Of one length, whatever the octets: comparing them tells nothing of that."""
    return hashlib.sha256(octets).digest()
