"""Converters of values, `{*duration_seconds&*round:2}`: one row each, made ready when the template is loaded.

A row makes a converter from what stands behind its name; it raises ValueError, in CGRateS's words, for what it cannot use.
Converters pass values on: durations, times and exact numbers keep their kind until the last of them is written as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.fields import location, numeric, telephone, textual
from engine.fields.converter import Converter, Make, plain
from engine.limits import MAX_CONVERTERS

CONVERTERS: Final[Mapping[str, Make]] = MappingProxyType(
    {
        "*duration_seconds": plain(numeric.seconds),
        "*duration_minutes": plain(numeric.minutes),
        "*duration_nanoseconds": plain(numeric.nanoseconds),
        "*duration": plain(numeric.duration),
        "*durfmt": numeric.FormatDuration,
        "*round": numeric.Round,
        "*multiply": numeric.Multiply,
        "*divide": numeric.Divide,
        "*float64": plain(numeric.float64),
        "*gigawords": plain(numeric.gigawords),
        "*random": numeric.Random,
        "*json": plain(textual.as_json),
        "*len": plain(textual.length),
        "*slice": plain(textual.as_list),
        "*ip2hex": plain(textual.ip_to_hex),
        "*string2hex": plain(textual.text_to_hex),
        "*conn_status": plain(textual.connection_status),
        "*urlencode": plain(textual.url_encode),
        "*urldecode": plain(textual.url_decode),
        "*strip": textual.Strip,
        "*e164": plain(textual.e164_number),
        "*e164Domain": plain(textual.e164_domain),
        "*sipuri_user": plain(textual.sip_user),
        "*sipuri_host": plain(textual.sip_host),
        "*sipuri_method": plain(textual.sip_method),
        "*unixtime": textual.UnixTime,
        "*timestring": textual.WriteTime,
        "*datetime": textual.ReadTime,
        "*libphonenumber": telephone.PhoneNumber,
        "*3gpp_uli": location.Location,
    }
)


def converter_of(text: str) -> Converter:
    """The converter that `*name[:parameters]` names. ValueError in CGRateS's words when there is none, or none with these."""
    name, _, parameters = text.partition(":")
    make = CONVERTERS.get(name)
    if make is None:
        raise ValueError(f"invalid converter value in string: <{text}>, err: unsupported converter definition: <{text}>")
    try:
        return make(parameters)
    except ValueError as error:
        raise ValueError(f"invalid converter value in string: <{text}>, err: {error}") from None


def converters_of(text: str) -> list[Converter]:
    """A chain of converters, joined by `&`."""
    parts = text.split("&")
    if len(parts) > MAX_CONVERTERS:
        raise ValueError(f"more than {MAX_CONVERTERS} converters of one value")
    return [converter_of(part) for part in parts]
