"""The one value that travels through the house: what happened, as named fields, with options on how to treat it."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Final

from engine.limits import RECENT_CGRID_CHARACTERS, RECENT_CGRIDS
from engine.money import Amount, amount_of
from engine.times import NO_TIME, ZERO_TIME, Moment, Zone, parse_time
from engine.usage import parse_duration

CGRID: Final = "CGRID"
RUN_ID: Final = "RunID"
ORIGIN_ID: Final = "OriginID"
ORIGIN_HOST: Final = "OriginHost"
TOR: Final = "ToR"
REQUEST_TYPE: Final = "RequestType"
TENANT: Final = "Tenant"
CATEGORY: Final = "Category"
ACCOUNT: Final = "Account"
SUBJECT: Final = "Subject"
DESTINATION: Final = "Destination"
SETUP_TIME: Final = "SetupTime"
ANSWER_TIME: Final = "AnswerTime"
USAGE: Final = "Usage"
LAST_USED: Final = "LastUsed"
TOTAL_USAGE: Final = "TotalUsage"
USAGE_SO_FAR: Final = "UsageSoFar"
SOURCE: Final = "Source"
COST: Final = "Cost"
COST_SOURCE: Final = "CostSource"
COST_DETAILS: Final = "CostDetails"
EXTRA_INFO: Final = "ExtraInfo"
PRE_RATED: Final = "PreRated"
PARTIAL: Final = "Partial"

_RECENT: Final[dict[str, str]] = {}
FACTOR_ID: Final = "BalanceFactorID"


class Event:
    """`fields` keep the JSON types they came with; `options` are the APIOpts. `at_ns` is the event's own time, 0 for none."""

    tenant: str
    id: str
    at_ns: int
    fields: dict[str, object]
    options: dict[str, object]

    def __init__(self, tenant: str, id: str, fields: dict[str, object], options: dict[str, object], at_ns: int = 0) -> None:
        self.tenant = tenant
        self.id = id
        self.fields = fields
        self.options = options
        self.at_ns = at_ns

    def copy(self) -> Event:
        return Event(self.tenant, self.id, dict(self.fields), dict(self.options), self.at_ns)

    def has(self, name: str) -> bool:
        return name in self.fields

    def text(self, name: str) -> str:
        """The field as text; empty when it is missing or null."""
        return field_text(self.fields.get(name))

    def usage(self, name: str) -> int | None:
        """The field as usage in ns; None when it is missing. ValueError when it is none."""
        value = self.fields.get(name)
        if value is None:
            return None
        return usage_of(value)

    def moment(self, name: str, zone: Zone, now_ns: int) -> Moment:
        """The field as a time; the zero time when it is missing. ValueError when it is none."""
        value = self.fields.get(name)
        if value is None or value == "":
            return NO_TIME
        return parse_time(field_text(value), zone, now_ns)

    def amount(self, name: str) -> Amount | None:
        """The field as an amount; None when it is missing. ValueError when it is none."""
        value = self.fields.get(name)
        return None if value is None or value == "" else amount_of(value)

    def flag(self, name: str) -> bool:
        return truth(self.fields.get(name))

    def cgrid(self) -> str:
        """The event's CGRID: its own field, else the SHA-1 of OriginID and OriginHost, one after the other."""
        given = self.text(CGRID)
        return given if given else origin_cgrid(self.text(ORIGIN_ID), self.text(ORIGIN_HOST))


def origin_cgrid(origin_id: str, origin_host: str) -> str:
    """The CGRID of what one origin calls one thing. Those of late are kept: the events of a session all ask for the same one."""
    text = origin_id + origin_host
    known = _RECENT.get(text)
    if known is not None:
        return known
    cgrid = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    if len(text) <= RECENT_CGRID_CHARACTERS:
        if len(_RECENT) >= RECENT_CGRIDS:
            _RECENT.clear()
        _RECENT[text] = cgrid
    return cgrid


def field_text(value: object) -> str:
    """A field's value as text, numbers in plain digits."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)


def usage_of(value: object) -> int:
    """Usage in ns from a number (ns) or a duration text; ValueError when it is neither."""
    if isinstance(value, bool):
        raise ValueError("cannot convert field: bool to time.Duration")
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"cannot convert field: {_go_text(value)} to time.Duration")


def _go_text(value: object) -> str:
    """A value as Go prints it in a complaint: map[a:1 b:2], [1 2]."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_go_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(_go_text(one) for one in value)}]"
    return "<nil>" if value is None else field_text(value)


def truth(value: object) -> bool:
    """A JSON or text boolean; anything else is false."""
    if value is None or value is False:
        return False
    return value is True or value in ("true", "True", "1", "t", "T", "TRUE")


def known_time(moment: Moment) -> bool:
    """True unless it is the zero time, which stands for none."""
    return moment.ns != ZERO_TIME
