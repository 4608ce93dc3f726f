"""The health of indexes, and the filter index methods.

The engine compiles its indexes from the profiles, destinations and plans that it holds, whole, whenever one of them changes. None can
be missing or point to something that is gone, which is what the health methods look for.
"""

from __future__ import annotations

from typing import Final

from engine.errors import RequestError, mandatory_missing
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.shapes import shape
from gateway.api.table import Handler, Method, method

_LIMITS: Final = "{0}CacheLimit int; {0}CacheTTL time.Duration; {0}CacheStaticTTL bool;"
_THREE: Final = shape("engine.IndexHealthArgsWith3Ch", "".join(_LIMITS.format(name) for name in ("Index", "Object", "Filter")).rstrip(";"))
_TWO: Final = shape("engine.IndexHealthArgsWith2Ch", "".join(_LIMITS.format(name) for name in ("Object", "Index")).rstrip(";"))
_INDEXES: Final = shape(
    "v1.AttrFilterIndexes",
    "Tenant string; Context string; ItemType string; FilterType string; FilterField string; FilterValue string;"
    "Limit *int; Offset *int; APIOpts map[string]any",
)
_WITH_CONTEXT: Final = frozenset({"*attributes", "*dispatchers"})


def _sound(*names: str) -> Handler:
    def answer(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
        return {name: [] if name == "MissingObjects" else {} for name in names}

    return answer


def _unbuilt(name: str) -> Method:
    """Filter indexes are shown and dropped when the policy rooms that use them are built; which fields they need is known."""

    def answer(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
        if args.text("ItemType") in _WITH_CONTEXT and not args.text("Context"):
            raise mandatory_missing("Context")
        raise RequestError(f"NOT_IMPLEMENTED: {name}")

    return method(name, _INDEXES, answer, "ItemType")


_FILTERED: Final = ("Attributes", "Chargers", "Resources", "Stats", "Thresholds", "Routes", "Dispatchers")

METHODS: Final = (
    *(
        method(f"APIerSv1.Get{noun}IndexesHealth", _THREE, _sound("MissingObjects", "MissingIndexes", "BrokenIndexes", "MissingFilters"))
        for noun in _FILTERED
    ),
    method("APIerSv1.GetReverseFilterHealth", _THREE, _sound()),
    method("APIerSv1.GetReverseDestinationsIndexHealth", _TWO, _sound("MissingReverseDestinations", "BrokenReferences")),
    method("APIerSv1.GetAccountActionPlansIndexHealth", _TWO, _sound("MissingAccountActionPlans", "BrokenReferences")),
    _unbuilt("APIerSv1.GetFilterIndexes"),
    _unbuilt("APIerSv1.RemoveFilterIndexes"),
)
