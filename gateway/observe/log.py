"""The log of the process: one event a line, key=value or JSON, written by a thread so that a slow reader never stops the loop.

Rooms that do I/O log with the standard library: a constant message, what varies in `extra`. Under systemd a line carries its severity
(sd-daemon(3)) and leaves the time to the journal. Values of names that sound like a secret are never written.
"""

from __future__ import annotations

import io
import logging
import os
import queue
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from itertools import islice
from types import MappingProxyType, TracebackType
from typing import Final, Self

import msgspec

from gateway.observe.limits import FLUSH_SECONDS, MAX_FIELDS, MAX_QUEUED_LINES, MAX_VALUE_CHARS

_SECRET: Final = re.compile(r"password|passwd|secret|token|authorization|api_?key|private_key", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[\w.:/@*+%,~<>()\[\]-]+")
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SEVERITIES: Final = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_LEVELS: Final = MappingProxyType(
    {0: logging.CRITICAL, 1: logging.CRITICAL, 2: logging.CRITICAL, 3: logging.ERROR, 4: logging.WARNING, 5: logging.INFO, 7: logging.DEBUG}
)
_DEVICE: Final = "/dev/log"
_DAEMON: Final = 3 << 3  # facility of RFC 5424 section 6.2.1


class Format(Enum):
    """How a line is written."""

    TEXT = "text"
    JSON = "json"


def severity(level: int) -> int:
    """The syslog severity (RFC 5424, 0 worst to 7) of a level of the standard library."""
    for bound, value in _SEVERITIES:
        if level >= bound:
            return value
    return 7


class LineFormatter(logging.Formatter):
    """One line per event. `dated` is off where the reader of the line knows the time by itself."""

    def __init__(self, style: Format, *, dated: bool = True) -> None:
        super().__init__()
        self._form = style
        self._dated = dated

    def format(self, record: logging.LogRecord) -> str:
        fields = self._fields(record)
        if self._form is Format.JSON:
            return msgspec.json.encode(fields).decode()
        return " ".join(f"{name}={quoted(value)}" for name, value in fields.items())

    def _fields(self, record: logging.LogRecord) -> dict[str, object]:
        fields: dict[str, object] = {}
        if self._dated:
            at = datetime.fromtimestamp(record.created, UTC)
            fields["time"] = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
        fields["level"] = record.levelname.lower()
        fields["room"] = record.name.removeprefix("gateway.").removeprefix("tollwire.")
        fields["event"] = _bounded(record.getMessage())
        for name, value in vars(record).items():
            if name not in _OWN:
                fields[name] = "***" if _SECRET.search(name) else _bounded(value)
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = _bounded(f"{record.exc_info[0].__name__}: {record.exc_info[1]}")
            fields["trace"] = self.formatException(record.exc_info)[-MAX_VALUE_CHARS:]
        return dict(islice(fields.items(), MAX_FIELDS))


def _bounded(value: object) -> object:
    """A number as it is, everything else as a text of bounded length that any encoder takes."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return str(value)[:MAX_VALUE_CHARS].encode("utf-8", "replace").decode()


def quoted(value: object) -> str:
    """A value as it stands behind an equals sign: bare where that is clear, else in quotes, always on one line."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else msgspec.json.encode(text).decode()


class LineWriter:
    """Hands lines to `write` on a thread of its own. Beyond MAX_QUEUED_LINES waiting ones lines are dropped, and their number is told."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lines: queue.SimpleQueue[str | Callable[[], None] | None] = queue.SimpleQueue()
        self._dropped = 0  # and not told yet
        self.dropped = 0
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many lines are not written yet."""
        return self._lines.qsize()

    def put(self, line: str) -> None:
        """Takes a line; never blocks."""
        if self._lines.qsize() >= MAX_QUEUED_LINES:
            self._dropped += 1
            self.dropped += 1
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
        self._lines.put(line)

    def when_written(self, tell: Callable[[], None]) -> None:
        """Has `tell` called, on the thread that writes, when every line that was put so far is written or dropped."""
        if self._thread is None:
            tell()
        else:
            self._lines.put(tell)

    def close(self) -> None:
        """Waits until everything is written, FLUSH_SECONDS at most."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._lines.put(None)
            thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            if not isinstance(line, str):
                line()
                continue
            dropped, self._dropped = self._dropped, 0
            try:
                if dropped:
                    self._write(f'level=warning room=observe.log event="lines dropped" count={dropped}')
                self._write(line)
            except OSError:
                self._dropped += 1 + dropped  # nobody reads: told when somebody does again


class _Handler(logging.Handler):
    """Formats on the caller's thread, writes on the writer's."""

    def __init__(self, writer: LineWriter, prefix: Callable[[int], str]) -> None:
        super().__init__()
        self.writer = writer
        self._prefix = prefix

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.writer.put(self._prefix(record.levelno) + self.format(record))
        except Exception:  # noqa: BLE001 - what cannot be told must not stop what is told about
            self.handleError(record)


class Log:
    """The log while the process runs; a context, which writes what is left when it ends."""

    def __init__(self, level: int, style: Format = Format.TEXT, *, syslog: bool = False) -> None:
        """`level` as general.log_level, 0 to 7. With `syslog` lines go to /dev/log where there is one; else to standard error."""
        journal = "JOURNAL_STREAM" in os.environ
        device = None if journal or not syslog else _syslog_socket()
        self.writer = LineWriter(_to_stderr if device is None else lambda line: _to_syslog(device, line))
        self._handler = _Handler(self.writer, _prefix(journal=journal, syslog=device is not None))
        self._handler.setFormatter(LineFormatter(style, dated=not journal and device is None))
        self._level = _LEVELS.get(level, logging.INFO)

    def __enter__(self) -> Self:
        root = logging.getLogger()
        root.setLevel(self._level)
        root.addHandler(self._handler)
        logging.raiseExceptions = False
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        logging.getLogger().removeHandler(self._handler)
        self.writer.close()


def line_writer() -> LineWriter | None:
    """What writes the lines of the process; None where nothing was set up."""
    return next((handler.writer for handler in logging.getLogger().handlers if isinstance(handler, _Handler)), None)


def set_level(level: int) -> None:
    """Writes lines from this severity on, as general.log_level says it, 0 to 7."""
    logging.getLogger().setLevel(_LEVELS.get(level, logging.INFO))


def _prefix(*, journal: bool, syslog: bool) -> Callable[[int], str]:
    if journal:
        return lambda level: f"<{severity(level)}>"
    if syslog:
        return lambda level: f"<{_DAEMON | severity(level)}>tollwire[{os.getpid()}]: "
    return lambda level: ""  # noqa: ARG005 - one shape for all three


def _syslog_socket() -> socket.socket | None:
    device = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        device.connect(_DEVICE)
    except OSError:
        device.close()
        return None
    return device


def _to_syslog(device: socket.socket, line: str) -> None:
    try:
        device.send(line.encode("utf-8", "replace"))
    except OSError:  # the daemon was restarted
        device.connect(_DEVICE)
        device.send(line.encode("utf-8", "replace"))


def _to_stderr(line: str) -> None:
    data = line.encode("utf-8", "replace") + b"\n"
    with io.FileIO(2, "wb", closefd=False) as file:
        while data:
            data = data[file.write(data) :]
