"""A relay that the gateway connects to, as a DRA may want it: freeDiameter listens, the gateway dials, and is found by its realm."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from tests.interop.decoded import Message, told, unanswered
from tests.interop.erlang_story import expect, hold, run
from tests.interop.relay_story import CONNECT, RELAY, lay
from tests.interop.world import Program, World, expect_money, listening, world

PEERS = [{"id": "dra", "address": f"127.0.0.1:{RELAY}", "origin_host": "relay.dra.test", "max_reconnect_interval": "1s"}]


def relay(here: World) -> Program:
    """The relay, once the gateway has found it."""
    conf = lay(here, {CONNECT: ""})
    started = here.program("relay", "freeDiameterd", "-c", conf)
    started.until(lambda: listening(RELAY), "the relay listens")
    started.until(lambda: "peer=relay.dra.test" in here.gateway.text(), "the gateway has connected to it")
    return started


def tell(folder: Path) -> None:
    with world(folder) as here:
        here.start("--set", f"diameter_agent.peers={json.dumps(PEERS)}")
        between = relay(here)
        run(here, "1001", "data", "2", port=RELAY)
        expect_money(here.records("1001"), [("*data", "internet", "1001234", Decimal("0.009551"))])
        hold(here, "1003", port=RELAY)
        here.gateway.stop()
        between.until(lambda: "STATE_CLOSING" in between.text() or "disconnect" in between.text().lower(), "the gateway has said goodbye")
        look_at(here.finish())


def look_at(messages: list[Message]) -> None:
    """The gateway asked first, and said goodbye at its end; both on the connection that it opened."""
    ours = [one for one in messages if one.target == RELAY and one.value("Origin-Host") == "ocs.charging.test" and one.is_request]
    expect(told(ours[:1])[0].split()[0], "CER")
    expect(told(ours[-1:]), ["DPR Origin-Host=ocs.charging.test Origin-Realm=charging.test Disconnect-Cause=0"])
    expect(unanswered(messages), [])
