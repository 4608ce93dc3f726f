"""The filter indexes, shown, computed and dropped, and the health of indexes.

The engine makes its indexes of the profiles, destinations and plans that it holds, and brings each change in before the next event. None
can be missing or point to something that is gone, which is what the health methods look for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.commands import ComputeIndexes, DropIndexes, ListIndexes, Together
from engine.errors import mandatory_missing, not_found, server_error
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.paging import page
from gateway.api.shapes import shape
from gateway.api.table import Handler, Method, method

_LIMITS: Final = "{0}CacheLimit int; {0}CacheTTL time.Duration; {0}CacheStaticTTL bool;"
_THREE: Final = shape("engine.IndexHealthArgsWith3Ch", "".join(_LIMITS.format(name) for name in ("Index", "Object", "Filter")).rstrip(";"))
_TWO: Final = shape("engine.IndexHealthArgsWith2Ch", "".join(_LIMITS.format(name) for name in ("Object", "Index")).rstrip(";"))
_INDEXES: Final = shape(
    "v1.AttrGetFilterIndexes",
    "Tenant string; Context string; ItemType string; FilterType string; FilterField string; FilterValue string;"
    "Limit *int; Offset *int; APIOpts map[string]any",
)
_REMOVE: Final = shape("v1.AttrRemFilterIndexes", "Tenant string; Context string; ItemType string; APIOpts map[string]any")
_NOUNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Attribute": "attribute_profile",
        "Resource": "resource_profile",
        "Stat": "stat_queue_profile",
        "Route": "route_profile",
        "Threshold": "threshold_profile",
        "Charger": "charger_profile",
        "Dispatcher": "dispatcher_profile",
    }
)
_COMPUTE: Final = shape(
    "utils.ArgsComputeFilterIndexes",
    "Tenant string; Context string; " + "; ".join(f"{noun}S bool" for noun in _NOUNS) + "; APIOpts map[string]any",
)
_COMPUTE_IDS: Final = shape(
    "utils.ArgsComputeFilterIndexIDs",
    "Tenant string; Context string; " + "; ".join(f"{noun}IDs []string" for noun in _NOUNS) + "; APIOpts map[string]any",
)
_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "*attributes": "attribute_profile",
        "*resources": "resource_profile",
        "*stats": "stat_queue_profile",
        "*routes": "route_profile",
        "*thresholds": "threshold_profile",
        "*chargers": "charger_profile",
        "*dispatchers": "dispatcher_profile",
        "*ips": "ip_profile",
    }
)
_WITH_CONTEXT: Final = frozenset({"*attributes", "*dispatchers"})


# -- health --------------------------------------------------------------------------------------------------------------


def _sound(*names: str) -> Handler:
    def answer(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
        return {name: [] if name == "MissingObjects" else {} for name in names}

    return answer


# -- filter indexes ------------------------------------------------------------------------------------------------------


def _place(api: Api, args: Args) -> tuple[str, str, str]:
    """Kind, tenant and context of the indexes that are meant."""
    item_type = args.text("ItemType")
    if item_type not in _KINDS:
        raise server_error(f"unsupported item type: <{item_type}>")
    if item_type not in _WITH_CONTEXT:
        return _KINDS[item_type], api.tenant(args.text("Tenant")), ""
    if not args.text("Context"):
        raise mandatory_missing("Context")
    return _KINDS[item_type], api.tenant(args.text("Tenant")), args.text("Context")


def _get(api: Api, args: Args) -> object:
    """`type:field:value:id` of each; a field counts where a type is named too, a value where a field is."""
    found = api.step(ListIndexes(*_place(api, args)))
    assert isinstance(found, list), "indexes are listed as a list"
    wanted: list[str] = []
    for name in ("FilterType", "FilterField", "FilterValue"):
        if not args.text(name):
            break
        wanted.append(args.text(name))
    shown = [":".join([*(part for part in key if part), id]) for key, id in found if list(key[: len(wanted)]) == wanted]
    if not shown:
        raise not_found()
    return page(shown, args.integer_or_none("Limit"), args.integer_or_none("Offset"))


def _drop(api: Api, args: Args) -> object:
    api.step(DropIndexes(*_place(api, args)))
    return "OK"


def _compute(api: Api, args: Args) -> object:
    tenant = api.tenant(args.text("Tenant"))
    kinds = [kind for noun, kind in _NOUNS.items() if args.flag(f"{noun}S")]
    api.step(Together([ComputeIndexes(kind, tenant, args.text("Context")) for kind in kinds]))
    return "OK"


def _compute_ids(api: Api, args: Args) -> object:
    tenant = api.tenant(args.text("Tenant"))
    wanted = [(kind, ids) for noun, kind in _NOUNS.items() if (ids := args.texts(f"{noun}IDs"))]
    api.step(Together([ComputeIndexes(kind, tenant, args.text("Context"), list(ids)) for kind, ids in wanted]))
    return "OK"


def _health() -> tuple[Method, ...]:
    return tuple(
        method(f"APIerSv1.Get{noun}sIndexesHealth", _THREE, _sound("MissingObjects", "MissingIndexes", "BrokenIndexes", "MissingFilters"))
        for noun in _NOUNS
    )


METHODS: Final = (
    *_health(),
    method("APIerSv1.GetReverseFilterHealth", _THREE, _sound()),
    method("APIerSv1.GetReverseDestinationsIndexHealth", _TWO, _sound("MissingReverseDestinations", "BrokenReferences")),
    method("APIerSv1.GetAccountActionPlansIndexHealth", _TWO, _sound("MissingAccountActionPlans", "BrokenReferences")),
    method("APIerSv1.GetFilterIndexes", _INDEXES, _get, "ItemType"),
    method("APIerSv1.RemoveFilterIndexes", _REMOVE, _drop, "ItemType"),
    method("APIerSv1.ComputeFilterIndexes", _COMPUTE, _compute),
    method("APIerSv1.ComputeFilterIndexIDs", _COMPUTE_IDS, _compute_ids),
)
