"""What a request is looked at for before it is worked on: groups that hold together, and, where it is asked for, the letter of the RFC.

CGRateS passes over what it does not know, M bit or not, and over values whose length does not fit (recorded: diameter-base/25 to /27); so
do we by default. `Rules` with `strict` refuses these as RFC 6733 section 7.1.5 says, and requests that lack what their command requires.
"""

from __future__ import annotations

from typing import Final

from gateway.protocols.diameter.answers import plain_avp
from gateway.protocols.diameter.codes import (
    AVP_OCCURS_TOO_MANY_TIMES,
    AVP_UNSUPPORTED,
    INVALID_AVP_LENGTH,
    INVALID_AVP_VALUE,
    MANDATORY_BIT,
    MISSING_AVP,
)
from gateway.protocols.diameter.dictionary import Avp, Dictionary, Member
from gateway.protocols.diameter.kinds import ENUM, GROUPED, SIZES
from gateway.protocols.diameter.message import NO_AVP, Avps, DecodeError, Message, failed_of

_CODES: Final = 1 << 14  # codes that are looked up in tables; nearly all that there are


class Needed:
    """An AVP that a command's request must have, or may not have more often than some times (0: no bound)."""

    key: int
    required: bool
    most: int
    avp: Avp

    def __init__(self, avp: Avp, member: Member) -> None:
        self.key = avp.key
        self.required = member.required
        self.most = member.most
        self.avp = avp


class Rules:
    """What requests are checked against: the groups and sizes of a dictionary; with `strict` its M bits, values and rules too."""

    strict: bool
    _groups: dict[int, bytes]  # by vendor: for each code below _CODES, 1 where it is a group
    _far: frozenset[int]  # keys of groups of other codes
    _plain: bytes
    _rows: dict[int, Avp]
    _needed: dict[int, list[Needed]]

    def __init__(self, dictionary: Dictionary, strict: bool = False) -> None:
        self.strict = strict
        groups: dict[int, bytearray] = {0: bytearray(_CODES)}
        for row in dictionary.avps:
            if row.kind == GROUPED and row.code < _CODES:
                groups.setdefault(row.vendor, bytearray(_CODES))[row.code] = 1
        self._groups = {vendor: bytes(table) for vendor, table in groups.items()}
        self._plain = self._groups[0]
        self._far = frozenset([row.key for row in dictionary.avps if row.kind == GROUPED and row.code >= _CODES])
        self._rows = {row.key: row for row in dictionary.avps} if strict else {}
        self._needed = {}
        for command in dictionary.commands if strict else ():
            self._needed[command.code] = _needed(dictionary, command.request)

    def is_group(self, key: int) -> bool:
        if key < _CODES:
            return self._plain[key] != 0
        code = key & 0xFFFF_FFFF
        if code >= _CODES:
            return key in self._far
        table = self._groups.get(key >> 32)
        return table is not None and table[code] != 0

    def row(self, key: int) -> Avp | None:
        return self._rows.get(key)

    def needed(self, command: int) -> list[Needed]:
        return self._needed.get(command, [])


def check(message: Message, rules: Rules) -> None:
    """Looks at every AVP of a request, groups included. DecodeError with the Result-Code and the AVP for Failed-AVP:

    5014 for a group whose AVPs do not fit into it or lie too deep; with strict rules also 5014 for a value that is too short or long for
    its type, 5001 for an unknown AVP with the M bit, 5004 for a number that an Enumerated does not have, 5005 and 5009 for one that the
    command requires, or allows fewer times.
    """
    try:
        _walk(message.avps, rules)
        if rules.strict:
            _count(message, rules.needed(message.command))
    except DecodeError as error:
        error.message = message
        raise


def _walk(avps: Avps, rules: Rules) -> None:
    """Every AVP of a level and of the groups on it; the depth is bounded by Avps.group."""
    for position, key in enumerate(avps.keys):
        if rules.is_group(key):
            _walk(avps.group(position), rules)
        elif rules.strict:
            _judge(avps, position, key, rules)


def _judge(avps: Avps, position: int, key: int, rules: Rules) -> None:
    row = rules.row(key)
    if row is not None:
        _fits(avps, position, row)
    elif avps.flags(position) & MANDATORY_BIT:
        text = f"AVP {key & 0xFFFF_FFFF} of vendor {key >> 32} is unknown"
        raise DecodeError(AVP_UNSUPPORTED, text, failed_of(avps, position))


def _fits(avps: Avps, position: int, row: Avp) -> None:
    size = SIZES.get(row.kind, 0)
    if size and avps.value_end(position) - avps.value_start(position) != size:
        raise DecodeError(INVALID_AVP_LENGTH, f"{row.name} has {size} octets", failed_of(avps, position))
    if row.kind == ENUM and row.values:
        number = int.from_bytes(avps.value(position), "big", signed=True)
        if number not in row.values:
            raise DecodeError(INVALID_AVP_VALUE, f"{row.name} has no value {number}", failed_of(avps, position))


def _count(message: Message, needed: list[Needed]) -> None:
    avps = message.avps
    for one in needed:
        count = 0
        position = avps.find(one.key)
        last = NO_AVP
        while position != NO_AVP:
            count += 1
            last = position
            position = avps.find(one.key, position)
        if count == 0 and one.required:
            size = SIZES.get(one.avp.kind, 0)
            failed = one.avp.wrap(bytes(size)) if one.avp.vendor else plain_avp(one.avp.code, bytes(size))
            raise DecodeError(MISSING_AVP, f"{one.avp.name} is missing", failed)
        if one.most and count > one.most:
            raise DecodeError(AVP_OCCURS_TOO_MANY_TIMES, f"{one.avp.name} {count} times", failed_of(avps, last))


def _needed(dictionary: Dictionary, members: list[Member]) -> list[Needed]:
    found: list[Needed] = []
    for member in members:
        avp = dictionary.named(member.name)
        if avp is not None and (member.required or member.most):
            found.append(Needed(avp, member))
    return found
