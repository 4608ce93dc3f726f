"""From an event to the call that is to be priced."""

from __future__ import annotations

from engine.event import (
    ACCOUNT,
    ANSWER_TIME,
    CATEGORY,
    DESTINATION,
    FACTOR_ID,
    SETUP_TIME,
    SUBJECT,
    TENANT,
    TOR,
    Event,
    known_time,
)
from engine.options import EngineOptions
from engine.rating.call import Call
from engine.usage import VOICE


def call_of(event: Event, usage_ns: int, options: EngineOptions, now_ns: int) -> Call:
    """The call that an event with this usage describes. ValueError when a time in it is none."""
    start = event.moment(ANSWER_TIME, options.zone, now_ns)
    if not known_time(start):
        start = event.moment(SETUP_TIME, options.zone, now_ns)
    account = event.text(ACCOUNT)
    call = Call(
        event.text(TENANT) or event.tenant or options.default_tenant,
        event.text(CATEGORY) or options.default_category,
        event.text(SUBJECT) or account,
        account,
        event.text(DESTINATION),
        event.text(TOR) or VOICE,
        start.ns,
        start.ns + usage_ns,
        start.zone,
    )
    call.factor_id = event.text(FACTOR_ID)
    return call
