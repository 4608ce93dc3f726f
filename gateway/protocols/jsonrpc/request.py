"""A request as the typed decoder reads it, and a reply to one of ours. Not compiled: mypyc drops the keywords of a class statement."""

from __future__ import annotations

from typing import Final

import msgspec

_NULL: Final = msgspec.Raw(b"null")


class Request(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One request; `params` and `id` are its own bytes, b"null" where the member is absent."""

    method: str = ""
    params: msgspec.Raw = _NULL
    id: msgspec.Raw = _NULL
    jsonrpc: msgspec.Raw = _NULL


class Reply(msgspec.Struct, gc=False):
    """What the other side answers; members are its own bytes, b"null" where one is absent."""

    id: msgspec.Raw = _NULL
    result: msgspec.Raw = _NULL
    error: msgspec.Raw = _NULL
