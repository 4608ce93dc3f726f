"""CacheSv1, CoreSv1, GuardianSv1, ServiceManagerV1, versions, and the health of indexes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable
from pathlib import Path

import pytest

from gateway.api.context import Api
from gateway.api.limits import MAX_CACHE_ITEMS, MAX_LOCK_REFERENCES
from gateway.api.locks import Locks
from gateway.api.partitions import PARTITIONS, CachePartitions
from gateway.protocols.jsonrpc.envelope import decode
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import NOW, fake_api

HOUR = 3_600 * 10**9


def put(call: Caller, item_id: str, value: object = 1, **more: object) -> None:
    assert call("CacheSv1.ReplicateSet", {"CacheID": "*uch", "ItemID": item_id, "Value": value, **more}) == "OK"


def test_an_item_is_put_read_and_removed() -> None:
    call, item = Caller(fake_api()), {"CacheID": "*uch", "ItemID": "a"}
    assert call("CacheSv1.HasItem", item) is False
    put(call, "a", {"A": [1.5]})
    assert call("CacheSv1.HasItem", item) is True
    for name in ("GetItem", "GetItemWithRemote"):
        assert call(f"CacheSv1.{name}", item) == {"A": [1.5]}
    for name in ("RemoveItem", "ReplicateRemove"):
        put(call, "a")
        assert call(f"CacheSv1.{name}", item) == "OK"
        assert call("CacheSv1.GetItem", item) == ("error", "NOT_FOUND")
    assert call("CacheSv1.GetItemExpiryTime", item) == ("error", "NOT_FOUND")


def test_lists_groups_and_counts() -> None:
    call, uch = Caller(fake_api()), {"CacheID": "*uch"}
    put(call, "a1", GroupIDs=["g"])
    put(call, "a2", GroupIDs=["g", "h"])
    put(call, "b")
    assert call("CacheSv1.GetItemIDs", uch | {"ItemIDPrefix": "a"}) == ["a1", "a2"]
    assert call("CacheSv1.GetItemIDs", uch | {"ItemIDPrefix": "c"}) == ("error", "NOT_FOUND")
    assert call("CacheSv1.GetItemIDs", {"CacheID": "*nowhere"}) == ("error", "NOT_FOUND")
    assert call("CacheSv1.HasGroup", uch | {"GroupID": "h"}) is True
    assert call("CacheSv1.GetGroupItemIDs", uch | {"GroupID": "g"}) == ["a1", "a2"]
    assert call("CacheSv1.GetCacheStats", {"CacheIDs": ["*uch", "*nowhere"]}) == {
        "*uch": {"Items": 3, "Groups": 2},
        "*nowhere": {"Items": 0, "Groups": 0},
    }
    assert call("CacheSv1.RemoveGroup", uch | {"GroupID": "h"}) == "OK"
    assert call("CacheSv1.HasGroup", uch | {"GroupID": "h"}) is False
    assert call("CacheSv1.GetGroupItemIDs", uch | {"GroupID": "h"}) == ("error", "NOT_FOUND")
    assert call("CacheSv1.Clear", {"CacheIDs": ["*nowhere"]}) == "OK"
    assert call("CacheSv1.GetStats", {"CacheIDs": ["*uch"]}) == {
        "CacheStatistics": {"*uch": {"Items": 2, "Groups": 1}},
        "Metadata": {"node_id": "recorder"},
    }
    assert call("CacheSv1.Clear", {}) == "OK"
    everything = call("CacheSv1.GetCacheStats", {})
    assert isinstance(everything, dict)
    assert everything == {name: {"Items": 0, "Groups": 0} for name in PARTITIONS}


def test_partitions_are_ready_and_profiles_never_enter_them() -> None:
    call = Caller(fake_api())
    assert call("CacheSv1.PrecacheStatus", {"CacheIDs": ["*uch"]}) == {"*uch": "*ready"}
    assert call("CacheSv1.PrecacheStatus", {"CacheIDs": ["*nowhere"]}) == ("error", "unknown cacheID: *nowhere")
    call("APIerSv1.SetChargerProfile", {"ID": "A"})
    for name in ("LoadCache", "ReloadCache", "RemoveItems"):
        assert call(f"CacheSv1.{name}", {"ChargerProfileIDs": ["cgrates.org:A"]}) == "OK"
    assert call("CacheSv1.HasItem", {"CacheID": "*charger_profiles", "ItemID": "cgrates.org:A"}) is False


def test_items_expire_with_their_partition() -> None:
    call = Caller(fake_api(cache_ttls_ns={"*uch": HOUR}))
    put(call, "a")
    assert call("CacheSv1.GetItemExpiryTime", {"CacheID": "*uch", "ItemID": "a"}) == "2027-01-15T09:00:00Z"
    caches = CachePartitions({"*uch": HOUR})
    caches.put("*uch", "a", 1, (), NOW)
    caches.put("*stir", "a", 1, (), NOW)
    assert caches.get("*uch", "a", NOW + HOUR - 1) is not None
    assert caches.get("*uch", "a", NOW + HOUR) is None
    caches.put("*uch", "a", 1, (), NOW)
    assert not caches.alive("*uch", NOW + HOUR)
    assert caches.get("*stir", "a", NOW + 1000 * HOUR) is not None


def test_a_full_partition_loses_its_oldest_item() -> None:
    caches = CachePartitions({})
    for number in range(MAX_CACHE_ITEMS + 1):
        caches.put("*uch", str(number), None, (), NOW)
    assert len(caches.alive("*uch", NOW)) == MAX_CACHE_ITEMS
    assert caches.get("*uch", "0", NOW) is None


# -- CoreSv1 -----------------------------------------------------------------------------------------------------------


def test_status_of_the_process() -> None:
    status = Caller(fake_api(started_ns=NOW))("CoreSv1.Status", {"Timezone": "Europe/Berlin"})
    assert isinstance(status, dict)
    assert status["pid"] == os.getpid()
    assert status["version"] == "test"
    assert status["node_id"] == "recorder"
    assert status["running_since"] == "Fri Jan 15 09:00:00 CET 2027"
    assert status["resident_memory"].endswith("MiB")


def test_a_time_zone_that_nobody_knows() -> None:
    for name in ("Mars/Base", "../etc/passwd", "\u0000"):
        assert Caller(fake_api())("CoreSv1.Status", {"Timezone": name}) == ("error", f"unknown time zone {name}")


def test_profiling_is_never_on() -> None:
    call = Caller(fake_api())
    assert call("CoreSv1.StopMemoryProfiling", {}) == ("error", "stop memory profiling: not started yet")
    assert call("CoreSv1.StartMemoryProfiling", {}) == ("error", "MANDATORY_IE_MISSING: [DirPath]")


async def slow(api: Api, method: str, params: object) -> object:
    """The result, or ("error", text), of a slow method."""
    answer = Caller(api).dispatcher.call(decode(json.dumps({"method": method, "params": [params], "id": 1}).encode()))
    assert isinstance(answer, Awaitable)
    found = json.loads((await answer)[0])
    return found["result"] if found["error"] is None else ("error", found["error"])


@pytest.mark.parametrize("duration", [0, 1, -5])
def test_sleep(duration: int) -> None:
    assert asyncio.run(slow(fake_api(), "CoreSv1.Sleep", {"Duration": duration})) == "OK"


# -- GuardianSv1 -------------------------------------------------------------------------------------------------------


def test_locks_are_held_until_they_are_given_back() -> None:
    async def main() -> None:
        api = fake_api()
        unlock = Caller(api)
        one = {"ReferenceID": "one", "LockIDs": ["b", "a", "b"], "Timeout": 0}
        assert await slow(api, "GuardianSv1.RemoteLock", one) == "one"
        assert await slow(api, "GuardianSv1.RemoteLock", one) == ""
        drawn = await slow(api, "GuardianSv1.RemoteLock", {"LockIDs": ["c"]})
        assert isinstance(drawn, str)
        assert len(drawn) == 36
        waiting = asyncio.ensure_future(slow(api, "GuardianSv1.RemoteLock", {"ReferenceID": "two", "LockIDs": ["a", "d"]}))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        assert unlock("GuardianSv1.RemoteUnlock", {"RefID": "one"}) == ["b", "a"]
        assert await waiting == "two"
        assert unlock("GuardianSv1.RemoteUnlock", {"RefID": "one"}) is None
        assert unlock("GuardianSv1.RemoteUnlock", {"RefID": "two"}) == ["a", "d"]

    asyncio.run(main())


def test_a_lock_goes_when_its_time_is_over_and_to_the_first_who_waits() -> None:
    async def main() -> None:
        locks = Locks()
        assert await locks.lock("one", ["a"], 1)
        order: list[str] = []

        async def take(reference: str) -> None:
            assert await locks.lock(reference, ["a"], 0)
            order.append(reference)
            locks.unlock(reference)

        await asyncio.wait_for(asyncio.gather(*(take(str(number)) for number in range(3))), 60)
        assert order == ["0", "1", "2"]

    asyncio.run(main())


def test_who_gives_up_waiting_holds_nothing() -> None:
    async def main() -> None:
        locks = Locks()
        assert await locks.lock("one", ["a"], 0)
        quitting = asyncio.ensure_future(locks.lock("two", ["A", "a"], 0))
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(locks.lock("three", ["A", "a"], 0))
        await asyncio.sleep(0)
        quitting.cancel()
        await asyncio.sleep(0)
        locks.unlock("one")
        assert await asyncio.wait_for(waiting, 60)

    asyncio.run(main())


def test_references_are_bounded() -> None:
    async def main() -> None:
        locks = Locks()
        for number in range(MAX_LOCK_REFERENCES):
            await locks.lock(str(number), [], 0)
        with pytest.raises(Exception, match="MAX_LOCKS_EXCEEDED"):
            await locks.lock("more", [], 0)

    asyncio.run(main())


# -- ServiceManagerV1, indexes ------------------------------------------------------------------------------


class Switch:
    """A scheduler that can be switched."""

    running = True

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


def test_the_scheduler_is_the_one_service_that_can_be_switched() -> None:
    api = fake_api()
    call = Caller(api)
    for name in ("ServiceStatus", "StartService", "StopService"):
        assert call(f"ServiceManagerV1.{name}", {"ServiceID": "*scheduler"}) == ("error", "UNSUPPORTED_SERVICE_ID")
    api.scheduler = Switch()
    assert call("ServiceManagerV1.ServiceStatus", {"ServiceID": "*scheduler"}) == "RUNNING"
    assert call("ServiceManagerV1.StopService", {"ServiceID": "*scheduler"}) == "OK"
    assert call("ServiceManagerV1.ServiceStatus", {"ServiceID": "*scheduler"}) == "STOPPED"
    assert call("ServiceManagerV1.StartService", {"ServiceID": "*scheduler"}) == "OK"
    assert api.scheduler.running
    for name in ("ServiceStatus", "StartService", "StopService"):
        assert call(f"ServiceManagerV1.{name}", {"ServiceID": "*stats"}) == ("error", "UNSUPPORTED_SERVICE_ID")


def test_health_of_indexes() -> None:
    call = Caller(fake_api())
    assert call("APIerSv1.GetChargersIndexesHealth", {"IndexCacheLimit": -1}) == {
        "MissingObjects": [],
        "MissingIndexes": {},
        "BrokenIndexes": {},
        "MissingFilters": {},
    }
    assert call("APIerSv1.GetReverseFilterHealth", {}) == {}
    assert call("APIerSv1.GetReverseDestinationsIndexHealth", {}) == {"MissingReverseDestinations": {}, "BrokenReferences": {}}
    assert call("APIerSv1.GetFilterIndexes", {}) == ("error", "MANDATORY_IE_MISSING: [ItemType]")
    assert call("APIerSv1.GetFilterIndexes", {"ItemType": "*attributes"}) == ("error", "MANDATORY_IE_MISSING: [Context]")
    assert call("APIerSv1.GetFilterIndexes", {"ItemType": "*chargers"}) == ("error", "NOT_FOUND")
    assert call("APIerSv1.GetFilterIndexes", {"ItemType": "*odd"}) == ("error", "SERVER_ERROR: unsupported item type: <*odd>")


def test_versions_are_those_of_the_reference_until_they_are_set() -> None:
    call = Caller(fake_api())
    first = call("APIerSv1.GetDataDBVersions", "")
    assert isinstance(first, dict)
    assert (first["Accounts"], first["TpTiming"], len(first)) == (3, 1, 47)
    assert call("APIerSv1.SetDataDBVersions", {"Versions": {"Accounts": 4, "Colour": 3}}) == "OK"
    assert call("APIerSv1.GetDataDBVersions", "Accounts") == first | {"Accounts": 4, "Colour": 3}
    assert call("APIerSv1.GetStorDBVersions", "") == first
    assert call("APIerSv1.SetStorDBVersions", {"Versions": {"Colour": 2}, "Overwrite": True}) == "OK"
    assert call("APIerSv1.GetStorDBVersions", "") == {"Colour": 2}
    assert call("APIerSv1.SetStorDBVersions", {}) == ("error", "MANDATORY_IE_MISSING: [Versions]")


def test_there_are_no_failed_posts(tmp_path: Path) -> None:
    call = Caller(fake_api())
    assert call("APIerSv1.ReplayFailedPosts", {"SourcePath": str(tmp_path)}) == "OK"
    (tmp_path / "post.gob").touch()
    assert call("APIerSv1.ReplayFailedPosts", {"SourcePath": str(tmp_path)}) == (
        "error",
        "NOT_IMPLEMENTED: APIerSv1.ReplayFailedPosts of another engine's files",
    )
