"""The Identity header and the token in it: who calls whom, as the originating network vouches for it.

    BASE64(header).BASE64(payload).BASE64(signature);info=<URL of the certificate>;alg=ES256;ppt=shaken

What is written here is canonical (RFC 8225 section 9: keys in order, no white space); what is read may be in any order.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Final

from gateway.protocols.stir.limits import FUTURE_SECONDS, MAX_DESTINATIONS, MAX_IDENTITY_OCTETS

ATTESTS: Final = ("A", "B", "C")
ANY_ATTEST: Final = "*any"

_ALG: Final = "ES256"
_PPT: Final = "shaken"
_TYP: Final = "passport"
_BASE64: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
_URL: Final = re.compile(r"""[^\x00-\x20\x7f<>"\\^`{|};,]+\Z""")
_NUMBER: Final = re.compile(r"[0-9*#]+\Z")
_SEPARATORS: Final = re.compile(r"[ .()\-]")


class IdentityError(ValueError):
    """An identity that is not taken, or cannot be made; the text says why, without the prefix of the API."""


class Claims:
    """What an identity says. Numbers are canonical where this house wrote them; `iat` is in seconds since 1970 UTC."""

    attest: str
    origin_tn: str
    origin_uri: str
    destination_tns: tuple[str, ...]
    destination_uris: tuple[str, ...]
    iat: int
    origin_id: str

    def __init__(
        self,
        attest: str,
        origin_tn: str,
        origin_uri: str,
        destination_tns: tuple[str, ...],
        destination_uris: tuple[str, ...],
        iat: int,
        origin_id: str,
    ) -> None:
        self.attest = attest
        self.origin_tn = origin_tn
        self.origin_uri = origin_uri
        self.destination_tns = destination_tns
        self.destination_uris = destination_uris
        self.iat = iat
        self.origin_id = origin_id

    def check_attest(self, allowed: tuple[str, ...]) -> None:
        """IdentityError unless the level is one of `allowed`, or *any is."""
        if ANY_ATTEST not in allowed and self.attest not in allowed:
            raise IdentityError("wrong attest level")

    def check_age(self, now_s: int, max_age_ns: int) -> None:
        """IdentityError for one that is older than `max_age_ns`, or of a later time than clocks may differ by; below zero: any age."""
        if max_age_ns < 0:
            return
        if (now_s - self.iat) * 1_000_000_000 > max_age_ns:
            raise IdentityError("expired payload")
        if self.iat > now_s + FUTURE_SECONDS:
            raise IdentityError("payload of a later time")


class Identity:
    """An Identity header that was read. Nothing in it is true before `signature` was verified over `signed`.

    `x5u` is where its signer says that its certificate lies.
    """

    claims: Claims
    x5u: str
    signed: bytes
    signature: bytes

    def __init__(self, claims: Claims, x5u: str, signed: bytes, signature: bytes) -> None:
        self.claims = claims
        self.x5u = x5u
        self.signed = signed
        self.signature = signature


def canonical_number(text: str) -> str:
    """A telephone number as identities carry it: digits, * and #, neither + nor separators (RFC 8224 section 8.3)."""
    return _SEPARATORS.sub("", text).removeprefix("+")


# -- writing ---------------------------------------------------------------------------------------------------------------


def check_x5u(x5u: str) -> None:
    """IdentityError for what cannot name a certificate in a header."""
    if not x5u:
        raise IdentityError("no path of the public key")
    if not _URL.match(x5u):
        raise IdentityError("the path of the public key has characters that no URL has")


def signing_input(claims: Claims, x5u: str) -> bytes:
    """What is signed. IdentityError for claims that no identity may carry."""
    check_x5u(x5u)
    if claims.attest not in ATTESTS:
        raise IdentityError("wrong attest level")
    if not claims.origin_tn and not claims.origin_uri:
        raise IdentityError("no originator")
    if not claims.destination_tns and not claims.destination_uris:
        raise IdentityError("no destination")
    if len(claims.destination_tns) > MAX_DESTINATIONS or len(claims.destination_uris) > MAX_DESTINATIONS:
        raise IdentityError(f"more than {MAX_DESTINATIONS} destinations")
    orig: dict[str, object] = {}
    dest: dict[str, object] = {}
    if claims.origin_tn:
        orig["tn"] = _written(claims.origin_tn)
    if claims.origin_uri:
        orig["uri"] = claims.origin_uri
    if claims.destination_tns:
        dest["tn"] = [_written(number) for number in claims.destination_tns]
    if claims.destination_uris:
        dest["uri"] = list(claims.destination_uris)
    payload = {"attest": claims.attest, "dest": dest, "iat": claims.iat, "orig": orig, "origid": claims.origin_id}
    return _encode({"alg": _ALG, "ppt": _PPT, "typ": _TYP, "x5u": x5u}) + b"." + _encode(payload)


def identity_text(signed: bytes, signature: bytes, x5u: str) -> str:
    """The Identity header of a signed token."""
    token = (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()
    return f"{token};info=<{x5u}>;alg={_ALG};ppt={_PPT}"


def _written(number: str) -> str:
    canonical = canonical_number(number)
    if not _NUMBER.match(canonical):
        raise IdentityError(f"no telephone number: {number}")
    return canonical


def _encode(value: dict[str, object]) -> bytes:
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=")


# -- reading ---------------------------------------------------------------------------------------------------------------


def read_identity(text: str) -> Identity:
    """An Identity header, its form checked and its signature not. IdentityError for one that is none, or none of SHAKEN."""
    if len(text) > MAX_IDENTITY_OCTETS:
        raise IdentityError("the message header is too long")
    parts = [part.strip() for part in text.split(";")]
    token = parts[0].split(".")
    parameters: dict[str, str] = {}
    for part in parts[1:]:
        name, _, value = part.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"')
    info = parameters.get("info", "").removeprefix("<").removesuffix(">")
    if len(token) != 3 or not info or not parameters.get("ppt"):
        raise IdentityError("missing parts of the message header")
    if parameters.get("alg", _ALG) != _ALG:
        raise IdentityError("wrong alg")
    if parameters["ppt"] != _PPT:
        raise IdentityError("wrong ppt")
    header = _decode(token[0])
    for name, wanted in (("alg", _ALG), ("ppt", _PPT), ("typ", _TYP), ("x5u", info)):
        if header.get(name) != wanted:
            raise IdentityError(f"wrong {name}")
    claims = _claims(_decode(token[1]))
    return Identity(claims, info, f"{token[0]}.{token[1]}".encode(), _octets(token[2]))


def _claims(payload: dict[str, object]) -> Claims:
    orig, dest = payload.get("orig"), payload.get("dest")
    attest, iat, origin_id = payload.get("attest"), payload.get("iat"), payload.get("origid", "")
    if not isinstance(orig, dict) or not isinstance(dest, dict) or not isinstance(attest, str) or not isinstance(origin_id, str):
        raise IdentityError("wrong payload")
    if not isinstance(iat, int) or isinstance(iat, bool):
        raise IdentityError("wrong payload")
    return Claims(attest, _one(orig.get("tn")), _one(orig.get("uri")), _several(dest.get("tn")), _several(dest.get("uri")), iat, origin_id)


def _one(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise IdentityError("wrong payload")
    return value


def _several(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_DESTINATIONS:
        raise IdentityError("wrong payload")
    return tuple([_one(item) for item in value])


def _octets(text: str) -> bytes:
    if not _BASE64.match(text) or len(text) % 4 == 1:
        raise IdentityError("a part of the message header is not in base64")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _decode(text: str) -> dict[str, object]:
    try:
        value = json.loads(_octets(text))
    except IdentityError:
        raise
    except (ValueError, RecursionError):
        raise IdentityError("a part of the message header is no JSON") from None
    if not isinstance(value, dict):
        raise IdentityError("a part of the message header is no JSON object")
    return value
