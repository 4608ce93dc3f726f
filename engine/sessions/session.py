"""A session and its runs, as they stand in memory between two events."""

from __future__ import annotations

from typing import Final

from engine.event import Event
from engine.rating.call import Call
from engine.rating.cost import EventCost
from engine.rating.packing import pack_cost, unpack_cost

PREPAID: Final = "*prepaid"
DYNAPREPAID: Final = "*dynaprepaid"
PSEUDOPREPAID: Final = "*pseudoprepaid"
POSTPAID: Final = "*postpaid"
RATED: Final = "*rated"
NONE: Final = "*none"
DIRECTDEBIT: Final = "*directdebit"

DEBITED: Final = (PREPAID, DYNAPREPAID)  # money moves while the session goes on
LIMITED: Final = (PREPAID, DYNAPREPAID, PSEUDOPREPAID)  # the account decides how long it may last

RAW_RUN: Final = "*raw"
DEFAULT_RUN: Final = "*default"

NEVER: Final = (1 << 62) - 1  # an instant that does not come, on either clock, as a machine word; files may have one more
NOT_REPORTED: Final = -1
MOST_ALTERED: Final = 8  # changed fields that are written at each event; beyond it the session is written whole once more


def is_same_field(known: object, value: object) -> bool:
    """Whether a field has this very value; seldom false where it has."""
    return known is value or (isinstance(known, str) and isinstance(value, str) and known == value)


class Run:
    """One charging of the session: for the caller, a reseller, a carrier.

    `reserve_ns` was debited and not used yet, `last_usage_ns` is what the last answer granted, `total_usage_ns` what was granted
    in all, corrected by what clients reported.

    In a debit loop the run is paid until `loop_ticks` (on the clock that only runs forward; `loop_at` is the same instant on the wall
    clock, for a restart): then the next part is debited, or the session ends for `stop_reason` where that is not empty.
    """

    id: str
    event: Event
    request_type: str
    call: Call
    reserve_ns: int
    last_usage_ns: int
    total_usage_ns: int
    loop_ticks: int
    loop_at: int
    stop_reason: str
    short: bool  # before its first charge it was granted less than it asked for: its record is rated by itself
    replaced: bool  # what it took has gone back: its record was charged instead
    _cost: EventCost | None
    _cost_body: bytes  # the cost as it was recovered (engine.rating.packing), until somebody asks for it; empty without one

    def __init__(self, id: str, event: Event, request_type: str, call: Call) -> None:
        self.id = id
        self.event = event
        self.request_type = request_type
        self.call = call
        self.reserve_ns = 0
        self.last_usage_ns = 0
        self.total_usage_ns = 0
        self.loop_ticks = NEVER
        self.loop_at = NEVER
        self.stop_reason = ""
        self.short = False
        self.replaced = False
        self._cost = None
        self._cost_body = b""

    @property
    def cost(self) -> EventCost | None:
        """What was charged so far; None before the first charge."""
        if self._cost is None and self._cost_body:
            self.set_cost(unpack_cost(self._cost_body, self.call.cgrid, self.id))
        return self._cost

    def set_cost(self, cost: EventCost) -> None:
        """Replaces what was charged so far."""
        if not cost.tor:
            cost.tor = self.call.tor
            cost.unpack()
        self._cost = cost
        self._cost_body = b""

    def cost_body(self) -> bytes:
        """The cost packed; empty without one."""
        cost = self._cost
        return self._cost_body if cost is None else pack_cost(cost, self.call.cgrid, self.id)

    def set_cost_body(self, body: bytes) -> None:
        """Takes up the cost that `cost_body` gave."""
        self._cost = None
        self._cost_body = body

    @property
    def is_debited(self) -> bool:
        """Whether money moves while it goes on."""
        return self.request_type in DEBITED


class Lifetime:
    """How long a session lasts without an update, and what it comes to when nothing comes: usages in ns, None for "not said"."""

    ttl_ns: int  # 0: for ever
    max_delay_ns: int  # a random part of it is added
    last_used_ns: int | None
    last_usage_ns: int | None
    usage_ns: int | None

    def __init__(self) -> None:
        self.ttl_ns = 0
        self.max_delay_ns = 0
        self.last_used_ns = None
        self.last_usage_ns = None
        self.usage_ns = None


class Session:
    """`cgrid` identifies it; `event` is the one that began it, with what later events changed. `client` can be called back about it.

    `whole`: the journal has of it what does not change with every event, as it is now but for `altered`, the fields of its event
    that changed since. Who changes an event of it, its client or its runs' calls, says so by `alter`, or sets `whole` to false.

    It ends by itself at `expires_ticks` (and `expires_at` on the wall clock): after its time to live, or soon after a begin that failed.
    """

    cgrid: str
    tenant: str
    event: Event
    client: str
    request: bytes  # what the gateway wanted to be remembered of the request that began it; empty: nothing
    runs: list[Run]
    begun_at: int
    updated_at: int
    lifetime: Lifetime
    expires_ticks: int
    expires_at: int
    debit_interval_ns: int  # above 0 while a debit loop runs
    chargeable: bool
    failed: bool  # its begin was refused; it stays for a while, as clients expect
    ending: str | None  # why the engine ends it at `expires_ticks`, where that is not its time to live
    ending_extra_ns: int
    ending_options: dict[str, object] | None  # of the operator who ends it; they do not outlive the process
    settled: bool  # what it took is what it used, and its events say so
    reports: bool  # its client reports what happened, and does not ask
    reported_ns: int  # all that its client said that it used so far; NOT_REPORTED where it never counted so
    whole: bool
    altered: dict[str, object] | None
    begun_body: bytes  # what the journal was handed last of it (engine.sessions.snapshot); empty before, and where an older version wrote
    progress_body: bytes
    indexed: list[str | None]  # values by which it is found (engine.sessions.finding)

    def __init__(self, cgrid: str, tenant: str, event: Event, begun_at: int) -> None:
        self.cgrid = cgrid
        self.tenant = tenant
        self.event = event
        self.client = ""
        self.request = b""
        self.runs = []
        self.begun_at = begun_at
        self.updated_at = begun_at
        self.lifetime = Lifetime()
        self.expires_ticks = NEVER
        self.expires_at = NEVER
        self.debit_interval_ns = 0
        self.chargeable = True
        self.failed = False
        self.ending = None
        self.ending_extra_ns = 0
        self.ending_options = None
        self.settled = False
        self.reports = False
        self.reported_ns = NOT_REPORTED
        self.whole = False
        self.altered = None
        self.begun_body = b""
        self.progress_body = b""
        self.indexed = []

    def alter(self, name: str, value: object) -> None:
        """A field of its event gets a value."""
        fields = self.event.fields
        if name in fields and is_same_field(fields[name], value):
            return
        fields[name] = value
        if not self.whole:
            return
        if self.altered is None:
            self.altered = {}
        self.altered[name] = value
        if len(self.altered) > MOST_ALTERED:
            self.whole = False

    def alter_run(self, run: Run, name: str, value: object) -> None:
        """A field of a run's event gets a value."""
        fields = run.event.fields
        if name not in fields or not is_same_field(fields[name], value):
            fields[name] = value
            self.whole = False

    def due_ticks(self) -> int:
        """When it has to be looked at next."""
        due = self.expires_ticks
        for run in self.runs:
            due = min(due, run.loop_ticks)
        return due

    def due_at(self) -> int:
        """The same on the wall clock."""
        due = self.expires_at
        for run in self.runs:
            due = min(due, run.loop_at)
        return due

    def stop_loops(self) -> None:
        """Nothing more is debited by itself."""
        self.debit_interval_ns = 0
        for run in self.runs:
            run.loop_ticks = NEVER
            run.loop_at = NEVER
            run.stop_reason = ""

    def known_usage(self) -> int | None:
        """What its client reported last, where it counts so."""
        return None if self.reported_ns == NOT_REPORTED else self.reported_ns

    def total_usage_ns(self) -> int:
        """Its usage so far, as its first run has it."""
        return self.runs[0].total_usage_ns if self.runs else 0
