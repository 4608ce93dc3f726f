"""What tshark reads in a capture: messages as trees of AVPs, and everything it complains about."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PORTS: Final = (3868, 3870)
COMMANDS: Final = {257: "CE", 258: "RA", 272: "CC", 274: "AS", 280: "DW", 282: "DP"}
_PORT: Final = re.compile(r"^Transmission Control Protocol, Src Port: (\d+), Dst Port: (\d+)")
_FLAGS: Final = re.compile(r"^    Flags: 0x([0-9a-f]{2})")
_COMMAND: Final = re.compile(r"^    Command Code: .*\((\d+)\)$")
_APPLICATION: Final = re.compile(r"^    ApplicationId: .*\((\d+)\)$")
_IDENT: Final = re.compile(r"^    (Hop-by-Hop|End-to-End) Identifier: 0x([0-9a-f]+)")
_AVP: Final = re.compile(r"^( +)AVP: (.+?)\((\d+)\) l=(\d+) f=([VMPr-]+)(?: vnd=(\S+))?(?: val=(.*))?$")
_NUMBER: Final = re.compile(r"^.*\((-?\d+)\)$")
TSHARK: Final = ("tshark", "-n", *(word for port in PORTS for word in ("-d", f"tcp.port=={port},diameter")))


@dataclass
class Avp:
    """One AVP: its name in tshark's dictionary, its value as text (an enumerated one as its number), what is inside of a group."""

    name: str
    code: int
    flags: str
    vendor: str
    value: str
    inside: list[Avp] = field(default_factory=list)

    def __str__(self) -> str:
        if self.inside:
            return f"{self.name}{{{' '.join(map(str, self.inside))}}}"
        return f"{self.name}={self.value}"


@dataclass
class Message:
    """A Diameter message as it was seen: who sent it to whom (TCP ports), its header, its AVPs in their order."""

    source: int
    target: int
    flags: int = 0
    command: int = 0
    application: int = 0
    hop: int = 0
    end: int = 0
    avps: list[Avp] = field(default_factory=list)

    @property
    def name(self) -> str:
        """CCR, CEA ..."""
        return f"{COMMANDS.get(self.command, self.command)}{'R' if self.flags & 0x80 else 'A'}"

    @property
    def is_request(self) -> bool:
        return bool(self.flags & 0x80)

    def value(self, *path: str) -> str:
        """The value of the first AVP on a path; empty where there is none."""
        avps, value = self.avps, ""
        for name in path:
            found = next((one for one in avps if one.name == name), None)
            if found is None:
                return ""
            avps, value = found.inside, found.value
        return value

    def __str__(self) -> str:
        bits = "".join(letter for letter, bit in (("P", 0x40), ("E", 0x20), ("T", 0x10)) if self.flags & bit)
        return f"{self.name}{':' + bits if bits else ''} {' '.join(map(str, self.avps))}"


def read_messages(capture: Path) -> list[Message]:
    """Every Diameter message of a capture, in its order."""
    text = _run(capture, "-V", "-O", "diameter")
    return list(_messages(text.splitlines()))


def _messages(lines: Sequence[str]) -> Iterator[Message]:
    ports, current, nesting = (0, 0), None, list[tuple[int, Avp]]()
    for line in lines:
        if match := _PORT.match(line):
            ports = int(match[1]), int(match[2])
        elif line.startswith("Diameter Protocol"):
            if current is not None:
                yield current
            current, nesting = Message(*ports), []
        elif current is None:
            continue
        elif match := _AVP.match(line):
            _take(current, nesting, match)
        elif match := _FLAGS.match(line):
            current.flags = int(match[1], 16)
        elif match := _COMMAND.match(line):
            current.command = int(match[1])
        elif match := _APPLICATION.match(line):
            current.application = int(match[1])
        elif match := _IDENT.match(line):
            setattr(current, "hop" if match[1] == "Hop-by-Hop" else "end", int(match[2], 16))
    if current is not None:
        yield current


def _take(message: Message, nesting: list[tuple[int, Avp]], match: re.Match[str]) -> None:
    value = match[7] or ""
    number = _NUMBER.match(value)
    avp = Avp(match[2], int(match[3]), match[5], match[6] or "", number[1] if number else value)
    depth = len(match[1])
    while nesting and nesting[-1][0] >= depth:
        nesting.pop()
    (nesting[-1][1].inside if nesting else message.avps).append(avp)
    nesting.append((depth, avp))


def complaints(capture: Path, senders: Sequence[int] = PORTS) -> list[str]:
    """Frames from these ports that tshark calls malformed, or gives an expert error; each as one line."""
    wanted = 'diameter && (_ws.malformed || _ws.expert.severity == "Error")'
    told = _run(capture, "-Y", wanted, "-T", "fields", "-e", "frame.number", "-e", "tcp.srcport", "-e", "_ws.expert.message")
    return [line for line in told.splitlines() if int(line.split("\t")[1]) in senders]


def _run(capture: Path, *words: str) -> str:
    ran = subprocess.run([*TSHARK, "-r", str(capture), *words], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def unanswered(messages: Sequence[Message]) -> list[str]:
    """What is wrong with how requests and answers go together: every request of a link has one answer with its ids and its P bit."""
    wrong: list[str] = []
    waiting: dict[tuple[int, int, int, int, int], Message] = {}
    for one in messages:
        if one.is_request:
            waiting[one.source, one.target, one.hop, one.end, one.command] = one
            continue
        asked = waiting.pop((one.target, one.source, one.hop, one.end, one.command), None)
        if asked is None:
            wrong.append(f"nobody asked for {one}")
        elif asked.application != one.application or asked.flags & 0x40 != one.flags & 0x40:
            wrong.append(f"{asked} was answered by {one}")
    return wrong + [f"no answer to {one}" for one in waiting.values()]


def told(messages: Sequence[Message], *leave_out: str) -> list[str]:
    """One line a message: its AVPs in their order, sessions as $1, $2 ... as they come."""
    names: dict[str, str] = {}
    lines = []
    for one in messages:
        for avp in one.avps:
            if avp.name == "Session-Id":
                names.setdefault(avp.value, f"${len(names) + 1}")
        shown = [
            f"Session-Id={names[avp.value]}" if avp.name == "Session-Id" else str(avp) for avp in one.avps if avp.name not in leave_out
        ]
        lines.append(f"{one.name}{':E' if one.flags & 0x20 else ''} {' '.join(shown)}")
    return lines
