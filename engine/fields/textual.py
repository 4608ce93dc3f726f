"""Converters of text, times, addresses and numbers of telephones."""

from __future__ import annotations

import ipaddress
import json
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from engine.fields.converter import Converter
from engine.fields.golayout import RFC3339, read_time, write_time
from engine.fields.values import json_text, moment_of, value_octets, value_text
from engine.fields.view import View
from engine.times import SECOND, UTC_ZONE, Zone, zone_of

E164_DOMAIN: Final = ".e164.arpa"
_STATUS: Final = {"UP": 1, "DOWN": -1}


def as_json(value: object) -> object:
    """JSON of the value."""
    return json_text(value)


def length(value: object) -> object:
    """Of a list or map its members, of anything else the octets of its text."""
    if isinstance(value, dict | list | tuple):
        return len(value)
    return len(value_octets(value))


def as_list(value: object) -> object:
    """A list; text that is a JSON list becomes one, any other value the only member of one."""
    if isinstance(value, list | tuple):
        return value
    text = value_text(value)
    if text.startswith("[") and text.endswith("]"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list):
            return found
    return [text]


def ip_to_hex(value: object) -> object:
    """`0x` and the octets of an address; empty for what is none."""
    try:
        return "0x" + ipaddress.ip_address(value_text(value)).packed.hex()
    except ValueError:
        return ""


def text_to_hex(value: object) -> object:
    """`0x` and the octets of a text."""
    return "0x" + value_octets(value).hex()


def connection_status(value: object) -> object:
    """1 for UP, -1 for DOWN."""
    text = value_text(value)
    if text not in _STATUS:
        raise ValueError(f"unsupported connection status: <{text}>")
    return _STATUS[text]


def url_encode(value: object) -> object:
    """As part of a query: spaces as `+`, octets as `%XX`."""
    return quote_plus(value_octets(value))


def url_decode(value: object) -> object:
    """The reverse of it."""
    return unquote_plus(value_text(value))


def e164_number(value: object) -> object:
    """The number that an ENUM name asks for: `8.1.9.4.e164.arpa.` is 4918 (RFC 6116, section 2)."""
    name = value_text(value)
    end = name.find(E164_DOMAIN)
    if end < 0:
        raise ValueError("unknown format")
    return name[:end].replace(".", "")[::-1]


def e164_domain(value: object) -> object:
    """What follows the digits in an ENUM name, without the dot at its end."""
    labels = value_text(value).removesuffix(".").split(".")
    for position, label in enumerate(labels):
        if not label.isdecimal():
            return ".".join(labels[position:])
    raise ValueError("unknown format")


class UnixTime(Converter):
    """`*unixtime`: a time as seconds since 1970."""

    def __init__(self, _parameters: str) -> None:
        pass

    def convert(self, value: object, view: View) -> object:
        return moment_of(value, view.zone, view.now_ns).ns // SECOND


class WriteTime(Converter):
    """`*timestring[:zone[:layout]]`: a time on a local clock (that of the house), in a layout (`2006-01-02 15:04:05`)."""

    zone: Zone | None
    layout: str

    def __init__(self, parameters: str) -> None:
        name, _, layout = parameters.partition(":")
        self.zone = zone_of(name) if name else None
        self.layout = layout or "2006-01-02 15:04:05"

    def convert(self, value: object, view: View) -> object:
        moment = moment_of(value, self.zone or view.zone, view.now_ns)
        return write_time(moment.ns, self.zone or view.zone, self.layout)


class ReadTime(Converter):
    """`*datetime:layout`: a time that was written in this layout."""

    layout: str

    def __init__(self, parameters: str) -> None:
        self.layout = parameters or RFC3339

    def convert(self, value: object, view: View) -> object:
        text = value_text(value)
        try:
            return read_time(text, self.layout, UTC_ZONE)
        except ValueError as error:
            raise ValueError(f'*datetime converter: parsing failed for value "{text}" with layout "{self.layout}": {error}') from None


class Strip(Converter):
    """`*strip:*prefix|*suffix|*both:` and then `*char:text[:n]`, `*nil[:n]`, `*space[:n]` or a count of characters.

    n is how often the text is taken off; without n until it is gone."""

    side: str
    what: str
    times: int  # -1: all

    def __init__(self, parameters: str) -> None:
        side, _, rest = parameters.partition(":")
        if side not in ("*prefix", "*suffix", "*both"):
            raise ValueError(f"strip converter: unknown side <{side}>")
        kind, _, more = rest.partition(":")
        self.side = side
        self.what = ""
        if kind == "*char":
            self.what, _, more = more.partition(":")
            if not self.what:
                raise ValueError("strip converter: no characters to strip")
        elif kind == "*nil":
            self.what = "\0"
        elif kind == "*space":
            self.what = " "
        else:
            more = kind
        self.times = _count(more) if more or not self.what else -1

    def convert(self, value: object, view: View) -> object:
        text = value_text(value)
        start, end = 0, len(text)
        if not self.what:
            start = 0 if self.side == "*suffix" else min(self.times, end)
            return text[start : end if self.side == "*prefix" else max(end - self.times, start)]
        size = len(self.what)
        left = 0 if self.side == "*suffix" else self.times
        while left != 0 and text.startswith(self.what, start):
            start += size
            left -= 1
        left = 0 if self.side == "*prefix" else self.times
        while left != 0 and text.endswith(self.what, start, end):
            end -= size
            left -= 1
        return text[start:end]


def _count(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and len(text) < 10):
        raise ValueError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


# -- SIP -----------------------------------------------------------------------------------------------------------------


def sip_user(value: object) -> object:
    """The user of a SIP address; empty where it has none."""
    user, _ = _sip_parts(value_text(value))
    return user


def sip_host(value: object) -> object:
    """The host of a SIP address."""
    _, host = _sip_parts(value_text(value))
    return host


def sip_method(value: object) -> object:
    """The first word of a request line (RFC 3261, section 7.1)."""
    return value_text(value).partition(" ")[0]


def _sip_parts(text: str) -> tuple[str, str]:
    """User and host of the address in a URI, a name-addr or a request line (RFC 3261, sections 19.1 and 20.10)."""
    start = text.find("sip:")
    if start < 0:
        start = text.find("sips:")
    if start >= 0:
        text = text[text.find(":", start) + 1 :]
    for end in "> ;?":
        text = text.partition(end)[0]
    user, at, host = text.rpartition("@")
    if not at:
        user, host = "", text
    user = user.partition(":")[0]
    if host.startswith("["):
        return user, host.partition("]")[0] + "]"
    return user, host.partition(":")[0]
