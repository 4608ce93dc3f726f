"""Diameter as strangers send it, and what operators write for it: messages, streams, paths, answers, dictionaries."""

from __future__ import annotations

from collections.abc import Iterable

from engine.fields.path import split_path
from engine.fields.values import MISSING, value_text
from gateway.protocols.diameter.actions import Action, Asked, Close, Elect, Send
from gateway.protocols.diameter.answers import Identity, refusal, taken_along
from gateway.protocols.diameter.building import Builder
from gateway.protocols.diameter.builtin import builtin_folder
from gateway.protocols.diameter.capabilities import Capabilities
from gateway.protocols.diameter.checking import Rules, check
from gateway.protocols.diameter.dictionary import Dictionary
from gateway.protocols.diameter.kinds import ADDRESS
from gateway.protocols.diameter.message import Avps, DecodeError, Message, decode, encode
from gateway.protocols.diameter.paths import DiameterSource, Paths
from gateway.protocols.diameter.peer import CLOSED, ELECTING, Peer, Settings
from gateway.protocols.diameter.pending import EndToEnd
from gateway.protocols.diameter.reading import read_dictionary
from gateway.protocols.diameter.stream import MessageStream
from gateway.protocols.diameter.values import octets, read_value, write_value
from tests.fuzz.target import MAX_INPUT, FindingError, Target, look
from tests.gateway.protocols.diameter.samples import TOLLGATE, known, recorded_messages, request, text, u32

STREAM, BODY, PATH, XML = range(4)  # the first byte, modulo 4
MSCC = "Multiple-Services-Credit-Control"
PATHS = (
    "Session-Id",
    "Event-Timestamp",
    "Subscription-Id.Subscription-Id-Data[~Subscription-Id-Type(0)]",
    f"{MSCC}.Used-Service-Unit.CC-Total-Octets[~Rating-Group(1)|~Service-Identifier(8)]",
    f"{MSCC}[1].Requested-Service-Unit.CC-Time",
    "Service-Information.PS-Information.3GPP-User-Location-Info",
    "CC-Money.Unit-Value.Exponent",
)
SAMPLE = decode(request(text("Session-Id", "a;b"), u32("CC-Time", 5), text("Class", "x"), text("Class", "y")))


class Diameter(Target):
    """A stream into a connection's state, AVPs of a request, a path with its value, a dictionary: the first byte says which."""

    name = "diameter"
    seconds = 0.05
    seconds_per_kib = 0.01
    tokens = (
        b"\x01\x00\x00\x14",
        b"\x00\x00\x01\x08\x40\x00\x00\x0c",
        b"\x00\x00\x01\xc8\x40\x00\x00\x08",
        b"\x00\x00\x03\x69\xc0\x00\x00\x0c\x00\x00\x28\xaf",
        b"\x00\xff\xff\xff",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x00",
        *b". [0] [~Rating-Group(1)] [~Rating-Group(~x|y)] | ~^ > <= ! = CC-Time Class Tw-Box Tw-Note".split(),
        *b'<avp </avp> <data <item/> "/> &#x0;'.split(),
    )

    def __init__(self) -> None:
        dictionary = known()
        self._rules = (Rules(dictionary), Rules(dictionary, strict=True))
        self._paths = Paths(dictionary)
        self._builder = Builder(dictionary)
        identity = Identity("ocs.example", "example")
        self._identity = identity
        self._settings = Settings(
            Capabilities(identity, dictionary.applications, product_name="x"),
            lambda command: dictionary.command(command) is not None,
            lambda application: dictionary.application(application) is not None,
            lambda host, realm: 3010 if host == realm else 0,
            elects=True,
        )

    def seeds(self) -> Iterable[bytes]:
        messages = recorded_messages()
        exchange = next(one for one in messages if one[4] & 0x80 and one[5:8] == b"\0\1\1")
        for one in messages[::7]:
            yield bytes([STREAM + 4 * (len(one) % 9)]) + exchange + one
            yield bytes([BODY]) + one[20:]
        for path in PATHS:
            yield bytes([PATH]) + f"{path}=1".encode()
        yield bytes([XML]) + (TOLLGATE / "tollgate.xml").read_bytes()
        yield bytes([XML]) + (builtin_folder() / "3gpp-applications.xml").read_bytes()[:1500]

    def take(self, data: bytes) -> None:
        if not data:
            return
        kind, rest = data[0] % 4, data[1 : MAX_INPUT + 1]
        if kind == STREAM:
            self._stream(rest, data[0] // 4)
        elif kind == BODY:
            self._message(encode(0xC0, 272, 4, 1, 2, rest + b"\0" * (-len(rest) % 4)))
        elif kind == PATH:
            self._path(rest.decode("utf-8", "replace"))
        else:
            dictionary = Dictionary()
            for fault in (*read_dictionary(dictionary, "x.xml", rest), *dictionary.unresolved()[:50]):
                look(fault.message.replace("<class", "<"))  # an element's name that was written, repeated

    # -- streams -------------------------------------------------------------------------------------------------------

    def _stream(self, data: bytes, size: int) -> None:
        size = 1 + size * 37
        whole = self._cut([data])
        if whole != self._cut([data[at : at + size] for at in range(0, len(data), size)]):
            raise FindingError(f"other messages in pieces of {size}")
        peer = Peer(self._settings, 0, seed=size, end_to_end=EndToEnd(1, size), local_address="127.0.0.1")
        for number, one in enumerate(whole[0]):
            self._message(one)
            self._done(peer, peer.receive(one, number))
            if size % 3 and peer.state == ELECTING:
                self._done(peer, peer.admit(number) if size % 3 == 1 else peer.reject())
        self._done(peer, peer.wake(peer.wake_at or 1))
        self._done(peer, peer.disconnect(0, 10**9))
        self._done(peer, peer.wake(10**18))
        if peer.state != CLOSED or peer.wake_at:
            raise FindingError("a connection that is never closed")

    @staticmethod
    def _cut(pieces: list[bytes]) -> tuple[list[bytes], bool]:
        stream, found = MessageStream(1 << 16), []
        for piece in pieces:
            stream.feed(piece)
            while (one := stream.next()) is not None:
                found.append(one)
        return found, stream.broken is not None

    @staticmethod
    def _done(peer: Peer, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                decode(action.octets)
            elif isinstance(action, Close):
                look(action.reason)
                if peer.state != CLOSED:
                    raise FindingError("closed, and not in its state")
            elif isinstance(action, Elect):
                look(action.host)
            elif isinstance(action, Asked) and not action.message.is_request:
                raise FindingError("an answer as a request")

    # -- messages ------------------------------------------------------------------------------------------------------

    def _message(self, data: bytes) -> None:
        try:
            message = decode(data)
        except DecodeError as error:
            self._refused(error)
            return
        if b"".join(message.avps.whole(position) for position in range(len(message.avps)))[: len(data) - 20] != data[20:]:
            self._padding(message)
        for rules in self._rules:
            try:
                check(message, rules)
            except DecodeError as error:
                self._refused(error)
        decode(refusal(message, self._identity, 5012, "x", taken_along(message)))
        self._values(message.avps)
        for path in PATHS:
            self._read(message, path)

    @staticmethod
    def _padding(message: Message) -> None:
        """Octets may differ where the padding is not of zeros."""
        for position in range(len(message.avps)):
            start, end = message.avps.value_start(position), message.avps.value_end(position)
            if message.raw[start:end] != message.avps.value(position):
                raise FindingError("other octets than came")

    def _refused(self, error: DecodeError) -> None:
        look(error.text)
        if error.message is not None:
            decode(refusal(error.message, self._identity, error.result, error.text, error.failed))

    def _values(self, avps: Avps) -> None:
        for position, key in enumerate(avps.keys):
            row = known().keyed(key)
            if row is None:
                continue
            if row.is_group:
                try:
                    self._values(avps.group(position))
                except DecodeError as error:
                    self._refused(error)
                continue
            value = avps.value(position)
            read = read_value(row.kind, value, 0, len(value))
            if read is not MISSING and row.kind != ADDRESS and write_value(row, value_text(read)) != value:
                raise FindingError(f"{row.name}: {value!r} reads as {read!r}, which is written otherwise")

    def _read(self, message: Message, path: str) -> object:
        try:
            return DiameterSource(message, self._paths).read(split_path(f"*req.{path}"), 1)
        except ValueError as error:
            look(str(error))
            return MISSING

    def _path(self, written: str) -> None:
        path, _, value = written.partition("=")
        octets(value_text(self._read(SAMPLE, path)))
        try:
            steps = split_path(path)
            body = self._builder.build([(steps, value, False), (steps, value, True), (("CC-Time",), "1", False)])
        except ValueError as error:
            look(str(error))
            return
        avps = Avps(body)
        avps.index(0, len(body))
        self._values(avps)
