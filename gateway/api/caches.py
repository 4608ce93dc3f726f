"""CacheSv1: the partitions of the cache, for clients and for replicating peers."""

from __future__ import annotations

from typing import Final

from engine.errors import RequestError, not_found
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.partitions import PARTITIONS, expiry_text
from gateway.api.shapes import shape
from gateway.api.table import method

_COMMON: Final = "Tenant string; APIOpts map[string]any;"
_ITEM: Final = shape("utils.ArgsGetCacheItemWithAPIOpts", f"{_COMMON} CacheID string; ItemID string")
_ITEM_IDS: Final = shape("utils.ArgsGetCacheItemIDsWithAPIOpts", f"{_COMMON} CacheID string; ItemIDPrefix string")
_GROUP: Final = shape("utils.ArgsGetGroupWithAPIOpts", f"{_COMMON} CacheID string; GroupID string")
_PARTITIONS: Final = shape("utils.AttrCacheIDsWithAPIOpts", f"{_COMMON} CacheIDs []string")
_RELOAD: Final = shape("utils.AttrReloadCacheWithAPIOpts", _COMMON)
_SET: Final = shape("utils.ArgCacheReplicateSet", f"{_COMMON} CacheID string; ItemID string; Value any; GroupIDs []string")
_REMOVE: Final = shape("utils.ArgCacheReplicateRemove", f"{_COMMON} CacheID string; ItemID string")


def _replicate_set(api: Api, args: Args) -> object:
    api.caches.put(args.text("CacheID"), args.text("ItemID"), args["Value"], args.texts("GroupIDs") or (), api.now())
    return "OK"


def _remove_item(api: Api, args: Args) -> object:
    api.caches.remove(args.text("CacheID"), args.text("ItemID"))
    return "OK"


def _has_item(api: Api, args: Args) -> object:
    return api.caches.get(args.text("CacheID"), args.text("ItemID"), api.now()) is not None


def _get_item(api: Api, args: Args) -> object:
    item = api.caches.get(args.text("CacheID"), args.text("ItemID"), api.now())
    if item is None:
        raise not_found()
    return item.value


def _get_item_expiry(api: Api, args: Args) -> object:
    item = api.caches.get(args.text("CacheID"), args.text("ItemID"), api.now())
    if item is None:
        raise not_found()
    return expiry_text(item)


def _get_item_ids(api: Api, args: Args) -> object:
    prefix = args.text("ItemIDPrefix")
    found = [item_id for item_id in api.caches.alive(args.text("CacheID"), api.now()) if item_id.startswith(prefix)]
    if not found:
        raise not_found()
    return found


def _has_group(api: Api, args: Args) -> object:
    return bool(api.caches.group(args.text("CacheID"), args.text("GroupID"), api.now()))


def _get_group(api: Api, args: Args) -> object:
    found = api.caches.group(args.text("CacheID"), args.text("GroupID"), api.now())
    if not found:
        raise not_found()
    return found


def _remove_group(api: Api, args: Args) -> object:
    for item_id in api.caches.group(args.text("CacheID"), args.text("GroupID"), api.now()):
        api.caches.remove(args.text("CacheID"), item_id)
    return "OK"


def _asked(api: Api, args: Args) -> list[str]:
    """The partitions that a request names; all of them where it names none."""
    return args.texts("CacheIDs") or api.caches.names()


def _clear(api: Api, args: Args) -> object:
    for partition in _asked(api, args):
        api.caches.clear(partition)
    return "OK"


def _statistics(api: Api, args: Args) -> dict[str, object]:
    found: dict[str, object] = {}
    for partition in _asked(api, args):
        items = api.caches.alive(partition, api.now())
        groups = frozenset(group for item in items.values() for group in item.groups)
        found[partition] = {"Items": len(items), "Groups": len(groups)}
    return found


def _get_stats(api: Api, args: Args) -> object:
    return {"CacheStatistics": _statistics(api, args), "Metadata": {"node_id": api.options.node_id}}


def _precache_status(api: Api, args: Args) -> object:
    asked = _asked(api, args)
    unknown = [partition for partition in asked if partition not in PARTITIONS]
    if unknown:
        raise RequestError(f"unknown cacheID: {unknown[0]}")
    return dict.fromkeys(asked, "*ready")


def _nothing_to_do(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    """The engine reads profiles, tariffs and accounts from nowhere else: there is nothing to load, reload or drop."""
    return "OK"


METHODS: Final = (
    method("CacheSv1.Clear", _PARTITIONS, _clear),
    method("CacheSv1.GetCacheStats", _PARTITIONS, _statistics),
    method("CacheSv1.GetGroupItemIDs", _GROUP, _get_group),
    method("CacheSv1.GetItem", _ITEM, _get_item),
    method("CacheSv1.GetItemExpiryTime", _ITEM, _get_item_expiry),
    method("CacheSv1.GetItemIDs", _ITEM_IDS, _get_item_ids),
    method("CacheSv1.GetItemWithRemote", _ITEM, _get_item),
    method("CacheSv1.GetStats", _PARTITIONS, _get_stats),
    method("CacheSv1.HasGroup", _GROUP, _has_group),
    method("CacheSv1.HasItem", _ITEM, _has_item),
    method("CacheSv1.LoadCache", _RELOAD, _nothing_to_do),
    method("CacheSv1.PrecacheStatus", _PARTITIONS, _precache_status),
    method("CacheSv1.ReloadCache", _RELOAD, _nothing_to_do),
    method("CacheSv1.RemoveGroup", _GROUP, _remove_group),
    method("CacheSv1.RemoveItem", _ITEM, _remove_item),
    method("CacheSv1.RemoveItems", _RELOAD, _nothing_to_do),
    method("CacheSv1.ReplicateRemove", _REMOVE, _remove_item),
    method("CacheSv1.ReplicateSet", _SET, _replicate_set),
)
