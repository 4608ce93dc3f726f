"""A kind of operator-written data: its name, its struct, and how it is stored. One row per kind, gathered by the door."""

from __future__ import annotations

from typing import Any, Final

import msgspec


class Kind:
    """A row: items of `type` (a msgspec Struct, or plain JSON data when it is None) stored under `name` by an id.

    Ids of kinds that belong to a tenant are `<tenant>:<id>`.
    """

    name: str
    type: Any
    tenant: bool
    _decoder: Any

    def __init__(self, name: str, type_: Any, *, tenant: bool) -> None:
        self.name = name
        self.type = type_
        self.tenant = tenant
        self._decoder = msgspec.msgpack.Decoder(Any if type_ is None else type_)

    def encode(self, item: object) -> bytes:
        """The item as bytes. msgpack's integers have 64 bits: an item with a larger one is JSON behind an octet that begins no msgpack."""
        try:
            return _ENCODER.encode(item)
        except OverflowError:
            return _WIDE + _JSON_ENCODER.encode(item)

    def decode(self, body: bytes) -> object:
        if body[:1] == _WIDE:
            return msgspec.json.decode(body[1:], type=Any if self.type is None else self.type)
        item: object = self._decoder.decode(body)
        return item


_ENCODER: Final = msgspec.msgpack.Encoder(decimal_format="string")
_JSON_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")
_WIDE: Final = b"\xc1"  # never used in msgpack
