"""freeDiameter as a relay in front: Erlang's client speaks to it alone, and never knows the gateway's connection."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from tests.interop.decoded import Message, unanswered
from tests.interop.erlang_story import answer, assert_same, expect, from_gateway, hold, look_at_held, octets, of_session, run
from tests.interop.world import DIAMETER, Program, World, expect_money, laid, listening, world

RELAY = 3870
CONNECT = 'ConnectPeer = "ocs.charging.test" { ConnectTo = "192.0.2.10"; Port = 3868; No_TLS; No_IPv6; No_SCTP; };'


def lay(here: World, changes: Mapping[str, str] | None = None) -> Path:
    """The shipped relay's configuration, on a port beside the gateway's, in more of a hurry. The first address of the machine that is not
    loopback is sent as Host-IP-Address: so there is one."""
    rules = laid("freediameter/acl_wl.conf", here.folder / "acl_wl.conf")
    here_alone = {"\nPort = 3868;": f"\nPort = {RELAY};", "TcTimer = 10": "TcTimer = 2", "TwTimer = 10": "TwTimer = 6"}
    places = {'/etc/freeDiameter/acl_wl.conf";': f'{rules}";', **(changes or {"192.0.2.10": "127.0.0.1"})}
    return laid("freediameter/relay.conf", here.folder / "relay.conf", here_alone | places)


def relay(here: World) -> Program:
    """The relay, connected to the gateway."""
    conf = lay(here)
    started = here.program("relay", "freeDiameterd", "-c", conf)
    started.until(lambda: listening(RELAY), "the relay listens")
    started.until(lambda: "STATE_OPEN" in started.text(), "the relay is connected to the gateway")
    return started


def tell(folder: Path) -> None:
    with world(folder) as here:
        here.start()
        between = relay(here)
        run(here, "1001", "data", "2", port=RELAY)
        expect_money(here.records("1001"), [("*data", "internet", "1001234", Decimal("0.009551"))])
        hold(here, "1003", port=RELAY)
        run(here, "alice", "load", "100", "20", port=RELAY)
        expect_money([one[3] for one in here.records("alice", 100)], 100 * [Decimal("0.004786")])
        here.paid("alice", 10)
        between.end()
        assert between.process.returncode == 0, between.text()[-2000:]
        look_at(here.finish())


def look_at(messages: list[Message]) -> None:
    """The gateway answers to the relay as it would to the client; the relay says goodbye and is answered."""
    behind = [one for one in messages if DIAMETER in (one.source, one.target)]
    expect(unanswered(behind), [])
    expect({one.value("Route-Record") for one in behind if one.name == "CCR"}, {"pgw.client.test"})
    grant = octets(1_000_000)
    expected = [answer(2001, 1, 0, grant), answer(2001, 2, 1, grant), answer(2001, 2, 2, grant), answer(2001, 3, 3)]
    assert_same(from_gateway(of_session(behind, "pgw.client.test", 0)), expected)
    look_at_held(behind, 1)
    expect([one.name for one in behind if one.source == DIAMETER][-1], "DPA")
    expect(unanswered([one for one in messages if RELAY in (one.source, one.target)]), [])
