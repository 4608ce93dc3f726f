"""Kamailio's ims_charging as a Ro client: sipp calls that are granted time, are refused, and run out of credit."""

from __future__ import annotations

import re
import tempfile
from decimal import Decimal
from pathlib import Path

from engine.usage import parse_duration
from tests.interop.decoded import Message, unanswered
from tests.interop.erlang_story import answer, assert_same, expect, from_gateway, refused
from tests.interop.world import DIALPLANS, HERE, Program, World, expect_money, laid, world

KAMAILIO = HERE / "kamailio"
SIP = 5060
HOME, MOBILE = "4930123", "4917555"
FREE, STRANGER = "1003", "1004"  # who calls a number that nobody pays for, and who comes from an address that no proxy has
SECOND = Decimal("0.001")  # of a call to HOME
# what is different here: it asks for so many seconds, and again so long before they are over
LOCAL = """#!define FIRST_SECONDS "4"
#!define NEXT_SECONDS 4
#!define AHEAD_SECONDS 2
#!define CDP_FILE "{ro}"
#!define CONTROL_SOCKET "unix:{run}/control"
"""


def call(here: World, scenario: str, who: str, number: str, port: int, milliseconds: int, address: str = "127.0.0.1") -> Program:
    """A caller."""
    words = (
        "-i",
        address,
        "-p",
        str(port),
        "-mp",
        str(17000 + 10 * (port - 5070)),
        "-s",
        number,
        "-set",
        "who",
        who,
        "-d",
        str(milliseconds),
    )
    more = ("-m", "1", "-nostdin", "-timeout", "150s", f"127.0.0.1:{SIP}")
    return here.program(f"sipp-{who}", "sipp", "-sf", KAMAILIO / f"{scenario}.xml", *words, *more)


def kamailio(here: World, run: Path) -> Program:
    """Kamailio, connected to the gateway; a callee behind it."""
    patient = {'TransactionTimeout="5"': 'TransactionTimeout="15"'}
    ro = laid("kamailio/ro/ro.xml", run / "ro.xml", patient)
    (here.folder / "tollwire-local.cfg").write_text(LOCAL.format(ro=ro, run=run))
    callee = ("-sf", KAMAILIO / "uas.xml", "-i", "127.0.0.1", "-p", "5080", "-mp", "16000", "-d", "100", "-nostdin", "-timeout", "300s")
    here.program("sipp-callee", "sipp", *callee)
    options = ("-f", DIALPLANS / "kamailio" / "ro" / "kamailio.cfg", "-P", run / "pid", "-Y", run, "-m", "64", "-M", "8", "-DD", "-E")
    started = here.program("kamailio", "kamailio", *options)
    started.until(lambda: re.search(r"peer_state=I_Open|I_Open", started.text()) or connected(here), "Kamailio is connected")
    return started


def connected(here: World) -> bool:
    """Whether the gateway has a peer."""
    return "scscf.ims.test" in here.gateway.text()


def tell(folder: Path) -> None:
    with world(folder) as here, tempfile.TemporaryDirectory(prefix="twk-") as run:
        here.start()
        cash = {"Tenant": "default", "Account": "1005", "BalanceType": "*monetary", "Value": 0.006, "Balance": {"ID": "money"}}
        here.call("APIerSv1.AddBalance", cash)
        kamailio(here, Path(run))
        callers = [
            call(here, "uac", "1001", HOME, 5070, 8000),
            call(here, "uac_cut", "1005", HOME, 5072, 20000),
            call(here, "uac_refused", "9999", HOME, 5074, 0),
            call(here, "uac_refused", "1002", MOBILE, 5076, 0),
            call(here, "uac", "alice", HOME, 5078, 1500),
            call(here, "uac", FREE, "112", 5082, 1500),
            call(here, "uac_refused", STRANGER, HOME, 5084, 0, "127.0.0.2"),
            call(here, "uac_tagged", "nobody", HOME, 5086, 0),
        ]
        for caller in callers:
            assert caller.wait(150) == 0, caller.text()[-3000:]
        look_at_money(here)
        look_at(here.finish())


def look_at_money(here: World) -> None:
    """A call is paid by the second, rounded up as Kamailio does; what was cut has cost what there was."""
    (record,) = here.records("1001")
    seconds = parse_duration(record[2]) // 10**9
    expect(record[:2], ("*voice", HOME))
    assert seconds >= 5, record
    expect_money(record[3], seconds * SECOND)
    here.paid("1001", 10)
    (record,) = here.records("1005")
    spoken = parse_duration(record[2]) // 10**9
    assert spoken >= 6, f"{record}: it had 6 s, and is cut within a second or two where the machine does not stand still"
    expect_money(record[3], spoken * SECOND)
    here.paid("1005", Decimal("0.006"))
    expect_money(here.records("1002"), [("*voice", MOBILE, "0s", Decimal(0))])
    expect_money(here.records("9999"), [("*voice", HOME, "0s", Decimal(-1))])
    here.paid("1002", Decimal("0.05"))
    expect(len(here.records("alice")), 1)
    here.paid("alice", 10)
    here.over("9999")


def of_payer(messages: list[Message], payer: str) -> list[Message]:
    """The messages of the session that somebody pays."""
    (session,) = {
        one.value("Session-Id")
        for one in messages
        if one.value("Subscription-Id", "Subscription-Id-Data") in (payer, f"sip:{payer}@ims.test")
    }
    return [one for one in messages if one.value("Session-Id") == session]


def look_at(messages: list[Message]) -> None:
    """Every answer, AVP by AVP."""
    expect(unanswered([one for one in messages if one.name not in ("DPR", "DPA")]), [])  # Kamailio hardly ever answers one in time

    def grant(seconds: int) -> str:
        inner = f"Granted-Service-Unit{{CC-Time={seconds}}} Service-Identifier=1000 Rating-Group=100 Validity-Time=600 Result-Code=2001"
        return f"Multiple-Services-Credit-Control{{{inner}}}"

    for payer, least in (("1001", 1), ("alice", 0)):
        paid = from_gateway(of_payer(messages, payer))
        updates = len(paid) - 2
        assert updates >= least, paid
        renewed = [answer(2001, 2, number, grant(4)) for number in range(1, updates + 1)]
        assert_same(paid, [answer(2001, 1, 0, grant(4)), *renewed, answer(2001, 3, updates + 1)])
    asked = {one.value("Subscription-Id", "Subscription-Id-Data").removeprefix("sip:").partition("@")[0] for one in messages}
    assert not asked & {FREE, STRANGER}, asked
    cut = from_gateway(of_payer(messages, "1005"))
    assert_same(cut[:1], [answer(2001, 1, 0, grant(4))])
    assert_same(cut[-2:], [refused(4012, 2, len(cut) - 2), answer(2001, 3, len(cut) - 1)])
    unknown = refused(5030, 1, 0, "Error-Message=RALS_ERROR:ACCOUNT_NOT_FOUND")
    assert_same(from_gateway(of_payer(messages, "9999"))[:1], [unknown])
    assert_same(from_gateway(of_payer(messages, "1002")), [refused(4012, 1, 0), answer(2001, 3, 1)])
