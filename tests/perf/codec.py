"""Diameter messages a second, read and written on one core: `python -m tests.perf.codec [THOUSANDS]`.

First the CCR-U and CCA that `tollwire bench --work diameter` has a gateway read and write, each with a session of its own: decode-only and
encode-only. Then an ordinary Gy CCR-U of 49 AVPs, 9 of them groups, in parts. Read: the header, the index of every AVP, groups included.
Values: what a processor for data reads of it besides, by resolved paths. Written: a CCA of 13 AVPs from the fields of a reply. Figures are
this thread's own time, the best of several runs; run it as `./test --perf codec` for compiled code.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import cycle
from typing import Final

from engine.fields.path import split_path
from gateway.cli.measure.diameter import fill, request_of
from gateway.protocols.diameter.building import Builder, Field
from gateway.protocols.diameter.builtin import load_dictionaries
from gateway.protocols.diameter.checking import Rules, check
from gateway.protocols.diameter.dictionary import Dictionary
from gateway.protocols.diameter.message import Avps, Message, answer_to, decode, encode
from gateway.protocols.diameter.paths import DiameterSource, Paths

RUNS: Final = 5
SUBSCRIPTION_ID: Final = 443
CONTROL: Final = 456
SERVICE_INFORMATION: Final = 10415 << 32 | 873
MSCC: Final = "Multiple-Services-Credit-Control"
PS: Final = "Service-Information.PS-Information"
REQUEST: Final[tuple[tuple[str, str, bool], ...]] = (
    ("Session-Id", "pgw1.epc.mnc001.mcc262.3gppnetwork.org;1772446205;4711;1", False),
    ("Origin-Host", "pgw1.epc.mnc001.mcc262.3gppnetwork.org", False),
    ("Origin-Realm", "epc.mnc001.mcc262.3gppnetwork.org", False),
    ("Destination-Realm", "charging.mnc001.mcc262.3gppnetwork.org", False),
    ("Auth-Application-Id", "4", False),
    ("Service-Context-Id", "32251@3gpp.org", False),
    ("CC-Request-Type", "2", False),
    ("CC-Request-Number", "3", False),
    ("Origin-State-Id", "1767225600", False),
    ("Event-Timestamp", "2026-03-02T10:10:05Z", False),
    ("Subscription-Id.Subscription-Id-Type", "0", False),
    ("Subscription-Id.Subscription-Id-Data", "491701234567", False),
    ("Subscription-Id.Subscription-Id-Type", "1", True),
    ("Subscription-Id.Subscription-Id-Data", "262019876543210", False),
    ("Multiple-Services-Indicator", "1", False),
    (f"{MSCC}.Requested-Service-Unit.CC-Total-Octets", "1048576", False),
    (f"{MSCC}.Used-Service-Unit.CC-Time", "600", False),
    (f"{MSCC}.Used-Service-Unit.CC-Total-Octets", "734003", False),
    (f"{MSCC}.Used-Service-Unit.CC-Input-Octets", "34003", False),
    (f"{MSCC}.Used-Service-Unit.CC-Output-Octets", "700000", False),
    (f"{MSCC}.Rating-Group", "10", False),
    (f"{MSCC}.3GPP-Reporting-Reason", "3", False),
    ("User-Equipment-Info.User-Equipment-Info-Type", "0", False),
    ("User-Equipment-Info.User-Equipment-Info-Value", "3520990017614823", False),
    (f"{PS}.3GPP-Charging-Id", "12345678", False),
    (f"{PS}.3GPP-PDP-Type", "0", False),
    (f"{PS}.PDP-Address", "10.45.0.2", False),
    (f"{PS}.SGSN-Address", "192.0.2.10", False),
    (f"{PS}.GGSN-Address", "192.0.2.20", False),
    (f"{PS}.3GPP-IMSI-MCC-MNC", "26201", False),
    (f"{PS}.3GPP-GGSN-MCC-MNC", "26201", False),
    (f"{PS}.3GPP-NSAPI", "5", False),
    (f"{PS}.Called-Station-Id", "internet", False),
    (f"{PS}.3GPP-Selection-Mode", "0", False),
    (f"{PS}.3GPP-Charging-Characteristics", "0800", False),
    (f"{PS}.3GPP-SGSN-MCC-MNC", "26201", False),
    (f"{PS}.3GPP-MS-TimeZone", "@0", False),
    (f"{PS}.3GPP-User-Location-Info", "0123456789abc", False),
    (f"{PS}.3GPP-RAT-Type", "6", False),
    (f"{PS}.QoS-Information.QoS-Class-Identifier", "9", False),
)
READ: Final = (
    "Session-Id",
    "Origin-Host",
    "CC-Request-Type",
    "CC-Request-Number",
    "Event-Timestamp",
    "Subscription-Id.Subscription-Id-Data[~Subscription-Id-Type(0)]",
    f"{MSCC}.Used-Service-Unit.CC-Total-Octets[~Rating-Group(10)]",
    f"{MSCC}.Requested-Service-Unit.CC-Total-Octets",
    f"{PS}.Called-Station-Id",
)
REPLY: Final[tuple[tuple[str, str, bool], ...]] = (
    ("Session-Id", "pgw1.epc.mnc001.mcc262.3gppnetwork.org;1772446205;4711;1", False),
    ("Result-Code", "2001", False),
    ("Origin-Host", "ocs1.tollgate.example", False),
    ("Origin-Realm", "tollgate.example", False),
    ("Auth-Application-Id", "4", False),
    ("CC-Request-Type", "2", False),
    ("CC-Request-Number", "3", False),
    (f"{MSCC}.Granted-Service-Unit.CC-Total-Octets", "1048576", False),
    (f"{MSCC}.Rating-Group", "10", False),
    (f"{MSCC}.Result-Code", "2001", False),
    (f"{MSCC}.Validity-Time", "600", False),
)


GRANT: Final = (
    ("Auth-Application-Id", "4", False),
    ("CC-Request-Type", "2", False),
    ("CC-Request-Number", "1", False),
    (f"{MSCC}.Granted-Service-Unit.CC-Total-Octets", "100000", False),
    (f"{MSCC}.Rating-Group", "10", False),
    (f"{MSCC}.Validity-Time", "3600", False),
)
SESSION_ID: Final = ("Session-Id",)
SESSIONS: Final = 4_096  # of as many the messages of a load are taken in turn
DECODE_WANTED: Final = 300_000
ENCODE_WANTED: Final = 200_000


def fields(rows: tuple[tuple[str, str, bool], ...]) -> list[Field]:
    return [(split_path(path), text, branch) for path, text, branch in rows]


def per_second(action: Callable[[], object], times: int) -> float:
    """How often a second, at best."""
    best = 0.0
    for _ in range(RUNS):
        began = time.thread_time_ns()
        for _ in range(times):
            action()
        best = max(best, times * 1e9 / (time.thread_time_ns() - began))
    return best


def index_all(avps: Avps, groups: frozenset[int]) -> None:
    for position, key in enumerate(avps.keys):
        if key in groups:
            index_all(avps.group(position), groups)


def load(dictionary: Dictionary, times: int) -> None:
    """The messages of a load, as a gateway reads and writes them."""
    builder, rules = Builder(dictionary), Rules(dictionary)
    ccr = request_of(
        "bench;1772446205;", 2, 1, {"Requested-Service-Unit": {"CC-Total-Octets": 100_000}, "Used-Service-Unit": {"CC-Total-Octets": 99}}
    )
    requests = [ccr % (number.to_bytes(4, "big"), *fill(number)) for number in range(SESSIONS)]
    rest = fields((("Result-Code", "2001", False), *REPLY[2:4], *GRANT))
    replies = [[(SESSION_ID, f"bench;1772446205;{number:09d}", False), *rest] for number in range(SESSIONS)]
    asked = decode(requests[0])
    request, reply = cycle(requests), cycle(replies)
    answer = answer_to(asked, builder.build(replies[0]))
    print(f"of a load: a CCR-U of {len(requests[0])} octets, {len(avps_of(asked.avps, rules))} AVPs; a CCA of {len(answer)} octets")
    show("decode: header, every level, checked", per_second(lambda: check(decode(next(request)), rules), times), DECODE_WANTED)
    show("encode: a CCA from its fields", per_second(lambda: answer_to(asked, builder.build(next(reply))), times), ENCODE_WANTED)


def avps_of(avps: Avps, rules: Rules) -> list[int]:
    """The keys of all levels."""
    found = []
    for position, key in enumerate(avps.keys):
        found += [key, *(avps_of(avps.group(position), rules) if rules.is_group(key) else ())]
    return found


def main() -> None:
    times = int(float(sys.argv[1]) * 1000) if len(sys.argv) > 1 else 100_000
    dictionary, _ = load_dictionaries()
    load(dictionary, times)
    builder = Builder(dictionary)
    paths = Paths(dictionary)
    body = builder.build(fields(REQUEST))
    octets = encode(0xC0, 272, 4, 1, 2, body)
    reply = fields(REPLY)
    read = [split_path(f"*req.{path}") for path in READ]
    rules = Rules(dictionary)
    groups = frozenset(row.key for row in dictionary.avps if row.is_group)
    request = decode(octets)

    top = request.avps
    asked = [position for position, key in enumerate(top.keys) if key in (SUBSCRIPTION_ID, CONTROL)]
    control, service = top.find(CONTROL), top.find(SERVICE_INFORMATION)

    def groups_of_data(avps: Avps) -> None:
        for position in asked:
            avps.group(position)
        units = avps.group(control)
        units.group(0)
        units.group(1)
        avps.group(service).group(0)

    def values(message: Message) -> None:
        source = DiameterSource(message, paths)
        for path in read:
            source.read(path, 1)

    print(f"in parts: a CCR-U of {len(octets)} octets, a CCA of {len(answer_to(request, builder.build(reply)))}")
    show("read: header and first level", per_second(lambda: decode(octets), times))
    show("read: header, first level, the 7 groups of a data processor", per_second(lambda: groups_of_data(decode(octets).avps), times))
    show("read: header and every level", per_second(lambda: index_all(decode(octets).avps, groups), times))
    show("read and checked by the dictionary, every level", per_second(lambda: check(decode(octets), rules), times))
    show(f"read, and {len(read)} values by paths", per_second(lambda: values(decode(octets)), times))
    show("written from fields", per_second(lambda: answer_to(request, builder.build(reply)), times))


def show(what: str, rate: float, wanted: int = 0) -> None:
    print(f"{what:60} {rate:12,.0f} /s  {1e6 / rate:8.2f} µs{f'  wanted {wanted:,}/s' if wanted else ''}")


if __name__ == "__main__":
    main()
