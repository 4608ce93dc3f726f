"""A real engine behind the API, for the methods of the policy rooms."""

from __future__ import annotations

import asyncio

from engine.door import Engine
from engine.options import EngineOptions, SessionOptions
from engine.rating.call import RatingOptions
from engine.storage.memory.storage import MemoryStorage
from engine.tariffplan.load import LOADED_KINDS
from gateway.api.context import Api, ApiOptions
from tests.engine.house import seeded
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import ALL_SECTIONS, NOW


def policy_engine() -> Engine:
    """An engine with nothing in it."""
    storage = MemoryStorage(automatic=False)
    engine = Engine(EngineOptions(RatingOptions(exact=True), {}, SessionOptions()), storage, LOADED_KINDS, seeded(1))
    engine.recover(NOW)
    loop = asyncio.new_event_loop()  # nothing runs on it: commits are not awaited here
    storage.start(loop)
    loop.close()
    return engine


def policy_caller() -> Caller:
    """One client of such an engine."""
    return Caller(Api(policy_engine(), ApiOptions(ALL_SECTIONS, "test", default_timezone="UTC"), lambda: NOW))
