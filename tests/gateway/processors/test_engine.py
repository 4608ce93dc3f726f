"""Processors and a whole engine: requests as plain maps, money in accounts, records."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.usage import SECOND
from gateway.processors.run import Processors, Worked
from gateway.processors.terms import Terms
from tests.engine.house import TENANT
from tests.gateway.processors.asking import Row, compiled, field, processor
from tests.site import Site

EVENT = (
    field("*cgreq.ToR", "*voice"),
    field("*cgreq.OriginID", "~*req.id", mandatory=True),
    field("*cgreq.OriginHost", "here"),
    field("*cgreq.RequestType", "*prepaid"),
    field("*cgreq.RequestType", "~*req.type", filters=["*exists:~*req.type:"]),
    field("*cgreq.Category", "call"),
    field("*cgreq.Account", "~*req.who", mandatory=True),
    field("*cgreq.Destination", "4930111"),
    field("*cgreq.SetupTime", "2026-04-07T10:00:00Z"),
    field("*cgreq.AnswerTime", "2026-04-07T10:00:00Z"),
    field("*cgreq.Usage", "~*req.asked;s"),
    field("*cgreq.LastUsed", "~*req.used;s"),
)
ANSWER = (
    field("*rep.Error", "~*cgrep.Error", filters=["*notempty:~*cgrep.Error:"]),
    field("*rep.MaxUsage", "~*cgrep.MaxUsage"),
)


FLAGS: dict[str, Sequence[str]] = {
    "auth": ("*authorize", "*accounts"),
    "begin": ("*initiate", "*accounts"),
    "on": ("*update", "*accounts"),
    "end": ("*terminate", "*accounts", "*cdrs"),
    "once": ("*message", "*accounts", "*cdrs"),
    "event": ("*event", "*rals:*authorize"),
    "record": ("*cdrs",),
    "lines": ("*authorize", "*resources"),
}


class Peer:
    """A connection to the engine of a site."""

    client = "peer-1"

    def __init__(self) -> None:
        self.site = Site()
        self.site.price("*any", ("0", "0.01", SECOND, SECOND))
        self.processors: Processors = compiled(
            *(self.row(kind, *flags) for kind, flags in FLAGS.items()), terms=Terms(TENANT, filters=self.site.engine.filters)
        )

    def row(self, kind: str, *flags: str) -> Row:
        return processor(*flags, id=kind, filters=[f"*string:~*req.kind:{kind}"], asks=EVENT, says=ANSWER)

    def step(self, command: object) -> object:
        return self.site.step(command)

    def ask(self, kind: str, who: str = "anna", id: str = "1", **more: str) -> Worked:
        request: Row = {"kind": kind, "who": who, "id": id, **more}
        return self.processors.work({"*req": request, "*vars": {}}, self, self.site.now)

    def told(self, kind: str, who: str = "anna", id: str = "1", **more: str) -> dict[str, str]:
        """What reply fields made of the engine's answer."""
        found = self.ask(kind, who, id, **more)
        assert found.handled
        assert not found.failed
        return {path[0]: text for path, text, _ in found.reply}

    def put(self, value: object, who: str = "anna") -> None:
        balance = {"Tenant": TENANT, "Account": who, "BalanceType": "*monetary", "Value": value, "Balance": {"ID": "main"}}
        assert self.site.call("APIerSv2.SetBalance", balance) == "OK"

    def money(self, who: str = "anna") -> int:
        """In cents."""
        return sum(self.site.values(who)["*monetary"]) // 10_000_000

    def usages(self, id: str = "1") -> list[object]:
        """The usages of the records of an origin."""
        found = self.site.call("APIerSv2.GetCDRs", {"OriginIDs": [id]})
        return [record["Usage"] for record in found] if isinstance(found, list) else [found]


@pytest.fixture
def peer() -> Peer:
    made = Peer()
    made.put(1)
    return made


def test_a_session_from_its_begin_to_its_record(peer: Peer) -> None:
    assert peer.told("auth", asked="600") == {"MaxUsage": "1m40s"}
    assert peer.told("begin", asked="30") == {"MaxUsage": "30s"}
    assert peer.money() == 70
    assert peer.told("on", asked="30", used="20") == {"MaxUsage": "30s"}
    assert peer.told("end", used="10") == {}
    assert peer.money() == 70
    assert peer.usages() == ["30s"]
    peer.site.verify()


def test_a_grant_shrinks_to_what_the_money_buys(peer: Peer) -> None:
    assert peer.told("begin", asked="90") == {"MaxUsage": "1m30s"}
    assert peer.told("on", asked="90", used="90") == {"MaxUsage": "10s"}
    assert peer.told("on", asked="90", used="10") == {"MaxUsage": "0s"}
    assert peer.money() == 0


def test_refusals_are_told(peer: Peer) -> None:
    refused = {"Error": "RALS_ERROR:ACCOUNT_NOT_FOUND", "MaxUsage": "0"}
    assert peer.told("auth", "nobody", asked="1") == refused
    assert peer.told("begin", "nobody", asked="1", id="2") == refused
    peer.told("begin", asked="1")
    assert peer.told("begin", asked="1") == {"Error": "EXISTS", "MaxUsage": "0"}
    assert peer.told("lines") == {"Error": "NOT_CONNECTED: ResourceS"}


def test_a_message_is_charged_and_recorded_as_charged(peer: Peer) -> None:
    assert peer.told("once", asked="61") == {"MaxUsage": "1m1s"}
    assert peer.money() == 39
    assert peer.usages() == ["1m1s"]


def test_a_message_that_is_refused_is_recorded_with_nothing(peer: Peer) -> None:
    assert peer.told("once", "nobody", asked="61")["Error"] == "RALS_ERROR:ACCOUNT_NOT_FOUND"
    assert peer.usages() == ["0s"]


def test_a_record_twice(peer: Peer) -> None:
    assert peer.told("record", asked="10", type="*rated") == {}
    assert peer.told("record", asked="10", type="*rated") == {"Error": "EXISTS"}


def test_an_event_is_answered_by_run(peer: Peer) -> None:
    found = peer.ask("event", asked="600")
    assert found.failed == ""
    assert [text for path, text, _ in found.reply if path == ("MaxUsage",)] == ['{"*raw":100000000000}']


def test_usage_below_nothing_costs_nothing_and_gives_nothing(peer: Peer) -> None:
    peer.told("begin", asked="30")
    found = peer.ask("end", used="-1000")
    assert found.notes == ["LastUsed -1000s was taken for 0"]
    assert peer.money() == 100
    peer.site.verify()


def test_usage_beyond_all_bounds_is_no_crash_and_no_gift(peer: Peer) -> None:
    peer.told("begin", asked="30")
    found = peer.ask("on", asked="10", used="99999999999999999999")
    assert [note.partition(" ")[0] for note in found.notes] == ["LastUsed"]
    assert not found.failed
    assert peer.money() <= 70
    peer.site.verify()
