"""Signed caller identity (STIR/SHAKEN): SessionSv1.STIRAuthenticate and STIRIdentity, and what ProcessEvent needs for its flags.

Signatures are made and verified here, around the engine's step; who has to call whom is decided inside it, after attributes and before
anything is charged. A key that verifies is one that the operator or the caller of the API names: an identity does not choose the
file that is read for it.
"""

from __future__ import annotations

import uuid
from typing import Final

from engine.errors import RequestError
from engine.event import Event, field_text
from engine.sessions.parties import STIR_AUTHENTICATE, STIR_INITIATE, Parties
from engine.usage import parse_duration
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.shapes import shape
from gateway.api.table import method
from gateway.protocols.stir.keys import PrivateKey
from gateway.protocols.stir.passport import ATTESTS, Claims, IdentityError, check_x5u, identity_text, read_identity, signing_input

_AUTHENTICATE: Final = shape(
    "sessions.V1STIRAuthenticateArgs",
    "Attest []string; DestinationTn string; DestinationURI string; Identity string; OriginatorTn string; OriginatorURI string;"
    "PayloadMaxDuration string; APIOpts map[string]any",
)
_DESTINATIONS: Final = shape("utils.PASSporTDestinationsIdentity", "tn []string; uri []string")
_ORIGIN: Final = shape("utils.PASSporTOriginsIdentity", "tn string; uri string")
_PAYLOAD: Final = shape(
    "utils.PASSporTPayload",
    "attest string; dest utils.PASSporTDestinationsIdentity; iat int64; orig utils.PASSporTOriginsIdentity; origid string",
    _DESTINATIONS,
    _ORIGIN,
)
_IDENTITY: Final = shape(
    "sessions.V1STIRIdentityArgs",
    "Payload *utils.PASSporTPayload; PublicKeyPath string; PrivateKeyPath string; OverwriteIAT bool; APIOpts map[string]any",
    _PAYLOAD,
)

_ATTEST_OPTION: Final = "*stirATest"
_MAX_AGE_OPTION: Final = "*stirPayloadMaxDuration"
_IDENTITY_OPTION: Final = "*stirIdentity"
_PUBLIC_KEY_OPTION: Final = "*stirPublicKeyPath"
_PRIVATE_KEY_OPTION: Final = "*stirPrivateKeyPath"

_SECOND: Final = 1_000_000_000  # ns


def _verified(api: Api, text: str, attests: tuple[str, ...], max_age: str, options: dict[str, object]) -> Parties:
    """The parties of an identity whose signature, level and age are good. What is not given is as sessions.stir says. RequestError."""
    own = api.options.stir
    now_s = api.now() // _SECOND
    try:
        identity = read_identity(text)
        claims = identity.claims
        claims.check_attest(attests or own.allowed_attest)
        claims.check_age(now_s, parse_duration(max_age) if max_age else own.max_age_ns)
        path = field_text(options.get(_PUBLIC_KEY_OPTION)) or own.public_key
        api.stir_keys.public.get(path).verify(identity.signed, identity.signature, now_s)
    except ValueError as error:
        raise RequestError(f"{STIR_AUTHENTICATE}: {error}") from None
    return Parties(claims.origin_tn, claims.origin_uri, claims.destination_tns, claims.destination_uris)


def verified_parties(api: Api, event: Event) -> Parties:
    """The parties of the identity that an event carries in its options, verified. RequestError."""
    options = event.options
    attest = field_text(options.get(_ATTEST_OPTION))
    identity = field_text(options.get(_IDENTITY_OPTION))
    return _verified(api, identity, (attest,) if attest else (), field_text(options.get(_MAX_AGE_OPTION)), options)


class Signer:
    """Makes the identities of one request. Whatever may fail for want of a key or a level has failed when it is there."""

    def __init__(self, api: Api, attest: str, public_path: str, private_path: str, origin_id: str) -> None:
        """What is empty is as sessions.stir says; without an `origin_id` it is a new UUID. RequestError."""
        own = api.options.stir
        self._attest = attest or own.default_attest
        self._x5u = public_path or own.public_key
        self._origin_id = origin_id or str(uuid.uuid4())
        self._iat = api.now() // _SECOND
        try:
            if self._attest not in ATTESTS:
                raise IdentityError("wrong attest level")
            check_x5u(self._x5u)
            self._key: PrivateKey = api.stir_keys.private.get(private_path or own.private_key)
        except IdentityError as error:
            raise RequestError(f"{STIR_INITIATE}: {error}") from None

    @classmethod
    def of_event(cls, api: Api, event: Event) -> Signer:
        """As an event's options say; its ID is the identity's where it is a UUID."""
        attest, public, private = (
            field_text(event.options.get(name)) for name in (_ATTEST_OPTION, _PUBLIC_KEY_OPTION, _PRIVATE_KEY_OPTION)
        )
        return cls(api, attest, public, private, event.id if _is_uuid(event.id) else "")

    def identity(self, parties: Parties, iat: int = 0) -> str:
        """The Identity header; `iat` in seconds since 1970 UTC, 0 for now. RequestError for parties that none may carry."""
        claims = Claims(
            self._attest,
            parties.origin_tn,
            parties.origin_uri,
            parties.destination_tns,
            parties.destination_uris,
            iat or self._iat,
            self._origin_id,
        )
        try:
            signed = signing_input(claims, self._x5u)
        except IdentityError as error:
            raise RequestError(f"{STIR_INITIATE}: {error}") from None
        return identity_text(signed, self._key.sign(signed), self._x5u)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _authenticate(api: Api, args: Args) -> object:
    attests = tuple(args.texts("Attest") or ())
    signed = _verified(api, args.text("Identity"), attests, args.text("PayloadMaxDuration"), args.mapping("APIOpts") or {})
    number, uri = args.text("DestinationTn"), args.text("DestinationURI")
    signed.expect(Parties(args.text("OriginatorTn"), args.text("OriginatorURI"), (number,) if number else (), (uri,) if uri else ()))
    return "OK"


def _identity(api: Api, args: Args) -> object:
    payload = args.nested("Payload")
    assert payload is not None, "a mandatory argument"
    orig, dest = payload.nested("orig"), payload.nested("dest")
    assert orig is not None, "no pointer"
    assert dest is not None, "no pointer"
    signer = Signer(api, payload.text("attest"), args.text("PublicKeyPath"), args.text("PrivateKeyPath"), payload.text("origid"))
    parties = Parties(orig.text("tn"), orig.text("uri"), tuple(dest.texts("tn") or ()), tuple(dest.texts("uri") or ()))
    return signer.identity(parties, 0 if args.flag("OverwriteIAT") else payload.integer("iat"))


METHODS: Final = (
    method("SessionSv1.STIRAuthenticate", _AUTHENTICATE, _authenticate),
    method("SessionSv1.STIRIdentity", _IDENTITY, _identity, "Payload"),
)
