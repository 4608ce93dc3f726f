"""Who calls whom, as signed caller identities (STIR/SHAKEN) say it. Signatures are made and verified outside; what was verified comes in
with the command, and is held against the event after its attributes."""

from __future__ import annotations

import re
from typing import Final

from engine.errors import RequestError
from engine.event import ACCOUNT, DESTINATION, Event, field_text

STIR_AUTHENTICATE: Final = "*stir_authenticate"
STIR_INITIATE: Final = "*stir_initiate"

ORIGINATOR_TN: Final = "*stirOriginatorTn"
ORIGINATOR_URI: Final = "*stirOriginatorURI"
DESTINATION_TN: Final = "*stirDestinationTn"
DESTINATION_URI: Final = "*stirDestinationURI"

_NUMBER: Final = re.compile(r"[0-9*#]+\Z")
_SEPARATORS: Final = re.compile(r"[ .()\-]")


class Parties:
    """Telephone numbers and URIs of both sides; empty where there is none."""

    origin_tn: str
    origin_uri: str
    destination_tns: tuple[str, ...]
    destination_uris: tuple[str, ...]

    def __init__(self, origin_tn: str, origin_uri: str, destination_tns: tuple[str, ...], destination_uris: tuple[str, ...]) -> None:
        self.origin_tn = origin_tn
        self.origin_uri = origin_uri
        self.destination_tns = destination_tns
        self.destination_uris = destination_uris

    def expect(self, wanted: Parties) -> None:
        """RequestError unless these, which are signed, are the wanted ones. What is empty there may be anything; + and separators of
        numbers do not count."""
        if wanted.origin_uri and wanted.origin_uri != self.origin_uri:
            raise RequestError(f"{STIR_AUTHENTICATE}: wrong originatorURI")
        if wanted.origin_tn and plain_number(wanted.origin_tn) != plain_number(self.origin_tn):
            raise RequestError(f"{STIR_AUTHENTICATE}: wrong originatorTn")
        for uri in wanted.destination_uris:
            if uri not in self.destination_uris:
                raise RequestError(f"{STIR_AUTHENTICATE}: wrong destinationURI")
        signed = [plain_number(number) for number in self.destination_tns]
        for number in wanted.destination_tns:
            if plain_number(number) not in signed:
                raise RequestError(f"{STIR_AUTHENTICATE}: wrong destinationTn")


def plain_number(text: str) -> str:
    """A number without + and separators."""
    return _SEPARATORS.sub("", text).removeprefix("+")


def parties_of(event: Event, flag: str) -> Parties:
    """The parties that an event's options name, else its Account and Destination. RequestError, in the name of `flag`, when one side
    is nobody."""
    options = event.options
    origin_tn = field_text(options.get(ORIGINATOR_TN))
    origin_uri = field_text(options.get(ORIGINATOR_URI))
    destination_tn = field_text(options.get(DESTINATION_TN))
    destination_uri = field_text(options.get(DESTINATION_URI))
    if not origin_tn and not origin_uri:
        origin_tn = event.text(ACCOUNT)
    if not destination_tn and not destination_uri:
        destination_tn = event.text(DESTINATION)
    if not origin_tn and not origin_uri:
        raise RequestError(f"{flag}: no originator")
    if not destination_tn and not destination_uri:
        raise RequestError(f"{flag}: no destination")
    return Parties(origin_tn, origin_uri, (destination_tn,) if destination_tn else (), (destination_uri,) if destination_uri else ())


def signable(event: Event) -> Parties:
    """The parties that an identity is made for. RequestError for one that no identity may name as a number."""
    found = parties_of(event, STIR_INITIATE)
    for number in (found.origin_tn, *found.destination_tns):
        if number and not _NUMBER.match(plain_number(number)):
            raise RequestError(f"{STIR_INITIATE}: no telephone number: {number}")
    return found
