"""jDiameter's own Ro session (RFC 4006 client states) as a client: calls, one that is asked again, one that is refused."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from pathlib import Path

from tests.interop.decoded import Message, unanswered
from tests.interop.erlang_story import answer, assert_same, expect, from_gateway, refused
from tests.interop.world import DIAMETER, HERE, Program, World, built, expect_money, filled, world

JDIAMETER = HERE / "jdiameter"
LOG = """log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.target=System.err
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ABSOLUTE} %p %c{1} %m%n
"""
HOME = "4930123"


def compiled() -> Path:
    """The folder with jDiameter and the compiled client. Made before a story begins: in there is no network."""
    return built("jdiameter", sorted(JDIAMETER.iterdir()), _compile)


def _compile(folder: Path) -> None:
    fetch = ["mvn", "-q", "-B", "-f", str(JDIAMETER / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'lib'}"]
    for command in (fetch, ["javac", "-nowarn", "-cp", f"{folder / 'lib'}/*", "-d", str(folder), str(JDIAMETER / "RoClient.java")]):
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    (folder / "log4j.properties").write_text(LOG)


def prepare() -> None:
    """Fetches and compiles, outside of the namespace."""
    compiled()


def client(here: World, name: str, vendor: int, account: str, *steps: str) -> Program:
    """The client with its steps: I U T E, or milliseconds to wait."""
    words = {"PORT": DIAMETER, "VENDOR": vendor, "PEER": "ocs.charging.test"}
    config = filled(JDIAMETER / "client.xml", here.folder / f"{name}.xml", **words)
    java = ("java", f"-Dvendor={vendor}", "-Djava.net.preferIPv4Stack=true", "-cp", f"{compiled()}:{compiled()}/lib/*", "RoClient")
    return here.program(name, *java, config, account, HOME, *steps)


def tell(folder: Path) -> None:
    with world(folder) as here:
        here.start()
        for name, vendor in (("plain", 0), ("by-vendor", 10415)):
            paying = client(here, name, vendor, "1001", "I", "U", "U", "T")
            expect(
                (paying.wait(), said(paying)),
                (0, ["I -> result 2001 granted 10", *["U -> result 2001 granted 10"] * 2, "T -> result 2001"]),
            )
        asked = client(here, "asked", 0, "alice", "I", "2500", "U", "T")
        asked.until(lambda: "I -> " in asked.text(), "the session is open")
        wanted = {"Tenant": "default", "Filters": ["*string:~*req.Account:alice"]}
        expect(here.call("SessionSv1.AlterSessions", wanted), "OK")
        expect(asked.wait(), 0)
        assert "RAR" in asked.text(), asked.text()
        nobody = client(here, "nobody", 0, "9999", "I")
        expect((nobody.wait(), said(nobody)), (0, ["I -> result 5030"]))
        # 4 s used of each of three grants; what it does not end is closed by its time to live
        expect_money(here.records("1001", 2), [("*voice", HOME, "12s", Decimal("0.012"))] * 2)
        here.paid("1001", 10)
        look_at(here.finish())


def said(program: Program) -> list[str]:
    """What its steps came to."""
    return [line for line in program.text().splitlines() if " -> " in line and not line.startswith("state")]


def look_at(messages: list[Message]) -> None:
    expect(unanswered(messages), [])
    inside = "Granted-Service-Unit{CC-Time=10} Rating-Group=100 Validity-Time=600 Result-Code=2001"
    grant = f"Multiple-Services-Credit-Control{{{inside}}}"
    sessions = list(dict.fromkeys(one.value("Session-Id") for one in messages if one.value("Session-Id")))
    expected = [answer(2001, 1, 0, grant), answer(2001, 2, 1, grant), answer(2001, 2, 2, grant), answer(2001, 3, 3)]
    for session in sessions[:2]:
        assert_same(from_gateway([one for one in messages if one.value("Session-Id") == session]), expected)
    unknown = refused(5030, 1, 0, "Error-Message=RALS_ERROR:ACCOUNT_NOT_FOUND")
    assert_same(from_gateway([one for one in messages if one.value("Session-Id") == sessions[-1]]), [unknown])
