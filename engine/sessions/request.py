"""What an event says about its session, read before anything is changed: usages, and how long the session may last."""

from __future__ import annotations

from typing import Final

from engine.errors import RequestError
from engine.event import LAST_USED, SETUP_TIME, TOR, TOTAL_USAGE, USAGE, USAGE_SO_FAR, Event, known_time, truth, usage_of
from engine.options import SessionOptions
from engine.sessions.session import Lifetime
from engine.times import Zone
from engine.usage import ANY, VOICE

TTL: Final = "*sessionsTTL"
TTL_MAX_DELAY: Final = "*sessionsTTLMaxDelay"
TTL_LAST_USED: Final = "*sessionsTTLLastUsed"
TTL_LAST_USAGE: Final = "*sessionsTTLLastUsage"
TTL_USAGE: Final = "*sessionsTTLUsage"
DEBIT_INTERVAL: Final = "*sessionsDebitInterval"
CHARGEABLE: Final = "*sessionsChargeable"


class Part:
    """The part of a session that an event asks for, in ns. `total_ns` is all of the session so far, where the client counts so."""

    asked_ns: int
    last_used_ns: int | None
    total_ns: int | None
    so_far_ns: int | None  # all that was used of the session so far, where the client reports so
    given_ns: int | None  # the event's own usage, None where it names none

    def __init__(self, event: Event, options: SessionOptions, *, begins: bool = False) -> None:
        """RequestError where a usage in the event is none."""
        try:
            self.given_ns = event.usage(USAGE)
            self.last_used_ns = event.usage(LAST_USED)
            self.total_ns = event.usage(TOTAL_USAGE)
            self.so_far_ns = event.usage(USAGE_SO_FAR)
        except ValueError as fault:
            raise RequestError(str(fault)) from None
        asked = self.given_ns
        if asked is None and begins:
            asked = self.last_used_ns
        self.asked_ns = default_usage(event, options) if asked is None else asked


def default_usage(event: Event, options: SessionOptions) -> int:
    """What is asked for where the event does not say, by its type."""
    defaults = options.default_usage
    return defaults.get(event.text(TOR) or VOICE, defaults.get(ANY, 0))


def duration_option(event: Event, name: str) -> int | None:
    """An option of the event that is a usage or duration in ns; None without it. RequestError when it is none."""
    value = event.options.get(name) if event.options else None
    if value is None:
        return None
    try:
        return usage_of(value)
    except ValueError as fault:
        raise RequestError(str(fault)) from None


def debit_interval(event: Event, options: SessionOptions) -> int:
    """How often the session is debited by itself, 0 for not."""
    given = duration_option(event, DEBIT_INTERVAL)
    return options.debit_interval_ns if given is None else given


def chargeable(event: Event) -> bool:
    """Whether what the event asks for is charged."""
    return truth(event.options.get(CHARGEABLE, True))


def setup_of(event: Event, zone: Zone, now_ns: int) -> int | None:
    """When the event says that its session was set up, ns since 1970; None where it does not say."""
    try:
        moment = event.moment(SETUP_TIME, zone, now_ns)
    except ValueError:
        return None
    return moment.ns if known_time(moment) else None


def read_lifetime(event: Event, options: SessionOptions, known: Lifetime | None = None) -> Lifetime:
    """How long the session lasts without an update: as the event says, else as it was, else as configured."""
    base = known if known is not None and known.ttl_ns > 0 else None
    if base is not None and not event.options:
        return base
    found = Lifetime()
    ttl = duration_option(event, TTL)
    found.ttl_ns = ttl if ttl is not None else (base.ttl_ns if base is not None else options.session_ttl_ns)
    delay = duration_option(event, TTL_MAX_DELAY)
    found.max_delay_ns = delay if delay is not None else (base.max_delay_ns if base is not None else options.ttl_max_delay_ns)
    used = duration_option(event, TTL_LAST_USED)
    found.last_used_ns = used if used is not None else (base.last_used_ns if base is not None else options.ttl_last_used_ns)
    last = duration_option(event, TTL_LAST_USAGE)
    found.last_usage_ns = last if last is not None else (base.last_usage_ns if base is not None else options.ttl_last_usage_ns)
    usage = duration_option(event, TTL_USAGE)
    found.usage_ns = usage if usage is not None else (base.usage_ns if base is not None else options.ttl_usage_ns)
    return found
