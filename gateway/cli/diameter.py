"""tollwire diameter send: a Diameter client that sends what it is told and prints what comes back.

Requests come from the command line (one) or from a TOML file (any number, one after the other, as one session unless they say otherwise).
What a request needs and nobody gave is filled in: Session-Id, Origin-Host, Origin-Realm, Destination-Realm, Auth-Application-Id,
CC-Request-Type, CC-Request-Number, Event-Timestamp.
"""

from __future__ import annotations

import argparse
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.cli.avps import Tree, as_data, avp_named, decoded, encoded, lines_of, merged, read_words
from gateway.cli.client import context_of, read_server, tls_arguments
from gateway.cli.diameterlink import DiameterLink, bits_of, result_of
from gateway.cli.limits import DIAMETER_SECONDS
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.requestfile import Part, read_parts
from gateway.cli.terminal import plain_json
from gateway.config.source import nearest
from gateway.protocols.diameter.builtin import load_dictionaries
from gateway.protocols.diameter.codes import CREDIT_CONTROL, CREDIT_CONTROL_APPLICATION, RESULT_CODE
from gateway.protocols.diameter.dictionary import Command, Dictionary
from gateway.protocols.diameter.message import DecodeError, Message

DEFAULT_PEER: Final = "127.0.0.1:3868"
DEFAULT_REALM: Final = "client.localdomain"
TYPES: Final = {"I": 1, "U": 2, "T": 3, "E": 4}
FILE_KEYS: Final = ("peer", "origin_host", "origin_realm", "destination_realm", "avps", "request")
REQUEST_KEYS: Final = ("command", "avps", "expect", "session", "again", "pause", "wait")


@dataclass(slots=True)
class Wanted:
    """One request of a file or of the command line: its command as written, its AVPs, and what is done around it."""

    command: str
    avps: Tree
    expect: int = 0  # Result-Code; 0: any 2xxx
    session: str = ""  # requests of one name share a Session-Id
    again: bool = False  # with the T bit
    pause: float = 0.0  # seconds before it
    wait: float = 0.0  # seconds after it in which requests of the other side are awaited


@dataclass(slots=True)
class Plan:
    """All requests, and who sends them to whom."""

    peer: str
    origin_host: str
    origin_realm: str
    destination_realm: str
    requests: list[Wanted]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    about = "send requests, print their answers"
    send_arguments(actions.add_parser("send", help=about, description=f"{about[0].upper()}{about[1:]}.", allow_abbrev=False))


def send_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares those of `send`."""
    parser.add_argument(
        "request", nargs="?", metavar="REQUEST", help="CCR-I, CCR-U, CCR-T, CCR-E, or a command by name or short name (STR)"
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="Name=value",
        help="AVPs; Group.Name=value goes inside, +Group.Name=value begins a further group, Name:=json takes tables and lists",
    )
    parser.add_argument("--file", metavar="FILE", help="a TOML file with requests (docs/diameter.md) instead of REQUEST")
    parser.add_argument("--peer", metavar="HOST:PORT", help=f"where the other side listens ({DEFAULT_PEER})")
    parser.add_argument("--origin-host", metavar="NAME", help="Origin-Host of this client (this machine's name)")
    parser.add_argument("--origin-realm", metavar="NAME", help=f"Origin-Realm of this client ({DEFAULT_REALM})")
    parser.add_argument("--destination-realm", metavar="NAME", help="Destination-Realm of requests (the other side's Origin-Realm)")
    parser.add_argument(
        "--dictionaries", metavar="DIR", action="append", default=[], help="folder with further dictionaries; may be said again"
    )
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=0.0, help="wait so long at the end for what the other side asks")
    parser.add_argument("--json", action="store_true", help="print one JSON object a message")
    tls_arguments(parser, 5868)
    parser.add_argument(
        "--timeout", type=float, default=DIAMETER_SECONDS, metavar="SECONDS", help=f"how long to wait for an answer ({DIAMETER_SECONDS:g})"
    )


def run(options: argparse.Namespace) -> int:
    """Sends and prints; 1 when an answer was none that was wanted, 3 when the other side cannot be reached or falls silent."""
    if not options.timeout > 0 or options.wait < 0:
        raise UsageError("--timeout must be above 0, --wait not below")
    dictionary = _dictionary(options.dictionaries)
    plan = _plan(options)
    client = Sending(dictionary, plan, options)
    return Exit.OK if client.run() else Exit.REFUSED


def _dictionary(folders: list[str]) -> Dictionary:
    dictionary, faults = load_dictionaries([Path(folder) for folder in folders])
    if faults:
        raise CommandError("\n".join(f"{fault.file}:{fault.line}: {fault.message}" for fault in faults[:10]))
    return dictionary


# -- what is to be sent --------------------------------------------------------------------------------------------------


def _plan(options: argparse.Namespace) -> Plan:
    if bool(options.file) == bool(options.request):
        raise UsageError("a REQUEST or a --file is wanted")
    found = read_file(options.file) if options.file else Plan("", "", "", "", [Wanted(options.request, read_words(options.words))])
    found.peer = options.peer or found.peer or DEFAULT_PEER
    found.origin_host = options.origin_host or found.origin_host or socket.gethostname()
    found.origin_realm = options.origin_realm or found.origin_realm or DEFAULT_REALM
    found.destination_realm = options.destination_realm or found.destination_realm
    return found


def read_file(name: str) -> Plan:
    """The requests of a TOML file. UsageError with the name of what is wrong in it."""
    common, parts = read_parts(name, FILE_KEYS, REQUEST_KEYS)
    if not parts:
        raise common.fault("at least one [[request]] is wanted")
    avps = common.tree("avps")
    words = [common.text(key) for key in FILE_KEYS[:4]]
    return Plan(words[0], words[1], words[2], words[3], [_wanted(part, avps) for part in parts])


def _wanted(part: Part, common: Tree) -> Wanted:
    command, expect = part.table.get("command"), part.table.get("expect", 0)
    if not isinstance(command, str) or isinstance(expect, bool) or not isinstance(expect, int):
        raise part.fault("command is wanted as a text, expect as a number")
    avps = merged(common, part.tree("avps"))
    again = part.table.get("again") is True
    return Wanted(command, avps, expect, part.text("session"), again, part.seconds("pause"), part.seconds("wait"))


# -- sending -------------------------------------------------------------------------------------------------------------


class Sending:
    """One run: a connection, requests, what is printed of them."""

    def __init__(self, dictionary: Dictionary, plan: Plan, options: argparse.Namespace) -> None:
        self.dictionary, self.plan, self.as_json, self.wait = dictionary, plan, options.json, options.wait
        self.timeout, self.context = options.timeout, context_of(options)
        self.sessions: dict[str, str] = {}
        self.numbers: dict[str, int] = {}  # the next CC-Request-Number of a session
        self.commands = {word: one for one in dictionary.commands for word in (one.name, one.short, f"{one.short}R", f"{one.name}-Request")}
        self.requests = [(wanted, *self.command_of(wanted)) for wanted in plan.requests]
        for wanted in plan.requests:
            encoded(dictionary, wanted.avps)  # what cannot be written is told before anything is sent

    def command_of(self, wanted: Wanted) -> tuple[Command, int]:
        """The command of a request and its CC-Request-Type (0: none). UsageError where no dictionary has it."""
        name, dash, kind = wanted.command.rpartition("-")
        if dash and kind in TYPES and name in self.commands and self.commands[name].code == CREDIT_CONTROL:
            return self.commands[name], TYPES[kind]
        found = self.commands.get(wanted.command)
        if found is None:
            near = nearest(wanted.command, [*self.commands, *(f"CCR-{kind}" for kind in TYPES)])
            raise UsageError(f"no dictionary has a command {wanted.command}{f'; did you mean {near}?' if near else ''}")
        return found, 0

    def run(self) -> bool:
        """Whether every answer was as it was wanted."""
        plan = self.plan
        origin = {"Origin-Host": plan.origin_host, "Origin-Realm": plan.origin_realm}
        address = read_server(plan.peer, DEFAULT_PEER.rpartition(":")[2])
        link = DiameterLink(self.dictionary, address, origin, self.timeout, self.context, self.asked)
        good = True
        try:
            for wanted, command, kind in self.requests:
                time.sleep(wanted.pause)
                good &= self.send(link, wanted, command, kind)
                link.listen(wanted.wait)
            link.listen(self.wait)
            link.goodbye()
        finally:
            link.close()
        return good

    def send(self, link: DiameterLink, wanted: Wanted, command: Command, kind: int) -> bool:
        """Sends one request and prints its answer; whether it was as it was wanted."""
        tree = self.completed(link, wanted, command, kind)
        application = self._application(tree)
        began = time.perf_counter()
        answer = link.exchange(command.code, application, encoded(self.dictionary, tree), again=wanted.again)
        took = time.perf_counter() - began
        code = result_of(answer)
        self.told(wanted.command, answer, code, took)
        return code == wanted.expect if wanted.expect else 2000 <= code < 3000

    def completed(self, link: DiameterLink, wanted: Wanted, command: Command, kind: int) -> Tree:
        """The AVPs of a request, with what it needs and nobody gave; those that RFC 6733 wants first come first."""
        session = str(wanted.avps.get("Session-Id") or self.sessions.setdefault(wanted.session, self._session_id(wanted.session)))
        given: Tree = {
            "Session-Id": session,
            "Origin-Host": self.plan.origin_host,
            "Origin-Realm": self.plan.origin_realm,
            "Destination-Realm": self.plan.destination_realm or link.realm,
            "Auth-Application-Id": CREDIT_CONTROL_APPLICATION,
        }
        if command.code == CREDIT_CONTROL:
            number = self.numbers.get(session, 0)
            held = wanted.avps.get("CC-Request-Number", number)
            self.numbers[session] = (int(str(held)) if str(held).isdecimal() else number) + 1
            given |= {"CC-Request-Type": kind or 1, "CC-Request-Number": number}
            given["Event-Timestamp"] = datetime.now(UTC).replace(microsecond=0)
        elif command.request:
            needed = {member.name for member in command.request}
            given = {name: value for name, value in given.items() if name in needed}
        return {name: value for name, value in merged(given, wanted.avps).items() if value is not None}

    def _session_id(self, name: str) -> str:
        high, low = divmod(time.time_ns(), 1_000_000_000)
        return f"{self.plan.origin_host};{high};{low}" + (f";{name}" if name else "")

    def _application(self, tree: Tree) -> int:
        """The application that a request is of: its Auth- or Acct-Application-Id."""
        for name in ("Auth-Application-Id", "Acct-Application-Id"):
            value = tree.get(name)
            if str(value).isdecimal():
                return int(str(value))
        return 0

    # -- printing ------------------------------------------------------------------------------------------------------

    def told(self, name: str, answer: Message, code: int, took: float) -> None:
        """Prints an answer."""
        avps = self._decoded(answer)
        if self.as_json:
            print(plain_json({"request": name, "result": code, "ms": round(took * 1000, 3), "avps": as_data(avps)}), flush=True)
            return
        meaning = avp_named(self.dictionary, "Result-Code").values.get(code, "") if answer.avps.number(RESULT_CODE) else ""
        print(" ".join(filter(None, (f"{name} -> {code}", meaning, bits_of(answer), f"({took * 1000:.1f} ms)"))))
        print("\n".join(lines_of(avps)), flush=True)

    def asked(self, request: Message) -> None:
        """Prints a request of the other side; watchdogs are answered without a word."""
        command = self.dictionary.command(request.command)
        name = f"{command.short}R" if command is not None else str(request.command)
        if name == "DWR":
            return
        avps = self._decoded(request)
        if self.as_json:
            print(plain_json({"asked": name, "avps": as_data(avps)}), flush=True)
            return
        print(f"asked: {name}")
        print("\n".join(lines_of(avps)), flush=True)

    def _decoded(self, message: Message) -> list[tuple[str, object]]:
        try:
            return decoded(self.dictionary, message.avps, named=not self.as_json)
        except DecodeError as error:
            raise CommandError(f"an answer that does not decode: {error.text}") from None
