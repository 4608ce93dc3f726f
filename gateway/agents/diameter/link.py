"""One connection to a peer: octets in and out, the rules of its peer machine, requests worked off in their order.

A request is worked off when it is read, and its answer waits for the disk; meanwhile the next one is worked off, or with
synced_conn_requests waits. When the peer says goodbye, or we do, what was asked before is still answered.
"""

from __future__ import annotations

import asyncio
import logging
from random import Random
from time import monotonic_ns
from typing import Final

from engine.times import SECOND
from gateway.agents.diameter.admission import Admission
from gateway.agents.diameter.counts import Counts
from gateway.agents.diameter.elections import Elections
from gateway.agents.diameter.requests import NO_PLACE, Requests
from gateway.agents.diameter.roster import Roster, peer_name
from gateway.agents.stage import CROWDED, LATER, Stage
from gateway.processors.fetching import Fetch, Fetched
from gateway.protocols.diameter.actions import Action, Answered, Asked, Close, Elect, Opened, Send, Unanswered
from gateway.protocols.diameter.codes import REQUEST, SESSION_ID, TOO_BUSY, UNABLE_TO_COMPLY, UNKNOWN_PEER
from gateway.protocols.diameter.message import NO_AVP, Message
from gateway.protocols.diameter.peer import CLOSED, CLOSING, OPEN, Peer, Settings
from gateway.protocols.diameter.pending import EndToEnd
from gateway.protocols.diameter.stream import MessageStream
from gateway.transport import limits
from gateway.transport.caps import Caps
from gateway.transport.line import Life
from gateway.transport.listener import Listener
from gateway.transport.messageline import MessageLine

log: Final = logging.getLogger(__name__)

# No constants to the compiler, so that a test can set them lower.
MAX_GATE_BYTES = limits.MAX_GATE_BYTES
MAX_WAITING_BYTES = limits.MAX_WAITING_BYTES
LOOPBACK: Final = "127.0.0.1"
FLAGS: Final = 4  # where a message has its flags
DISCONNECTED: Final = "disconnected"  # how a machine says that a DPR of ours was answered 2001


class House:
    """What all connections share. `in_flight` counts the requests of all of them that are not answered yet; `max_requests` 0: no bound of
    its own. `started_s`: when the process started, in seconds of the day's clock."""

    def __init__(
        self,
        requests: Requests,
        roster: Roster,
        counts: Counts,
        admission: Admission,
        elections: Elections,
        caps: Caps | None,
        stage: Stage,
        chance: Random,
        *,
        max_requests: int,
        max_message_bytes: int,
        synced: bool,
        started_s: int,
    ) -> None:
        self.requests = requests
        self.roster = roster
        self.counts = counts
        self.admission = admission
        self.elections = elections
        self.caps = caps
        self.stage = stage
        self.chance = chance
        self.max_requests = max_requests
        self.max_message_bytes = max_message_bytes
        self.synced = synced
        self.end_to_end = EndToEnd(started_s, chance.getrandbits(20))
        self.in_flight = 0
        self.links: dict[Link, None] = {}
        self._numbers = 0

    def refuse(self, host: str, realm: str) -> int:
        """The Result-Code that refuses a peer of these names; 0 for one that is let in."""
        if self.admission.lets_in(host, realm):
            return 0
        self.counts.refused_peers += 1
        self.tell(logging.WARNING, "a peer is not let in", {"peer": host, "realm": realm})
        return UNKNOWN_PEER

    def name(self, realm: str, host: str) -> str:
        """A name for one more connection."""
        self._numbers += 1
        return peer_name(self.roster.process_tag, self._numbers, realm, host)

    def tell(self, level: int, event: str, told: dict[str, object]) -> None:
        """Logs what a stranger has caused, within the bound for all of them."""
        self.requests.complaints.tell(log, level, event, told)

    def is_busy(self, held_bytes: int) -> bool:
        """Whether so much is being worked on that one more request would only wait; `held_bytes`: of answers that wait for the disk."""
        return (self.max_requests > 0 and self.in_flight >= self.max_requests) or held_bytes >= MAX_GATE_BYTES


class Link(MessageLine):
    """See the module. `name` is what sessions call it by; it, `host` and `realm` are empty until the peer has said who it is."""

    def __init__(
        self,
        door: Listener,
        house: House,
        settings: Settings,
        *,
        dialled: bool = False,
        expected_host: str = "",
        likely_host: str = "",
        closed: asyncio.Future[bool] | None = None,
    ) -> None:
        """Of a connection that we dialled, `expected_host` is who it must be, `likely_host` who it was the last time; `closed` is told when
        it is gone: True where it was up and ended in the way of the protocol."""
        super().__init__(door)
        self.name = ""
        self.host = ""
        self.realm = ""
        self.remote = ""
        self._house = house
        self._settings = settings
        self.dialled = dialled
        self._expected_host = expected_host
        self._likely_host = likely_host
        self._closed = closed
        self._stream = MessageStream(house.max_message_bytes)
        self._peer: Peer | None = None
        self._joined = False
        self._farewells: list[asyncio.Future[bool]] = []
        self._staged = 0  # of the requests in flight: those whose values are being fetched
        self._last_words: list[bytes] = []  # of the machine, that leave behind the answers to these

    # -- called by the loop --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._life is Life.CLOSED:
            return
        house = self._house
        house.links[self] = None
        peername = transport.get_extra_info("peername") or ("", 0)
        address = str(peername[0]).removeprefix("::ffff:")
        self.remote = f"{address}:{peername[1]}"
        if not self.dialled and not house.admission.lets_in_address(address):
            house.counts.refused_addresses += 1
            house.tell(logging.WARNING, "a connection is not let in", {"address": self.remote})
            self.abort()
            return
        local = transport.get_extra_info("sockname") or (LOOPBACK, 0)
        peer = self._peer = Peer(
            self._settings,
            monotonic_ns(),
            seed=house.chance.getrandbits(32),
            end_to_end=house.end_to_end,
            local_address=str(local[0]).removeprefix("::ffff:").partition("%")[0],
            dialled=self.dialled,
            expected_host=self._expected_host,
            secure=transport.get_extra_info("sslcontext") is not None,
        )
        if self.dialled:
            dials = house.elections.dials(self, self._expected_host or self._likely_host)
            self._settle(peer.start(monotonic_ns()) if dials else peer.give_way())

    def connection_lost(self, exc: Exception | None) -> None:
        peer = self._peer
        usable = self._joined
        if peer is not None:
            if peer.state in (OPEN, CLOSING):  # else it was told when it was ended
                self._tell_end("the connection is gone" if exc is None else str(exc) or type(exc).__name__, peer.state == OPEN)
            self._do(peer.lost())
        self._leave()
        self._house.links.pop(self, None)
        super().connection_lost(exc)
        self._house.elections.gone(self)
        for farewell in self._farewells:
            if not farewell.done():
                farewell.set_result(False)
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(usable)

    def tick(self, now_ns: int) -> None:
        """Looks at the watchdog, and at what was waited for long enough."""
        peer = self._peer
        if peer is not None and 0 < peer.wake_at <= now_ns:
            self._settle(peer.wake(now_ns))

    # -- messages ------------------------------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        self._stream.feed(data)

    def _cut(self) -> bytes | None:
        stream = self._stream
        octets = stream.next()
        if octets is None and stream.broken is not None and self._peer is not None:
            self._do(self._peer.broken(stream.broken))
        return octets

    def _held(self) -> int:
        return self._stream.held

    def _take(self, octets: bytes) -> None:
        assert self._peer is not None, "a line that is open has its machine"
        self._do(self._peer.receive(octets, monotonic_ns()))

    def _full(self) -> bool:
        """Not by the number of requests: one connection may bring those of a whole network, and who asks too many is told so."""
        if self._stuck or self._waiting_bytes >= MAX_WAITING_BYTES:
            return True
        return self._house.synced and self._in_flight > 0

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                self._say(action.octets)
            elif isinstance(action, Asked):
                self._work(action.message)
            elif isinstance(action, Answered):
                _end_wait(action.token, action.message)
            elif isinstance(action, Unanswered):
                _end_wait(action.token, None)
            elif isinstance(action, Opened):
                self._open()
            elif isinstance(action, Elect):
                self._house.elections.came(self, action.host)
            elif isinstance(action, Close):
                self._part(action)
        if self._joined and (self._peer is None or self._peer.state != OPEN):
            self._leave()

    def _work(self, message: Message) -> None:
        """Works off a request, at once or when the values that it needs are there."""
        house = self._house
        stages = house.requests.fetches or house.stage.waiting > 0  # some still wait for what the configuration before wanted
        if stages and not house.is_busy(self._door.gate.held_bytes):
            taken = house.stage.take(Staged(self, message))
            if taken == CROWDED:
                self._refuse_busy(message)
            if taken in (CROWDED, LATER):
                return
        self._answer(message, None)

    def _refuse_busy(self, message: Message) -> None:
        self._house.counts.busy += 1
        self._put(self._house.requests.refuse(message, TOO_BUSY, NO_PLACE))

    def _answer(self, message: Message, fetched: Fetched | None) -> None:
        """Works off a request; its answer leaves when what it tells is on disk."""
        house, gate, requests = self._house, self._door.gate, self._house.requests
        caps = house.caps
        if house.is_busy(gate.held_bytes) or (caps is not None and not caps.take()):
            self._refuse_busy(message)
            return
        ticket = 0
        try:
            answer = requests.answer(message, self.name, self.remote, fetched)
            ticket = requests.ticket
        except Exception:  # a fault of ours: this peer's other requests go on
            log.exception("a request failed", extra={"peer": self.host, "command": message.command})
            answer = requests.refuse(message, UNABLE_TO_COMPLY, "")
        finally:
            if caps is not None:
                caps.give_back(ticket)
        if gate.is_open(ticket):
            self._put(answer)
            return
        self._hold(ticket, answer)

    def _say(self, octets: bytes) -> None:
        """What the machine says. An answer to a farewell leaves behind those to what was asked before it: who has it may hang up."""
        peer = self._peer
        if self._in_flight and not octets[FLAGS] & REQUEST and peer is not None and peer.state == CLOSING:
            if self._staged:
                self._last_words.append(octets)
                return
            self._hold(self._house.requests.latest_ticket, octets)
        else:
            self._put(octets)

    def _hold(self, ticket: int, answer: bytes) -> None:
        self._in_flight += 1
        self._house.in_flight += 1
        self._waiting_bytes += len(answer)
        self._door.gate.hold(ticket, self, answer)

    def deliver(self, answer: bytes) -> None:
        """An answer may leave (Sink)."""
        self._house.in_flight -= 1
        super().deliver(answer)

    # -- requests whose values are being fetched ---------------------------------------------------------------------------

    def stage(self) -> None:
        """One more request waits for its values."""
        self._staged += 1
        self._in_flight += 1
        self._house.in_flight += 1

    def lacking(self, message: Message, fetched: Fetched) -> list[Fetch]:
        """What a request needs besides what was fetched."""
        return self._house.requests.lacking(message, self.remote, fetched)

    def unstage(self, message: Message, fetched: Fetched | None) -> None:
        """A request waits no more: it is worked off with its values. None: it is dropped; so is what nobody is there for any more."""
        self._staged -= 1
        self._in_flight -= 1
        self._house.in_flight -= 1
        if fetched is not None and self._life is not Life.CLOSED:
            self._answer(message, fetched)
        if not self._staged:
            words, self._last_words = self._last_words, []
            for octets in words:
                self._say(octets)
        self.flush()

    # -- the peer --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        peer, house = self._peer, self._house
        assert peer is not None, "a machine says so"
        self.host, self.realm = peer.host, peer.realm
        if not house.elections.stays(self, self.host):
            self._do(peer.give_way())
            return
        self.name = house.name(self.realm, self.host)
        self._joined = True
        house.roster.join(self)
        told: dict[str, object] = {"peer": self.host, "realm": self.realm, "address": self.remote, "client": self.name}
        house.tell(logging.INFO, "a peer is up", told)

    def _leave(self) -> None:
        if self._joined:
            self._joined = False
            self._house.roster.leave(self)
            self._house.counts.disconnected += 1

    def _part(self, action: Close) -> None:
        """The connection is to be closed once all is written."""
        self._tell_end(action.reason, action.failed)
        for farewell in self._farewells:
            if not farewell.done():
                farewell.set_result(action.reason == DISCONNECTED)
        self.end()

    def _tell_end(self, reason: str, failed: bool) -> None:
        told: dict[str, object] = {"peer": self.host, "address": self.remote, "reason": reason}
        self._house.tell(logging.WARNING if failed else logging.INFO, "a connection to a peer ends", told)

    # -- elections (gateway.agents.diameter.elections) --------------------------------------------------------------------

    @property
    def state(self) -> int:
        """Of its machine (gateway.protocols.diameter.peer)."""
        return CLOSED if self._peer is None else self._peer.state

    @property
    def state_id(self) -> int:
        """The peer's Origin-State-Id; 0: none is known."""
        return 0 if self._peer is None or self._peer.offer is None else self._peer.offer.state_id

    @property
    def told_host(self) -> str:
        """Who is at the other end of what we dialled, by its CEA, also one that ends an election; empty: nobody has said so."""
        return self.host or ("" if self._peer is None else self._peer.elected)

    def admit(self) -> None:
        """The peer's connection is kept."""
        if self._peer is not None:
            self._settle(self._peer.admit(monotonic_ns()))

    def reject(self) -> None:
        """The peer's connection is not kept."""
        if self._peer is not None:
            self._settle(self._peer.reject())

    def give_way(self) -> None:
        """Our connection is not kept."""
        if self._peer is not None:
            self._settle(self._peer.give_way())

    def _settle(self, actions: list[Action]) -> None:
        """Does what the machine says outside of a turn."""
        self._do(actions)
        self._write()

    # -- requests of ours (gateway.agents.diameter.roster.Peer) ----------------------------------------------------------

    @property
    def is_usable(self) -> bool:
        """See `roster.Peer`."""
        return self._peer is not None and self._peer.is_usable

    def ask(
        self, command: int, application: int, body: bytes, end_to_end: int, timeout_seconds: float
    ) -> tuple[asyncio.Future[Message | None], int]:
        """See `roster.Peer`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Message | None] = loop.create_future()
        peer = self._peer
        if peer is None or self._life is not Life.OPEN:
            answer.set_result(None)
            return answer, end_to_end
        until = monotonic_ns() + int(timeout_seconds * SECOND)
        try:
            octets, end_to_end = peer.ask(answer, command, application, body, until, end_to_end=end_to_end)
        except ValueError as error:
            log.warning("a request of ours cannot be sent", extra={"peer": self.host, "reason": str(error)})
            answer.set_result(None)
            return answer, end_to_end
        self._put(octets)
        self._write()
        loop.call_later(timeout_seconds, self._look)
        return answer, end_to_end

    def say_goodbye(self, cause: int, timeout_seconds: float) -> asyncio.Future[bool]:
        """See `roster.Peer`."""
        loop = asyncio.get_running_loop()
        farewell: asyncio.Future[bool] = loop.create_future()
        peer = self._peer
        if peer is None or self._life is not Life.OPEN or peer.state != OPEN:
            farewell.set_result(False)
            return farewell
        self._farewells.append(farewell)
        self._settle(peer.disconnect(cause, monotonic_ns()))
        loop.call_later(timeout_seconds, self._give_up, farewell)
        return farewell

    def _look(self) -> None:
        self.tick(monotonic_ns())

    def _give_up(self, farewell: asyncio.Future[bool]) -> None:
        if not farewell.done():
            farewell.set_result(False)
            self.end()


class Staged:
    """A request of a peer that may need values (gateway.agents.stage.Waiter). None is about all sessions of somebody."""

    name: bytes
    station: bytes
    is_for_all: bool
    _link: Link
    _message: Message

    def __init__(self, link: Link, message: Message) -> None:
        session = message.avps.find(SESSION_ID)
        self.name = b"diameter\0" + (message.raw if session == NO_AVP else message.avps.whole(session))
        self.station = b""
        self.is_for_all = False
        self._link = link
        self._message = message

    def wait(self) -> None:
        self._link.stage()

    def lacking(self, fetched: Fetched) -> list[Fetch]:
        return self._link.lacking(self._message, fetched)

    def work(self, fetched: Fetched) -> None:
        self._link.unstage(self._message, fetched)

    def drop(self) -> None:
        self._link.unstage(self._message, None)


def _end_wait(token: object, answer: Message | None) -> None:
    """The answer to a request of ours is there, or will not come."""
    assert isinstance(token, asyncio.Future), "this module gave it"
    if not token.done():
        token.set_result(answer)
