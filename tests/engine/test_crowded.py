"""A journal in which too much waits: a step is refused before it has begun, or all of it is taken."""

from __future__ import annotations

import asyncio

import pytest

from engine.commands import PutItem, SetAccount
from engine.door import Engine
from engine.errors import StorageUnavailable
from engine.options import EngineOptions, SessionOptions
from engine.rating.book import Destination
from engine.rating.call import RatingOptions
from engine.storage.memory.storage import MemoryStorage
from engine.tariffplan.load import LOADED_KINDS
from tests.engine.house import seeded
from tests.site import NOW


def opened(storage: MemoryStorage) -> Engine:
    options = EngineOptions(RatingOptions(exact=True, rounding_decimals=5), {}, SessionOptions())
    engine = Engine(options, storage, LOADED_KINDS, seeded(1))
    engine.recover(NOW)
    storage.start(asyncio.get_running_loop())
    return engine


def names(engine: Engine) -> list[str]:
    return [one.id for one in engine.accounts.all()]


def test_what_was_let_in_is_taken_and_what_was_not_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.storage.memory.storage.JOURNAL_QUEUE_BYTES", 10_000)
    monkeypatch.setattr("engine.storage.memory.storage.JOURNAL_QUEUE_MOST_BYTES", 20_000)
    big = PutItem("destination", "D", Destination("D", tuple(f"{number:05}" for number in range(4_000))))

    async def scene() -> None:
        storage = MemoryStorage(automatic=False)
        engine = opened(storage)
        engine.step(SetAccount("t:a"), NOW)
        engine.step(big, NOW)  # far beyond the bound
        with pytest.raises(StorageUnavailable):
            engine.step(SetAccount("t:b"), NOW)
        await asyncio.sleep(0)
        with pytest.raises(StorageUnavailable):
            engine.step(SetAccount("t:c"), NOW)
        assert names(engine) == ["t:a"]
        assert storage.commit()
        engine.step(SetAccount("t:d"), NOW)
        assert storage.commit()
        assert names(opened(MemoryStorage(storage.crash()))) == names(engine) == ["t:a", "t:d"]

    asyncio.run(scene())
