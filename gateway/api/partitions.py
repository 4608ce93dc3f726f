"""What CacheSv1 keeps: named partitions of items that clients and peers put there.

Profiles, tariffs and accounts never enter a partition: the engine holds them itself and reads them from nowhere else, so reloading,
loading or clearing a partition has nothing to do for them and says OK. What ReplicateSet puts (as a peer's `*uch` items) stays
until it is removed, expires, or the partition is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from engine.times import UTC_ZONE, ZERO_TIME, format_time
from gateway.api.limits import MAX_CACHE_ITEMS

_NAMES: Final = """
*destinations *reverse_destinations *rating_plans *rating_profiles *actions *action_plans *account_action_plans *action_triggers
*shared_groups *timings *resource_profiles *resources *ip_profiles *ip_allocations *trend_profiles *trends *ranking_profiles
*rankings *statqueue_profiles *statqueues *threshold_profiles *thresholds *filters *route_profiles *attribute_profiles
*charger_profiles *dispatcher_profiles *dispatcher_hosts *load_ids *event_resources *event_ips *resource_filter_indexes
*ip_filter_indexes *stat_filter_indexes *threshold_filter_indexes *route_filter_indexes *attribute_filter_indexes
*charger_filter_indexes *dispatcher_filter_indexes *reverse_filter_indexes *dispatcher_routes *dispatcher_loads *dispatchers
*diameter_messages *radius_packets *rpc_responses *closed_sessions *event_charges *cdr_ids *rpc_connections *uch *stir *apiban
*sentrypeer *caps_events *replication_hosts
"""
PARTITIONS: Final = frozenset(_NAMES.split())


class Item:
    """One cached value; expires_ns 0 means never."""

    __slots__ = ("expires_ns", "groups", "value")

    def __init__(self, value: object, groups: frozenset[str], expires_ns: int) -> None:
        self.value = value
        self.groups = groups
        self.expires_ns = expires_ns


class CachePartitions:
    """All partitions. An unknown one is empty and stays so."""

    def __init__(self, ttls_ns: Mapping[str, int]) -> None:
        self._ttls_ns = ttls_ns
        self._items: dict[str, dict[str, Item]] = {name: {} for name in sorted(PARTITIONS)}

    def names(self) -> list[str]:
        return list(self._items)

    def counts(self) -> dict[str, int]:
        """How many items each has, expired ones that nobody has looked at included."""
        return {name: len(items) for name, items in self._items.items()}

    def put(self, partition: str, item_id: str, value: object, groups: Iterable[str], now_ns: int) -> None:
        """Stores or replaces an item; its time to live begins. Nothing is stored in an unknown partition."""
        items = self._items.get(partition)
        if items is None:
            return
        items.pop(item_id, None)
        if len(items) >= MAX_CACHE_ITEMS:
            del items[next(iter(items))]
        ttl_ns = self._ttls_ns.get(partition, 0)
        items[item_id] = Item(value, frozenset(groups), now_ns + ttl_ns if ttl_ns > 0 else 0)

    def get(self, partition: str, item_id: str, now_ns: int) -> Item | None:
        items = self._items.get(partition, {})
        item = items.get(item_id)
        if item is not None and item.expires_ns and item.expires_ns <= now_ns:
            del items[item_id]
            return None
        return item

    def alive(self, partition: str, now_ns: int) -> dict[str, Item]:
        """The items of a partition that have not expired."""
        items = self._items.get(partition, {})
        for item_id in [item_id for item_id, item in items.items() if item.expires_ns and item.expires_ns <= now_ns]:
            del items[item_id]
        return items

    def remove(self, partition: str, item_id: str) -> None:
        self._items.get(partition, {}).pop(item_id, None)

    def clear(self, partition: str) -> None:
        self._items.get(partition, {}).clear()

    def group(self, partition: str, group_id: str, now_ns: int) -> list[str]:
        return [item_id for item_id, item in self.alive(partition, now_ns).items() if group_id in item.groups]


def expiry_text(item: Item) -> str:
    """When an item expires; the zero time for never."""
    return format_time(item.expires_ns or ZERO_TIME, UTC_ZONE)
