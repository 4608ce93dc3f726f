"""RADIUS packets a second, read and written on one core: `python -m tests.perf.radius_codec [THOUSANDS]`.

The request is an ordinary Accounting-Request (Interim-Update) of 24 attributes, two of them of vendors. Read: the length and every
attribute's. Values: what processors for data read of it besides, by resolved paths. Written: the same request from its fields, signed; and
an answer of three attributes. Figures are this thread's own time, the best of several runs; run it as `./test --perf radius_codec` for
compiled code.
"""

from __future__ import annotations

import sys
from typing import Final

from engine.fields.path import split_path
from gateway.protocols.radius.building import Builder, Field
from gateway.protocols.radius.builtin import load_dictionary
from gateway.protocols.radius.codes import ACCESS_ACCEPT, ACCESS_REQUEST, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE
from gateway.protocols.radius.duplicates import Duplicates
from gateway.protocols.radius.hiding import show_password
from gateway.protocols.radius.mschap import challenge_hash, challenge_response, mschap2_success, nt_hash
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.paths import Paths, RadiusSource
from gateway.protocols.radius.signing import answer, message_authenticator, request, request_is_signed
from tests.perf.codec import per_second, show

SECRET: Final = b"a-secret-of-20-bytes"
CHANCE: Final = bytes(range(16))
ROWS: Final = (
    ("User-Name", "anna@isp.example"),
    ("Acct-Status-Type", "Interim-Update"),
    ("Acct-Session-Id", "8f01c9a2-00001b7c"),
    ("Acct-Multi-Session-Id", "8f01c9a2"),
    ("NAS-IP-Address", "192.0.2.10"),
    ("NAS-Identifier", "bng1.pop4.isp.example"),
    ("NAS-Port", "71"),
    ("NAS-Port-Type", "Ethernet"),
    ("NAS-Port-Id", "ge-0/0/1.100:1024-71"),
    ("Service-Type", "Framed-User"),
    ("Framed-Protocol", "PPP"),
    ("Framed-IP-Address", "100.64.7.9"),
    ("Called-Station-Id", "pppoe-pop4"),
    ("Calling-Station-Id", "00:11:22:33:44:55"),
    ("Class", "gold/4711"),
    ("Event-Timestamp", "2026-03-02T10:10:05Z"),
    ("Acct-Delay-Time", "0"),
    ("Acct-Session-Time", "600"),
    ("Acct-Input-Octets", "34003"),
    ("Acct-Output-Octets", "700000"),
    ("Acct-Input-Packets", "512"),
    ("Acct-Output-Packets", "680"),
    ("Cisco.Cisco-AVPair", "client-mac-address=0011.2233.4455"),
    ("Mikrotik.Mikrotik-Realm", "isp.example"),
)
READ: Final = (
    "User-Name",
    "Acct-Status-Type",
    "Acct-Session-Id",
    "NAS-IP-Address",
    "Event-Timestamp",
    "Acct-Session-Time",
    "Acct-Input-Octets",
    "Acct-Output-Octets",
    "Cisco.Cisco-AVPair",
)
REPLY: Final = (("Session-Timeout", "3600"), ("Acct-Interim-Interval", "300"), ("Mikrotik.Mikrotik-Rate-Limit", "10M/50M"))


def fields(rows: tuple[tuple[str, str], ...]) -> list[Field]:
    return [(split_path(path), text, False) for path, text in rows]


def main() -> None:
    times = int(float(sys.argv[1]) * 1000) if len(sys.argv) > 1 else 100_000
    dictionary, _ = load_dictionary()
    builder, paths = Builder(dictionary), Paths(dictionary)
    asking, reply = fields(ROWS), fields(REPLY)
    body, reply_body = builder.build(asking), builder.build(reply)
    octets = request(ACCOUNTING_REQUEST, 7, body, SECRET, signed=False)
    accounting = decode(octets)
    access_body = builder.build([*fields(ROWS[:1] + ROWS[4:14]), (("User-Password",), "a password", False)], SECRET, CHANCE)
    access_octets = request(ACCESS_REQUEST, 7, access_body, SECRET, CHANCE)
    read = [split_path(f"*req.{path}") for path in READ]
    window = Duplicates(1 << 16, 1 << 62)

    def values(packet: Packet) -> None:
        source = RadiusSource(packet, paths, SECRET)
        for path in read:
            source.read(path, 1)

    def repetition() -> None:
        window.offer("192.0.2.10:49152", accounting, 0)
        window.answered("192.0.2.10:49152", accounting, octets, 0)

    def access() -> None:
        packet = decode(access_octets)
        message_authenticator(packet, SECRET)
        show_password(packet.first(2) or b"", SECRET, packet.authenticator)
        answer(packet, ACCESS_ACCEPT, reply_body, SECRET)

    peer, user = bytes(range(16, 32)), b"anna"
    response = b"\x01\0" + peer + bytes(8) + challenge_response(challenge_hash(peer, CHANCE, user), nt_hash("a password"))
    print(f"an Accounting-Request of {len(octets)} octets in {accounting.count()} attributes, an Access-Request of {len(access_octets)}")
    show("read", per_second(lambda: decode(octets), times))
    show("read, and its authenticator looked at", per_second(lambda: request_is_signed(decode(octets), SECRET), times))
    show(f"read, and {len(read)} values by paths", per_second(lambda: values(decode(octets)), times))
    show("written: attributes in octets, signed", per_second(lambda: request(ACCOUNTING_REQUEST, 7, body, SECRET, b"", False), times))
    show(
        "written from 24 fields, signed",
        per_second(lambda: request(ACCOUNTING_REQUEST, 7, builder.build(asking), SECRET, b"", False), times),
    )
    show("answered from 3 fields", per_second(lambda: answer(accounting, ACCOUNTING_RESPONSE, builder.build(reply), SECRET), times))
    show("a repetition looked for, an answer kept", per_second(repetition, times))
    show("PAP: read, Message-Authenticator, password, answer", per_second(access, times))
    show(
        "MS-CHAPv2: a response looked at",
        per_second(lambda: mschap2_success(response, CHANCE, user, nt_hash("a password")), max(times // 50, 10)),
    )


if __name__ == "__main__":
    main()
