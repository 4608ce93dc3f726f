"""hostapd as an 802.1X switch port: Accounting-On, Start, interim updates, a Disconnect-Request of the gateway, Stop, Accounting-Off."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from engine.usage import parse_duration
from tests.acceptance import radiuswire as wire
from tests.gateway.servers import until
from tests.interop.beside import ACCOUNTING_ALONE, PASSWORD, USER, Elsewhere, eap_server, run
from tests.interop.erlang_story import expect
from tests.interop.radius_world import ACCT, AUTH, DYNAMIC, SECOND, SECRET, RadiusWorld, radius_world
from tests.interop.world import laid

SERVICE_TYPE, FRAMED = 6, 2
STATION = """ctrl_interface={folder}/wpa
ap_scan=0
network={{
 key_mgmt=IEEE8021X
 eap=MD5
 identity="{user}"
 password="{password}"
 eapol_flags=0
}}
"""


def tell(folder: Path) -> None:
    secrets = {f"{name}_server_shared_secret=": f"{name}_server_shared_secret={SECRET.decode()}" for name in ("auth", "acct")}
    places = {"interface=eth1": "interface=port0", "=/run/hostapd": f"={folder}/hostapd", "interim_interval=300": "interim_interval=3"}
    changes = secrets | places | {"radius_das_client=127.0.0.1": f"radius_das_client=127.0.0.1 {SECRET.decode()}"}
    with radius_world(folder) as here:
        here.begin(more=ACCOUNTING_ALONE)
        eap_server(here, "Class := 0x676f6c64")
        station = Elsewhere(here)
        run(here, *"ip link add port0 address 02:00:00:00:01:01 type veth peer name sta0 address 02:00:00:00:01:02".split())
        run(here, "ip", "link", "set", "sta0", "netns", str(station.number))
        run(here, "ip", "link", "set", "port0", "up")
        station.run("ip", "link", "set", "sta0", "up")
        port = here.program("hostapd", "hostapd", laid("hostapd/hostapd.conf", folder / "hostapd.conf", changes))
        port.until(lambda: "AP-ENABLED" in port.text(), "the port is up")
        (folder / "station.conf").write_text(STATION.format(folder=folder, user=USER, password=PASSWORD))
        supplicant = station.program("station", "wpa_supplicant", "-D", "wired", "-i", "sta0", "-c", folder / "station.conf")
        supplicant.until(lambda: "CTRL-EVENT-EAP-SUCCESS" in supplicant.text(), "the station is in")
        until(lambda: here.sessions(USER) == 1, "the session is open")
        until(lambda: "interim" in updates(here), "an interim update came", 10)
        expect(here.call("SessionSv1.ForceDisconnect", {"Tenant": "default", "Filters": [f"*string:~*req.Account:{USER}"]}), "OK")
        here.over(USER)
        supplicant.end()
        port.end()
        (record,) = here.records(USER)
        seconds = parse_duration(record[2]) // 10**9
        assert 3 <= seconds <= 10, record
        expect((record[3], here.balance(USER)), (seconds * SECOND, Decimal(10) - seconds * SECOND))
        look_at(here)


def updates(here: RadiusWorld) -> str:
    """`interim` once the gateway was told how long the session has been."""
    found = here.call("SessionSv1.GetActiveSessions", {"Tenant": "default", "Filters": [f"*string:~*req.Account:{USER}"]})
    assert isinstance(found, list)
    (one,) = found
    return "interim" if parse_duration(str(one["Usage"])) > 5 * 10**9 else ""


def look_at(here: RadiusWorld) -> None:
    """Everything was answered, the Disconnect-Request by the NAS, before which its Stop came."""
    found = here.exchanges(but=AUTH)
    told = [(one.status, one.code) for one in found if one.port == ACCT]
    expect([status for status, _ in told][:2], [wire.ON, wire.START])
    expect([status for status, _ in told][-2:], [wire.STOP, wire.OFF])
    expect({code for _, code in told}, {wire.ACCOUNTING_RESPONSE})
    reports = [one for one in found if one.port == ACCT and one.status in (wire.START, wire.INTERIM, wire.STOP)]
    expect({one.asked(SERVICE_TYPE) for one in reports}, {wire.number(FRAMED)})
    (cut,) = [one for one in found if one.port == DYNAMIC]
    expect((cut.request[0], cut.code, cut.user), (wire.DISCONNECT_REQUEST, wire.DISCONNECT_ACK, USER))
