"""Two connections between the same two hosts: which is kept, as a table of states, and between two gateways in orders by chance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from time import monotonic_ns
from types import SimpleNamespace

import pytest

from gateway.agents.diameter.dialling import DialledLink, Dialler
from gateway.agents.diameter.link import Link
from gateway.protocols.diameter.answers import number_avp
from gateway.protocols.diameter.codes import CAPABILITIES_EXCHANGE, HEADER_BYTES, ORIGIN_STATE_ID, REQUEST, RESULT_CODE
from gateway.protocols.diameter.message import answer_to, encode
from gateway.protocols.diameter.peer import CLOSED, ELECTING, OPEN, WAIT_CEA, WAIT_CER
from tests.gateway.agents.diameter.station import REALM, Far, Station, code_of

LESS, GREATER = "a.example", "z.example"  # than ocs.example, our name
SECOND = 1_000_000_000


def on_loop(test: Callable[[], Awaitable[None] | None]) -> None:
    async def run() -> None:
        done = test()
        if done is not None:
            await done

    asyncio.run(run())


class Sides:
    """A gateway, a connection that it dialled to a host, and those that this host dialled."""

    def __init__(self, folder: Path, host: str, *, known: bool) -> None:
        self.station = Station(folder)
        self.host = host
        self.ours = self.station.connect(dialled=True, likely_host=host if known else "")
        (self.cer,) = self.ours.heard()
        self.theirs: list[Far] = []

    def agrees(self, state_id: int = 0) -> None:
        """The host's CEA on our connection."""
        body = (
            number_avp(RESULT_CODE, 2001)
            + self.ours.cer(self.host)[HEADER_BYTES:]
            + (number_avp(ORIGIN_STATE_ID, state_id) if state_id else b"")
        )
        self.ours.says(answer_to(self.cer, body))

    def refuses(self) -> None:
        """A CEA that loses an election."""
        self.ours.says(answer_to(self.cer, number_avp(RESULT_CODE, 4003), error=True))

    def goes(self) -> None:
        """Our connection is cut."""
        self.ours.link.connection_lost(None)

    def falls_silent(self) -> None:
        """A watchdog on our connection that is not answered."""
        at = monotonic_ns()
        for _ in range(2):
            at += 40 * SECOND
            self.ours.link.tick(at)
        assert not self.ours.link.is_usable

    def calls(self, state_id: int = 0, address: str = "192.0.2.7") -> None:
        """The host dials, and says who it is."""
        far = self.station.connect(address)
        body = far.cer(self.host)[HEADER_BYTES:] + (number_avp(ORIGIN_STATE_ID, state_id) if state_id else b"")
        self.theirs.append(far)
        far.link.data_received(encode(REQUEST, CAPABILITIES_EXCHANGE, 0, 1, 1, body))

    def claims(self, state_id: int) -> None:
        """Somebody else says that he is the host."""
        self.calls(state_id, "203.0.113.9")

    def waits_in_vain(self) -> None:
        """The time for the exchange is over."""
        for far in self.theirs:
            far.link.tick(monotonic_ns() + 11 * SECOND)

    def come(self, event: str) -> None:
        name, _, word = event.partition(" ")
        getattr(self, name)(*([int(word)] if word else []))


EVENTS = [
    # whose name, our connection is known to be to it, what happens; our state, theirs, what it was told
    (LESS, True, ["calls"], CLOSED, [(OPEN, 2001)]),  # Wait-I-CEA, won: I-Disc, R-Snd-CEA
    (GREATER, True, ["calls"], WAIT_CEA, [(ELECTING, None)]),  # Wait-Returns
    (GREATER, True, ["calls", "agrees"], OPEN, [(CLOSED, 4003)]),  # Wait-Returns, I-Rcv-CEA: R-Disc
    (GREATER, True, ["calls", "refuses"], CLOSED, [(ELECTING, None)]),  # until the connection is gone
    (GREATER, True, ["calls", "refuses", "goes"], CLOSED, [(OPEN, 2001)]),
    (GREATER, True, ["calls", "goes"], CLOSED, [(OPEN, 2001)]),  # Wait-Returns, I-Peer-Disc: R-Snd-CEA
    (GREATER, True, ["calls", "waits_in_vain"], WAIT_CEA, [(CLOSED, None)]),  # Wait-Returns, Timeout
    (GREATER, True, ["calls", "calls"], WAIT_CEA, [(ELECTING, None), (CLOSED, 4003)]),  # Wait-Returns, R-Conn-CER: R-Reject
    (LESS, True, ["agrees", "calls"], OPEN, [(CLOSED, 4003)]),  # I-Open, R-Conn-CER: R-Reject
    (GREATER, True, ["agrees", "calls"], OPEN, [(CLOSED, 4003)]),
    (GREATER, True, ["agrees", "falls_silent", "calls"], CLOSED, [(OPEN, 2001)]),
    (LESS, True, ["agrees 7", "calls 8"], CLOSED, [(OPEN, 2001)]),  # it has begun anew
    (LESS, True, ["agrees 7", "claims 8"], OPEN, [(CLOSED, 4003)]),
    (LESS, True, ["agrees 8", "calls 8"], OPEN, [(CLOSED, 4003)]),
    (LESS, True, ["agrees", "goes", "calls"], CLOSED, [(OPEN, 2001)]),
    (LESS, True, ["agrees", "goes", "calls", "calls"], CLOSED, [(OPEN, 2001), (OPEN, 2001)]),  # no election
    (LESS, False, ["calls"], WAIT_CEA, [(OPEN, 2001)]),  # nobody knows whom we dialled
    (LESS, False, ["calls", "agrees"], CLOSED, [(OPEN, 2001)]),
    (GREATER, False, ["calls", "agrees"], OPEN, [(OPEN, 2001)]),  # the host closes its own, if it knows elections
    (LESS, False, ["agrees", "calls"], OPEN, [(CLOSED, 4003)]),
]


@pytest.mark.parametrize(("host", "known", "events", "ours", "theirs"), EVENTS, ids=lambda value: str(value).replace("'", ""))
def test_one_connection_is_kept(
    host: str, known: bool, events: list[str], ours: int, theirs: list[tuple[int, int | None]], tmp_path: Path
) -> None:
    def test() -> None:
        sides = Sides(tmp_path, host, known=known)
        for event in events:
            sides.come(event)
        assert sides.ours.link.state == ours
        told = [code_of(far.heard()[0]) if far.wire.writes else None for far in sides.theirs]
        assert list(zip((far.link.state for far in sides.theirs), told, strict=True)) == theirs
        up = [far for far in (sides.ours, *sides.theirs) if far.link.state == OPEN]
        assert {peer.name for peer in sides.station.house.roster} == {far.link.name for far in up}
        assert all(far.wire.end == "closed" for far in (sides.ours, *sides.theirs) if far.link.state == CLOSED and far is not sides.ours)

    on_loop(test)


def test_who_has_connected_by_itself_is_not_asked_again(tmp_path: Path) -> None:
    """R-Open: a connection that was being dialled meanwhile ends before its CER."""

    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer(LESS, REALM)
        ours = station.connect(dialled=True, expected_host=LESS.upper())
        assert (ours.heard(), ours.wire.end, ours.link.state) == ([], "closed", CLOSED)
        peer.link.connection_lost(None)
        assert len(station.connect(dialled=True, expected_host=LESS).heard()) == 1

    on_loop(test)


def test_a_dialler_rests_while_its_peer_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And begins again when it has gone; meanwhile it counts as connected."""

    async def test() -> None:
        station = Station(tmp_path)
        made: list[str] = []
        begun = asyncio.Event()

        def make(host: str) -> DialledLink:
            made.append(host)
            begun.set()
            raise OSError("nobody there")

        option = SimpleNamespace(id="dra", address="127.0.0.1:1", network="tcp", origin_host=LESS, max_reconnect_interval_ns=1)
        dialler = Dialler(option, make, station.house.elections.has_called, lambda: None, 1.0, Random(1))  # type: ignore[arg-type]
        peer = station.peer(LESS, REALM)
        dialler.start()
        for _ in range(10):
            await asyncio.sleep(0)
        assert (made, dialler.connected) == ([], True)
        peer.link.connection_lost(None)
        assert not dialler.connected
        await asyncio.wait_for(begun.wait(), 60)
        assert made[0] == LESS
        dialler.stop()

    on_loop(test)


# -- two gateways --------------------------------------------------------------------------------------------------------


class Crossing:
    """Two gateways that dial each other. What one sends, and that it has closed, reaches the other when chance wants it."""

    def __init__(self, stations: tuple[Station, Station], chance: Random, *, known: bool) -> None:
        self.chance = chance
        self.pairs: list[tuple[Far, Far]] = []
        self.begun = 0
        self.second = chance.randrange(2)  # who begins
        self.known = known
        self.stations = stations
        self.told: dict[Far, int] = {}
        self.cut: set[Far] = set()

    def moves(self) -> list[Callable[[], None]]:
        """What can happen next."""
        found: list[Callable[[], None]] = [self.dial] if self.begun < 2 else []
        for pair in self.pairs:
            for far, other in (pair, pair[::-1]):
                if self.told[far] < len(far.wire.writes):
                    found.append(lambda far=far, other=other: self.hand_on(far, other))  # type: ignore[misc]
                elif far.wire.end and far not in self.cut:
                    found.append(lambda far=far, other=other: self.part(far, other))  # type: ignore[misc]
        return found

    def dial(self) -> None:
        here, there = self.stations if self.begun == self.second else self.stations[::-1]
        self.begun += 1
        name = there.agent._settings.capabilities.identity.host if self.known else ""
        far = there.connect("192.0.2.9")
        ours = here.connect("192.0.2.9", dialled=True, likely_host=name)
        self.pairs.append((ours, far))
        self.told |= {ours: 0, far: 0}

    def hand_on(self, far: Far, other: Far) -> None:
        octets = far.wire.writes[self.told[far]]
        self.told[far] += 1
        if not other.wire.end:
            other.link.data_received(octets)

    def part(self, far: Far, other: Far) -> None:
        self.cut |= {far, other}
        for one in (far, other):
            one.wire.end = one.wire.end or "closed"
            one.link.connection_lost(None)

    def run(self) -> list[int]:
        """Lets everything happen; the states of what is left."""
        while moves := self.moves():
            self.chance.choice(moves)()
        assert all(a.link.state == b.link.state for a, b in self.pairs), "both sides know the same"
        return [a.link.state for a, _ in self.pairs]

    def end(self) -> None:
        for pair in self.pairs:
            if pair[0] not in self.cut:
                self.part(*pair)


@pytest.mark.parametrize("known", [True, False])
def test_two_gateways_that_dial_each_other_are_left_with_one_connection(known: bool, tmp_path: Path) -> None:
    def test() -> None:
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        one, two = Station(folders[0], name="one.example"), Station(folders[1], name="two.example")
        kept = set()
        for seed in range(200):
            crossing = Crossing((one, two), Random(seed), known=known)
            states = crossing.run()
            assert sorted(states) == [OPEN, CLOSED], f"seed {seed}"
            kept.add(states.index(OPEN))
            crossing.end()
            assert not one.house.elections._hosts, "nobody is left behind"
            assert not two.house.elections._links
        assert kept == {0, 1}

    on_loop(test)


def test_a_connection_that_says_nothing_is_in_no_election(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        far = station.connect()
        assert far.link.state == WAIT_CER
        assert not station.house.elections._links
        assert isinstance(far.link, Link)

    on_loop(test)
