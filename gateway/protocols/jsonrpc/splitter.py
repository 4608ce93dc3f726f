"""Cuts a stream of bytes into JSON objects.

Objects may follow each other with or without white space, and a piece of the stream may end at any byte. Only brackets and strings
are looked at: whether a frame is JSON is for the envelope to say. The work is linear in the bytes fed, however they are cut.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.protocols.jsonrpc.limits import MAX_REQUEST_BYTES

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_OUTSIDE: Final = re.compile(rb'["{}\[\]]')  # what matters between strings
_INSIDE: Final = re.compile(rb'["\\]')  # what matters in a string

_NEWLINE: Final = 0x0A
_QUOTE: Final = 0x22
_BACKSLASH: Final = 0x5C
_OPEN_OBJECT: Final = 0x7B  # two below its closing bracket, as the next one
_OPEN_LIST: Final = 0x5B

_UNFINISHED: Final = -1
_BROKEN: Final = -2


class Splitter:
    """Feed it bytes with `feed`, take frames with `next_frame` until it answers None.

    `broken` says why no further frame can come: the stream holds something else than objects, or one that is too large.
    """

    broken: str
    _data: bytes  # what was fed last and is not taken yet, from _at on
    _at: int
    _part: bytearray  # the beginning of the object that _data continues
    _open: bytearray  # the brackets that are open in it; none: no object begun
    _in_string: bool
    _escaped: bool  # the last byte of _part was a backslash in a string
    _tried: int  # where the line ends that `line` gave out last
    _limit: int

    def __init__(self, limit_bytes: int = MAX_REQUEST_BYTES) -> None:
        self.broken = ""
        self._data = b""
        self._at = 0
        self._part = bytearray()
        self._open = bytearray()
        self._in_string = False
        self._escaped = False
        self._tried = 0
        self._limit = limit_bytes

    @property
    def held(self) -> int:
        """Bytes fed and not yet taken as frames."""
        return len(self._part) + len(self._data) - self._at

    @property
    def between(self) -> bool:
        """No object is begun: the next byte is the first of one, or white space."""
        return not self._open

    def feed(self, data: bytes) -> None:
        """Take more of the stream. What was fed before must have been drained with next_frame; if not, both are joined."""
        if self._at < len(self._data):
            self._data = self._data[self._at :] + data
        else:
            self._data = data
        self._at = 0
        self._tried = 0

    def line(self) -> bytes:
        """The rest of the current line (or of what was fed) where an object may begin: perhaps exactly one object. Else b"".

        Nothing is taken: a caller that finds it to be one whole object says so with `take`. Each line is given out once.
        """
        if self._open or self._at < self._tried or self.broken:
            return b""
        size = len(self._data)
        if self._at < size and self._data[self._at] == _NEWLINE:
            self._at += 1  # of the line before
        if self._at < size and self._data[self._at] != _OPEN_OBJECT:
            match = _SPACE.match(self._data, self._at)
            self._at = match.end() if match is not None else self._at
        end = self._data.find(b"\n", self._at)
        if end < 0:
            end = size
        self._tried = end
        if end - self._at > self._limit:
            return b""
        if self._at == 0 and end == len(self._data):
            return self._data
        return self._data[self._at : end]

    def take(self, length: int) -> None:
        """Drop the first bytes of what is held: the line that was one object."""
        self._at += length

    def next_frame(self) -> bytes | None:
        """The next object's bytes, or None: more must be fed, or the stream is broken."""
        if self.broken:
            return None
        if not self._open and not self._begin():
            return None
        start = self._at
        end = self._end_of_object()
        if end == _BROKEN:
            return None
        if len(self._part) + (self._at if end == _UNFINISHED else end) - start > self._limit:
            self._break("request too large")
            return None
        if end == _UNFINISHED:
            self._part += self._data[start:]
            self._data = b""
            self._at = 0
            return None
        frame = self._data[start:end]
        self._at = end
        if self._part:
            frame = bytes(self._part) + frame
            self._part = bytearray()
        return frame

    def _begin(self) -> bool:
        match = _SPACE.match(self._data, self._at)
        self._at = match.end() if match is not None else self._at
        if self._at >= len(self._data):
            self._data = b""
            self._at = 0
            return False
        if self._data[self._at] != _OPEN_OBJECT:
            self._break("not an object")
            return False
        return True

    def _break(self, reason: str) -> None:
        self.broken = reason
        self._data = b""
        self._at = 0
        self._part = bytearray()

    def _end_of_object(self) -> int:
        """One past the closing bracket of the current object; _UNFINISHED when the data ends before (then _at is its end)."""
        data = self._data
        at = self._at
        if self._escaped and at < len(data):
            self._escaped = False
            at += 1
        inside = self._in_string
        while True:
            match = (_INSIDE if inside else _OUTSIDE).search(data, at)
            if match is None:
                break
            at = match.end()
            byte = data[at - 1]
            if byte == _QUOTE:
                inside = not inside
            elif byte == _BACKSLASH:
                if at == len(data):
                    self._escaped = True
                at += 1
            elif byte in (_OPEN_OBJECT, _OPEN_LIST):
                self._open.append(byte)
            elif self._open[-1] + 2 != byte:
                self._break("brackets do not match")
                return _BROKEN
            else:
                self._open.pop()
                if not self._open:
                    self._in_string = False
                    return at
        self._in_string = inside
        self._at = len(data)
        return _UNFINISHED
