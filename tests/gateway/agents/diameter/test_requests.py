"""Requests of peers: money, one append, repetitions, errors, overload."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.records import AnswerPut, CdrPut, decode_commit
from engine.sessions.commands import AlterSessions
from engine.times import SECOND
from gateway.agents.diameter.assembly import spoken_of
from gateway.protocols.diameter.answers import number_avp, plain_avp
from gateway.protocols.diameter.codes import (
    CC_REQUEST_NUMBER,
    CC_REQUEST_TYPE,
    ERROR_MESSAGE,
    ORIGIN_HOST,
    PROXY_INFO,
    SESSION_ID,
)
from gateway.protocols.diameter.message import NO_AVP, Message, decode, encode
from tests.engine.house import TENANT
from tests.gateway.agents.diameter.station import AGAIN, FIELDS, Station, code_of, text
from tests.gateway.agents.door import Door

GRANTED = 431
EVENT_TIMESTAMP = 55
CC_TIME = 420
FAILED_AVP = 279


def on_loop(test: Callable[[], None]) -> None:
    async def run() -> None:
        test()

    asyncio.run(run())


def granted(answer: Message) -> int | None:
    position = answer.avps.find(GRANTED)
    return answer.avps.group(position).number(CC_TIME) if position >= 0 else None


def one(answers: list[Message]) -> Message:
    (answer,) = answers
    return answer


def test_a_session_from_its_begin_to_its_record(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        first = one(peer.says(peer.ccr(1, 0)))
        assert (code_of(first), granted(first), text(first, SESSION_ID), text(first, ORIGIN_HOST)) == (2001, 60, "s;1", "ocs.example")
        assert station.site.cash() == 94
        assert granted(one(peer.says(peer.ccr(2, 1, seconds=30)))) == 30
        assert code_of(one(peer.says(peer.ccr(3, 2, seconds=70)))) == 2001
        assert (station.site.cash(), station.site.cdrs()) == (93, [(70, 7)])
        assert station.agent.counts.answers == {"2001": 3}

    on_loop(test)


def test_an_answer_waits_for_the_disk(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.link.data_received(peer.ccr(1, 0) + peer.ccr(1, 0, session="s;2"))
        assert (peer.heard(), station.house.in_flight, peer.link.in_flight) == ([], 2, 2)
        station.site.gather()
        assert [text(answer, SESSION_ID) for answer in peer.heard()] == ["s;1", "s;2"]
        assert (station.house.in_flight, station.gate.held) == (0, 0)

    on_loop(test)


def test_the_end_and_the_record_of_a_session_are_one_append_with_the_answer(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        before = station.site.engine.ticket
        peer.says(peer.ccr(3, 1, seconds=30))
        assert station.site.engine.ticket == before + 1
        kinds = {type(record) for row in station.site.disk.rows[-1:] for records in decode_commit(row.body) for record in records}
        assert {CdrPut, AnswerPut} <= kinds

    on_loop(test)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("flags", [0, AGAIN])
def test_a_request_that_comes_again_gets_its_first_answer_and_moves_nothing(tmp_path: Path, flags: int, restart: bool) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        first = one(peer.says(peer.ccr(1, 0, end=7)))
        assert station.site.cash() == 94
        if restart:
            station.site.cut()
            station = Station(tmp_path, site=station.site)
            peer = station.peer()
        before = station.site.engine.ticket
        again = one(peer.says(peer.ccr(1, 0, end=7, flags=flags)))
        assert again.raw[20:] == first.raw[20:]
        assert (again.hop_by_hop, again.end_to_end) == (peer.hop, 7)
        assert (station.site.cash(), station.site.engine.ticket, station.agent.counts.repetitions) == (94, before, 1)

    on_loop(test)


def test_a_repetition_waits_for_what_its_first_answer_tells(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.link.data_received(peer.ccr(1, 0, end=7))
        peer.link.data_received(peer.ccr(1, 0, end=7, flags=AGAIN))
        assert peer.heard() == []
        station.site.gather()
        assert [code_of(answer) for answer in peer.heard()] == [2001, 2001]
        assert station.site.cash() == 94

    on_loop(test)


def test_with_the_t_flag_a_request_is_known_by_its_session_and_number(tmp_path: Path) -> None:
    """As a relay that fails over sends it: with other AVPs on the way, and another End-to-End Identifier."""

    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        again = one(peer.says(peer.ccr(1, 0, flags=AGAIN, extra=plain_avp(282, b"relay.example"))))
        assert (code_of(again), again.end_to_end, station.site.cash()) == (2001, peer.hop, 94)

    on_loop(test)


@pytest.mark.parametrize("flags", [0, AGAIN])
def test_a_repetition_over_another_relay_gets_the_first_answer_with_its_own_proxy_infos(tmp_path: Path, flags: int) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()

        def over(relay: bytes, flags: int = 0) -> tuple[Message, list[bytes]]:
            way = plain_avp(282, relay) + plain_avp(PROXY_INFO, plain_avp(280, relay) + plain_avp(33, b"state of " + relay))
            answer = one(peer.says(peer.ccr(1, 0, end=7, flags=flags, extra=way if relay else b"")))
            infos = [answer.avps.whole(place) for place, key in enumerate(answer.avps.keys) if key == PROXY_INFO]
            assert infos == ([way[-len(infos[0]) :]] if relay else [])
            return answer, [answer.avps.whole(place) for place, key in enumerate(answer.avps.keys) if key != PROXY_INFO]

        _, first = over(b"relay-one.example")
        for relay in (b"two.example", b"", b"relay-one.example"):
            answer, again = over(relay, flags)
            assert (again, code_of(answer), answer.hop_by_hop, station.site.cash()) == (first, 2001, peer.hop, 94)
        assert station.agent.counts.repetitions == 3

    on_loop(test)


def test_a_new_request_with_old_numbers_is_worked_off(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        second = one(peer.says(peer.ccr(1, 0)))
        assert (code_of(second), text(second, ERROR_MESSAGE), station.site.cash()) == (5012, "EXISTS", 94)

    on_loop(test)


def test_proxy_infos_come_back_in_their_order(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        infos = [plain_avp(PROXY_INFO, plain_avp(280, b"a") + plain_avp(33, name)) for name in (b"one", b"two")]
        for kind in (1, 9):  # one that is worked off, one that is refused
            answer = one(peer.says(peer.ccr(kind, 0, extra=b"".join(infos))))
            found = [answer.avps.whole(place) for place, key in enumerate(answer.avps.keys) if key == PROXY_INFO]
            assert found == infos

    on_loop(test)


@pytest.mark.parametrize(("option", "there"), [("", True), ("request_in_errors = false", False)])
def test_what_no_processor_takes_is_answered_5012_by_the_template(tmp_path: Path, option: str, there: bool) -> None:
    def test() -> None:
        station = Station(tmp_path, option)
        peer = station.peer()
        before = station.site.engine.ticket
        answer = one(peer.says(peer.ccr(4, 3)))
        assert (code_of(answer), answer.is_error, text(answer, SESSION_ID)) == (5012, True, "s;1")
        numbers = answer.avps.number(CC_REQUEST_TYPE), answer.avps.number(CC_REQUEST_NUMBER)
        assert numbers == ((4, 3) if there else (None, None))
        assert (station.agent.counts.failed, station.site.engine.ticket) == (1, before)

    on_loop(test)


@pytest.mark.parametrize(("option", "code"), [("", 2001), ("strict_avps = true", 5001)])
def test_an_unknown_avp_that_is_mandatory_is_refused_where_the_letter_counts(tmp_path: Path, option: str, code: int) -> None:
    def test() -> None:
        station = Station(tmp_path, option)
        peer = station.peer()
        unknown = plain_avp(60_001, b"who knows")
        answer = one(peer.says(peer.ccr(1, 0, extra=unknown)))
        failed = answer.avps.find(FAILED_AVP)
        assert code_of(answer) == code
        assert (failed != NO_AVP and answer.avps.value(failed) == unknown) == bool(option)

    on_loop(test)


def meant(realm: str, host: str, through: str = "") -> bytes:
    """AVPs that say whom a request is meant for, in place of Destination-Realm, and who has passed it on."""
    names = ((283, realm), (293, host), (282, through))
    return b"".join(plain_avp(code, text.encode()) for code, text in names if text)


OURS, SISTER, FAR = "OCS.example", "ocs2.example", "ocs.elsewhere"
BOTH = 'served_realms = ["example"]\nserved_hosts = ["ocs2.example"]'


@pytest.mark.parametrize(
    ("options", "realm", "host", "through", "code"),
    [
        ("", "elsewhere", FAR, OURS, 2001),  # recorded
        (BOTH, "", "", "", 2001),
        (BOTH, "Example", "", "relay.example", 2001),
        (BOTH, "example", OURS, "", 2001),
        (BOTH, "example", SISTER, "", 2001),
        (BOTH, "elsewhere", OURS, "", 2001),  # RFC 6733 section 6.1.4: our own host is enough
        (BOTH, "", FAR, "", 3002),
        (BOTH, "example", "ocs3.example", "", 3002),
        (BOTH, "elsewhere", "", "", 3003),
        (BOTH, "elsewhere", FAR, "", 3003),
        (BOTH, "example", OURS, "ocs.EXAMPLE", 3005),
        ('served_realms = ["*.epc.example"]', "mnc1.epc.example", FAR, "", 2001),
        ('served_realms = ["*.epc.example"]', "example", FAR, "", 2001),  # our own
        ('served_realms = ["*.epc.example"]', "elsewhere", "", "", 3003),
        ('served_hosts = ["ocs.example"]', "elsewhere", "", "", 2001),
        ('served_hosts = ["ocs.example"]', "elsewhere", FAR, "", 3002),
    ],
)
def test_what_is_meant_for_others_is_refused_where_it_is_said_what_is_served(
    options: str, realm: str, host: str, through: str, code: int, tmp_path: Path
) -> None:
    station = Station(tmp_path, options)

    def test() -> None:
        peer = station.peer()
        octets = peer.ccr(1, 0)
        request = decode(octets)
        kept = b"".join(request.avps.whole(place) for place, key in enumerate(request.avps.keys) if key != 283)
        body = kept + meant(realm, host, through)
        (answer,) = peer.says(encode(request.flags, request.command, request.application, 7, 7, body))
        assert code_of(answer) == code
        assert answer.is_error == (code != 2001)
        assert station.agent.counts.answers == {str(code): 1}
        assert station.site.engine.sizes()["sessions_open"] == (1 if code == 2001 else 0)

    on_loop(test)


def test_what_is_served_may_change_while_connections_stay(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    station, other = Station(tmp_path), Station(tmp_path / "other", 'served_realms = ["elsewhere.example"]\nserved_hosts = ["x"]')

    def test() -> None:
        peer = station.peer()
        octets = peer.ccr(1, 0, extra=meant("", FAR))
        section = other.loaded.tree.diameter()
        assert section is not None
        station.agent.speak(spoken_of(other.loaded.tree, section, other.around))
        (answer,) = peer.says(octets)
        assert code_of(answer) == 3002

    on_loop(test)


def test_a_time_of_an_answer_may_be_told_by_that_of_the_request(tmp_path: Path) -> None:
    def test() -> None:
        template = '[[templates."*err"]]\npath = "*rep.Event-Timestamp"\ntype = "*constant"\nvalue = "*now"\n'
        station = Station(tmp_path, sections=template)
        peer = station.peer()
        answer = one(peer.says(peer.ccr(4, 3)))
        assert answer.avps.number(EVENT_TIMESTAMP) == station.site.now // SECOND + 2_208_988_800

    on_loop(test)


@pytest.mark.parametrize(("octets", "kept"), [(16 << 10, True), (33 << 10, False)])
def test_a_session_remembers_no_request_that_is_too_long(tmp_path: Path, octets: int, kept: bool) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        assert code_of(one(peer.says(peer.ccr(1, 0, session="s" * octets)))) == 2001
        (altered,) = station.site.step(AlterSessions(TENANT))
        assert bool(altered.request) is kept

    on_loop(test)


TWO = """
[[diameter_agent.request_processors]]
id = "first"
filters = ["*string:~*req.CC-Request-Type:4"]
flags = ["*message", "*accounts", "*continue"]
request_fields = {fields}

[[diameter_agent.request_processors]]
id = "second"
filters = ["*string:~*req.CC-Request-Type:4"]
flags = ["*message", "*accounts"]
reply_fields = [{type = "*template", value = "*cca"}]
request_fields = {fields}
""".replace("{fields}", "{" + ", ".join(line for line in FIELDS.splitlines() if line and "Usage" not in line) + ', Usage = "10s"}')


@pytest.mark.parametrize("restart", [False, True])
def test_a_disk_that_fails_between_two_processors(tmp_path: Path, restart: bool) -> None:
    """The request is done whole, is answered when that is on the disk, and is known when it comes again."""

    def test() -> None:
        station = Station(tmp_path, sections=TWO)
        peer = station.peer()
        before = station.site.cash()
        station.door.breaking = True
        assert peer.says(peer.ccr(4, 0, session="s;4", end=9)) == []
        station.site.storage.faults.failing = False
        station.site.gather()
        assert code_of(one(peer.heard())) == 2001
        if restart:
            station.site.cut()
            station = Station(tmp_path, sections=TWO, site=station.site)
            peer = station.peer()
        assert code_of(one(peer.says(peer.ccr(4, 0, session="s;4", end=9)))) == 2001
        assert station.site.cash() == pytest.approx(before - 2)

    on_loop(test)


def test_while_the_disk_fails_peers_are_told_to_ask_elsewhere(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.link.data_received(peer.ccr(1, 0))
        station.site.storage.faults.failing = True
        station.site.storage.commit()
        assert peer.heard() == []
        busy = one(peer.says(peer.ccr(1, 0, session="s;2", end=9)))
        assert (code_of(busy), busy.is_error, station.agent.counts.unavailable) == (3004, True, 1)
        station.site.storage.faults.failing = False
        station.site.storage.commit()
        assert code_of(one(peer.heard())) == 2001
        assert code_of(one(peer.says(peer.ccr(1, 0, session="s;2", end=9)))) == 2001, "a refusal is not remembered"

    on_loop(test)


def test_beyond_max_requests_the_answer_is_too_busy_at_once(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path, "max_requests = 2")
        peer = station.peer()
        peer.link.data_received(b"".join(peer.ccr(1, 0, session=f"s;{n}") for n in range(3)))
        busy = one(peer.heard())
        assert (code_of(busy), text(busy, SESSION_ID), busy.avps.number(CC_REQUEST_TYPE)) == (3004, "s;2", 1)
        station.site.gather()
        assert [code_of(answer) for answer in peer.heard()] == [2001, 2001]
        assert station.agent.counts.busy == 1

    on_loop(test)


def test_requests_of_peers_count_against_cores_caps(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path, caps=1)
        assert station.caps is not None
        peer = station.peer()
        peer.link.data_received(peer.ccr(1, 0) + peer.ccr(1, 0, session="s;2"))
        assert code_of(one(peer.heard())) == 3004
        station.site.gather()
        assert code_of(one(peer.heard())) == 2001
        assert station.caps.at_work == 0

    on_loop(test)


def test_with_synced_conn_requests_the_next_one_waits_for_the_answer(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path, "synced_conn_requests = true")
        peer = station.peer()
        peer.link.data_received(peer.ccr(1, 0) + peer.ccr(1, 0, session="s;2"))
        assert (station.site.cash(), station.house.in_flight, peer.wire.reading) == (94, 1, False)
        station.site.gather()
        assert (station.site.cash(), station.house.in_flight) == (88, 0)
        assert [text(answer, SESSION_ID) for answer in peer.heard()] == ["s;1", "s;2"]
        assert peer.wire.reading

    on_loop(test)


def test_answers_of_a_peer_that_is_gone_go_nowhere(tmp_path: Path) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        peer.link.data_received(peer.ccr(1, 0))
        peer.link.connection_lost(None)
        station.site.gather()
        assert (peer.heard(), station.house.in_flight, station.site.cash()) == ([], 0, 94)

    on_loop(test)


def test_a_request_that_breaks_our_own_code_is_answered_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()

        def breaks(*_: object) -> object:
            raise ZeroDivisionError

        with monkeypatch.context() as broken:
            broken.setattr(Door, "step", breaks)
            first = one(peer.says(peer.ccr(1, 0, end=7)))
        assert (code_of(first), station.agent.counts.failed) == (5012, 1)
        again = one(peer.says(peer.ccr(1, 0, end=7)))
        assert (code_of(again), station.agent.counts.repetitions, station.site.cash()) == (5012, 1, 100)

    on_loop(test)


def test_what_breaks_beside_the_processors_costs_one_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def test() -> None:
        station = Station(tmp_path, caps=5)
        assert station.caps is not None
        peer = station.peer()

        def breaks(*_: object) -> bytes:
            raise ZeroDivisionError

        with monkeypatch.context() as broken:
            broken.setattr(Door, "repeated", breaks)
            assert code_of(one(peer.says(peer.ccr(1, 0)))) == 5012
        assert station.caps.at_work == 0
        assert code_of(one(peer.says(peer.ccr(1, 0)))) == 2001

    on_loop(test)


def test_result_codes_that_are_counted_have_a_bound(tmp_path: Path) -> None:
    station = Station(tmp_path)
    for code in range(100):
        station.agent.counts.answered(str(code))
    assert len(station.agent.counts.answers) == 65
    assert station.agent.counts.answers["other"] == 36


def test_every_answer_has_a_code_even_where_number_avps_are_odd(tmp_path: Path) -> None:
    """CC-Request-Number twice, and one of five octets."""

    def test() -> None:
        station = Station(tmp_path)
        peer = station.peer()
        odd = number_avp(CC_REQUEST_NUMBER, 5) + plain_avp(CC_REQUEST_NUMBER, b"12345")
        assert code_of(one(peer.says(peer.ccr(1, 0, extra=odd)))) == 2001

    on_loop(test)
