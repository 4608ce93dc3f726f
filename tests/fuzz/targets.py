"""What strangers and operators write, each as one function of bytes: requests, sheets of plans, configurations, templates.

A target takes any bytes. It fails where something is raised that nobody documented, where an answer speaks of our own inside, and where an
input takes longer than its size allows.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from unittest.mock import patch

from engine.commands import LoadPlan
from engine.errors import Fault, RequestError
from engine.event import Event
from engine.fields.template import Template
from engine.fields.values import FieldNotFoundError
from engine.fields.view import View
from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.storage.memory.disk import MemoryDisk
from engine.storage.memory.storage import MemoryStorage
from engine.tariffplan.load import LOADED_KINDS, load_sources, load_zip
from engine.tariffplan.read import PlanError, Source, folder_sources
from engine.tariffplan.terms import Terms
from engine.times import UTC_ZONE, parse_time
from engine.usage import parse_duration
from gateway import app
from gateway.api.methods import ROWS
from gateway.config import load
from gateway.protocols.jsonrpc.splitter import Splitter
from gateway.transport.jsonrpc import Connection
from tests.fuzz.attack import PLAN
from tests.fuzz.diameter import Diameter
from tests.fuzz.radius import Radius
from tests.fuzz.target import FindingError, Target, look
from tests.gateway.servers import ROOT

NOW: Final = 1_775_556_000 * 10**9  # 2026-04-07T10:00:00Z, a Tuesday
_STRANGE: Final = ("\ufffd", chr(0xD800))  # what stands for bytes that are no character


# -- requests ------------------------------------------------------------------------------------------------------------


class Sink(asyncio.Transport):
    """Takes answers."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        return

    def resume_reading(self) -> None:
        return

    def close(self) -> None:
        self.closed = True

    abort = close


class Listening(logging.Handler):
    """Keeps what the log says of our own faults."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Requests(Target):
    """The stream of a JSON-RPC connection into a whole engine in memory: splitter, envelope, arguments, handlers, answers.

    The first byte says in pieces of what size the rest comes. Methods that wait on purpose or write files are not asked.
    """

    name = "rpc"
    seconds = 0.1
    seconds_per_kib = 0.003
    _UNASKED = ("Folder", "Export", "Sleep", "RemoteLock", "Profiling", "Dump", "Backup", "Shutdown", "StopService", "Path")
    _RENEW = 2_000  # inputs after which the engine is made anew: what they left behind is no part of the next one's time
    _TURNS = 400

    def __init__(self) -> None:
        names = [row.name for row in ROWS if row.handler is not None and not any(word in row.name for word in self._UNASKED)]
        self._names = names
        self.tokens = (
            *(name.encode() for name in names),
            *b'"Tenant": "Account": "Event": "APIOpts": "Usage": "ToR": "FilterIDs": "Values": "Path": "params":[{ "method": "id":'.split(),
            *b'"*voice" "*data" "*monetary" "*prepaid" "*any" "1001" "*req.Account" "~*req.Account" "cgrates.org"'.split(),
            *b"1e999999999 -1e-999999999 9223372036854775808 0.000000000000000001".split(),
            *b'null true {} [] \\ud800 \\u0000 "\\" {"a": [[ }} }}}'.split(),
            b"9" * 400,
            b"[" * 200,
            b'{"a":' * 100,
        )
        self._loop = asyncio.new_event_loop()
        self._listening = Listening()
        for name in ("gateway", "engine"):
            logging.getLogger(name).addHandler(self._listening)
        self._taken = 0
        self._app: app.App | None = None

    def seeds(self) -> Iterable[bytes]:
        event = {"OriginID": "o1", "ToR": "*voice", "RequestType": "*prepaid", "Account": "1001", "Destination": "4915", "Usage": "61s"}
        timed = {**event, "Category": "call", "SetupTime": "2026-04-07T10:00:00Z", "AnswerTime": "2026-04-07T10:00:00Z"}
        args: dict[str, object] = {"Tenant": "cgrates.org", "Event": timed, "APIOpts": {"*sesTTL": "1s"}}
        calls: list[tuple[str, dict[str, object]]] = [
            ("SessionSv1.AuthorizeEvent", {"GetMaxUsage": True, "GetAttributes": True, **args}),
            ("SessionSv1.InitiateSession", {"InitSession": True, **args}),
            ("SessionSv1.UpdateSession", {"UpdateSession": True, **args}),
            ("SessionSv1.TerminateSession", {"TerminateSession": True, **args}),
            ("SessionSv1.ProcessCDR", args),
            ("CDRsV1.ProcessEvent", {"Flags": ["*rals", "*store"], **args}),
            ("APIerSv1.GetCost", {**timed, "Subject": "1001", "Tenant": "cgrates.org"}),
            ("CDRsV1.GetCDRs", {"Accounts": ["1001"], "MinUsage": "1s", "ExtraArgs": {"OrderIDStart": 1}, "Limit": 5}),
            ("APIerSv1.SetAttributeProfile", {"ID": "A", "Contexts": ["*any"], "FilterIDs": ["*string:~*req.A:b"], "Attributes": []}),
            ("APIerSv1.SetFilter", {"ID": "F", "Rules": [{"Type": "*rsr", "Element": "~*req.A", "Values": ["^1;~^a+$"]}]}),
            ("AttributeSv1.ProcessEvent", {**args, "Context": "*sessions", "AttributeIDs": ["*inline:*constant:*req.A:b"]}),
            ("APIerSv1.SetActions", {"ActionsId": "X", "Actions": [{"Identifier": "*topup", "Units": "5", "BalanceType": "*data"}]}),
        ]
        yield from (b"\x00" + json.dumps({"method": name, "params": [params], "id": 1}).encode() + b"\n" for name, params in calls)
        several = b"".join(json.dumps({"id": n, "method": m, "params": [p]}).encode() for n, (m, p) in enumerate(calls[:6]))
        yield b"\x07" + several
        yield from (b"\x00" + json.dumps({"method": name, "params": [{}], "id": 1}).encode() for name in self._names)

    def close(self) -> None:
        self._loop.close()
        for name in ("gateway", "engine"):
            logging.getLogger(name).removeHandler(self._listening)

    def take(self, data: bytes) -> None:
        if len(data) > 1 and not any(word.encode().lower() in data.lower() for word in self._UNASKED):
            self._loop.run_until_complete(self._ask(data[0], data[1:]))

    def timed(self, data: bytes) -> float:
        if self._app is None or self._taken % self._RENEW == 0:
            self._app = self._make()
        self._taken += 1
        return super().timed(data)

    def _make(self) -> app.App:
        sets = ("listen.rpc_json=127.0.0.1:0", "listen.http=", "listen.birpc_json=", "schedulers.enabled=false")
        disk = MemoryDisk()
        with patch.object(app, "open_sqlite", lambda *_: MemoryStorage(disk)):
            made = app.App(load((), sets, {}).tree, Path("unused"), {})
        made.storage.start(self._loop)
        plan = load_sources([Source(name, text.encode()) for name, text in PLAN.items()], Terms("1", NOW, default_tenant="cgrates.org"))
        assert plan.load is not None
        made.engine.step(LoadPlan(plan.load), NOW)
        return made

    async def _ask(self, pieces: int, data: bytes) -> None:
        assert self._app is not None
        self._listening.lines.clear()
        connection, sink = Connection(self._app.server.tcp), Sink()
        connection.connection_made(sink)
        size = pieces or len(data)
        for start in range(0, len(data), size):
            connection.data_received(data[start : start + size])
        connection.eof_received()
        for _ in range(self._TURNS):
            if sink.closed:
                break
            await asyncio.sleep(0)
        connection.connection_lost(None)
        self._look(bytes(sink.data))

    def _look(self, answers: bytes) -> None:
        if self._listening.lines:
            raise FindingError("\n".join(self._listening.lines)[:3000])
        for line in answers.splitlines():
            answer = json.loads(line, parse_int=str)
            if list(answer) != ["id", "result", "error"]:
                raise FindingError(f"no answer by the protocol: {line[:500]!r}")
            if answer["error"] is not None:
                look(str(answer["error"]))


class Split(Target):
    """Where objects begin and end in a stream, however it is cut: what comes in pieces comes out as what comes at once."""

    name = "stream"
    seconds = 0.02
    seconds_per_kib = 0.002
    tokens = (b'"', b"\\", b"{", b"}", b"[", b"]", b"\n", b" ", b'\\"', b"\xff", b"{}", b'"a":', b"]]]]", b"{{{{")

    def seeds(self) -> Iterable[bytes]:
        yield b'\x01{"a":"b"}{"c":[1,2,{}]}\n{"d":"\\""}'
        yield b'\x03 {"a":{"b":{}}} x'

    def take(self, data: bytes) -> None:
        if not data:
            return
        size, whole = (data[0] or 1) * 16, data[1:]
        frames = self.frames([whole])
        cut = self.frames([whole[start : start + size] for start in range(0, len(whole), size)])
        if frames != cut:
            raise FindingError(f"{frames!r} at once, {cut!r} in pieces of {size}"[:1000])

    @staticmethod
    def frames(pieces: list[bytes]) -> tuple[list[bytes], bool]:
        splitter, found = Splitter(1 << 20), []
        for piece in pieces:
            splitter.feed(piece)
            while (frame := splitter.next_frame()) is not None:
                found.append(bytes(frame))
        return found, bool(splitter.broken)


# -- sheets --------------------------------------------------------------------------------------------------------------


class Sheets(Target):
    """A sheet of a tariff plan among the others of the sample: the first byte says which; or a whole plan as a zip file."""

    name = "sheets"
    seconds = 0.15
    seconds_per_kib = 0.008
    tokens = (
        *b'" "" , ; \n \r\n # \x00 \xef\xbb\xbf \xff\xfe *any *out *up *unlimited *monetary *topup *zero1s ~*req.Account DST_1 RT_1'.split(
            b" "
        ),
        *b"1h 60s 0.1 1e400 -1 99999999999999999999 2026-04-07T10:00:00Z 08:00:00 1;2;3 true *string:~*req.A:b !DST *default".split(),
        b"9" * 300,
        b"," * 100,
        b'"' * 101,
    )

    def __init__(self) -> None:
        self._sheets = folder_sources(str(ROOT / "packaging" / "tariffplans" / "tutorial"))[0]

    def seeds(self) -> Iterable[bytes]:
        yield from (bytes([number]) + source.data for number, source in enumerate(self._sheets))
        yield b"\xffPK\x05\x06" + bytes(18)

    def take(self, data: bytes) -> None:
        terms = Terms("1", NOW, default_tenant="cgrates.org")
        if not data:
            return
        if data[0] == 0xFF:
            try:
                outcome = load_zip(data[1:], terms)
            except PlanError as error:
                look(str(error))
                return
        else:
            changed = data[0] % len(self._sheets)
            sources = [Source(one.name, data[1:]) if number == changed else one for number, one in enumerate(self._sheets)]
            outcome = load_sources(sources, terms, "," if data[0] < 128 else ";")
        if (outcome.load is None) != bool(outcome.faults):
            raise FindingError(f"a plan is loaded or has faults: {outcome.faults[:3]}")
        look_at_faults(outcome.faults)


def look_at_faults(faults: Iterable[Fault]) -> None:
    """Every fault has its place and speaks to an operator."""
    for fault in faults:
        look(fault.message)
        if not fault.file:
            raise FindingError(f"a fault without a place: {fault}")


# -- configurations ------------------------------------------------------------------------------------------------------


class Configurations(Target):
    """A configuration file: TOML where the first byte is even, else JSON with comments."""

    name = "config"
    seconds = 0.15
    seconds_per_kib = 0.006
    tokens = (
        *b'[listen] rpc_json = "127.0.0.1:0" general default_tenant [[ ]]'.split(),
        *b"{ } = , : // /* */ # \"\"\" ''' *env:HOME *env:NO true null".split(),
        *b"sessions attributes opts enabled 1_000 0x10 1e400 inf nan 2026-04-07 07:32:00".split(),
        *b"\\u0000 \\ud800 \\x 10s *internal a.b.c ~*req.A".split(),
        b"9" * 300,
        b"[" * 60,
        b'{"a":' * 60,
        b"a." * 60,
    )

    _PATHS: Final = (Path("one.toml"), Path("one.json"))  # in the folder that is ours while we run

    def seeds(self) -> Iterable[bytes]:
        yield b'\x00[listen]\nrpc_json = "127.0.0.1:2012"\n[general]\ndefault_tenant = "a"\n'
        yield b'\x00[sessions]\nenabled = true\nsession_ttl = "10s"\n'
        yield b'\x00[http.auth_users]\nanna = "cGFzcw=="\n[caches.partitions."*closed_sessions"]\nlimit = 5\nttl = "1h"\n'
        yield b'\x01{"listen": {"rpc_json": ":2012"}, // comment\n "general": {"node_id": "*env:NODE"},}'
        yield b'\x01{/* and */ "rals": {"enabled": true},}'
        yield b'\x01{"diameter_agent": {"request_processors": [{"id": "x", "filters": ["*string:~*vars.*cmd:CCR"], "request_fields": []}]}}'
        folder = ROOT / "packaging"
        yield from (b"\x00" + path.read_bytes() for path in sorted(folder.rglob("*.toml")))
        yield from (b"\x01" + path.read_bytes() for path in sorted(folder.rglob("*.json")))

    def take(self, data: bytes) -> None:
        if not data:
            return
        path = self._PATHS[data[0] % 2]
        path.write_bytes(data[1:])
        loaded = load(str(path), (), {"HOME": "/root"})
        look_at_faults(loaded.faults)
        look_at_faults(loaded.passed_over)
        for line in loaded.warnings:
            look(line)


# -- templates -----------------------------------------------------------------------------------------------------------


class Templates(Target):
    """Templates of values, rules of filters, instants and durations: the first byte says what the text is."""

    name = "template"
    seconds = 0.02
    seconds_per_kib = 0.002
    tokens = (
        *b"~*req. ~*opts. ~*vars. Account Sip.To Tags[0] [-1] [999999999999] .. ; & ` < > :s/ /".split(),
        *b"$1 ${1} $$ (.*) (a+)+$ ^ | { } {* }".split(),
        *b"*string: *prefix: *rsr: *gt: *lte: *ai: *regex: *ipnet: *exists: *empty: *not *destinations: *timings: *never:".split(),
        *b"| ~^ >= !".split(),
        *b"*duration *round:2:*up *strip:*prefix:*char:0 *multiply:1e30 *divide:0 *len *slice".split(),
        *b"*json *float64 *time_string *libphonenumber".split(),
        *b"{*e164} {*sipuri_user} {*unixtime} {*string2hex} {*ip2hex} {*urldecode} {*random:1:5} {*duration_format:15:04:05}".split(),
        *b"2026-04-07T10:00:00Z *now *month_end +1h 1h30m 1e400 99999999999999999999 0.000000001 \xd9\xa3 \xc2\xb5s".split(),
        b"9" * 400,
        b"<" * 50,
        b"(" * 50,
        b"1h" * 50,
    )
    _FIELDS: Final = {
        "Account": "ann",
        "Usage": "1m30.5s",
        "Number": "+49170-1234567",
        "Long": "a" * 5000,
        "Sip": {"To": {"User": "bob"}},
        "Tags": ["a", "b"],
        "Uri": "sip:ann@example.com;user=phone",
        "Time": "2026-04-07T10:00:00Z",
        "Octets": 10**12,
        "Which": "~*req.Which;<~*req.Which>",
    }

    def __init__(self) -> None:
        self._filters = Filters(Items(LOADED_KINDS))

    def seeds(self) -> Iterable[bytes]:
        for text in (
            "~*req.Account;-;~*req.Usage{*duration_seconds}",
            "~*req.Number:s/^\\+49(\\d+)-(\\d+)$/0${1}$2/{*e164}",
            "<~*req.Which>;`a;b`",
            "~*req.Sip.To.User{*len&*multiply:60}",
            "~*req.Time{*time_string:2006-01-02}",
        ):
            yield b"\x00" + text.encode()
        for text in ("*string:~*req.Account:ann|bob", "*rsr:~*req.Account:^a;~b+$;>=5", "*ai:~*req.Time:2026-01-01T00:00:00Z|*unlimited"):
            yield b"\x01" + text.encode()
        yield from (b"\x02" + text for text in (b"2026-04-07T10:00:00Z", b"*month_end+1h", b"1775556000", b"07/04/2026 10:00:00"))
        yield from (b"\x03" + text for text in (b"1h30m5.5s", b"60", b"-1.5us"))

    def take(self, data: bytes) -> None:
        if not data:
            return
        text = data[1:].decode("utf-8", "replace").replace("\ufffd", _STRANGE[data[0] // 16 % 2])
        view = View(Event("cgrates.org", "e1", dict(self._FIELDS), {}), NOW)
        try:
            match data[0] % 4:
                case 0:
                    template = Template.parse(text, ";&,|"[data[0] // 4 % 4])
                    template.text(view)
                    template.value(view)
                case 1:
                    self._filters.matches("cgrates.org", (text if text.startswith("*") else f"*{text}",), view, NOW)
                case 2:
                    parse_time(text, UTC_ZONE, NOW)
                case _:
                    parse_duration(text)
        except FieldNotFoundError:
            pass
        except (ValueError, RequestError) as error:
            look(str(error))


TARGETS: Final[dict[str, type[Target]]] = {one.name: one for one in (Requests, Split, Sheets, Configurations, Templates, Diameter, Radius)}
