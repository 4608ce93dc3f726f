"""From the bytes of a request's params to the arguments of its method."""

from __future__ import annotations

import json
from typing import Final

import msgspec

from engine.errors import RequestError
from gateway.api.args import Args, is_zero
from gateway.api.gotypes import GoType, Literal, Pairs, Struct, Unexpected, WrongTypes, kind_of, read_decimal
from gateway.api.instants import InstantError
from gateway.protocols.jsonrpc.envelope import MalformedError, depth_of
from gateway.protocols.jsonrpc.limits import MAX_DEPTH

_DECODER: Final = msgspec.json.Decoder(float_hook=read_decimal)


def read_arguments(kind: GoType, params: bytes) -> Args:
    """The first element of params as the method's argument type wants it; what is no struct is the field Arg.

    Raises RequestError with the text that Go's decoder would give, MalformedError where params are no JSON at all.
    """
    if params == b"[{}]" and isinstance(kind, Struct):
        return Args(kind.zeros)
    try:
        value = _DECODER.decode(params)
        if type(value) is not list:
            raise Unexpected
        found = kind.fast(value[0]) if value and value[0] is not None else kind.zero()
    except (Unexpected, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = _read_closely(kind, params)
    except InstantError as fault:
        raise RequestError(str(fault)) from None
    return found if isinstance(found, Args) else Args(Arg=found)


def _read_closely(kind: GoType, params: bytes) -> object:
    if depth_of(params) > MAX_DEPTH:
        raise RequestError(f"json: exceeded max depth of {MAX_DEPTH}")
    value = _decode_pairs(params)
    if value is None:
        raise RequestError("jsonrpc: request body missing params")
    if not isinstance(value, list) or isinstance(value, Pairs):
        raise RequestError(f"json: cannot unmarshal {kind_of(value)} into Go value of type [1]interface {{}}")
    if not value or value[0] is None:
        return kind.zero()
    wrong = WrongTypes()
    try:
        found = kind.slow(value[0], wrong)
    except InstantError as fault:
        raise RequestError(str(fault)) from None
    if wrong.complaint:
        raise RequestError(wrong.complaint)
    return found


def _decode_pairs(params: bytes) -> object:
    """JSON with duplicate members and number literals kept. Bytes and escapes that are no character become U+FFFD."""
    text = params.decode("utf-8", "replace")
    try:
        return _clean_value(_CLOSE_DECODER.decode(text.strip(" \t\r\n")))
    except (ValueError, RecursionError) as fault:
        raise MalformedError(str(fault)) from None


def _pairs(members: list[tuple[str, object]]) -> Pairs:
    return Pairs((_clean(key), _clean_value(value)) for key, value in members)


def _clean_value(value: object) -> object:
    if type(value) is str:
        return _clean(value)
    if type(value) is list:
        return [_clean_value(item) for item in value]
    return value


def _clean(text: str) -> str:
    """Text without lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_CLOSE_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=Literal, parse_float=Literal, parse_constant=_refuse, strict=True
)


class Mandatory:
    """Fields that a method cannot do without: groups, looked at one after the other; the first with a gap is the answer.

    Written as text: "ID Event" is one group, "ID; Event" are two.
    """

    __slots__ = ("groups",)

    def __init__(self, text: str = "") -> None:
        self.groups = tuple(tuple(group.split()) for group in text.split(";") if group.strip())

    def check(self, args: Args) -> None:
        """Raises MANDATORY_IE_MISSING with the names that are missing. Text is taken without the white space around it."""
        for group in self.groups:
            missing = []
            for name in group:
                value = args[name]
                if type(value) is str:
                    args[name] = value.strip()
                if is_zero(value):
                    missing.append(name)
            if missing:
                raise RequestError(f"MANDATORY_IE_MISSING: [{' '.join(missing)}]")
