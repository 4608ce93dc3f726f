"""Requests and answers: the envelope around a method's parameters and result.

A request is read as Go's decoder reads it: member names in any letter case, the last of two members counts, unknown members are
passed over, null is as good as absent. The usual spelling is read by one typed decoder; only what it refuses is looked at again.
`params` and `id` stay the bytes they were. What the `jsonrpc` member says changes nothing.
"""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from gateway.protocols.jsonrpc.request import Reply, Request

_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_SCALAR: Final = re.compile(rb"[^\s,:{}\[\]\"]++")
_BRACKET: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)

# How msgspec words what is no beginning of JSON, and what is JSON and something after it; "truncated" is neither.
_MALFORMED: Final = "JSON is malformed"
_TRAILING: Final = "trailing characters"
# A number cut after its sign, point or exponent mark: msgspec calls it malformed, not truncated.
_CUT_NUMBER: Final = re.compile(rb"(?:[\s:,\[]-|\d\.|\d[eE][-+]?)\Z")

_ESCAPE: Final = b"\\u"  # may be half of a surrogate pair alone, which msgspec refuses in words that do not tell


class MalformedError(Exception):
    """The text is no JSON, or no request: nothing sensible can be answered, the stream is closed."""


_PLAIN_ID: Final = re.compile(rb"[ -\[\]-~]*")  # no escapes, no control characters
_DECODER: Final = msgspec.json.Decoder(Request)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def decode_line(line: bytes) -> Request | None:
    """The request, if the line is exactly one in the usual spelling; None if it must be looked at more closely.

    Raises MalformedError where no object can begin like this, however it goes on.
    """
    try:
        return _sound(_DECODER.decode(line))
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return None
    except msgspec.DecodeError as fault:
        text = str(fault)
        if _ESCAPE in line:
            return None
        if text.startswith(_MALFORMED) and _TRAILING not in text and not _CUT_NUMBER.search(line, max(len(line) - 3, 0)):
            raise MalformedError(text) from None
        return None


def decode(frame: bytes) -> Request:
    """The request in a whole object's bytes. Raises MalformedError."""
    try:
        return _sound(_DECODER.decode(frame))
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return _sound(_read_members(frame)[0])
    except msgspec.MsgspecError as fault:
        if _ESCAPE in frame:
            return _sound(_read_members(frame)[0])
        raise MalformedError(str(fault)) from None


def decode_message(frame: bytes) -> Request | Reply:
    """What came on a connection where both sides may call: a request has a method, all else is a reply. Raises MalformedError."""
    try:
        request = _DECODER.decode(frame)
        if request.method:
            return _sound(request)
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        pass  # an unusual spelling, or a reply
    except msgspec.MsgspecError as fault:
        if _ESCAPE not in frame:
            raise MalformedError(str(fault)) from None
    found, reply = _read_members(frame)
    return _sound(found) if found.method else reply


def encode_call(ident: int, method: str, params: object) -> bytes:
    """A request of ours with one argument. Raises TypeError for params that are not JSON."""
    return b"".join((b'{"method":', _ENCODER.encode(method), b',"params":[', _ENCODER.encode(params), b'],"id":%d}\n' % ident))


def error_text(error: bytes) -> str | None:
    """What a reply's error says: None for null, the text itself, or the JSON of anything else. Raises MalformedError."""
    if error == b"null":
        return None
    return _text(error) if error.startswith(b'"') else error.decode("utf-8", "replace")


def encode_result(ident: msgspec.Raw, result: object) -> bytes:
    """The answer to a request that succeeded. Raises TypeError for a result that is not JSON."""
    return b"".join((b'{"id":', ident, b',"result":', _ENCODER.encode(result), b',"error":null}\n'))


def encode_error(ident: msgspec.Raw, text: str) -> bytes:
    """The answer to a request that failed; text is all that a client gets to read."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return b"".join((b'{"id":', ident, b',"result":null,"error":', _ENCODER.encode(text), b"}\n"))


# -- the unusual spelling ----------------------------------------------------------------------------------------------


def _read_members(frame: bytes) -> tuple[Request, Reply]:
    """The frame read member by member, without recursion: as a request, and as a reply."""
    request, reply = Request(), Reply()
    for name, value in _members(frame):
        if name == "method":
            request.method = _method(value)
        elif name == "params":
            request.params = msgspec.Raw(value)
        elif name == "id":
            request.id = reply.id = msgspec.Raw(value)
        elif name == "result":
            reply.result = msgspec.Raw(value)
        elif name == "error":
            reply.error = msgspec.Raw(value)
    return request, reply


def _sound(request: Request) -> Request:
    """The request, if its id can be given back as it came: MalformedError for octets that are no JSON."""
    ident = bytes(request.id)
    if not _PLAIN_ID.fullmatch(ident):
        try:
            json.loads(ident.decode())
        except (ValueError, RecursionError):
            raise MalformedError("an id that is no JSON") from None
    return request


def _method(value: bytes) -> str:
    if value == b"null":
        return ""
    if not value.startswith(b'"'):
        raise MalformedError("method is no string")
    return _text(value)


def _text(literal: bytes) -> str:
    """A JSON string's text; bytes and escapes that are no character are replaced, as Go does."""
    try:
        text: str = json.loads(literal.decode("utf-8", "replace"))
    except ValueError as fault:
        raise MalformedError(str(fault)) from None
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _members(frame: bytes) -> list[tuple[str, bytes]]:
    """The members of the object in frame: the name in lower case, and the bytes of the value."""
    found: list[tuple[str, bytes]] = []
    at = _skip_space(frame, 0)
    if frame[at : at + 1] != b"{":
        raise MalformedError("not an object")
    at = _skip_space(frame, at + 1)
    if frame[at : at + 1] == b"}":
        return found
    while True:
        key = _TEXT.match(frame, at)
        if key is None:
            raise MalformedError("member without a name")
        at = _skip_space(frame, key.end())
        if frame[at : at + 1] != b":":
            raise MalformedError("member without a value")
        start = _skip_space(frame, at + 1)
        end = _end_of_value(frame, start)
        found.append((_text(key.group()).casefold(), frame[start:end]))
        at = _skip_space(frame, end)
        if frame[at : at + 1] == b"}":
            return found
        if frame[at : at + 1] != b",":
            raise MalformedError("members not parted by a comma")
        at = _skip_space(frame, at + 1)


def _skip_space(frame: bytes, at: int) -> int:
    match = _SPACE.match(frame, at)
    return at if match is None else match.end()


def _end_of_value(frame: bytes, start: int) -> int:
    """One past the value that begins at start. A scalar is checked here, a list or object by whoever reads it."""
    first = frame[start : start + 1]
    if first == b'"':
        text = _TEXT.match(frame, start)
        if text is None:
            raise MalformedError("a string that does not end")
        return text.end()
    if first == b"{" or first == b"[":
        return _end_of_brackets(frame, start)
    scalar = _SCALAR.match(frame, start)
    if scalar is None:
        raise MalformedError("member without a value")
    try:
        msgspec.json.decode(scalar.group(), type=msgspec.Raw)
    except msgspec.MsgspecError as fault:
        raise MalformedError(str(fault)) from None
    return scalar.end()


def _end_of_brackets(frame: bytes, start: int) -> int:
    depth = 0
    for match in _BRACKET.finditer(frame, start):
        byte = frame[match.start()]
        if byte == 0x7B or byte == 0x5B:
            depth += 1
        elif byte != 0x22:
            depth -= 1
            if depth == 0:
                return match.end()
    raise MalformedError("brackets that do not close")


def depth_of(text: bytes) -> int:
    """How many lists and objects of a JSON text lie inside each other at its deepest place."""
    deepest = depth = 0
    for match in _BRACKET.finditer(text):
        byte = text[match.start()]
        if byte == 0x7B or byte == 0x5B:
            depth += 1
            deepest = max(deepest, depth)
        elif byte != 0x22:
            depth -= 1
    return deepest
