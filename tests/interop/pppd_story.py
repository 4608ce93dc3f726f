"""pppd with radius.so as a NAS, in User Mode Linux, whose kernel has ppp: PAP, CHAP, MS-CHAPv2 with MPPE; money for seconds is seconds."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from engine.usage import parse_duration
from tests.acceptance import radiuswire as wire
from tests.interop.erlang_story import expect
from tests.interop.radius_world import ACCT, AUTH, RADIUS, SECOND, SECRET, Exchange, RadiusWorld, radius_world, session_times
from tests.interop.world import Program, built, expect_money, laid

PPPD = RADIUS / "pppd"
ETC = "/etc/ppp/tollwire"
SERVER, TAP = "10.99.0.1", "nastap"
# kind, who, password, seconds until the subscriber hangs up (0: the NAS has to)
SESSIONS = (
    ("pap", "1001", "pw-1001", 2),
    ("chap", "poor", "pw-poor", 0),
    ("mschap-v2", "alice", "pw-alice", 2),
    ("chap", "1003", "wrong", 0),
)
POOR_SECONDS = 4


def wider() -> Path:
    """The library that keeps a wide processor state away from User Mode Linux."""
    source = PPPD / "wide.c"

    def build(folder: Path) -> None:
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(folder / "wide.so"), str(source), "-ldl"], check=True)

    return built("wide", [source], build) / "wide.so"


def connect() -> None:
    """Makes the interface that leads to the NAS."""
    for words in (f"tuntap add {TAP} mode tap", f"addr add {SERVER}/30 dev {TAP}", f"link set {TAP} up"):
        subprocess.run(["ip", *words.split()], check=True)


def nas(here: RadiusWorld, run: Path, sessions: Sequence[tuple[str, str, str, int]]) -> Program:
    """The machine with the NAS and its subscribers; it halts when all sessions are over."""
    for name in ("init.sh", "session.sh"):
        shutil.copy(PPPD / name, run / name)
        (run / name).chmod(0o755)
    servers = {f"{kind}server\t127.0.0.1": f"{kind}server\t{SERVER}" for kind in ("auth", "acct")}
    places = {f"\t{ETC}/{name}\n": f"\t{run}/{name}\n" for name in ("servers", "dictionary", "issue", "port-id-map")}
    laid("pppd/dictionary", run / "dictionary")
    laid("pppd/radiusclient.conf", run / "radiusclient.conf", servers | places)
    laid("pppd/options.tollwire", run / "options.tollwire", {f"radius-config-file {ETC}/": f"radius-config-file {run}/"})
    (run / "servers").write_text(f"{SERVER}\t{SECRET.decode()}\n")
    (run / "sessions").write_text("".join(f"{' '.join(map(str, one))}\n" for one in sessions))
    for name in ("port-id-map", "issue"):
        (run / name).touch()
    machine = ("mem=192M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={run}/init.sh", f"nasrun={run}")
    terminal = (f"eth0=tuntap,{TAP}", "con=null", "con0=null,fd:1", "quiet")
    preload = {"LD_PRELOAD": str(wider())} if platform.machine() == "x86_64" else {}
    return here.program("uml", "linux.uml", *machine, *terminal, TMPDIR=str(run), **preload)


def tell(folder: Path) -> None:
    connect()
    run = folder / "nas"
    run.mkdir()
    with radius_world(folder) as here:
        here.begin(TAP)
        here.give("poor", str(POOR_SECONDS * SECOND))
        machine = nas(here, run, SESSIONS)
        machine.wait(240)
        log = run / "sessions.log"
        told = log.read_text() if log.exists() else machine.text()[-3000:]
        look_at_sessions(told)
        paid = look_at_money(here)
        found = here.exchanges()
        look_at(found)
        expect_money(session_times(found), paid)


def look_at_sessions(told: str) -> None:
    """What NAS and subscribers had of it."""
    for line in (
        "pap 1001: 10.64.0.1 10.64.0.7/32",
        "chap poor: 10.64.0.1 10.64.0.7/32",
        "mschap-v2 alice: 10.64.0.1 10.64.0.7/32",
        "chap 1003: \n",
    ):
        assert line in told, told
    for session in ("pap 1001", "mschap-v2 alice"):  # those that do not end by themselves, before a ping if need be
        assert re.search(f"^{session}: .*\n3 packets transmitted, [123] received", told, re.MULTILINE), told
    expect(told.count("Connect time expired"), 1)
    assert "MPPE 128-bit stateless compression enabled" in told, told


def look_at_money(here: RadiusWorld) -> dict[str, int]:
    """The seconds that each account paid for; who had money for some had as many."""
    paid = {}
    for account, had in (("1001", Decimal(10)), ("poor", POOR_SECONDS * SECOND), ("alice", Decimal(10))):
        (record,) = here.records(account)
        seconds = parse_duration(record[2]) // 10**9
        assert seconds >= (POOR_SECONDS if account == "poor" else 1), record
        expect_money(record[3], seconds * SECOND)
        here.paid(account, had)
        paid[account] = seconds
    expect_money(here.records("1003", 0), [])
    return paid


def look_at(found: list[Exchange]) -> None:
    """Each login and its answer, each session's Start and Stop; on a busy machine pppd sends one again."""
    logins = list(dict.fromkeys((one.user, one.code) for one in found if one.port == AUTH))
    expect(logins, [(who, wire.ACCESS_REJECT if password == "wrong" else wire.ACCESS_ACCEPT) for _, who, password, _ in SESSIONS])
    timeout = {one.told(wire.SESSION_TIMEOUT) for one in found if one.port == AUTH and one.user == "poor"}
    expect(timeout, {wire.number(POOR_SECONDS)})
    sessions = list(dict.fromkeys((one.user, one.status, one.code) for one in found if one.port == ACCT))
    users = [who for _, who, password, _ in SESSIONS if password != "wrong"]
    expect(sessions, [(who, status, wire.ACCOUNTING_RESPONSE) for who in users for status in (wire.START, wire.STOP)])
    expect({one.asked(wire.CLASS) for one in found if one.port == ACCT}, {b"gold"})
