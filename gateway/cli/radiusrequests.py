"""RADIUS requests as people write them: what is to be sent, from the command line or a TOML file, and what is filled in.

Attributes are (name, text) in their order, by the names of the dictionaries; of a name that is there twice both are sent. One with an empty
text is left out, and not filled in either.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5
from typing import Final, TypeAlias

from engine.fields.path import split_path
from gateway.cli.outcome import UsageError
from gateway.cli.requestfile import Part, read_parts
from gateway.config.source import nearest
from gateway.protocols.radius.building import Builder
from gateway.protocols.radius.chap import chap_password
from gateway.protocols.radius.codes import (
    ACCESS_ACCEPT,
    ACCESS_REQUEST,
    ACCOUNTING_REQUEST,
    ACCOUNTING_RESPONSE,
    AUTHENTICATOR_BYTES,
    COA_ACK,
    COA_REQUEST,
    CODE_NAMES,
    DISCONNECT_ACK,
    DISCONNECT_REQUEST,
    STATUS_SERVER,
)
from gateway.protocols.radius.dictionary import Dictionary
from gateway.protocols.radius.mschap import CHALLENGE2_BYTES, challenge_hash, challenge_response, nt_hash
from gateway.protocols.radius.signing import has_random_authenticator, request

Pair: TypeAlias = tuple[str, str]

AUTH: Final = ("pap", "chap", "mschapv2", "digest")
FILE_KEYS: Final = ("server", "attributes", "request")
REQUEST_KEYS: Final = ("send", "attributes", "expect", "auth", "pause")

# name; code, Acct-Status-Type
KINDS: Final[Mapping[str, tuple[int, str]]] = {
    "Access-Request": (ACCESS_REQUEST, ""),
    "Accounting-Request": (ACCOUNTING_REQUEST, ""),
    "Start": (ACCOUNTING_REQUEST, "Start"),
    "Interim": (ACCOUNTING_REQUEST, "Interim-Update"),
    "Stop": (ACCOUNTING_REQUEST, "Stop"),
    "On": (ACCOUNTING_REQUEST, "Accounting-On"),
    "Off": (ACCOUNTING_REQUEST, "Accounting-Off"),
    "Status-Server": (STATUS_SERVER, ""),
    "Disconnect-Request": (DISCONNECT_REQUEST, ""),
    "CoA-Request": (COA_REQUEST, ""),
}
"""What can be sent, by the names that it may be called."""

PORTS: Final = {ACCOUNTING_REQUEST: 1813, DISCONNECT_REQUEST: 3799, COA_REQUEST: 3799}
ACCESS_PORT: Final = 1812
WANTED: Final = {
    ACCESS_REQUEST: (ACCESS_ACCEPT,),
    ACCOUNTING_REQUEST: (ACCOUNTING_RESPONSE,),
    STATUS_SERVER: (ACCESS_ACCEPT, ACCOUNTING_RESPONSE),
    DISCONNECT_REQUEST: (DISCONNECT_ACK,),
    COA_REQUEST: (COA_ACK,),
}
"""The answers that are right where a request does not say which."""

NAS_NAMES: Final = ("NAS-IP-Address", "NAS-IPv6-Address", "NAS-Identifier")
PASSWORD: Final = "User-Password"
METHOD: Final = "INVITE"  # that a digest is of where nobody says another


@dataclass(slots=True)
class Wanted:
    """One request: what it is called, its attributes, which answer is right (0: what `WANTED` says), seconds before it."""

    name: str
    attributes: list[Pair]
    expect: int = 0
    auth: str = ""
    pause: float = 0.0

    @property
    def code(self) -> int:
        return KINDS[self.name][0]


@dataclass(slots=True)
class Plan:
    """All requests, and where they go (empty: the default)."""

    server: str = ""
    attributes: list[Pair] = field(default_factory=list)
    requests: list[Wanted] = field(default_factory=list)


# -- reading -------------------------------------------------------------------------------------------------------------


def read_kind(text: str) -> str:
    """The name of a kind of request, in any letter case. UsageError where there is none."""
    folded = {name.lower(): name for name in KINDS} | {"interim-update": "Interim", "accounting-on": "On", "accounting-off": "Off"}
    found = folded.get(text.lower())
    if found is None:
        near = nearest(text, list(KINDS))
        raise UsageError(f"{text} is no request; {', '.join(KINDS)} are{f': did you mean {near}?' if near else ''}")
    return found


def read_words(words: Sequence[str]) -> list[Pair]:
    """Attributes of words NAME=VALUE. UsageError for a word that is none."""
    found = []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{word!r} is no NAME=VALUE")
        found.append((name, text))
    return found


def read_file(name: str) -> Plan:
    """The requests of a TOML file, and what they have in common. UsageError with the name of what is wrong in it."""
    file, parts = read_parts(name, FILE_KEYS, REQUEST_KEYS)
    common = _attributes(file)
    return Plan(file.text("server"), common, [_wanted(part, common) for part in parts])


def _wanted(part: Part, common: list[Pair]) -> Wanted:
    expect, auth = part.text("expect"), part.text("auth")
    codes = {word.lower(): code for code, word in CODE_NAMES.items()}
    if expect and expect.lower() not in codes:
        raise part.fault(f"expect: {expect} is no answer; {', '.join(CODE_NAMES.values())} are there")
    if auth and auth not in AUTH:
        raise part.fault(f"auth: {', '.join(AUTH)} are there")
    attributes = over(common, _attributes(part))
    return Wanted(read_kind(part.text("send")), attributes, codes.get(expect.lower(), 0), auth, part.seconds("pause"))


def _attributes(part: Part) -> list[Pair]:
    found: list[Pair] = []
    for key, value in part.tree("attributes").items():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, Mapping | list):
                raise part.fault(f"{key}: a text or a number is wanted, or a list of them")
            found.append((key, one.isoformat() if isinstance(one, datetime) else str(one)))
    return found


def over(common: Sequence[Pair], own: Sequence[Pair]) -> list[Pair]:
    """Both; a name in `own` replaces all attributes of that name."""
    names = {name for name, _ in own}
    return [pair for pair in common if pair[0] not in names] + list(own)


# -- making --------------------------------------------------------------------------------------------------------------


class Maker:
    """Makes packets of what is wanted. Those of one run share an Acct-Session-Id where none is given."""

    def __init__(self, dictionary: Dictionary, secret: bytes, password: str, *, signed: bool) -> None:
        self._dictionary, self._secret, self._password, self._signed = dictionary, secret, password, signed
        self._builder = Builder(dictionary)
        self._session = f"{time.time_ns():016x}"
        self.challenge = b""  # of the last request by MS-CHAPv2, with which its success can be looked at
        self.response = b""
        self.password = ""

    def make(self, wanted: Wanted, identifier: int) -> bytes:
        """The octets of a request. UsageError with the name of what cannot be written."""
        code = wanted.code
        authenticator = os.urandom(AUTHENTICATOR_BYTES) if has_random_authenticator(code) else b""
        body = self._body(self._completed(wanted), authenticator)
        try:
            return request(code, identifier, body, self._secret, authenticator, self._signed and code != ACCOUNTING_REQUEST)
        except ValueError as error:
            raise UsageError(str(error)) from None

    def _body(self, pairs: Sequence[Pair], authenticator: bytes) -> bytes:
        fields = [(split_path(name), text, False) for name, text in pairs if text]
        now_ns = time.time_ns()
        try:
            return self._builder.build(fields, self._secret, authenticator, int.from_bytes(os.urandom(2), "big"), now_ns=now_ns)
        except ValueError as error:
            raise UsageError(self._told(str(error), pairs)) from None

    def _told(self, text: str, pairs: Sequence[Pair]) -> str:
        """What is wrong, for people: with the nearest name where a name is wrong."""
        if "DICTIONARY_NOT_FOUND" not in text:
            return text
        for name, _ in pairs:
            if f"<{name[:60]}>" in text:
                near = self._dictionary.near(name)
                return f"no dictionary has {name}{f'; did you mean {near}?' if near else ''}"
        return text

    def _completed(self, wanted: Wanted) -> list[Pair]:
        """The attributes of a request, with what it needs and nobody gave."""
        code, kind = KINDS[wanted.name]
        given = {name for name, _ in wanted.attributes}
        filled: list[Pair] = []
        if not given & set(NAS_NAMES) and code in (ACCESS_REQUEST, ACCOUNTING_REQUEST, STATUS_SERVER):
            filled.append(("NAS-Identifier", socket.gethostname()))
        if kind:
            filled.append(("Acct-Status-Type", kind))
        if code == ACCOUNTING_REQUEST:
            filled.append(("Acct-Session-Id", self._session))
        if code in (ACCOUNTING_REQUEST, DISCONNECT_REQUEST, COA_REQUEST):
            filled.append(("Event-Timestamp", str(int(time.time()))))
        pairs = [pair for pair in filled if pair[0] not in given] + wanted.attributes
        return self._proved(pairs, wanted) if code == ACCESS_REQUEST else pairs

    # -- passwords -----------------------------------------------------------------------------------------------------

    def _proved(self, pairs: list[Pair], wanted: Wanted) -> list[Pair]:
        """The attributes of an Access-Request with its password as `auth` wants it: hidden, or as an answer to a challenge by chance."""
        password = next((text for name, text in pairs if name == PASSWORD), self._password)
        rest = [pair for pair in pairs if pair[0] != PASSWORD]
        user = next((text for name, text in pairs if name == "User-Name"), "")
        self.challenge = self.response = b""
        if not password:
            return rest
        if wanted.auth == "chap":
            challenge = os.urandom(AUTHENTICATOR_BYTES)
            proof = chap_password(os.urandom(1)[0], password.encode(), challenge)
            return [*rest, ("CHAP-Password", _hex(proof)), ("CHAP-Challenge", _hex(challenge))]
        if wanted.auth == "mschapv2":
            return rest + self._mschap2(user, password)
        if wanted.auth == "digest":
            return _digest(rest, user, password)
        return [*rest, (PASSWORD, password)]

    def _mschap2(self, user: str, password: str) -> list[Pair]:
        challenge, peer = os.urandom(CHALLENGE2_BYTES), os.urandom(CHALLENGE2_BYTES)
        proof = challenge_response(challenge_hash(peer, challenge, user.encode()), nt_hash(password))
        self.challenge, self.response, self.password = challenge, bytes(2) + peer + bytes(8) + proof, password
        return [("Microsoft.MS-CHAP-Challenge", _hex(challenge)), ("Microsoft.MS-CHAP2-Response", _hex(self.response))]


def _digest(pairs: list[Pair], user: str, password: str) -> list[Pair]:
    """HTTP digest of a SIP request (RFC 5090); realm, nonce, method and URI where they are not given: of the user, by chance, INVITE."""
    given = dict(pairs)
    name, _, domain = user.partition("@")
    realm = given.get("Digest-Realm") or domain or "localhost"
    parts = {
        "Digest-Username": given.get("Digest-Username") or name,
        "Digest-Realm": realm,
        "Digest-Nonce": given.get("Digest-Nonce") or os.urandom(8).hex(),
        "Digest-Method": given.get("Digest-Method") or METHOD,
        "Digest-URI": given.get("Digest-URI") or f"sip:{realm}",
        "Digest-Algorithm": "MD5",
    }
    of_user = _md5(f"{parts['Digest-Username']}:{realm}:{password}")
    response = _md5(f"{of_user}:{parts['Digest-Nonce']}:{_md5(parts['Digest-Method'] + ':' + parts['Digest-URI'])}")
    return [pair for pair in pairs if pair[0] not in parts] + list(parts.items()) + [("Digest-Response", response)]


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
