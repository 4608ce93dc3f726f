"""A session and its runs, as they stand in memory between two events."""

from __future__ import annotations

from typing import Final

from engine.event import Event
from engine.rating.call import Call
from engine.rating.cost import EventCost

PREPAID: Final = "*prepaid"
DYNAPREPAID: Final = "*dynaprepaid"
PSEUDOPREPAID: Final = "*pseudoprepaid"
POSTPAID: Final = "*postpaid"
RATED: Final = "*rated"
NONE: Final = "*none"
DIRECTDEBIT: Final = "*directdebit"

DEBITED: Final = (PREPAID, DYNAPREPAID)  # money moves while the session goes on
LIMITED: Final = (PREPAID, DYNAPREPAID, PSEUDOPREPAID)  # the account decides how long it may last
UNRATED: Final = (POSTPAID, PSEUDOPREPAID, RATED)  # the record is rated at the end

RAW_RUN: Final = "*raw"
DEFAULT_RUN: Final = "*default"


class Run:
    """One charging of the session: for the caller, a reseller, a carrier.

    `reserve_ns` was debited and not used yet, `last_usage_ns` is what the last answer granted, `total_usage_ns` what was granted
    in all, corrected by what clients reported.
    """

    id: str
    event: Event
    request_type: str
    call: Call
    reserve_ns: int
    last_usage_ns: int
    total_usage_ns: int
    cost: EventCost | None

    def __init__(self, id: str, event: Event, request_type: str, call: Call) -> None:
        self.id = id
        self.event = event
        self.request_type = request_type
        self.call = call
        self.reserve_ns = 0
        self.last_usage_ns = 0
        self.total_usage_ns = 0
        self.cost = None


class Session:
    """`cgrid` identifies it; `event` is the one that began it, with what later events changed."""

    cgrid: str
    tenant: str
    event: Event
    runs: list[Run]
    begun_at: int
    updated_at: int
    expires_at: int  # 0 while it may last for ever
    failed: bool  # its begin was refused; it stays for a while, as clients expect

    def __init__(self, cgrid: str, tenant: str, event: Event, begun_at: int) -> None:
        self.cgrid = cgrid
        self.tenant = tenant
        self.event = event
        self.runs = []
        self.begun_at = begun_at
        self.updated_at = begun_at
        self.expires_at = 0
        self.failed = False
