"""What a step asks of the outside lies in the journal until it was performed: a crash repeats it, never loses it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from engine.commands import RunActions, SetAccount
from engine.door import Engine
from engine.effects import (
    ActionsFailed,
    AskActiveSessions,
    AskSessions,
    DisconnectSession,
    Effect,
    LogAction,
    OutsideAction,
    PublishAccount,
    ReauthorizeSession,
    ReplicateSession,
    RestoreAccount,
    SessionEnded,
    WarnDisconnect,
    decode_effect,
    encode_effect,
    is_kept,
)
from engine.errors import RequestError, StorageUnavailable
from engine.options import EngineOptions, SessionOptions
from engine.rating.call import RatingOptions
from engine.storage.sqlite.storage import SqliteStorage
from engine.tariffplan.load import LOADED_KINDS
from tests.engine.house import seeded
from tests.engine.storage.drivers import run
from tests.site import NOW, Site, act

FIELDS: dict[str, object] = {"Usage": 10**20, "Cost": Decimal("0.10"), "Tags": ["a", {"b": None}], "On": True}
EFFECTS: tuple[Effect, ...] = (
    LogAction("t:a", "SET", "text"),
    PublishAccount("t:a"),
    OutsideAction("*http_post", "t:a", "SET", "url", FIELDS),
    OutsideAction("*mail_async", "t:a", "SET", "to"),
    RestoreAccount("t:a", "SET"),
    ActionsFailed("t:a", "SET", "trigger", "why"),
    DisconnectSession("client", "cgrid", "t", FIELDS, "SESSION_TIMEOUT", True),
    WarnDisconnect("client", "cgrid", "t", FIELDS),
    AskActiveSessions(5, 6),
    SessionEnded("cgrid", "t", "a", "why", "trouble"),
    ReplicateSession(("one", "two"), "cgrid", FIELDS),
    ReauthorizeSession("client", "cgrid", "t", b"\x00request"),
    AskSessions(True, "t:a", "SET", "t", ("*string:~*req.A:b",), 3, FIELDS, {}),
)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: type(effect).__name__)
def test_an_effect_comes_back_as_it_was_written(effect: Effect) -> None:
    back = decode_effect(encode_effect(effect))
    assert back == effect
    assert repr(back) == repr(effect)  # 0.10 is not 0.1


def test_what_the_state_asks_for_again_by_itself_is_not_kept() -> None:
    kept = [type(effect).__name__ for effect in EFFECTS if is_kept(effect)]
    assert kept == [
        type(effect).__name__ for effect in EFFECTS if not isinstance(effect, AskActiveSessions | ReplicateSession | ReauthorizeSession)
    ]
    assert not is_kept(DisconnectSession("client", "cgrid", "t", {}, "INSUFFICIENT_CREDIT", False))


class Hand(Site):
    """An engine whose effects are performed by hand."""

    def gather(self) -> None:
        self.storage.commit()

    def log(self, text: str) -> None:
        self.step(RunActions("", "test", (act("*log", extra=text),)))

    def taken(self) -> list[tuple[int, str]]:
        return [(effect_id, effect.text) for effect_id, effect in self.engine.take_effects() if isinstance(effect, LogAction)]


def texts(found: list[tuple[int, str]]) -> list[str]:
    return [text for _, text in found]


def test_what_was_not_performed_comes_again_after_a_crash_in_its_order() -> None:
    site = Hand()
    for text in ("one", "two", "three"):
        site.log(text)
    assert texts(site.taken()) == ["one", "two", "three"]
    assert site.taken() == []
    site.cut()
    assert texts(site.taken()) == ["one", "two", "three"]
    site.cut()
    found = site.taken()
    assert texts(found) == ["one", "two", "three"]
    site.engine.effect_done(found[1][0])
    site.cut()  # the journal has not learned it: it is repeated, not lost
    assert texts(site.taken()) == ["one", "two", "three"]
    site.engine.effect_done(found[1][0])
    assert site.engine.journal_done()
    site.storage.commit()
    site.cut()
    assert texts(site.taken()) == ["one", "three"]


def test_what_was_asked_by_a_step_that_is_not_durable_is_asked_by_nobody() -> None:
    site = Hand()
    site.log("one")
    site.engine.step(RunActions("", "test", (act("*log", extra="two"),)), NOW)
    assert texts(site.taken()) == ["one", "two"]
    site.cut()
    assert texts(site.taken()) == ["one"]


def test_the_next_step_tells_the_journal_what_is_done() -> None:
    site = Hand()
    site.log("one")
    ((effect_id, _),) = site.taken()
    site.engine.effect_done(effect_id)
    site.step(SetAccount("t:a"))
    ticket = site.engine.ticket
    assert site.engine.journal_done()
    assert site.engine.ticket == ticket
    site.cut()
    assert site.taken() == []


def test_ids_are_never_used_twice() -> None:
    site = Hand()
    seen: list[int] = []
    for number in range(6):
        site.log(f"{number}")
        for effect_id, _ in site.taken():
            seen.append(effect_id)
            site.engine.effect_done(effect_id)
        site.engine.journal_done()
        site.storage.commit()
        if number % 2:
            asyncio.run(site.storage.prune())
            site.cut()
    assert seen == sorted(set(seen))
    assert len(seen) == 6


def test_a_command_and_the_effect_that_it_completes_are_durable_together() -> None:
    site = Hand()
    site.log("one")
    ((effect_id, _),) = site.taken()
    site.engine.finish(effect_id, SetAccount("t:a"), NOW)
    site.cut()  # neither
    assert texts(site.taken()) == ["one"]
    assert site.engine.accounts.get("t:a") is None
    site.engine.finish(effect_id, SetAccount("t:a"), NOW)
    site.storage.commit()
    site.cut()  # both
    assert site.taken() == []
    assert site.engine.accounts.get("t:a") is not None


def test_a_command_that_is_not_taken_leaves_its_effect_undone() -> None:
    site = Hand()
    site.log("one")
    ((effect_id, _),) = site.taken()
    site.storage.faults.failing = True
    site.engine.step(SetAccount("t:b"), NOW)
    assert not site.storage.commit()
    with pytest.raises(StorageUnavailable):
        site.engine.finish(effect_id, SetAccount("t:a"), NOW)
    assert not site.engine.has_done
    site.engine.effect_done(effect_id)
    assert not site.engine.journal_done()
    site.storage.faults.failing = False
    site.storage.commit()
    assert site.engine.journal_done()
    site.storage.commit()
    site.cut()
    assert site.taken() == []


def test_a_step_that_fails_keeps_what_it_asked_for() -> None:
    """What is not undone stays asked for: a set of actions is all or nothing, and so are its effects."""
    site = Hand()
    with pytest.raises(RequestError):
        site.step(RunActions("", "test", (act("*log", extra="never"), act("*no_such", weight=-1))))
    assert site.taken() == []


def test_effects_outlive_the_folding_of_the_journal(tmp_path: Path) -> None:
    options = EngineOptions(RatingOptions(exact=True, rounding_decimals=5), {}, SessionOptions())

    async def life(*, ask: int, done: int) -> list[str]:
        storage = SqliteStorage(tmp_path)
        engine = Engine(options, storage, LOADED_KINDS, seeded(1))
        engine.recover(NOW)
        storage.start(asyncio.get_running_loop())
        for number in range(ask):
            engine.step(RunActions("", "test", (act("*log", extra=f"{number}"),)), NOW)
        found = engine.take_effects()
        for effect_id, _ in found[:done]:
            engine.effect_done(effect_id)
        engine.journal_done()
        await storage.journal.wait(engine.ticket)
        await storage.prune()
        await storage.close()
        return [effect.text for _, effect in found if isinstance(effect, LogAction)]

    assert run(life(ask=12, done=3)) == [f"{number}" for number in range(12)]
    assert run(life(ask=0, done=4)) == [f"{number}" for number in range(3, 12)]
    assert run(life(ask=1, done=0)) == [*(f"{number}" for number in range(7, 12)), "0"]


def test_a_step_that_asks_for_nothing_writes_nothing_about_it() -> None:
    site = Hand()
    rows = len(site.disk.rows)
    site.step(SetAccount("t:a"))
    assert len(site.disk.rows) == rows + 1
    assert site.engine.take_effects() == []
    assert site.engine.journal_done()
    site.storage.commit()
    assert len(site.disk.rows) == rows + 1
