"""One connection to a Diameter peer (RFC 6733 section 5): fed with messages and with the time, it says what is to be done.

    accepted:  WAIT_CER --CER--> OPEN --DPR, disconnect()--> CLOSING --DPA, time--> CLOSED
    dialled:   WAIT_CEA --CEA--> OPEN

This is the table of section 5.6 for one of the two connections that peers may have. Where both dial at once, the accepted one says Elect
when its CER came and waits: whoever holds both compares the names with `wins` and calls `admit` (and `give_way` of the dialled one) or
`reject`. Times are nanoseconds of any clock that does not run backwards. What is answered with what stands with each method.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.protocols.diameter.actions import Action, Answered, Asked, Close, Elect, Opened, Send, Unanswered
from gateway.protocols.diameter.answers import Identity, number_avp, plain_avp, refusal
from gateway.protocols.diameter.capabilities import Capabilities, Offer, read_offer
from gateway.protocols.diameter.checking import Rules, check
from gateway.protocols.diameter.codes import (
    APPLICATION_UNSUPPORTED,
    CAPABILITIES_EXCHANGE,
    COMMAND_UNSUPPORTED,
    COMMON_MESSAGES,
    DEVICE_WATCHDOG,
    DISCONNECT_CAUSE,
    DISCONNECT_PEER,
    ELECTION_LOST,
    MISSING_AVP,
    ORIGIN_HOST,
    ORIGIN_STATE_ID,
    PROXIABLE,
    REQUEST,
    RESULT_CODE,
    RETRANSMITTED,
    SUCCESS,
    TOO_BUSY,
)
from gateway.protocols.diameter.message import DecodeError, Message, answer_to, decode, encode
from gateway.protocols.diameter.pending import EndToEnd, Pending, Waiting
from gateway.protocols.diameter.watchdog import ASK, GIVE_UP, SUSPECT, Watchdog

WAIT_CER: Final = 0
WAIT_CEA: Final = 1
ELECTING: Final = 2
OPEN: Final = 3
CLOSING: Final = 4
CLOSED: Final = 5

SECOND: Final = 1_000_000_000


class Own:
    """The token of a request that the protocol itself sends; nobody is told of its answer."""


_CER: Final = Own()
_DWR: Final = Own()
_DPR: Final = Own()


_CODE_BITS: Final = 24  # of a command
_TAKEN_KINDS: Final = 1_024  # kinds of requests that are known to be taken and kept so; others are looked up each time


class Settings:
    """What all connections of an agent have in common.

    `rules` are what requests are checked for first (None: for nothing; checking.py). `refuse` is asked with Origin-Host and Origin-Realm
    of a peer, and gives a Result-Code (3010, say) or 0. `known_command` and `known_application` say what requests are taken. `watchdog_ns`,
    `exchange_ns` (until the capabilities are exchanged) and `disconnect_ns` (until a DPA comes, or a peer that said DPR has gone) are spans
    of time.
    """

    capabilities: Capabilities
    known_command: Callable[[int], bool]
    known_application: Callable[[int], bool]
    refuse: Callable[[str, str], int]
    rules: Rules | None
    elects: bool
    watchdog_ns: int
    exchange_ns: int
    disconnect_ns: int
    _taken: set[int]

    def __init__(
        self,
        capabilities: Capabilities,
        known_command: Callable[[int], bool],
        known_application: Callable[[int], bool],
        refuse: Callable[[str, str], int],
        *,
        rules: Rules | None = None,
        elects: bool = False,
        watchdog_ns: int = 30 * SECOND,
        exchange_ns: int = 10 * SECOND,
        disconnect_ns: int = 5 * SECOND,
    ) -> None:
        self.capabilities = capabilities
        self.known_command = known_command
        self.known_application = known_application
        self.refuse = refuse
        self.rules = rules
        self.elects = elects
        self.watchdog_ns = watchdog_ns
        self.exchange_ns = exchange_ns
        self.disconnect_ns = disconnect_ns
        self._taken = set()

    def refused(self, message: Message) -> int:
        """The Result-Code that refuses a request of no known application or command, or of a command that is not of its application; 0."""
        kind = message.application << _CODE_BITS | message.command
        if kind in self._taken:
            return 0
        if message.application != COMMON_MESSAGES and not self.known_application(message.application):
            return APPLICATION_UNSUPPORTED
        if not self.known_command(message.command):
            return COMMAND_UNSUPPORTED
        if message.application == COMMON_MESSAGES:
            return APPLICATION_UNSUPPORTED
        if len(self._taken) < _TAKEN_KINDS:
            self._taken.add(kind)
        return 0


class Peer:
    """One connection. `offer` is what the peer said of itself, once it did; `ignored` counts messages that came to nothing. `elected`
    is the Origin-Host of who answered our CER with 4003, since he keeps another connection to us.

    `seed` is a number by chance, 32 bits: the first hop-by-hop number, the spread of the watchdog. `end_to_end` are the numbers of all
    connections of this host.
    """

    state: int
    offer: Offer | None
    ignored: int
    local_address: str
    secure: bool
    expected_host: str
    came_back: bool
    elected: str
    watchdog: Watchdog
    pending: Pending
    _settings: Settings
    _identity: Identity
    _until: int  # when the exchange or the goodbye is given up; 0: neither
    _cer: Message | None  # that waits for an election
    _end_to_end: EndToEnd
    _own_goodbye: bool

    def __init__(
        self,
        settings: Settings,
        now: int,
        *,
        seed: int,
        end_to_end: EndToEnd,
        local_address: str,
        dialled: bool = False,
        expected_host: str = "",
        came_back: bool = False,
        secure: bool = False,
    ) -> None:
        self.state = WAIT_CEA if dialled else WAIT_CER
        self.offer = None
        self.ignored = 0
        self.local_address = local_address
        self.secure = secure
        self.expected_host = expected_host
        self.came_back = came_back
        self.elected = ""
        self.watchdog = Watchdog(settings.watchdog_ns, seed % 2001 - 1000)
        self.pending = Pending(seed)
        self._settings = settings
        self._identity = settings.capabilities.identity
        self._until = now + settings.exchange_ns
        self._cer = None
        self._end_to_end = end_to_end
        self._own_goodbye = False

    @property
    def host(self) -> str:
        """The peer's Origin-Host; empty before it told."""
        return "" if self.offer is None else self.offer.host

    @property
    def realm(self) -> str:
        return "" if self.offer is None else self.offer.realm

    @property
    def is_usable(self) -> bool:
        """Whether own requests may go this way without a second thought: open, and not suspected of being dead."""
        return self.state == OPEN and self.watchdog.state != SUSPECT

    @property
    def wake_at(self) -> int:
        """When `wake` is to be called next; 0: never."""
        earliest = 0
        for one in (self._until, self.watchdog.wake_at, self.pending.wake_at):
            if one and (not earliest or one < earliest):
                earliest = one
        return earliest

    # -- from outside --------------------------------------------------------------------------------------------------

    def start(self, now: int) -> list[Action]:
        """A dialled connection is there: the CER."""
        assert self.state == WAIT_CEA, "who dialled begins"
        body = self._settings.capabilities.offer(self.local_address)
        return [Send(self._own(CAPABILITIES_EXCHANGE, body, _CER, now))]

    def receive(self, octets: bytes, now: int) -> list[Action]:
        """A whole message came (stream.MessageStream)."""
        try:
            message = decode(octets)
        except DecodeError as error:
            return self._malformed(error, now)
        state = self.state
        if state == OPEN:
            self.watchdog.heard(now, message.command == DEVICE_WATCHDOG and not message.is_request)
            if message.is_request:
                return self._request(message, now)
            return self._answer(message, now)
        if state == CLOSED:
            return []
        if state == CLOSING:
            return self._while_closing(message, now)
        if state == WAIT_CER and message.is_request and message.command == CAPABILITIES_EXCHANGE:
            return self._cer_came(message, now)
        if state == WAIT_CEA and not message.is_request and message.command == CAPABILITIES_EXCHANGE:
            return self._cea_came(message, now)
        self.ignored += 1
        return []

    def broken(self, error: DecodeError) -> list[Action]:
        """The stream cannot be cut any more: what is answered to the message that it broke at, and the end."""
        found: list[Action] = []
        if error.message is not None and error.message.is_request and self.state == OPEN:
            found.append(Send(refusal(error.message, self._identity, error.result, error.text)))
        return found + self._end(f"no Diameter: {error.text}", True)

    def wake(self, now: int) -> list[Action]:
        """The time has come that `wake_at` told, or a later one."""
        found = _unanswered(self.pending.expired(now))
        if self._until and now >= self._until:
            if self.state == CLOSING:
                return found + self._end("disconnected without an answer" if self._own_goodbye else "the peer disconnected", False)
            return found + self._end("no capabilities exchange in time", True)
        if self.state == OPEN:
            what = self.watchdog.wake(now)
            if what == ASK:
                body = self._identity.avps + self._state_id()
                found.append(Send(self._own(DEVICE_WATCHDOG, body, _DWR, now)))
            elif what == GIVE_UP:
                return found + self._end("the watchdog was not answered", True)
        return found

    def ask(
        self,
        token: object,
        command: int,
        application: int,
        body: bytes,
        until: int,
        *,
        proxiable: bool = True,
        end_to_end: int = -1,
    ) -> tuple[bytes, int]:
        """The octets of a request of our own and its end-to-end number; Answered or Unanswered follows with `token`.

        `end_to_end` repeats a request that was sent on another connection: that number, and the T bit. ValueError when the connection is
        not open, or too many requests wait.
        """
        if self.state != OPEN:
            raise ValueError("the connection is not open")
        flags = REQUEST | (PROXIABLE if proxiable else 0) | (RETRANSMITTED if end_to_end >= 0 else 0)
        number = end_to_end if end_to_end >= 0 else self._end_to_end.take()
        hop_by_hop = self.pending.add(token, command, until)
        return encode(flags, command, application, hop_by_hop, number, body), number

    def disconnect(self, cause: int, now: int) -> list[Action]:
        """Says goodbye (section 5.4): a DPR with a Disconnect-Cause; Close follows. Requests that still come are answered 3004."""
        if self.state != OPEN:
            return [] if self.state in (CLOSING, CLOSED) else self._end("not needed any more", False)
        self.state = CLOSING
        self._own_goodbye = True
        self._until = now + self._settings.disconnect_ns
        self.watchdog.stop()
        body = self._identity.avps + number_avp(DISCONNECT_CAUSE, cause)
        return [Send(self._own(DISCONNECT_PEER, body, _DPR, now))]

    def lost(self) -> list[Action]:
        """The connection is gone."""
        return [action for action in self._end("", True) if not isinstance(action, Close)]

    def admit(self, now: int) -> list[Action]:
        """After Elect: this connection is kept."""
        cer = self._cer
        if self.state != ELECTING or cer is None:
            return []
        self._cer = None
        return self._open(cer, now)

    def reject(self) -> list[Action]:
        """After Elect: the other connection is kept (R-Reject, R-Disc). The peer is told so: a CEA with 4003."""
        if self.state != ELECTING or self._cer is None:
            return []
        return self._refuse_cer(self._cer, ELECTION_LOST, "the connection to you is kept", b"")

    def give_way(self) -> list[Action]:
        """The dialled connection of an election that the accepted one has won (I-Disc)."""
        return self._end("the connection from this peer is kept", False) if self.state in (WAIT_CEA, OPEN) else []

    # -- capabilities --------------------------------------------------------------------------------------------------

    def _cer_came(self, message: Message, now: int) -> list[Action]:
        try:
            offer = read_offer(message)
            result = offer.refused(self._settings.known_application, self.secure)
        except DecodeError as error:
            return self._refuse_cer(message, error.result, error.text, error.failed)
        if result:
            return self._refuse_cer(message, result, "", b"")
        result = self._settings.refuse(offer.host, offer.realm)
        if result:
            return self._refuse_cer(message, result, "", b"")
        self.offer = offer
        if not self._settings.elects:
            return self._open(message, now)
        self._cer = message
        self.state = ELECTING
        return [Elect(offer.host)]

    def _refuse_cer(self, message: Message, result: int, text: str, failed: bytes) -> list[Action]:
        body = self._settings.capabilities.refusal(result, self.local_address, text, failed)
        return [Send(answer_to(message, body, error=True)), *self._end(f"refused with {result}", False)]

    def _open(self, cer: Message, now: int) -> list[Action]:
        assert self.offer is not None, "a CER was read"
        body = self._settings.capabilities.answer(self.local_address, self.offer.state_id)
        self._opened(now)
        return [Send(answer_to(cer, body)), Opened()]

    def _cea_came(self, message: Message, now: int) -> list[Action]:
        waiting = self.pending.take(message.hop_by_hop, CAPABILITIES_EXCHANGE)
        if waiting is None:
            self.ignored += 1
            return []
        result = message.avps.number(RESULT_CODE)
        if result != SUCCESS or message.is_error:
            if result == ELECTION_LOST:
                self.elected = message.avps.text(ORIGIN_HOST) or ""
            return self._end(f"refused by the peer with {result}", True)
        try:
            offer = read_offer(message)
        except DecodeError as error:
            return self._end(f"no proper capabilities: {error.text}", True)
        self.offer = offer
        if self.expected_host and offer.host.lower() != self.expected_host.lower():
            return self._end(f"the peer is {offer.host}, not {self.expected_host}", True)
        if offer.refused(self._settings.known_application, True):
            return self._end("no application in common", True)
        if self._settings.refuse(offer.host, offer.realm):
            return self._end("the peer is not allowed", True)
        self._opened(now)
        return [Opened()]

    def _opened(self, now: int) -> None:
        self.state = OPEN
        self._until = 0
        self.watchdog.opened(now, self.came_back)

    # -- open ----------------------------------------------------------------------------------------------------------

    def _request(self, message: Message, now: int) -> list[Action]:
        if message.application == COMMON_MESSAGES:
            command = message.command
            if command == DEVICE_WATCHDOG:
                return [self._watched(message)]
            if command == DISCONNECT_PEER:
                return self._dpr_came(message, now)
            if command == CAPABILITIES_EXCHANGE:  # only once (recorded; RFC 6737 has another command for more)
                self.ignored += 1
                return []
        refused = self._settings.refused(message)
        if refused:
            return [Send(refusal(message, self._identity, refused))]
        rules = self._settings.rules
        if rules is not None:
            try:
                check(message, rules)
            except DecodeError as error:
                return [Send(refusal(message, self._identity, error.result, error.text, error.failed))]
        return [Asked(message)]

    def _watched(self, message: Message) -> Action:
        if message.avps.first(ORIGIN_HOST) is None:
            return Send(refusal(message, self._identity, MISSING_AVP, "", plain_avp(ORIGIN_HOST, b"")))
        return Send(answer_to(message, number_avp(RESULT_CODE, SUCCESS) + self._identity.avps + self._state_id()))

    def _dpr_came(self, message: Message, now: int) -> list[Action]:
        """The peer says goodbye: it gets its DPA, and some time to go by itself."""
        self.state = CLOSING
        self._until = now + self._settings.disconnect_ns
        self.watchdog.stop()
        return [Send(answer_to(message, number_avp(RESULT_CODE, SUCCESS) + self._identity.avps))]

    def _answer(self, message: Message, now: int) -> list[Action]:
        waiting = self.pending.take(message.hop_by_hop, message.command)
        if waiting is None:
            self.ignored += 1
            return []
        return [] if isinstance(waiting.token, Own) else [Answered(waiting.token, message)]

    def _while_closing(self, message: Message, now: int) -> list[Action]:
        if not message.is_request:
            waiting = self.pending.take(message.hop_by_hop, message.command)
            if waiting is None:
                self.ignored += 1
                return []
            if waiting.token is _DPR:
                result = message.avps.number(RESULT_CODE)
                return self._end("disconnected" if result == SUCCESS else f"disconnected, which the peer answered with {result}", False)
            return [] if isinstance(waiting.token, Own) else [Answered(waiting.token, message)]
        if message.command == DISCONNECT_PEER and message.application == COMMON_MESSAGES:  # both said it at once
            return [Send(answer_to(message, number_avp(RESULT_CODE, SUCCESS) + self._identity.avps))]
        if message.application == COMMON_MESSAGES:
            self.ignored += 1
            return []
        return [Send(refusal(message, self._identity, TOO_BUSY, "disconnecting"))]

    def _malformed(self, error: DecodeError, now: int) -> list[Action]:
        """A message that is none: a request gets its error answer (a CER the refusal), anything else is passed over."""
        message = error.message
        if message is None or not message.is_request:
            self.ignored += 1
            return []
        if self.state == WAIT_CER and message.command == CAPABILITIES_EXCHANGE:
            return self._refuse_cer(message, error.result, error.text, error.failed)
        if self.state not in (OPEN, CLOSING):
            self.ignored += 1
            return []
        return [Send(refusal(message, self._identity, error.result, error.text, error.failed))]

    # -- helping -------------------------------------------------------------------------------------------------------

    def _own(self, command: int, body: bytes, token: Own, now: int) -> bytes:
        """A request of the protocol itself. Its answer is waited for as long as a watchdog's, but nobody is told when none comes."""
        hop_by_hop = self.pending.add(token, command, now + self._settings.watchdog_ns) if not self.pending.is_full else 0
        return encode(REQUEST, command, COMMON_MESSAGES, hop_by_hop, self._end_to_end.take(), body)

    def _state_id(self) -> bytes:
        state_id = self._settings.capabilities.state_id
        return number_avp(ORIGIN_STATE_ID, state_id) if state_id else b""

    def _end(self, reason: str, failed: bool) -> list[Action]:
        if self.state == CLOSED:
            return []
        self.state = CLOSED
        self._until = 0
        self._cer = None
        self.watchdog.stop()
        found = _unanswered(self.pending.clear())
        found.append(Close(reason, failed))
        return found


def _unanswered(waiting: list[Waiting]) -> list[Action]:
    return [Unanswered(one.token) for one in waiting if not isinstance(one.token, Own)]


def wins(local: str, remote: str) -> bool:
    """Whether the connection that the peer dialled is kept where both dialled (RFC 6733 section 5.6.4): our name is the greater."""
    mine, theirs = local.lower().encode(), remote.lower().encode()
    length = max(len(mine), len(theirs))
    return mine.ljust(length, b"\0") > theirs.ljust(length, b"\0")
