"""Disconnect- and CoA-Requests both ways: the gateway asks FreeRADIUS as a NAS, and radclient asks the gateway, which asks the NAS."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance import radiuswire as wire
from tests.gateway.servers import until
from tests.interop.erlang_story import expect
from tests.interop.radius_world import DYNAMIC, OURS, RADIUS, SECRET, Exchange, RadiusWorld, freeradius, radclient, radius_world, said
from tests.interop.world import filled

NAS = "NAS-IP-Address=127.0.0.1,NAS-Port=7"
STRANGE = "unknown-there"  # the session that the NAS says it does not know
ERROR_CAUSE = 101
MORE = f"""
[radius_agent]
da_address = "127.0.0.1:{OURS}"
clients = [{{ id = "nas", addresses = ["127.0.0.1"], secret = "{SECRET.decode()}", dynamic_authorization = true }}]
"""


def begin(here: RadiusWorld, session: str, account: str) -> dict[str, object]:
    """A session begins; what finds it over the API."""
    radclient(here, "acct", f"Acct-Status-Type=Start,User-Name={account},Acct-Session-Id={session},{NAS}")
    expect(here.sessions(account), 1)
    return {"Tenant": "default", "Filters": [f"*string:~*req.OriginID:{session}"]}


def tell(folder: Path) -> None:
    with radius_world(folder) as here:
        here.begin(more=MORE)
        run = folder / "nas"
        run.mkdir()
        filled(RADIUS / "nas.conf", run / "radiusd.conf", RUN=run)
        freeradius(here, run)
        found = begin(here, "ours", "1001")
        expect(here.call("SessionSv1.AlterSessions", found | {"Event": {"Usage": "10s"}}), "OK")
        expect(here.call("SessionSv1.ForceDisconnect", found), "OK")
        here.over("1001")
        expect(here.call("SessionSv1.ForceDisconnect", begin(here, STRANGE, "1003")), "OK")
        here.over("1003")
        begin(here, "theirs", "alice")
        radclient(here, "coa", f"User-Name=alice,Acct-Session-Id=theirs,{NAS},Filter-Id=slow")
        told = radclient(here, "disconnect", "User-Name=alice,Acct-Session-Id=nobody", status=1)
        expect(said(told, "Error-Cause"), ["Session-Context-Not-Found"])
        radclient(here, "disconnect", f"User-Name=alice,Acct-Session-Id=theirs,{NAS},Message-Authenticator=0x00")
        here.over("alice")
        for account in ("1001", "1003", "alice"):
            expect(len(here.records(account)), 1)
            here.paid(account, 10)
        until(lambda: "a NAS refused" in here.gateway.text(), "the log has what the NAS said")
        look_at(here.exchanges())


def look_at(found: list[Exchange]) -> None:
    """What the NAS was asked about which session, and what it said; what the gateway said where it was asked."""

    def told(port: int) -> list[tuple[int, int, bytes, int]]:
        asked = [one for one in found if one.port == port]
        return [(one.request[0], one.code, one.asked(wire.SESSION_ID), int.from_bytes(one.told(ERROR_CAUSE), "big")) for one in asked]

    cut, acknowledged, refused = wire.DISCONNECT_REQUEST, wire.DISCONNECT_ACK, wire.DISCONNECT_NAK
    altered = wire.COA_REQUEST, wire.COA_ACK
    at_the_nas = [(*altered, b"ours", 0), (cut, acknowledged, b"ours", 0), (cut, refused, STRANGE.encode(), 503)]
    expect(told(DYNAMIC), [*at_the_nas, (*altered, b"theirs", 0), (cut, acknowledged, b"theirs", 0)])
    expect(told(OURS), [(*altered, b"theirs", 0), (cut, refused, b"nobody", 503), (cut, acknowledged, b"theirs", 0)])
