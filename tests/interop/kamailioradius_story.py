"""Kamailio's auth_radius and acc_radius: sipp's callers are known by digest, get as long as they can pay, and are cut then."""

from __future__ import annotations

import socket
import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from engine.usage import parse_duration
from tests.acceptance import radiuswire as wire
from tests.interop.erlang_story import expect
from tests.interop.radius_world import ACCT, AUTH, RADIUS, SECOND, SECRET, Exchange, RadiusWorld, radius_world, session_times
from tests.interop.world import DIALPLANS, Program, expect_money, laid

KAMAILIO = RADIUS / "kamailio"
ETC = "/etc/kamailio/tollwire"
SIP, CALLEE = 5060, 5080
HOME = "4930123"
SIP_AVP = 225
LOCAL = """#!define RADCLI "{run}/radcli.conf"
#!define CONTROL_SOCKET "unix:{run}/control"
"""


def call(here: RadiusWorld, scenario: str, who: str, port: int, milliseconds: int, password: str = "", says: str = "") -> Program:
    """A caller with credentials; `says` is who else it says to be in From."""
    place = ("-i", "127.0.0.1", "-p", str(port), "-mp", str(17000 + 10 * (port - 5070)), "-s", HOME, "-d", str(milliseconds))
    known = ("-set", "who", says or who, "-au", who, "-ap", password or f"pass-{who}")
    more = ("-m", "1", "-nostdin", "-timeout", "150s", f"127.0.0.1:{SIP}")
    return here.program(f"sipp-{who}-{port}", "sipp", "-sf", (KAMAILIO / f"{scenario}.xml").resolve(), *place, *known, *more)


def kamailio(here: RadiusWorld, run: Path) -> Program:
    """Kamailio, and a callee behind it."""
    (here.folder / "tollwire-local.cfg").write_text(LOCAL.format(run=run))
    shipped = DIALPLANS / "kamailio" / "radius"
    places = {f"{ETC}/servers": f"{run}/servers", f"{ETC}/dictionary": f"{shipped}/dictionary"}
    laid("kamailio/radius/radcli.conf", run / "radcli.conf", places | {"radius_timeout\t2": "radius_timeout\t6"})
    servers = run / "servers"
    servers.write_text(f"127.0.0.1\t{SECRET.decode()}\n")
    servers.chmod(0o600)
    place = ("-i", "127.0.0.1", "-p", str(CALLEE), "-mp", "16000", "-d", "100", "-nostdin", "-timeout", "300s")
    here.program("sipp-callee", "sipp", "-sf", KAMAILIO / "uas.xml", *place)
    options = ("-f", shipped / "kamailio.cfg", "-P", run / "pid", "-Y", run, "-m", "32", "-M", "8", "-DD", "-E")
    started = here.program("kamailio", "kamailio", *options)
    started.until(lambda: not free(SIP) and not free(CALLEE), "Kamailio and the callee listen")
    return started


def free(port: int) -> bool:
    """Whether nobody has a UDP port."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", port))
        return True
    return False


def tell(folder: Path) -> None:
    with radius_world(folder) as here, tempfile.TemporaryDirectory(prefix="twk-") as run:
        here.begin_with_samples()
        here.give("1005", "0.003")
        password = {"Path": "*req.UserPassword", "Type": "*constant", "Value": "pass-1005"}
        profile = {"Tenant": "default", "ID": "PASSWORD_1005", "Contexts": ["*sessions"], "FilterIDs": ["*string:~*req.Account:1005"]}
        here.call("APIerSv2.SetAttributeProfile", profile | {"Attributes": [password], "Weight": 10})
        server = kamailio(here, Path(run))
        callers = [
            call(here, "uac", "1001", 5070, 2000),
            call(here, "uac_cut", "1005", 5072, 20000),
            call(here, "uac_refused", "9999", 5074, 0),
            call(here, "uac_refused", "1001", 5076, 0, "guessed"),
            call(here, "uac", "1002", 5078, 1000, says="1001"),
            call(here, "../../kamailio/uac_tagged", "nobody", 5082, 0),
        ]
        for caller in callers:
            assert caller.wait(150) == 0, f"{caller.text()[-2000:]}\n{server.text()[-3000:]}\n{here.gateway.text()[-2000:]}"
        paid = look_at_money(here)
        found = here.exchanges()
        look_at(found)
        expect_money(session_times(found), paid)


def look_at_money(here: RadiusWorld) -> dict[str, int]:
    """The seconds that each account paid for; who was cut paid for what there was: Kamailio's timers count whole seconds."""
    paid = {}
    for account, had, least in (("1001", Decimal(10), 2), ("1002", Decimal("0.05"), 1), ("1005", Decimal("0.003"), 2)):
        (record,) = here.records(account)
        seconds = parse_duration(record[2]) // 10**9
        assert seconds >= least, record
        expect_money((record[0], record[1], record[3]), ("*voice", HOME, seconds * SECOND))
        here.paid(account, had)
        paid[account] = seconds
    return paid


def look_at(found: list[Exchange]) -> None:
    """Who is let in, for how long, and that every call has a Start and a Stop that were answered."""
    logins = [(one.user, one.code, one.told(SIP_AVP).decode()) for one in found if one.port == AUTH]
    expect(
        sorted(set(logins)),
        [
            ("1001", wire.ACCESS_ACCEPT, "timeout#10000"),
            ("1001", wire.ACCESS_REJECT, ""),
            ("1002", wire.ACCESS_ACCEPT, "timeout#50"),
            ("1005", wire.ACCESS_ACCEPT, "timeout#3"),
            ("9999", wire.ACCESS_REJECT, ""),
        ],
    )
    calls = sorted({(one.user, one.status, one.code) for one in found if one.port == ACCT})
    expect(calls, [(user, status, wire.ACCOUNTING_RESPONSE) for user in ("1001", "1002", "1005") for status in (wire.START, wire.STOP)])
