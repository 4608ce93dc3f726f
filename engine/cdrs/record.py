"""The record of one run, and its way from an event and into the store."""

from __future__ import annotations

from typing import Final

import msgspec

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
from engine.money import ONE, Amount
from engine.options import EngineOptions
from engine.rating.cost import EventCost
from engine.records import CdrPut, Parts, split_amount
from engine.times import NO_TIME, Moment
from engine.usage import VOICE

NOT_RATED: Final = -ONE

_OWN_FIELDS: Final = frozenset(
    {
        CGRID, RUN_ID, ORIGIN_HOST, SOURCE, ORIGIN_ID, TOR, REQUEST_TYPE, TENANT, CATEGORY, ACCOUNT, SUBJECT, DESTINATION, SETUP_TIME,
        ANSWER_TIME, USAGE, COST, COST_DETAILS, COST_SOURCE, EXTRA_INFO, PRE_RATED, PARTIAL, "OrderID", "ExtraFields",
    }
)  # fmt: skip


class Cdr:
    """A record while it is worked on. `cost` is -1 until it is rated."""

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


def cdr_of(event: Event, options: EngineOptions, now_ns: int) -> Cdr:
    """The record that an event describes. ValueError when a time, usage or cost in it is none."""
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
    details = event.fields.get(COST_DETAILS)
    if isinstance(details, EventCost):
        cdr.details = details
        cdr.cost = details.cost
    else:
        cost = event.amount(COST)
        cdr.cost = NOT_RATED if cost is None else cost
    cdr.cost_source = event.text(COST_SOURCE)
    cdr.extra_info = event.text(EXTRA_INFO)
    cdr.partial = event.flag(PARTIAL)
    cdr.pre_rated = event.flag(PRE_RATED)
    for name, value in event.fields.items():
        if name not in _OWN_FIELDS:
            cdr.extra_fields[name] = field_text(value)
    return cdr


def stored(cdr: Cdr, order_id: int, now_ns: int) -> CdrPut:
    """The journal record of a CDR."""
    details = b"" if cdr.details is None else msgspec.json.encode(cdr.details.to_data())
    now: Parts = split_amount(now_ns)
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
        created=now,
        updated=now,
        usage=split_amount(cdr.usage_ns),
        cost=split_amount(cdr.cost),
        extra_fields=msgspec.json.encode(cdr.extra_fields),
        extra_info=cdr.extra_info,
        cost_source=cdr.cost_source,
        cost_details=details,
        partial=cdr.partial,
        pre_rated=cdr.pre_rated,
        setup_offset=cdr.setup.zone.offset_at(cdr.setup.ns),
        answer_offset=cdr.answer.zone.offset_at(cdr.answer.ns),
    )
