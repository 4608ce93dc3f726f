"""What accounting requests mean beside what their processors say: repetitions, what follows from their numbers, a NAS that began
anew (RFC 2866, RFC 2869).
"""

from __future__ import annotations

from hashlib import blake2b
from ipaddress import IPv6Address
from typing import Final

from mypy_extensions import i64

from engine.errors import exists, mandatory_missing
from engine.event import ORIGIN_HOST
from engine.fields.view import TENANT
from engine.sessions.commands import (
    EndSessionsOf,
    InitiateSession,
    ProcessMessage,
    ProcessSessionEvent,
    TerminateSession,
    UpdateSession,
)
from engine.times import SECOND, UTC_ZONE, Moment
from gateway.processors.built import Built
from gateway.processors.calls import OwnRequest
from gateway.processors.terms import CGREQ
from gateway.protocols.radius.codes import ACCOUNTING_REQUEST, HEADER_BYTES, MESSAGE_AUTHENTICATOR, PROXY_STATE
from gateway.protocols.radius.packet import NO_ATTRIBUTE, Packet
from gateway.protocols.radius.values import dotted, number_at

NAS_RESET: Final = "*nasreset"
"""The request type that ends the sessions of a NAS: those of the event's OriginHost."""

STATUS_TYPE: Final = 40
SESSION_ID: Final = 44
START: Final = 1
STOP: Final = 2
ACCOUNTING_ON: Final = 7
ACCOUNTING_OFF: Final = 8
_DELAY: Final = 41
_INPUT: Final = 42
_OUTPUT: Final = 43
_SESSION_TIME: Final = 46
_INPUT_GIGAWORDS: Final = 52
_OUTPUT_GIGAWORDS: Final = 53
_EVENT_TIME: Final = 55
_NAS_ADDRESS: Final = 4
_NAS_IDENTIFIER: Final = 32
_NAS_ADDRESS6: Final = 95
_OF_THE_WAY: Final = (_DELAY, MESSAGE_AUTHENTICATOR, PROXY_STATE)  # what differs when a request comes again

NAS_HOST: Final = "NASHost"
EVENT_TIME: Final = "EventTime"
BEGIN_TIME: Final = "BeginTime"
SESSION_TIME: Final = "SessionTime"
INPUT_OCTETS: Final = "InputOctets"
OUTPUT_OCTETS: Final = "OutputOctets"
TOTAL_OCTETS: Final = "TotalOctets"

# how long ago a Start may have been sent at most, when it is asked which session of a name it begins
ON_THE_WAY_SECONDS: Final = 10  # beside its Acct-Delay-Time
UNTOLD_DELAY_SECONDS: Final = 50  # where it has none
MOST_DELAY_SECONDS: Final = 7 * 86_400  # a request that says that it is older is taken for new
KEY_BYTES: Final = 16
_RESTARTS: Final = {ACCOUNTING_ON: "Accounting-On", ACCOUNTING_OFF: "Accounting-Off"}


def status_of(packet: Packet) -> int:
    """Its Acct-Status-Type; 0 without one."""
    return _number(packet, STATUS_TYPE) or 0


# -- repetitions -----------------------------------------------------------------------------------------------------------


def repetition_keys(packet: Packet, nas: str, address: str) -> list[bytes]:
    """What an accounting request is known by when it comes again: all of its octets, and what it says.

    The second is for NASes that send again under another identifier, with a greater Acct-Delay-Time and so another authenticator
    (hostapd); what proxies add does not count either. `nas` is the client's entry, `address` where it sends from.
    """
    sender = f"radius\0{nas}\0{address}\0".encode()
    raw = packet.raw
    said = [sender]
    size: i64 = len(raw)
    begin: i64 = HEADER_BYTES  # of what is yet to be said
    at = begin
    while at < size:
        end = at + raw[at + 1]
        if raw[at] in _OF_THE_WAY:
            if begin < at:
                said.append(raw[begin:at])
            begin = end
        at = end
    said.append(raw[begin:])
    content = blake2b(b"".join(said), digest_size=KEY_BYTES, person=b"content")
    return [blake2b(sender + raw, digest_size=KEY_BYTES).digest(), content.digest()]


def whole_key(packet: Packet, nas: str, address: str) -> bytes:
    """What any request is known by when it comes again as it was: the first of `repetition_keys`."""
    return blake2b(f"radius\0{nas}\0{address}\0".encode() + packet.raw, digest_size=KEY_BYTES).digest()


def session_name(packet: Packet, nas: str, address: str) -> bytes:
    """What no request of the same session overtakes another one by; of a request that names no session, what it alone has."""
    session = packet.first(SESSION_ID)
    return whole_key(packet, nas, address) if session is None else f"radius\0{nas}\0".encode() + session


def is_restart(packet: Packet) -> bool:
    """Whether a NAS says that it begins anew, or stops: that is about all of its sessions."""
    return packet.code == ACCOUNTING_REQUEST and status_of(packet) in _RESTARTS


def answers_itself(status: int) -> bool:
    """Whether a request of this Acct-Status-Type that comes again in other octets is worked off again, and answered as it stands then:
    a Start EXISTS, a Stop PARTIALLY_EXECUTED where its record is written (recorded, radius-accounting/5 and /7). Nothing is
    charged by that: see `as_report`."""
    return status in (START, STOP)


def as_report(command: object, packet: Packet, now_ns: int, is_repeated: bool) -> object:
    """A command of an accounting request: a report, which may come late and twice. RequestError EXISTS for what would charge again the
    request that `is_repeated`: what is no session knows nothing of repetitions."""
    if isinstance(command, InitiateSession):
        command.reported = True
        command.repeated = is_repeated
        command.began_ns = _sent_at(packet, now_ns, UNTOLD_DELAY_SECONDS) - ON_THE_WAY_SECONDS * SECOND
    elif isinstance(command, TerminateSession):
        command.reported = True
    elif isinstance(command, UpdateSession):
        command.reported = True
        if is_repeated:
            raise exists()
    elif is_repeated and isinstance(command, ProcessMessage | ProcessSessionEvent):
        raise exists()
    return command


# -- what follows from its numbers -----------------------------------------------------------------------------------------


def derived(packet: Packet, address: str, now_ns: int) -> dict[str, object]:
    """What `~*vars` tells of an accounting request besides: the NAS, instants, and counters of 64 bits.

    NASHost       NAS-IP-Address, else NAS-IPv6-Address, else NAS-Identifier, else where the request comes from
    EventTime     Event-Timestamp, else now less Acct-Delay-Time
    BeginTime     that less Acct-Session-Time
    SessionTime   Acct-Session-Time as `75s`; the following are there where the request has them
    InputOctets, OutputOctets, TotalOctets    with their gigawords (RFC 2869 section 5.1), and the sum
    """
    found: dict[str, object] = {NAS_HOST: nas_host(packet, address)}
    stamp = _number(packet, _EVENT_TIME)
    event_ns = _sent_at(packet, now_ns) if stamp is None else stamp * SECOND
    found[EVENT_TIME] = Moment(event_ns, UTC_ZONE)
    seconds = _number(packet, _SESSION_TIME)
    if seconds is not None:
        found[SESSION_TIME] = f"{seconds}s"
    found[BEGIN_TIME] = Moment(event_ns - (seconds or 0) * SECOND, UTC_ZONE)
    received, sent = _number(packet, _INPUT), _number(packet, _OUTPUT)
    if received is not None or sent is not None:
        received = (received or 0) + ((_number(packet, _INPUT_GIGAWORDS) or 0) << 32)
        sent = (sent or 0) + ((_number(packet, _OUTPUT_GIGAWORDS) or 0) << 32)
        found[INPUT_OCTETS] = received
        found[OUTPUT_OCTETS] = sent
        found[TOTAL_OCTETS] = received + sent
    return found


def nas_host(packet: Packet, address: str) -> str:
    """Who sends a request, by its own words; `address` where it says nothing."""
    value = packet.first(_NAS_ADDRESS)
    if value is not None and len(value) == 4:
        return dotted(value)
    value = packet.first(_NAS_ADDRESS6)
    if value is not None and len(value) == 16:
        return str(IPv6Address(value))
    value = packet.first(_NAS_IDENTIFIER)
    return value.decode("utf-8", "replace") if value else address


def _sent_at(packet: Packet, now_ns: int, untold: int = 0) -> int:
    """When what a request tells happened, by our clock; so many seconds ago where it does not say."""
    delay = _number(packet, _DELAY)
    if delay is None:
        delay = untold
    return now_ns - (delay if delay <= MOST_DELAY_SECONDS else 0) * SECOND


def _number(packet: Packet, number: i64) -> int | None:
    at = packet.find(number)
    raw = packet.raw
    return number_at(raw, at + 2) if at != NO_ATTRIBUTE and raw[at + 1] == 6 else None


# -- a NAS that began anew ---------------------------------------------------------------------------------------------------


def reset(own: OwnRequest, packet: Packet, now_ns: int) -> EndSessionsOf:
    """The command for `*nasreset`: the sessions of the event's OriginHost end that began before its NAS did. RequestError
    MANDATORY_IE_MISSING without an OriginHost."""
    event = own.scopes.get(CGREQ)
    host = event.read((ORIGIN_HOST,), 0) if isinstance(event, Built) else ""
    if not isinstance(host, str) or not host:
        raise mandatory_missing(ORIGIN_HOST)
    reason = _RESTARTS.get(status_of(packet), NAS_RESET)
    return EndSessionsOf(str(own.scopes.get(TENANT, "")), ORIGIN_HOST, host, _sent_at(packet, now_ns), reason)
