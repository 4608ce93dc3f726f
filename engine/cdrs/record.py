"""The record of one run, and its ways: from an event, into the store and back, and into the event that clients are answered with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from engine.errors import Refusal
from engine.event import (
    ACCOUNT,
    ANSWER_TIME,
    CATEGORY,
    CGRID,
    COST,
    COST_DETAILS,
    COST_SOURCE,
    DESTINATION,
    EXTRA_INFO,
    ORIGIN_HOST,
    ORIGIN_ID,
    PARTIAL,
    PRE_RATED,
    REQUEST_TYPE,
    RUN_ID,
    SETUP_TIME,
    SOURCE,
    SUBJECT,
    TENANT,
    TOR,
    USAGE,
    Event,
    field_text,
)
from engine.money import ONE, Amount, amount_json
from engine.options import EngineOptions
from engine.parts import Parts, split_amount
from engine.rating.cost import EventCost
from engine.rating.packing import pack_cost, unpack_cost
from engine.records import CdrPut
from engine.times import NO_TIME, ZERO_TIME, Moment, fixed_zone
from engine.usage import VOICE

NOT_RATED: Final = -ONE
SESSIONS: Final = "*sessions"  # the source of costs that sessions took
EXTRA_FIELDS: Final = "ExtraFields"
ORDER_ID: Final = "OrderID"

_OWN_FIELDS: Final = frozenset(
    {
        CGRID, RUN_ID, ORIGIN_HOST, SOURCE, ORIGIN_ID, TOR, REQUEST_TYPE, TENANT, CATEGORY, ACCOUNT, SUBJECT, DESTINATION, SETUP_TIME,
        ANSWER_TIME, USAGE, COST, COST_DETAILS, COST_SOURCE, EXTRA_INFO, PRE_RATED, PARTIAL, ORDER_ID, EXTRA_FIELDS,
    }
)  # fmt: skip
REFUNDED: Final = "REFUNDED"  # why a stored record has no cost: what it took was given back, and it was not rated since
_WHY_NOT_RATED: Final = frozenset({REFUNDED, *(refusal.value for refusal in Refusal)})
_DETAILS: Final = msgspec.json.Decoder(float_hook=Decimal)


class Cdr:
    """A record while it is worked on. `cost` is -1 until it is rated; `settled` as in the journal's CdrPut."""

    cgrid: str
    run_id: str
    origin_host: str
    source: str
    origin_id: str
    tor: str
    request_type: str
    tenant: str
    category: str
    account: str
    subject: str
    destination: str
    setup: Moment
    answer: Moment
    usage_ns: int
    cost: Amount
    cost_source: str
    details: EventCost | None
    extra_fields: dict[str, str]
    extra_info: str
    partial: bool
    pre_rated: bool
    settled: bool
    usage_untold: bool  # the cost's own usage is not shown: it was taken in place of a session's cost (recorded)

    def __init__(self, cgrid: str, run_id: str) -> None:
        self.cgrid = cgrid
        self.run_id = run_id
        self.origin_host = ""
        self.source = ""
        self.origin_id = ""
        self.tor = VOICE
        self.request_type = ""
        self.tenant = ""
        self.category = ""
        self.account = ""
        self.subject = ""
        self.destination = ""
        self.setup = NO_TIME
        self.answer = NO_TIME
        self.usage_ns = 0
        self.cost = NOT_RATED
        self.cost_source = ""
        self.details = None
        self.extra_fields = {}
        self.extra_info = ""
        self.partial = False
        self.pre_rated = False
        self.settled = False
        self.usage_untold = False

    def forget_cost(self) -> None:
        """As if it had never been rated."""
        self.cost = NOT_RATED
        self.cost_source = ""
        self.details = None
        self.settled = False
        self.usage_untold = False

    def details_json(self) -> bytes:
        """The explained cost as clients see it; empty without one."""
        return b"" if self.details is None else self.details.to_json(told=not self.usage_untold).encode()


# -- events --------------------------------------------------------------------------------------------------------------


def cdr_of(event: Event, options: EngineOptions, now_ns: int, session_cost: EventCost | None = None) -> Cdr:
    """The record that an event describes, with what its session took for it already instead of any cost that it tells. ValueError when
    a time, a usage or a cost in it is none."""
    cdr = Cdr(event.cgrid(), event.text(RUN_ID) or "*default")
    cdr.origin_host = event.text(ORIGIN_HOST)
    cdr.source = event.text(SOURCE)
    cdr.origin_id = event.text(ORIGIN_ID)
    cdr.tor = event.text(TOR) or VOICE
    cdr.request_type = event.text(REQUEST_TYPE) or options.default_request_type
    cdr.tenant = event.text(TENANT) or event.tenant or options.default_tenant
    cdr.category = event.text(CATEGORY) or options.default_category
    cdr.account = event.text(ACCOUNT)
    cdr.subject = event.text(SUBJECT) or cdr.account
    cdr.destination = event.text(DESTINATION)
    cdr.setup = event.moment(SETUP_TIME, options.zone, now_ns)
    cdr.answer = event.moment(ANSWER_TIME, options.zone, now_ns)
    cdr.usage_ns = event.usage(USAGE) or 0
    if session_cost is None:
        _read_cost(cdr, event)
    else:
        cdr.details = session_cost
        cdr.cost = session_cost.cost
        cdr.cost_source = SESSIONS
    cdr.extra_info = event.text(EXTRA_INFO)
    cdr.partial = event.flag(PARTIAL)
    cdr.pre_rated = event.flag(PRE_RATED)
    for name, value in event.fields.items():
        if name not in _OWN_FIELDS:
            cdr.extra_fields[name] = _extra_text(value)
    given = event.fields.get(EXTRA_FIELDS)
    if isinstance(given, dict):
        for name, value in given.items():
            cdr.extra_fields[str(name)] = _extra_text(value)
    return cdr


def _read_cost(cdr: Cdr, event: Event) -> None:
    """The cost that the event tells."""
    details = event.fields.get(COST_DETAILS)
    cost = event.amount(COST)
    cdr.details = read_details(details)
    if cdr.details is not None and (cost is None or cdr.details is details):
        cost = cdr.details.cost
    cdr.cost = NOT_RATED if cost is None else cost
    cdr.cost_source = event.text(COST_SOURCE)


def _extra_text(value: object) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else field_text(value)


def read_details(value: object) -> EventCost | None:
    """The explained cost in an event: our own, or JSON, as data or as text; None without one. ValueError for what is none."""
    if value is None or value == "" or value == "null":
        return None
    if isinstance(value, EventCost):
        return value
    if isinstance(value, str):
        try:
            value = _DETAILS.decode(value)
        except msgspec.MsgspecError:
            raise ValueError("CostDetails are no JSON") from None
    if not isinstance(value, dict):
        raise ValueError("CostDetails are no EventCost")
    return EventCost.from_data(value)


def event_data(cdr: Cdr) -> dict[str, object]:
    """The event that a record makes, JSON-able: what CDRsV2 answers."""
    return {
        **cdr.extra_fields,
        CGRID: cdr.cgrid,
        RUN_ID: cdr.run_id,
        ORDER_ID: 0,
        ORIGIN_HOST: cdr.origin_host,
        SOURCE: cdr.source,
        ORIGIN_ID: cdr.origin_id,
        TOR: cdr.tor,
        REQUEST_TYPE: cdr.request_type,
        TENANT: cdr.tenant,
        CATEGORY: cdr.category,
        ACCOUNT: cdr.account,
        SUBJECT: cdr.subject,
        DESTINATION: cdr.destination,
        SETUP_TIME: cdr.setup.text(),
        ANSWER_TIME: cdr.answer.text(),
        USAGE: cdr.usage_ns,
        COST: amount_json(cdr.cost),
        COST_SOURCE: cdr.cost_source,
        COST_DETAILS: None if cdr.details is None else msgspec.Raw(cdr.details_json()),
        EXTRA_INFO: cdr.extra_info,
        PARTIAL: cdr.partial,
        PRE_RATED: cdr.pre_rated,
    }


def event_of(record: CdrPut, options: dict[str, object]) -> Event:
    """The event that a stored record was made of, as far as it tells; without its cost, or why it had none."""
    fields: dict[str, object] = {
        **msgspec.json.decode(record.extra_fields, type=dict[str, Any]),
        CGRID: record.cgrid,
        RUN_ID: record.run_id,
        ORIGIN_HOST: record.origin_host,
        SOURCE: record.source,
        ORIGIN_ID: record.origin_id,
        TOR: record.tor,
        REQUEST_TYPE: record.request_type,
        TENANT: record.tenant,
        CATEGORY: record.category,
        ACCOUNT: record.account,
        SUBJECT: record.subject,
        DESTINATION: record.destination,
        SETUP_TIME: _moment(record.setup_ns, record.setup_offset).text(),
        ANSWER_TIME: _moment(record.answer_ns, record.answer_offset).text(),
        USAGE: record.usage_ns,
        PARTIAL: record.partial,
        PRE_RATED: record.pre_rated,
        EXTRA_INFO: "" if record.extra_info in _WHY_NOT_RATED else record.extra_info,
    }
    return Event(record.tenant, "", fields, dict(options))


# -- the store -----------------------------------------------------------------------------------------------------------


def stored(cdr: Cdr, order_id: int, created: Parts, now_ns: int) -> CdrPut:
    """The journal record of a CDR."""
    details = cdr.details
    return CdrPut(
        order_id=order_id,
        cgrid=cdr.cgrid,
        run_id=cdr.run_id,
        origin_host=cdr.origin_host,
        source=cdr.source,
        origin_id=cdr.origin_id,
        tor=cdr.tor,
        request_type=cdr.request_type,
        tenant=cdr.tenant,
        category=cdr.category,
        account=cdr.account,
        subject=cdr.subject,
        destination=cdr.destination,
        setup=split_amount(cdr.setup.ns),
        answer=split_amount(cdr.answer.ns),
        created=created,
        updated=split_amount(now_ns),
        usage=split_amount(cdr.usage_ns),
        cost=split_amount(cdr.cost),
        extra_fields=msgspec.json.encode(cdr.extra_fields) if cdr.extra_fields else b"{}",
        extra_info=cdr.extra_info,
        cost_source=cdr.cost_source,
        cost_details=b"" if details is None else pack_cost(details, cdr.cgrid, cdr.run_id),
        partial=cdr.partial,
        pre_rated=cdr.pre_rated,
        setup_offset=cdr.setup.zone.offset_at(cdr.setup.ns),
        answer_offset=cdr.answer.zone.offset_at(cdr.answer.ns),
        settled=cdr.settled,
        usage_untold=cdr.usage_untold,
    )


def stored_details(record: CdrPut) -> EventCost | None:
    """The explained cost that a record was stored with; None without one."""
    return unpack_cost(record.cost_details, record.cgrid, record.run_id) if record.cost_details else None


def taken_details(record: CdrPut) -> EventCost | None:
    """The explained cost of what stands taken for a record: what it was stored with, or what a later rating took that was not stored."""
    return unpack_cost(record.taken, record.cgrid, record.run_id) if record.taken else stored_details(record)


def untold(record: CdrPut, cdr: Cdr, now_ns: int) -> CdrPut:
    """The stored record after a rating that was not to be stored: it looks as before, and knows what stands taken for it."""
    details = cdr.details
    taken = b"" if details is None or cdr.settled else pack_cost(details, record.cgrid, record.run_id)
    return msgspec.structs.replace(record, settled=not taken, taken=taken, updated=split_amount(now_ns))


def _moment(at_ns: int, offset: int) -> Moment:
    return NO_TIME if at_ns == ZERO_TIME else Moment(at_ns, fixed_zone(offset))
