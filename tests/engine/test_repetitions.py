"""One request, one append: its commands and its answer are durable together, and a repetition gets that answer again."""

from __future__ import annotations

from functools import partial

import pytest

from engine.door import Engine
from engine.effects import AlterSession, DisconnectSession, ReauthorizeSession
from engine.errors import RequestError, StorageUnavailable
from engine.limits import ANSWER_SECONDS, REAUTHORIZE_PAUSE_NS, SESSIONS_PER_STEP
from engine.records import AnswerPut, CdrPut, SessionProgress, decode_commit
from engine.repetitions import Repetitions
from engine.sessions.commands import AlterSessions, ForceDisconnect, InitiateSession, ProcessMessage, ProcessSessionCdr, TerminateSession
from engine.storage.ports import StorageRefused
from engine.usage import SECOND
from tests.engine.house import TENANT
from tests.engine.sessions.switch import ACCOUNT, Switch
from tests.site import NOW


def kept(site: Switch, *keys: bytes) -> bytes | None:
    return site.engine.repeated(keys, site.now)


def ended(site: Switch, answer: bytes = b"answer", keys: tuple[bytes, ...] = (b"one", b"two")) -> None:
    """The end of a call, its record and the answer as one request."""
    engine = site.engine
    engine.hold()
    try:
        engine.step(TerminateSession(site.event(Usage="30s")), site.now)
        engine.step(ProcessSessionCdr(site.event(Usage="30s")), site.now)
    finally:
        engine.release(keys, answer, site.now)


def test_a_request_is_one_append() -> None:
    site = Switch()
    site.begin(Usage="60s")
    before = site.engine.ticket
    ended(site)
    assert site.engine.ticket == before + 1
    site.gather()
    kinds = [type(record) for record in decode_commit(site.disk.rows[-1].body)[-1]]
    assert {CdrPut, SessionProgress, AnswerPut} <= set(kinds)
    assert kinds.count(SessionProgress) == 1


@pytest.mark.parametrize("durable", [False, True])
def test_a_crash_keeps_the_whole_request_or_nothing(durable: bool) -> None:
    site = Switch()
    site.begin(Usage="60s")
    ended(site)
    if durable:
        site.gather()
    site.cut()
    assert (site.count(), len(site.cdrs())) == ((0, 1) if durable else (1, 0))
    assert kept(site, b"two") == kept(site, b"no", b"one") == (b"answer" if durable else None)


@pytest.mark.parametrize("pruned", [False, True])
def test_an_answer_is_found_by_any_of_its_keys_for_a_while(pruned: bool) -> None:
    site = Switch()
    site.begin(Usage="60s")
    ended(site)
    site.gather()
    if pruned:
        site.disk.tables = site.storage.tables.copy()
        site.disk.rows.clear()
    site.cut()
    site.now += (ANSWER_SECONDS - 1) * SECOND
    assert kept(site, b"two") == b"answer"
    site.now += SECOND
    assert kept(site, b"one", b"two") is None
    site.cut()
    assert len(site.engine.repetitions) == 0


def test_a_request_that_changed_nothing_costs_no_append_and_is_known_until_the_end() -> None:
    site = Switch()
    before = site.engine.ticket
    site.engine.hold()
    site.engine.release((b"k",), b"refused", site.now)
    assert site.engine.ticket == before
    assert kept(site, b"k") == b"refused"
    site.cut()
    assert kept(site, b"k") is None


def test_a_request_is_refused_whole_while_the_disk_fails() -> None:
    site = Switch()
    site.begin(Usage="60s")
    site.storage.faults.failing = True
    site.storage.journal.append([AnswerPut(1, (), b"", (0, 0))])
    site.storage.commit()
    before = site.engine.ticket
    site.engine.hold()
    with pytest.raises(StorageUnavailable):
        site.engine.step(TerminateSession(site.event(Usage="30s")), site.now)
    site.engine.release((), b"", site.now)
    assert (site.engine.ticket, site.count()) == (before, 1)


@pytest.mark.parametrize("trouble", ["failing", "full"])
def test_a_request_that_was_begun_is_done_whole_whatever_the_disk_does(trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its second command is not refused: what the first has moved would be moved again when the request comes again."""
    site = Switch()
    journal = site.storage.journal
    site.engine.hold()
    site.engine.step(ProcessMessage(site.event("one", Usage="30s"), debit=True), site.now)
    if trouble == "failing":
        site.storage.faults.failing = True
        journal.append([AnswerPut(1, (), b"", (0, 0))])
        site.storage.commit()
    else:
        monkeypatch.setattr("engine.storage.memory.storage.JOURNAL_QUEUE_MOST_BYTES", 0)
    assert not journal.accepting
    site.engine.step(ProcessMessage(site.event("two", Usage="40s"), debit=True), site.now)
    site.engine.release((b"k",), b"done", site.now)
    assert kept(site, b"k") == b"done"
    with pytest.raises(StorageUnavailable):
        site.engine.step(ProcessMessage(site.event("three", Usage="1s"), debit=True), site.now)
    site.storage.faults.failing = False
    monkeypatch.undo()
    site.gather()
    site.cut()
    assert site.cash() == pytest.approx(93)
    assert kept(site, b"k") == b"done"


def test_what_cannot_be_done_yet_refuses_a_request_that_moved_something_for_good() -> None:
    """Soon after a start: who came with that alone is to come again, who moved money before it gets an answer."""
    site = Switch(sessions={"indexes": ("Port",)})
    for number in range(3):
        site.begin(f"old{number}", Usage="1s")
    site.cut()
    crowded: dict[str, object] = {"*sessionsSupersede": "Port"}
    begin = InitiateSession(site.event("new", options=crowded, Usage="60s", Port="7"))
    site.engine.hold()
    with pytest.raises(StorageUnavailable):
        site.engine.step(begin, site.now, site.ticks)
    site.engine.release((b"k",), b"", site.now)
    site.engine.hold()
    site.engine.step(ProcessMessage(site.event("one", Usage="30s"), debit=True), site.now, site.ticks)
    with pytest.raises(RequestError, match="SERVER_ERROR: sessions are still made ready"):
        site.engine.step(begin, site.now, site.ticks)
    site.engine.release((b"k",), b"refused", site.now)
    assert site.cash() == pytest.approx(100 - 0.3 - 3)
    assert kept(site, b"k") == b"refused"
    site.sleep(SECOND)
    assert site.step(begin).max_usage_ns == 60 * SECOND, "they are ready"


def test_an_answer_whose_request_is_not_taken_is_not_given_again() -> None:
    site = Switch()
    site.engine.hold()
    site.engine.step(InitiateSession(site.event(Usage="60s")), site.now)
    site.storage.journal.close()
    with pytest.raises(StorageRefused):
        site.engine.release((b"k",), b"granted", site.now)
    assert kept(site, b"k") is None


def test_what_was_done_before_a_refusal_stays_done() -> None:
    site = Switch()
    site.engine.hold()
    site.engine.step(InitiateSession(site.event(Usage="60s")), site.now)
    with pytest.raises(RequestError):
        site.engine.step(InitiateSession(site.event(Usage="60s")), site.now)
    site.engine.release((b"k",), b"5012", site.now)
    site.gather()
    site.cut()
    assert (site.count(), site.cash()) == (1, 94)
    assert kept(site, b"k") == b"5012"


def test_a_record_is_made_once_in_one_request() -> None:
    site = Switch()
    site.engine.hold()
    site.engine.step(ProcessSessionCdr(site.event(Usage="30s")), site.now)
    with pytest.raises(RequestError, match="EXISTS"):
        site.engine.step(ProcessSessionCdr(site.event(Usage="30s")), site.now)
    site.engine.release((), b"", site.now)
    site.gather()
    assert len(site.cdrs()) == 1


@pytest.mark.parametrize("restart", [False, True])
def test_a_session_remembers_the_request_that_began_it(restart: bool) -> None:
    site = Switch()
    site.engine.hold(lambda: b"\x01request")
    site.engine.step(InitiateSession(site.event(Usage="60s"), client="peer"), site.now)
    site.engine.release((), b"", site.now)
    site.gather()
    if restart:
        site.cut()
    (altered,) = site.step(AlterSessions(TENANT))
    assert isinstance(altered, AlterSession)
    assert altered.request == b"\x01request"
    site.step(ForceDisconnect(TENANT))
    told = [effect.request for effect in site.effects if isinstance(effect, DisconnectSession)]
    assert told == [b"\x01request"]


@pytest.mark.parametrize("on", [False, True])
def test_clients_look_at_sessions_of_a_topped_up_account_again(on: bool) -> None:
    site = Switch(sessions={"topup_reauthorizes": on})
    for origin, request in (("one", b"first"), ("two", b""), ("three", b"third")):
        site.engine.hold(partial(bytes, request))
        site.engine.step(InitiateSession(site.event(origin, Usage="60s"), client=origin), site.now)
        site.engine.release((), b"", site.now)
    site.gather()
    site.effects.clear()
    site.balance(ACCOUNT, "cash", "*monetary", 5)
    site.gather()
    asked = [(effect.client, effect.request) for effect in site.effects if isinstance(effect, ReauthorizeSession)]
    assert asked == ([("one", b"first"), ("three", b"third")] if on else [])
    site.effects.clear()
    site.step(TerminateSession(site.event("one", Usage="30s")))  # what comes back of a grant is no top-up
    site.balance("another", "cash", "*monetary", 5)
    assert not [effect for effect in site.effects if isinstance(effect, ReauthorizeSession)]


@pytest.mark.parametrize("restart", [False, True])
def test_clients_look_at_all_sessions_again_when_rating_data_changes(restart: bool) -> None:
    site = Switch(sessions={"tariff_change_reauthorizes": True})
    count = SESSIONS_PER_STEP + 3
    for number in range(count):
        site.now += 1
        site.engine.hold(lambda: b"first")
        site.engine.step(InitiateSession(site.event(f"call{number}", Usage="1s"), client="peer"), site.now)
        site.engine.release((), b"", site.now)
    site.now += 1
    site.begin("theirs", Usage="1s")
    site.gather()
    if restart:
        site.cut()
    site.effects.clear()
    site.price("sub", ("0", "0.2", SECOND, SECOND))

    def asked() -> int:
        return len([effect for effect in site.effects if isinstance(effect, ReauthorizeSession)])

    while (site.engine.wake_ticks() or site.ticks + 1) <= site.ticks:
        site.engine.wake(site.now, site.ticks)
        site.gather()
    assert asked() == SESSIONS_PER_STEP, "some at once"
    site.ticks += REAUTHORIZE_PAUSE_NS
    site.engine.wake(site.now, site.ticks)
    site.gather()
    assert asked() == count, "and the others after a pause"
    site.ticks += REAUTHORIZE_PAUSE_NS
    site.engine.wake(site.now, site.ticks)
    site.gather()
    assert asked() == count


def test_a_change_that_prices_nothing_asks_nobody() -> None:
    site = Switch(sessions={"tariff_change_reauthorizes": True})
    site.engine.hold(lambda: b"first")
    site.engine.step(InitiateSession(site.event(Usage="1s"), client="peer"), site.now)
    site.engine.release((), b"", site.now)
    site.engine.wake(site.now, site.ticks)
    site.gather()
    site.effects.clear()
    site.balance(ACCOUNT, "cash", "*monetary", 5)
    site.engine.wake(site.now, site.ticks)
    site.gather()
    assert not [effect for effect in site.effects if isinstance(effect, ReauthorizeSession)]


def test_a_session_of_another_request_remembers_nothing() -> None:
    site = Switch()
    site.engine.hold(lambda: b"request")
    site.engine.release((), b"", site.now)
    site.begin(Usage="60s")
    (altered,) = site.step(AlterSessions(TENANT))
    assert altered.request == b""


def keep(room: Repetitions, key: bytes, body: bytes, now_ns: int) -> AnswerPut:
    record = room.record((key,), body, now_ns)
    room.keep(record, now_ns)
    return record


def fill(room: Repetitions, count: int, size: int = 1) -> list[AnswerPut]:
    return [keep(room, b"%d" % number, b"x" * size, NOW + number) for number in range(count)]


def found(room: Repetitions, count: int) -> list[int]:
    return [number for number in range(count) if room.find((b"%d" % number,), NOW)]


def test_the_oldest_answers_go_beyond_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.repetitions.MAX_ANSWERS", 3)
    room = Repetitions()
    records = fill(room, 5)
    assert found(room, 5) == [2, 3, 4]
    again = Repetitions()
    for record in reversed(records):
        again.restore(record)
    again.recovered(NOW)
    assert found(again, 5) == [2, 3, 4]
    assert keep(again, b"next", b"x", NOW).number == 6


def test_the_oldest_answers_go_beyond_the_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.repetitions.ANSWERS_BYTES", 100)
    room = Repetitions()
    fill(room, 5, 40)
    assert found(room, 5) == [3, 4]
    assert room.size_bytes == 80


def test_an_answer_that_took_the_key_of_another_stays_when_that_goes() -> None:
    room = Repetitions()
    keep(room, b"k", b"first", NOW)
    keep(room, b"k", b"second", NOW + SECOND)
    assert keep(room, b"other", b"x", NOW + ANSWER_SECONDS * SECOND).number == 3
    assert room.find((b"k",), NOW) == b"second"


def test_only_one_request_is_held_at_a_time() -> None:
    site = Switch()
    engine: Engine = site.engine
    engine.hold()
    with pytest.raises(AssertionError, match="one request at a time"):
        engine.hold()
    engine.release((), b"", site.now)
