"""NASes behind a network that loses, doubles and delays packets, that die, and that send again until they are answered.

Half of them send the very octets again; the others, as hostapd does, with a new Identifier and the Acct-Delay-Time that has gone by.
"""

from __future__ import annotations

import heapq
import random
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.acceptance import radiuswire as wire

_AGAIN_SECONDS = 0.15  # until the first copy; each pause is longer by half, up to the longest
_AGAIN_MOST_SECONDS = 2.0
_LATE_SECONDS = 0.4  # the longest that a packet is under way
_STEPS = 4  # Start, two Interim-Updates, Stop


@dataclass(frozen=True)
class Weather:
    """Shares of the packets (each way) that are lost, doubled, and delayed (so that others overtake them)."""

    lost: float = 0.2
    doubled: float = 0.2
    late: float = 0.2


@dataclass
class Session:
    """A call: who pays, how long it lasts in seconds, how far it is."""

    name: str
    account: str
    seconds: int
    step: int = 0
    began: int = 1_775_642_400


@dataclass
class Asking:
    """A request that waits for its answer: every copy that may be answered, when the next goes out, and how long it has been."""

    session: Session | None
    attributes: list[tuple[int, bytes]]
    first_sent: float
    again_at: float
    pause: float = _AGAIN_SECONDS
    copies: dict[int, bytes] = field(default_factory=dict)  # by Identifier, the last of each


class Nas:
    """One NAS: its socket, its sessions, its requests under way. `done` are sessions whose Stop was answered."""

    def __init__(self, number: int, address: tuple[str, int], secret: bytes, weather: Weather, seed: int, accounts: list[str]) -> None:
        self.chance = random.Random(f"{seed}/{number}")
        self.number, self._secret, self._weather, self._accounts = number, secret, weather, accounts
        self.renumbers = bool(number % 2)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(address)
        self.socket.setblocking(False)
        self._wire: list[tuple[float, int, bytes, bool]] = []  # when it arrives, in which order, what, whether it is for the gateway
        self._order = 0
        self._ident = 0
        self._made = 0
        self.asking: list[Asking] = []
        self.done: list[Session] = []
        self.gone: list[Session] = []  # those that were open when it died
        self.sent = self.lost = self.again = 0

    # -- what it does ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begins a session."""
        self._made += 1
        name = f"nas{self.number}-{self._made:06d}"
        session = Session(name, self.chance.choice(self._accounts), self.chance.randint(3, 200))
        self._ask(session, self._of(session))

    def die(self) -> None:
        """Everything it knew is forgotten; then it is up again and says Accounting-On."""
        self.gone += [one.session for one in self.asking if one.session is not None]
        self.asking = []
        self.say_it_is(wire.ON)

    def say_it_is(self, status: int) -> None:
        """Accounting-On or -Off."""
        self._ask(
            None, [*self._who(), (wire.STATUS_TYPE, wire.number(status)), (wire.SESSION_ID, f"boot{self.number}-{self._ident}".encode())]
        )

    def flood(self, count: int) -> None:
        """The octets of requests that are under way, as fast as it can."""
        copies = [copy for one in self.asking for copy in one.copies.values()]
        for place in range(count if copies else 0):
            self._send_now(copies[place % len(copies)])

    def _who(self) -> list[tuple[int, bytes]]:
        return [(wire.NAS_ADDRESS, bytes((10, 0, 0, self.number))), (wire.NAS_IDENTIFIER, f"nas{self.number}".encode())]

    def _of(self, session: Session) -> list[tuple[int, bytes]]:
        status = (wire.START, wire.INTERIM, wire.INTERIM, wire.STOP)[session.step]
        spent = session.seconds * session.step // (_STEPS - 1)
        return [
            *self._who(),
            (wire.STATUS_TYPE, wire.number(status)),
            (wire.SESSION_ID, session.name.encode()),
            (wire.USER_NAME, session.account.encode()),
            (wire.CALLED, b"10000055"),
            (wire.EVENT_TIMESTAMP, wire.number(session.began + spent)),
            *([(wire.SESSION_TIME, wire.number(spent))] if session.step else []),
        ]

    def _ask(self, session: Session | None, attributes: list[tuple[int, bytes]]) -> None:
        now = time.monotonic()
        asking = Asking(session, attributes, now, now + _AGAIN_SECONDS)
        self.asking.append(asking)
        self._copy(asking, now)

    def _copy(self, asking: Asking, now: float) -> None:
        if asking.copies and not self.renumbers:
            ((ident, packet),) = asking.copies.items()
        else:
            self._ident = ident = (self._ident + 1) % 256
            delay = (wire.DELAY_TIME, wire.number(int((now - asking.first_sent) * 10)))
            packet = wire.accounting(ident, [*asking.attributes, delay], self._secret)
        asking.copies[ident] = packet
        self._through(packet, True)

    # -- the network -----------------------------------------------------------------------------------------------------

    def _through(self, packet: bytes, to_gateway: bool) -> None:
        self.sent += 1
        chance, weather = self.chance, self._weather
        if chance.random() < weather.lost:
            self.lost += 1
            return
        for _ in range(2 if chance.random() < weather.doubled else 1):
            late = chance.random() * _LATE_SECONDS if chance.random() < weather.late else 0.0
            self._order += 1
            heapq.heappush(self._wire, (time.monotonic() + late, self._order, packet, to_gateway))

    def _send_now(self, packet: bytes) -> None:
        try:
            self.socket.send(packet)
        except (BlockingIOError, ConnectionRefusedError):
            self.lost += 1  # nobody is there just now

    def turn(self, now: float) -> None:
        """Whatever is due: packets arrive, copies go out."""
        while self._wire and self._wire[0][0] <= now:
            _, _, packet, to_gateway = heapq.heappop(self._wire)
            if to_gateway:
                self._send_now(packet)
            else:
                self._arrived(packet)
        for asking in self.asking:
            if asking.again_at <= now:
                self.again += 1
                asking.pause = min(asking.pause * 1.5, _AGAIN_MOST_SECONDS)
                asking.again_at = now + asking.pause
                self._copy(asking, now)

    def read(self) -> None:
        """Answers come into the network."""
        try:
            while True:
                self._through(self.socket.recv(4097), False)
        except (BlockingIOError, ConnectionRefusedError):
            return

    def _arrived(self, packet: bytes) -> None:
        for asking in self.asking:
            asked = asking.copies.get(packet[1])
            if asked is not None and wire.fault(packet, asked, self._secret) == "":
                assert packet[0] == wire.ACCOUNTING_RESPONSE
                self.asking.remove(asking)
                self._answered(asking.session)
                return

    def _answered(self, session: Session | None) -> None:
        if session is None:
            return
        session.step += 1
        if session.step == _STEPS:
            self.done.append(session)
        else:
            self._ask(session, self._of(session))

    @property
    def restarting(self) -> bool:
        """Whether its Accounting-On is not answered yet: until then it lets nobody in."""
        return any(one.session is None for one in self.asking)

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return not self.asking and not self._wire


def work(nases: list[Nas], open_each: int, seconds: float, deaths: list[tuple[float, int]]) -> Iterator[float]:
    """Keeps so many sessions of each NAS open for so many seconds, then lets all end. `deaths`: (share of the time, which NAS). Yields the
    share of the time that has gone by, often. AssertionError when it does not end."""
    began, left = time.monotonic(), sorted(deaths)
    while True:
        now = time.monotonic()
        share = (now - began) / seconds
        assert now < began + seconds + 240, [(nas.number, len(nas.asking)) for nas in nases]
        for nas in nases:
            nas.turn(now)
            while share < 1 and len(nas.asking) < open_each and not nas.restarting:
                nas.begin()
        while left and left[0][0] <= share:
            nases[left.pop(0)[1]].die()
        if share >= 1 and all(nas.quiet for nas in nases):
            return
        readable, _, _ = select.select([nas.socket for nas in nases], (), (), 0.005)
        for nas in nases:
            if nas.socket in readable:
                nas.read()
        yield share
