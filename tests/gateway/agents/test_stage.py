"""Requests that wait for values, in any order of arrivals and answers: none is lost, none overtakes another that it must not."""

from __future__ import annotations

import asyncio
import ssl
from random import Random

import pytest

from gateway.agents.stage import CROWDED, NOW, Stage
from gateway.processors.fetching import Fetch, Fetched, Remote
from gateway.transport.fetcher import LATE, Fetcher, FetchError, FetchOptions

MOST = 40


class Moody(Fetcher):
    """Answers when the test says so, or does not."""

    def __init__(self, chance: Random) -> None:
        super().__init__(FetchOptions(60.0, MOST, 0, 1.0, True, ssl.create_default_context, True, "tollwire/test"))
        self._chance = chance
        self.asked: list[asyncio.Future[str]] = []

    async def fetch(self, url: str, body: bytes, until: float) -> str:
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]

    def answer(self) -> None:
        """Answers one of those that ask."""
        if self.asked:
            one = self.asked.pop(self._chance.randrange(len(self.asked)))
            if one.cancelled():
                return
            if self._chance.random() < 0.2:
                one.set_exception(FetchError(LATE, "no answer"))
            else:
                one.set_result("value")


class Request:
    """One that comes: `became` is what became of it, `done` are those that were worked off."""

    def __init__(self, number: int, chance: Random, done: list[Request]) -> None:
        self.number = number
        self.station = chance.choice((b"a", b"b"))
        self.is_for_all = chance.random() < 0.1
        self.name = self.station + (b"!%d" % number if self.is_for_all else b"%d" % chance.randrange(6))
        self.became = ""
        self._done = done
        self._remotes = [Remote("http://h/")] if chance.random() < 0.6 else []

    def wait(self) -> None:
        assert not self.became
        self.became = "waits"

    def lacking(self, fetched: Fetched) -> list[Fetch]:
        return [Fetch(remote, b"") for remote in self._remotes if remote not in fetched._texts and remote not in fetched._failures]

    def work(self, fetched: Fetched) -> None:
        assert self.became in ("", "waits")
        self.became = "done"
        self._done.append(self)

    def drop(self) -> None:
        assert self.became == "waits"
        self.became = "dropped"


async def play(chance: Random, dropping: bool) -> tuple[list[Request], list[Request]]:
    fetcher = Moody(chance)
    stage, done, everybody = Stage(fetcher), list[Request](), list[Request]()
    for number in range(300):
        request = Request(number, chance, done)
        everybody.append(request)
        taken = stage.take(request)
        if taken == NOW:
            request.work(Fetched())
        elif taken == CROWDED:
            request.became = "refused"
        for _ in range(chance.randrange(4)):
            fetcher.answer()
            await asyncio.sleep(0)
    ends = asyncio.create_task(stage.settle(0 if dropping else 60))
    while not ends.done():
        fetcher.answer()
        await asyncio.sleep(0)
    await ends
    await asyncio.sleep(0)
    assert (stage.waiting, stage._queues, stage._for_all) == (0, {}, {})
    return done, everybody


@pytest.mark.parametrize("dropping", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_none_is_lost_and_none_overtakes_another(seed: int, dropping: bool) -> None:
    done, everybody = asyncio.run(play(Random(seed), dropping))
    became = [request.became for request in everybody]
    assert set(became) <= {"done", "refused", *(["dropped"] if dropping else [])}
    assert became.count("done") == len(done) > 100
    for at, one in enumerate(done):
        for other in done[:at]:
            if one.name == other.name or (one.station == other.station and (one.is_for_all or other.is_for_all)):
                assert other.number < one.number
