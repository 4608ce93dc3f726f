"""goldens/agents.json by id, its Diameter cases: requests in, AVPs and records out, by processors of ours (tests/goldens/diameter)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.avps import Tree, as_data, decoded, encoded
from gateway.cli.diameterlink import DiameterLink
from gateway.cli.measure.diameter import dictionary
from gateway.cli.outcome import CommandError
from gateway.protocols.diameter.message import Message
from tests.gateway.servers import Gateway
from tests.goldens.golden_file import HERE, Case, golden_cases

CASES = {id: case for id, case in golden_cases("agents").items() if case["protocol"] == "diameter"}
ORIGIN = {"Origin-Host": "pgw.golden.test", "Origin-Realm": "golden.test"}
ASKED_SECONDS = 60.0

pytestmark = pytest.mark.acceptance


class Site(Gateway):
    """A gateway with the processors and the plan of these cases, and the money of its accounts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "--config", str(HERE / "diameter"), "--set", 'diameter_agent.listeners=[{"address": "127.0.0.1:0"}]')
        (self.port,) = self.agent_ports("diameter")
        self.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(HERE / "diameter" / "plan")})
        for account, value in (("1001", 10), ("1003", 10), ("poor", 2), ("empty", 0)):
            cash = {"Tenant": "default", "Account": account, "BalanceType": "*monetary", "Value": value, "Balance": {"ID": "cash"}}
            self.call("APIerSv1.AddBalance", cash)

    def records(self, session: str, run: str = "*default") -> list[Any]:
        """The records of a session's run."""
        found = self.call("APIerSv2.GetCDRs", {"OriginIDs": [session], "RunIDs": [run]})
        assert isinstance(found, list)
        return found

    @contextmanager
    def peer(self) -> Iterator[Peer]:
        """A client that has exchanged capabilities."""
        found = Peer(self.port)
        try:
            yield found
        finally:
            found.link.close()


class Peer:
    """A client: it asks, and keeps what it is asked."""

    def __init__(self, port: int) -> None:
        self.heard: list[Message] = []
        self.link = DiameterLink(dictionary(), ("127.0.0.1", port), ORIGIN, ASKED_SECONDS, asked=self.heard.append)

    def ask(self, session: str, context: str, kind: int, number: int, payer: str, more: Tree) -> Any:
        """The answer to a CCR."""
        tree: Tree = {
            "Session-Id": session,
            **ORIGIN,
            "Destination-Realm": "cgrates.org",
            "Auth-Application-Id": 4,
            "Service-Context-Id": context,
            "CC-Request-Type": kind,
            "CC-Request-Number": number,
            "Event-Timestamp": "2026-04-07T10:00:00Z",
            "Subscription-Id": {"Subscription-Id-Type": 0, "Subscription-Id-Data": payer},
            **more,
        }
        return as_data(decoded(dictionary(), self.link.exchange(272, 4, encoded(dictionary(), tree)).avps, named=False))

    def call(self, session: str, kind: int, number: int, asked: int, used: int | None = None, **words: str) -> Any:
        """The answer to a CCR of a call of so many seconds asked for, so many used."""
        units: Tree = {"Requested-Service-Unit": {"CC-Time": asked}} if kind != 3 else {}
        units |= {"Used-Service-Unit": {"CC-Time": used}} if used is not None else {}
        called = {
            "Service-Information": {"IMS-Information": {"Node-Functionality": 6, "Called-Party-Address": words.get("called", "1002")}}
        }
        return self.ask(session, words.get("context", "voice@DiamItCCR"), kind, number, words.get("payer", "1006"), {**units, **called})

    def until_asked(self, command: int, seconds: float = ASKED_SECONDS) -> Message:
        """The next request of a command that the gateway sends."""
        deadline = time.monotonic() + seconds
        while not (found := [one for one in self.heard if one.command == command]):
            assert time.monotonic() < deadline, f"no {command} within {seconds} s"
            with suppress(CommandError):  # it may be closed after the request
                self.link.listen(0.05)
        return found[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("golden"))
    yield found
    assert found.stop() == 0
    assert "Traceback" not in found.text()


def wanted(case: Case, *names: str) -> list[object]:
    """What a case expects."""
    return [case["expected"][name] for name in names]


def granted(answer: Any) -> object:
    """The seconds of a grant."""
    return answer["Granted-Service-Unit"]["CC-Time"]


def meanwhile(work: Callable[[], object]) -> Callable[[], object]:
    """Does something in another thread; the function returns what came of it."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()

    def result() -> object:
        thread.join(ASKED_SECONDS)
        assert found, "it did not return"
        return found[0]

    return result


def test_two_processors_make_one_answer(site: Site) -> None:
    case = CASES["agt-001"]
    asked, expected = case["request"], case["expected"]
    services = [
        {
            "Rating-Group": one["RG"],
            "Used-Service-Unit": dict(zip(("CC-Total-Octets", "CC-Input-Octets", "CC-Output-Octets"), one["octets"], strict=True)),
        }
        for one in asked["MSCC"]
    ]
    with site.peer() as peer:
        more: Tree = {"Requested-Service-Unit": {"CC-Time": 300}, "Multiple-Services-Credit-Control": services}
        answer = peer.ask(asked["Session-Id"], asked["Service-Context-Id"], 1, 1, "1001", more)
    names = ("Result-Code", "Session-Id", "Origin-Host", "Origin-Realm", "Auth-Application-Id", "CC-Request-Type", "CC-Request-Number")
    assert [answer[name] for name in names] == wanted(case, *names)
    groups = answer["Multiple-Services-Credit-Control"]
    assert [one["Rating-Group"] for one in groups] == expected["MSCC/Rating-Group"]
    assert [one["Used-Service-Unit"]["CC-Total-Octets"] for one in groups] == expected["MSCC/Used-Service-Unit/CC-Total-Octets"]
    assert granted(answer) == expected["Granted-Service-Unit/CC-Time"]


def test_a_call(site: Site) -> None:
    begin, update, end = CASES["agt-002"], CASES["agt-004"], CASES["agt-007"]
    session = begin["request"]["Session-Id"]
    with site.peer() as peer:
        answers = [peer.call(session, 1, 0, 300), peer.call(session, 2, 1, 300, 300)]
        for answer, case in zip(answers, (begin, update), strict=True):
            assert [answer["Result-Code"], granted(answer)] == wanted(case, "Result-Code", "Granted-Service-Unit/CC-Time")
        assert [peer.call(session, 3, 2, 0, 250)["Result-Code"]] == wanted(end, "Result-Code")
    records = site.records(session)
    assert len(records) == end["expected"]["CDR"]["count"]
    assert (records[0]["Usage"], records[0]["Account"]) == ("9m10s", "1001")
    assert end["expected"]["CDR"]["Usage"] == "550s"


def test_a_duration_that_must_be_granted_whole(site: Site) -> None:
    case = CASES["agt-003"]
    with site.peer() as peer:
        answer = peer.call("forced;bfx1", 1, 0, case["request"]["RSU CC-Time"], context=case["request"]["Service-Context-Id"])
    assert [answer["Result-Code"]] == wanted(case, "Result-Code")


def test_a_client_is_asked_again(site: Site) -> None:
    case = CASES["agt-005"]
    with site.peer() as peer:
        assert peer.call("rar;1", 1, 0, 300)["Result-Code"] == 2001
        filters = {"Tenant": "default", "Filters": ["*string:~*req.OriginID:rar;1"]}
        replied = meanwhile(lambda: site.call("SessionSv1.AlterSessions", filters))
        assert peer.until_asked(258).avps.text(263) == "rar;1"
        assert replied() == "OK"
        seconds = case["request"]["then CCR-U"]["RSU"]
        assert granted(peer.call("rar;1", 2, 1, seconds, seconds)) == case["expected"]["then Granted CC-Time"]


def test_a_peer_is_told_goodbye(site: Site) -> None:
    case = CASES["agt-006"]
    with site.peer() as peer:
        cause = {"OriginHost": ORIGIN["Origin-Host"], "DisconnectCause": case["request"]["DisconnectCause"]}
        replied = meanwhile(lambda: site.call("SessionSv1.DisconnectPeer", cause))
        assert peer.until_asked(282).avps.number(273) == case["expected"]["server sends DPR with Disconnect-Cause"]
        assert replied() == "OK"


@pytest.mark.parametrize(("id", "type"), [("agt-008", "*sms"), ("agt-009", "*mms")])
def test_a_message(site: Site, id: str, type: str) -> None:
    case = CASES[id]
    recipient = {"SMS-Information": {"Recipient-Info": {"Recipient-Address": {"Address-Type": 1, "Address-Data": "1003"}}}}
    with site.peer() as peer:
        more = {"Requested-Action": 0, "Requested-Service-Unit": {"CC-Time": 1}, "Service-Information": recipient}
        assert peer.ask(f"{id};1", case["request"]["Service-Context-Id"], 4, 0, "1001", more)["Result-Code"] == 2001
    (expected,) = case["expected"].values()
    records = site.records(f"{id};1", "*raw")
    assert [(one["ToR"], int(one["Usage"])) for one in records] == [(type, expected["Usage"])] * expected["count"]


def test_a_session_whose_credit_runs_out_is_aborted(site: Site) -> None:
    case = CASES["agt-010"]
    with site.peer() as peer:
        answer = peer.call("loop;1", 1, 0, 300, context="testSessionDisconnect", payer="poor", called="9")
        assert [answer["Result-Code"]] == wanted(case, "CCA Result-Code")
        assert (peer.until_asked(274).avps.text(263) == "loop;1") is case["expected"]["server sends ASR with the same Session-Id"]


def test_without_a_debit_loop_it_is_not(site: Site) -> None:
    case = CASES["agt-011"]
    with site.peer() as peer:
        answer = peer.call("no-loop;1", 1, 0, 300, context=case["request"]["Service-Context-Id"], payer="1003")
        assert [answer["Result-Code"]] == wanted(case, "CCA Result-Code")
        peer.link.listen(0.1)
        assert peer.heard == []


def test_an_answer_that_cannot_be_written_is_an_error(site: Site) -> None:
    case = CASES["agt-012"]
    recipient = {"SMS-Information": {"Recipient-Info": {"Recipient-Address": {"Address-Data": "1003"}}}}
    with site.peer() as peer:
        more = {"Requested-Service-Unit": {"CC-Time": 1}, "Service-Information": recipient}
        asked = case["request"]
        answer = peer.ask(
            asked["Session-Id"], asked["Service-Context-Id"], asked["CC-Request-Type"], asked["CC-Request-Number"], "1001", more
        )
    assert [answer["Result-Code"]] == wanted(case, "Result-Code")


def test_a_call_that_is_granted_nothing_ends_at_once(site: Site) -> None:
    case = CASES["agt-013"]
    with site.peer() as peer:
        answer = peer.call("empty;1", 1, 0, 300, payer=case["request"]["SubscriberId"])
    assert [answer["Result-Code"], granted(answer)] == wanted(case, "Result-Code", "Granted CC-Time")
    assert site.call("SessionSv1.GetActiveSessionsCount", {"Filters": ["*string:~*req.OriginID:empty;1"]}) == 0


def test_every_case_is_looked_at() -> None:
    text = Path(__file__).read_text()
    assert [id for id in CASES if f'"{id}"' not in text] == []
