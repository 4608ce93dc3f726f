"""strongSwan as a VPN gateway: an IKEv2 client is let in by EAP, pays for octets as the samples have it, and is cut by a
Disconnect-Request of ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.acceptance import radiuswire as wire
from tests.gateway.certificates import Authority
from tests.gateway.servers import until
from tests.interop.beside import USER, Elsewhere, eap_server, run
from tests.interop.erlang_story import expect
from tests.interop.radius_world import ACCT, AUTH, DYNAMIC, RADIUS, SECRET, RadiusWorld, octet_price, radius_world, session_octets
from tests.interop.world import Program, expect_money, filled, laid

STRONGSWAN = RADIUS / "strongswan"
LISTENERS = [{"auth_address": "", "acct_address": f"127.0.0.1:{ACCT}"}]


def charon(here: RadiusWorld, role: str, plugin: str, where: Elsewhere | RadiusWorld) -> Program:
    """One end of the tunnel, its connection loaded."""
    conf = filled(STRONGSWAN / "strongswan.conf", here.folder / f"{role}.strongswan", RUN=here.folder, ROLE=role, EXTRA=plugin)
    started = where.program(role, "charon-systemd", STRONGSWAN_CONF=str(conf))
    socket = here.folder / f"{role}.vici"
    started.until(socket.exists, "charon listens")
    run(here, "env", f"SWANCTL_DIR={here.folder / role}", "swanctl", "--load-all", "--uri", f"unix://{socket}")
    return started


def lay(folder: Path) -> None:
    """What lies in /etc at either end: the shipped files, and the certificate that the gateway shows."""
    laid("strongswan/eap-radius.conf", folder / "eap-radius.conf", {"accounting_interval = 300": "accounting_interval = 2"})
    (folder / "tollwire.secret").write_text(f'secret = "{SECRET.decode()}"\n')
    for role in ("gw", "cli"):
        for name in ("x509", "x509ca", "private"):
            (folder / role / name).mkdir(parents=True)
    authority = Authority(folder)
    certificate, key = authority.sign("vpn")
    shutil.copy(certificate, folder / "gw" / "x509" / "vpn.crt")
    shutil.copy(key, folder / "gw" / "private" / "vpn.key")
    shutil.copy(authority.file, folder / "cli" / "x509ca" / "authority.pem")
    laid("strongswan/swanctl.conf", folder / "gw" / "swanctl.conf", {"0.0.0.0/0": "10.67.0.0/24", "id = vpn.example.org": "id = localhost"})
    shutil.copy(STRONGSWAN / "cli.conf", folder / "cli" / "swanctl.conf")


def tell(folder: Path) -> None:
    lay(folder)
    with radius_world(folder) as here:
        here.begin_with_samples("lo", "--set", f"radius_agent.listeners={json.dumps(LISTENERS)}")
        eap_server(here, "Framed-IP-Address := 10.66.0.7")
        phone = Elsewhere(here)
        run(here, *"ip link add vpn0 type veth peer name vpn1".split())
        run(here, "ip", "link", "set", "vpn1", "netns", str(phone.number))
        for words in ("addr add 10.98.0.1/30 dev vpn0", "link set vpn0 up", "addr add 10.67.0.1/32 dev lo"):
            run(here, "ip", *words.split())
        for words in ("addr add 10.98.0.2/30 dev vpn1", "link set vpn1 up"):
            phone.run("ip", *words.split())
        charon(here, "gw", "eap-radius", here)
        charon(here, "cli", "", phone)
        run(here, "swanctl", "--initiate", "--uri", f"unix://{folder / 'cli.vici'}", "--child", "net", "--timeout", "20")
        until(lambda: here.sessions(USER) == 1, "the session is open")
        phone.run("ping", "-q", "-c", "5", "-i", "0.5", "-s", "1000", "10.67.0.1")
        expect(here.call("SessionSv1.ForceDisconnect", {"Tenant": "default", "Filters": [f"*string:~*req.Account:{USER}"]}), "OK")
        here.over(USER)
        run(here, "sleep", "1.5")  # until its Stop has come, which corrects the record
        usage = int(here.records(USER)[0][2])
        expect_money(here.records(USER), [("*data", "internet", str(usage), octet_price(usage))])
        here.paid(USER, 10)
        look_at(here, usage)


def look_at(here: RadiusWorld, usage: int) -> None:
    """What was paid is what it counted; Start, interim updates and Stop with octets, all answered; the Disconnect-Request acknowledged."""
    found = here.exchanges(but=AUTH)
    told = [one for one in found if one.port == ACCT]
    expect((told[0].status, told[-1].status), (wire.START, wire.STOP))
    expect({one.code for one in told}, {wire.ACCOUNTING_RESPONSE})
    assert any(one.status == wire.INTERIM for one in told), told
    expect_money(session_octets(found), {USER: usage})
    assert usage >= 5000, told[-1]
    (cut,) = [one for one in found if one.port == DYNAMIC]
    expect((cut.request[0], cut.code, cut.user), (wire.DISCONNECT_REQUEST, wire.DISCONNECT_ACK, USER))
