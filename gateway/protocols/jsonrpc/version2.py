"""JSON-RPC 2.0 (jsonrpc.org/specification): a body of one call or a batch, each made a request of the one table that answers.

By-name parameters are the method's one argument; by-position parameters are as in version 1, a list with that argument. Member names
count in their own letter case. What the table refuses is an error object: `message` is the text that version 1 would answer, `code` says
which sort of refusal it is.
"""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from gateway.protocols.jsonrpc.limits import MAX_BATCH
from gateway.protocols.jsonrpc.request import Request

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
REFUSED: Final = -32000  # the method's own answer: NOT_FOUND, EXISTS, a customer's refusal...

_CODES: Final = (
    ("rpc: can't find", METHOD_NOT_FOUND),
    ("rpc: service/method request ill-formed", METHOD_NOT_FOUND),
    ("NOT_IMPLEMENTED", METHOD_NOT_FOUND),
    ("json: ", INVALID_PARAMS),
    ("MANDATORY_IE_MISSING", INVALID_PARAMS),
    ("SERVER_ERROR: internal error", INTERNAL_ERROR),
)
"""By how the text begins; any other text is the method's own."""

_NULL: Final = msgspec.Raw(b"null")
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_SPACE: Final = re.compile(rb"[ \t\r\n]*")


class Call:
    """One call of a body: the request for the table, or in `fault` the answer to what is none. A notification is not answered."""

    request: Request
    notification: bool
    fault: bytes

    def __init__(self, request: Request, notification: bool, fault: bytes) -> None:
        self.request = request
        self.notification = notification
        self.fault = fault


def read_body(body: bytes) -> tuple[list[Call], bool]:
    """The calls of a body, and whether it is a batch: then the answers belong in a list. Bad input is a call with a fault."""
    start = _SPACE.match(body)
    at = 0 if start is None else start.end()
    try:
        if body[at : at + 1] != b"[":
            return [_read_call(body)], False
        texts = _LIST.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [_fault(PARSE_ERROR, "Parse error")], False
    if not texts:
        return [_fault(INVALID_REQUEST, "Invalid Request: an empty batch")], False
    if len(texts) > MAX_BATCH:
        return [_fault(INVALID_REQUEST, f"Invalid Request: more than {MAX_BATCH} calls in a batch")], False
    return [_read_call(bytes(text)) for text in texts], True


def _read_call(text: bytes) -> Call:
    """Raises MsgspecError and its like where the text is no JSON at all."""
    try:
        members = _MEMBERS.decode(text)
    except msgspec.ValidationError:
        return _fault(INVALID_REQUEST, "Invalid Request: not an object")
    ident = members.get("id")
    known = _NULL if ident is None or not _is_id(bytes(ident)) else ident
    wrong = _what_is_wrong(members)
    if wrong:
        return _fault(INVALID_REQUEST, f"Invalid Request: {wrong}", known)
    method: str = json.loads(bytes(members["method"]))
    return Call(Request(method=method, params=_params(members.get("params")), id=known), ident is None, b"")


def _what_is_wrong(members: dict[str, msgspec.Raw]) -> str:
    """Why an object is no call; empty when it is one."""
    if bytes(members.get("jsonrpc", _NULL)) != b'"2.0"':
        return "jsonrpc is not 2.0"
    if "id" in members and not _is_id(bytes(members["id"])):
        return "id is no text, number or null"
    if not bytes(members.get("method", _NULL)).startswith(b'"'):
        return "method is no text"
    if "params" in members and not bytes(members["params"]).startswith((b"{", b"[")):
        return "params is no list and no object"
    return ""


def _is_id(text: bytes) -> bool:
    return text == b"null" or text[:1] in b'"-0123456789'


def _params(given: msgspec.Raw | None) -> msgspec.Raw:
    """A version 1 list with the one argument."""
    if given is None:
        return msgspec.Raw(b"[null]")
    text = bytes(given)
    return msgspec.Raw(b"[" + text + b"]") if text.startswith(b"{") else given


def _fault(code: int, message: str, ident: msgspec.Raw = _NULL) -> Call:
    return Call(Request(), False, _error(ident, code, message))


def _error(ident: msgspec.Raw, code: int, message: str) -> bytes:
    if not message.isascii():
        message = message.encode("utf-8", "replace").decode()
    return b"".join((b'{"jsonrpc":"2.0","error":{"code":%d,"message":' % code, _ENCODER.encode(message), b'},"id":', bytes(ident), b"}"))


def code_of(text: str) -> int:
    """The code of a refusal by its text."""
    for beginning, code in _CODES:
        if text.startswith(beginning):
            return code
    return REFUSED


def encode_result(ident: msgspec.Raw, result: object) -> bytes:
    """The answer to a call that succeeded. Raises TypeError for a result that is not JSON."""
    return b"".join((b'{"jsonrpc":"2.0","result":', _ENCODER.encode(result), b',"id":', bytes(ident), b"}"))


def encode_error(ident: msgspec.Raw, text: str) -> bytes:
    """The answer to a call that was refused with this text."""
    return _error(ident, code_of(text), text)
