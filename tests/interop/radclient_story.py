"""radclient asks everything that it can: logins of every kind, accounting, Status-Server."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance import radiuswire as wire
from tests.interop.erlang_story import expect
from tests.interop.radius_world import ACCT, AUTH, SECOND, RadiusWorld, radclient, radius_world, said
from tests.interop.world import expect_money

NAS = "NAS-IP-Address=127.0.0.1,NAS-Port=7"
SIGNED = "Message-Authenticator=0x00"


def logins(here: RadiusWorld) -> None:
    """Right and wrong passwords in every form, signed and not; who cannot pay."""
    for password in (
        "User-Password=pw-1001",
        "CHAP-Password=pw-1001",
        "CHAP-Password=pw-1001,CHAP-Challenge=0x00112233445566778899aabbccddeeff",
    ):
        for signature in (f",{SIGNED}", ""):
            told = radclient(here, "auth", f"User-Name=1001,{password},{NAS}{signature}")
            expect((said(told, "Session-Timeout"), said(told, "Class")), (["3600"], ["0x676f6c64"]))
            assert said(told, "Message-Authenticator"), told
    told = radclient(here, "auth", f"User-Name=1001,MS-CHAP-Password=pw-1001,{NAS}")
    expect(len(said(told, "MS-CHAP-MPPE-Keys")), 1)
    long = "User-Name=1001,User-Password=" + "x" * 100
    for wrong in ("User-Name=1001,User-Password=nope", "User-Name=1001,CHAP-Password=nope", "User-Name=1001,MS-CHAP-Password=nope", long):
        told = radclient(here, "auth", f"{wrong},{NAS}", status=1)
        expect(said(told, "Reply-Message"), ["RADAUTH_FAILED"])
    expect(
        said(radclient(here, "auth", f"User-Name=9999,User-Password=pw-9999,{NAS}", status=1), "Reply-Message"),
        ["RALS_ERROR:ACCOUNT_NOT_FOUND"],
    )
    expect(said(radclient(here, "auth", f"User-Name=poor,User-Password=pw-poor,{NAS}", status=1), "Reply-Message"), ["no credit"])
    told = radclient(here, "auth", f"User-Name=1002,User-Password=pw-1002,{NAS}")
    expect(said(told, "Session-Timeout"), ["50"])


def accounting(here: RadiusWorld) -> None:
    """A session with an interim update and octets beyond 32 bits; one that ends without a start; one asked with another secret."""
    session = f"User-Name=1001,Acct-Session-Id=s1,{NAS}"
    radclient(here, "acct", f"Acct-Status-Type=Start,{session}")
    expect(here.sessions("1001"), 1)
    octets = "Acct-Input-Octets=1000,Acct-Output-Octets=4294967295,Acct-Output-Gigawords=1"
    radclient(here, "acct", f"Acct-Status-Type=Interim-Update,{session},Acct-Session-Time=5,{octets}")
    radclient(here, "acct", f"Acct-Status-Type=Stop,{session},Acct-Session-Time=90,{octets},Acct-Terminate-Cause=User-Request,{SIGNED}")
    radclient(here, "acct", f"Acct-Status-Type=Stop,User-Name=1001,Acct-Session-Id=s2,{NAS},Acct-Session-Time=7")
    radclient(here, "acct", f"Acct-Status-Type=Start,User-Name=1001,Acct-Session-Id=s9,{NAS}", "-t", "1", secret=b"another", status=1)
    here.over("1001")
    expect_money([(one[2], one[3]) for one in here.records("1001", 2)], [("1m30s", 90 * SECOND), ("7s", 7 * SECOND)])
    here.paid("1001", 10)


def tell(folder: Path) -> None:
    with radius_world(folder) as here:
        here.begin()
        here.give("poor", "0")
        logins(here)
        accounting(here)
        for port in (AUTH, ACCT):
            radclient(here, "status", SIGNED, port=port)
        look_at(here)


def look_at(here: RadiusWorld) -> None:
    """Every request has one answer, but the one with another secret."""
    found = [one for one in here.exchanges() if one.asked(wire.SESSION_ID) != b"s9"]
    assert all(found), found
    codes = [one.code for one in found if one.port == AUTH and one.request[0] == wire.ACCESS_REQUEST]
    expect((codes.count(wire.ACCESS_ACCEPT), codes.count(wire.ACCESS_REJECT), len(codes)), (8, 6, 14))
    expect([one.code for one in found if one.port == ACCT], [wire.ACCOUNTING_RESPONSE] * 5)
    expect([one.code for one in found if one.request[0] == wire.STATUS], [wire.ACCESS_ACCEPT, wire.ACCOUNTING_RESPONSE])
