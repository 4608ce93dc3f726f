"""goldens/agents.json by id, its RADIUS cases: requests in, answers and records out, by processors of ours (tests/goldens/radius)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.times import SECOND
from gateway.cli.radiuslink import RadiusLink
from gateway.cli.radiusrequests import Maker, Pair, Wanted
from gateway.protocols.radius.asking import Pace
from gateway.protocols.radius.attributes import all_values
from gateway.protocols.radius.building import Builder
from gateway.protocols.radius.builtin import load_dictionary
from gateway.protocols.radius.chap import chap_password
from gateway.protocols.radius.codes import ACCESS_REQUEST, WORDS
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.signing import request
from tests.gateway.servers import Gateway
from tests.goldens.golden_file import HERE, Case, golden_cases

CASES = {id: case for id, case in golden_cases("agents").items() if case["protocol"] == "radius"}
FOLDER = HERE / "radius"
SECRET = b"CGRateS.org"
DICTIONARY, FAULTS = load_dictionary([FOLDER / "dictionary"])
NOT_SENT = ("code", "password")
RIGHT, WRONG, THIRD = "CGRateSPassword1", "CGRateSPassword2", "CGRateSPassword3"

pytestmark = pytest.mark.acceptance


class Site(Gateway):
    """A gateway with the processors and the plan of these cases, over UDP and TCP, and the money of its accounts."""

    def __init__(self, folder: Path) -> None:
        rows = ", ".join(
            f'{{"network": "{network}", "auth_address": "127.0.0.1:0", "acct_address": "127.0.0.1:0"}}' for network in ("udp", "tcp")
        )
        files = f'radius_agent.client_dictionaries={{"*default": ["{FOLDER / "dictionary"}"]}}'
        listeners = f"radius_agent.listeners=[{rows}]"
        super().__init__(folder, "--config", str(FOLDER / "tollwire.toml"), "--set", listeners, "--set", files)
        auth, acct, tcp_auth, tcp_acct = self.agent_ports("radius")
        self.ports = {"udp": (auth, acct), "tcp": (tcp_auth, tcp_acct)}
        self.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(FOLDER / "plan")})
        for account in ("1001", "10011", "10012"):
            cash = {"Tenant": "default", "Account": account, "BalanceType": "*monetary", "Value": 10, "Balance": {"ID": "cash"}}
            self.call("APIerSv1.AddBalance", cash)

    def ask(self, network: str, wanted: Wanted, password: str = "") -> Packet:
        """The answer, whose signature was looked at."""
        maker = Maker(DICTIONARY, SECRET, password, signed=True)
        return self.exchange(network, wanted.code, lambda identifier: maker.make(wanted, identifier))

    def exchange(self, network: str, code: int, make: Callable[[int], bytes]) -> Packet:
        auth, acct = self.ports[network]
        address = ("127.0.0.1", auth if code == ACCESS_REQUEST else acct)
        link = RadiusLink(address, stream=network == "tcp", context=None, chance=Random(1), tell=lambda text: print(text, file=sys.stderr))
        try:
            return link.exchange(make, SECRET, Pace(0, 0, 60 * SECOND))[1]
        finally:
            link.close()

    def active(self) -> list[Any]:
        found = self.call("SessionSv1.GetActiveSessions", {"Tenant": "default", "Filters": []})
        assert isinstance(found, list)
        return found

    def records(self, session: str) -> list[Any]:
        found = self.call("APIerSv2.GetCDRs", {"OriginIDs": [session], "RunIDs": ["*default"]})
        assert isinstance(found, list)
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    assert FAULTS == []
    found = Site(tmp_path_factory.mktemp("golden"))
    yield found
    assert found.stop() == 0
    assert "Traceback" not in found.text()


def sent(case: Case, **more: str) -> list[Pair]:
    """The attributes of a case's request."""
    request = {name: text for name, text in case["request"].items() if name not in (*NOT_SENT, "User-Password")} | more
    return list(request.items())


def read(answer: Packet) -> tuple[str, dict[str, str]]:
    """The code of an answer in the case's word, its attributes without the signature."""
    attributes = dict(shown(DICTIONARY, answer))
    attributes.pop("Message-Authenticator", None)
    return WORDS[answer.code].replace("Access", "Access-").replace("Accounting", "Accounting-"), attributes


def by_challenge(password: str) -> list[Pair]:
    """CHAP over CHAP-Challenge as the case has it."""
    challenge = b"customchallenge!"
    return [("CHAP-Challenge", challenge.decode()), ("CHAP-Password", f"0x{chap_password(1, password.encode(), challenge).hex()}")]


def by_authenticator(attributes: list[Pair], password: str) -> Callable[[int], bytes]:
    """What makes a request with CHAP over its own authenticator."""

    def make(identifier: int) -> bytes:
        authenticator = Random(password).randbytes(16)
        proof = ("CHAP-Password", f"0x{chap_password(7, password.encode(), authenticator).hex()}")
        body = Builder(DICTIONARY).build([((name,), text, False) for name, text in [*attributes, proof]])
        return request(ACCESS_REQUEST, identifier, body, SECRET, authenticator)

    return make


@pytest.mark.parametrize("network", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("id", "auth", "password"),
    [
        ("agt-014", "pap", RIGHT),
        ("agt-015", "pap", WRONG),
        ("agt-016", "chap", RIGHT),
        ("agt-017", "chap", WRONG),
        ("agt-018", "", RIGHT),
        ("agt-019", "mschapv2", RIGHT),
        ("agt-020", "mschapv2", WRONG),
    ],
)
def test_passwords(site: Site, network: str, id: str, auth: str, password: str) -> None:
    case = CASES[id]
    assert network in case["transport"]
    if auth == "chap":
        code, told = read(site.exchange(network, ACCESS_REQUEST, by_authenticator(sent(case), password)))
    else:
        attributes = sent(case) + (by_challenge(password) if not auth else [])
        code, told = read(site.ask(network, Wanted("Access-Request", attributes, auth=auth), password if auth else ""))
    success = told.pop("MS-CHAP2-Success", "")
    name = "SIP-AVP" if password == RIGHT else "Reply-Message"
    wanted = case["expected"]["avp"].removeprefix("2 AVPs: SIP-AVP ").removesuffix(" and MS-CHAP2-Success")
    assert (code, told) == (case["expected"]["code"], {name: wanted})
    assert bool(success) is (id == "agt-019")


def test_what_attributes_want_and_nobody_gives_is_told(site: Site) -> None:
    case = CASES["agt-021"]
    code, told = read(site.ask("udp", Wanted("Access-Request", sent(case)), THIRD))
    assert (code, told["Reply-Message"]) == (case["expected"]["code"], case["expected"]["avp0"])


def test_a_vendors_attribute_is_repeated(site: Site) -> None:
    """With the vendor's number, where the case has 0."""
    case = CASES["agt-022"]
    answer = site.ask("udp", Wanted("Access-Request", sent(case)), THIRD)
    row = DICTIONARY.named("Golden-Class")
    assert row is not None
    assert all_values(answer, row) == [b"Class1", b"Class2", b"Class3"]
    assert read(answer)[0] == case["expected"]["code"]
    assert len(case["expected"]["AVPs"]) == 3
    assert b"\x2a\x08Class1" in answer.raw


def test_a_call_is_accounted(site: Site) -> None:
    begin, end = CASES["agt-023"], CASES["agt-024"]
    code, told = read(site.ask("udp", Wanted("Start", sent(begin))))
    assert (code, len(told)) == (begin["expected"]["code"], begin["expected"]["avps"])
    (active,) = site.active()
    request = begin["request"]
    assert active["OriginID"] == "-".join([request["Acct-Session-Id"], request["Sip-From-Tag"], request["Sip-To-Tag"]])
    assert active["RunID"] == "*default"
    usage = begin["expected"]["active session (RunID *default, OriginID <Acct-Session-Id>-<from>-<to>)"]["Usage"]
    assert usage.startswith(f"{active['Usage'] // SECOND}s (one debit interval)")
    attributes = dict(sent(begin)) | end["request"]
    code, told = read(site.ask("tcp", Wanted("Stop", list(attributes.items()))))
    assert (code, len(told)) == (end["expected"]["code"], end["expected"]["avps"])
    assert site.call("SessionSv1.GetActiveSessionsCount", {"Tenant": "default"}) == 0
    (record,) = site.records(active["OriginID"])
    wanted = end["expected"]["CDR"]
    assert (record["CostSource"], record["Cost"]) == (wanted["CostSource"], wanted["Cost"])
    assert record["Usage"] in (4_000_000_000, wanted["Usage"])


def test_every_case_is_played() -> None:
    text = Path(__file__).read_text()
    assert [id for id in CASES if f'"{id}"' not in text] == []
