"""pppd as a NAS against the samples for broadband: passwords from the plan, octets charged, as the files of both sides are shipped."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

from tests.acceptance import radiuswire as wire
from tests.interop.erlang_story import expect
from tests.interop.pppd_story import SERVER, TAP, connect, nas
from tests.interop.radius_world import ACCT, AUTH, SECRET, RadiusWorld, octet_price, radius_world, session_octets
from tests.interop.world import expect_money

# kind, who, password, seconds until the subscriber hangs up: money and octets; a password kept as NT hash; a disabled account
SESSIONS = (("chap", "1001", "pass-1001", 1), ("mschap-v2", "1003", "pass-1003", 1), ("pap", "1004", "pass-1004", 0))
LISTENERS = [{"auth_address": f"{SERVER}:{AUTH}", "acct_address": f"{SERVER}:{ACCT}"}]
CLIENTS = [{"id": "nas", "addresses": ["10.99.0.2"], "secret": SECRET.decode(), "message_authenticator": "auto"}]
BUNDLE = 104_857_600


def tell(folder: Path) -> None:
    connect()
    run = folder / "nas"
    run.mkdir()
    with radius_world(folder) as here:
        sets = {"listeners": LISTENERS, "clients": CLIENTS}
        here.begin_with_samples(
            TAP, *(word for name, value in sets.items() for word in ("--set", f"radius_agent.{name}={json.dumps(value)}"))
        )
        machine = nas(here, run, SESSIONS)
        machine.wait(240)
        log = run / "sessions.log"
        told = log.read_text() if log.exists() else machine.text()[-3000:]
        for session in ("chap 1001", "mschap-v2 1003"):
            assert re.search(f"^{session}: 10.64.0.1 10.64.0.10/32\n3 packets transmitted, [123] received", told, re.MULTILINE), told
        assert "MPPE 128-bit stateless compression enabled" in told, told
        assert "pap 1004: \n" in told, told
        look_at(here)


def look_at(here: RadiusWorld) -> None:
    """Who was let in, and that what is paid is what the NAS counted."""
    usage = {account: int(here.records(account)[0][2]) for account in ("1001", "1003")}
    ((kind, place, _, cost),) = here.records("1001")
    expect_money((kind, place, cost), ("*data", "internet", octet_price(usage["1001"])))
    here.paid("1001", 10)
    here.over("1003")
    kibibytes = -(-usage["1003"] // 1024)
    expect_money((here.balance("1003"), here.balance("1003", "*data")), (Decimal(10), Decimal(BUNDLE - 1024 * kibibytes)))
    expect_money(here.records("1004", 0), [])
    found = here.exchanges()
    logins = {(one.user, one.code) for one in found if one.port == AUTH}
    expect(logins, {("1001", wire.ACCESS_ACCEPT), ("1003", wire.ACCESS_ACCEPT), ("1004", wire.ACCESS_REJECT)})
    expect_money(session_octets(found), usage)
