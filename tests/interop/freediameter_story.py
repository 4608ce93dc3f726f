"""freeDiameter as a peer that sends credit control requests of its own, by an extension in C."""

from __future__ import annotations

import re
import subprocess
from decimal import Decimal
from pathlib import Path

from tests.interop.decoded import Message, unanswered
from tests.interop.erlang_story import answer, assert_same, expect, from_gateway, octets, of_session
from tests.interop.world import DIAMETER, HERE, expect_money, filled, world

FREEDIAMETER = HERE / "freediameter"
SESSIONS = "2:2:1001"  # two sessions of two updates each


def tell(folder: Path) -> None:
    extension = folder / "gy_app.fdx"
    compiler = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(extension), str(FREEDIAMETER / "gy_app.c")]
    ran = subprocess.run(compiler, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    with world(folder) as here:
        here.start()
        conf = filled(FREEDIAMETER / "client.conf", folder / "client.conf", FOLDER=folder, SESSIONS=SESSIONS)
        client = here.program("freediameter", "freeDiameterd", "-c", conf)
        client.until(lambda: "GY done" in client.text(), "its sessions are over")
        client.end()
        said = re.findall(r"type (\d) number (\d) -> (\d+) granted (\d+)", client.text())
        session = [("1", "0", "2001", "1000000"), *(("2", str(number), "2001", "1000000") for number in (1, 2)), ("3", "3", "2001", "0")]
        expect(said, session * 2)
        expect_money(here.records("1001", 2), [("*data", "", "750000", Decimal("0.007159"))] * 2)
        here.paid("1001", 10)
        look_at(here.finish())


def look_at(messages: list[Message]) -> None:
    expect(unanswered(messages), [])
    grant = octets(1_000_000)
    expected = [answer(2001, 1, 0, grant), answer(2001, 2, 1, grant), answer(2001, 2, 2, grant), answer(2001, 3, 3)]
    for place in (0, 1):
        assert_same(from_gateway(of_session(messages, "pgw.client.test", place)), expected)
    expect([one.name for one in messages if one.source == DIAMETER][-1], "DPA")
