"""FreeRADIUS as a proxy in front of the gateway, which demands Message-Authenticator: Proxy-State comes back, and the NAS never knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.acceptance import radiuswire as wire
from tests.interop.erlang_story import expect
from tests.interop.radius_world import ACCT, SECOND, SECRET, RadiusWorld, freeradius, radclient, radius_world, said
from tests.interop.world import Program, expect_money, laid

PROXY_AUTH, PROXY_ACCT = 2812, 2813
NAS = "NAS-IP-Address=192.0.2.7,NAS-Port=7"
ETC = "/etc/freeradius/tollwire"


def proxy_in(here: RadiusWorld, run: Path, changes: Mapping[str, str] | None = None) -> Program:
    """FreeRADIUS as the shipped proxy, ready, on ports beside the gateway's."""
    places = {f"confdir = {ETC}\n": f"confdir = {run}\n", "= /var/log/freeradius": f"= {run}", "= /run/freeradius": f"= {run}"}
    ports = {"listen_address = 0.0.0.0": "listen_address = 127.0.0.1", "= 1812": f"= {PROXY_AUTH}", "= 1813": f"= {PROXY_ACCT}"}
    ours = {"\tuser = freerad\n\tgroup = freerad\n": ""}  # whose names this world has not
    beside = {"gateway_address = 192.0.2.10": "gateway_address = 127.0.0.1", "gateway_seconds = 4": "gateway_seconds = 20"}
    laid("freeradius/radiusd.conf", run / "radiusd.conf", places | ports | ours | beside | dict(changes or {}))
    for name in ("gateway-udp.conf", "gateway-radsec.conf"):
        laid(f"freeradius/{name}", run / name)
    (run / "secrets.conf").write_text(f"nas_secret = {SECRET.decode()}\ngateway_secret = {SECRET.decode()}\n")
    return freeradius(here, run)


def through(here: RadiusWorld) -> None:
    """Logins and a session by way of the proxy, with the NAS's own Proxy-States."""
    own = "Proxy-State=0x6f6e65,Proxy-State=0x74776f"
    for password in ("User-Password=pw-1001", "CHAP-Password=pw-1001"):
        told = radclient(here, "auth", f"User-Name=1001,{password},{NAS},{own}", port=PROXY_AUTH)
        expect((said(told, "Session-Timeout"), said(told, "Proxy-State")), (["3600"], ["0x6f6e65", "0x74776f"]))
    told = radclient(here, "auth", f"User-Name=1001,User-Password=nope,{NAS}", port=PROXY_AUTH, status=1)
    expect(said(told, "Reply-Message"), ["RADAUTH_FAILED"])
    session = f"User-Name=1001,Acct-Session-Id=p1,{NAS}"
    for status, seconds in (("Start", 0), ("Interim-Update", 5), ("Stop", 33)):
        radclient(here, "acct", f"Acct-Status-Type={status},{session},Acct-Session-Time={seconds},{own}", port=PROXY_ACCT)
    expect_money([(one[2], one[3]) for one in here.records("1001")], [("33s", 33 * SECOND)])
    here.paid("1001", 10)


def tell(folder: Path) -> None:
    with radius_world(folder) as here:
        here.begin(signed="yes")
        radclient(here, "auth", f"User-Name=1001,User-Password=pw-1001,{NAS}", "-t", "1", status=1)
        run = folder / "proxy"
        run.mkdir()
        proxy = proxy_in(here, run)
        through(here)
        proxy.end()
        found = [one for one in here.exchanges() if one.asked(wire.PROXY_STATE)]
        assert all(one.code for one in found), found
        expect(len(found), 6)
        for one in found:
            states = [value for kind, value in wire.attributes_of(one.request) if kind == wire.PROXY_STATE]
            expect([value for kind, value in wire.attributes_of(one.answer) if kind == wire.PROXY_STATE], states)
            assert one.port == ACCT or wire.first(one.request, wire.MESSAGE_AUTHENTICATOR), "the gateway demands it"
