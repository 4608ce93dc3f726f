"""The argument of a cost query, read straight into what it needs. Not compiled: mypyc drops the keywords of a class statement."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.api.arguments import read_arguments
from gateway.api.shapes import shape

COST_QUERY: Final = shape(
    "v1.AttrGetCost",
    "Tenant string; Category string; Subject string; AnswerTime string; Destination string; Usage string; APIOpts map[string]any",
)


class CostQuery(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The fields of COST_QUERY that say something; a missing one is empty."""

    Tenant: str = ""
    Category: str = ""
    Subject: str = ""
    AnswerTime: str = ""
    Destination: str = ""
    Usage: str = ""


_DECODER: Final = msgspec.json.Decoder(tuple[CostQuery])


def read_cost_query(params: bytes) -> CostQuery:
    """The usual spelling by one typed decoder; what that refuses as Go's decoder reads it. Raises as `read_arguments` does."""
    try:
        return _DECODER.decode(params)[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        args = read_arguments(COST_QUERY, params)
        return CostQuery(*[args.text(name) for name in CostQuery.__struct_fields__])
