"""Values of one answer that are hidden by a salt: no two by the same one (RFC 2868 section 3.5, RFC 2548 section 2.4.2)."""

from __future__ import annotations

from pathlib import Path

from gateway.protocols.radius.attributes import inner_values
from gateway.protocols.radius.packet import decode
from tests.gateway.agents.radius.station import NAS, Station
from tests.gateway.agents.radius.test_passwords import mschap2

LOGIN = """
[radius_agent]
enabled = true
{options}

[[radius_agent.request_processors]]
id = "login"
flags = ["*radauth", "*mschapv2", "*mppe"]
reply_fields = [
 {path = "*rep.Tunnel-Password", type = "*group", value = "one"},
 {path = "*rep.Tunnel-Password", type = "*group", value = "two"},
]
[radius_agent.request_processors.request_fields]
"*vars.UserPassword" = "clientPass"
"""


def test_keys_and_tunnel_passwords_have_salts_of_their_own(tmp_path: Path) -> None:
    station = Station(tmp_path, processors=LOGIN)
    salts: list[bytes] = []
    for _ in range(3):
        asked = station.packet(1, extra=mschap2("clientPass").attributes)
        (answer,) = station.authenticates(asked, host=NAS)
        code, _ = station.read(answer, asked)
        assert code == 2
        packet = decode(answer)
        keys = [octets for value in packet.all(26) for number, octets in inner_values(value[4:]) if number in (16, 17)]
        salts += [key[:2] for key in keys] + [value[1:3] for value in packet.all(69)]
    numbers = [int.from_bytes(salt, "big") for salt in salts]
    assert [(number - numbers[0]) & 0x7FFF for number in numbers] == [step * 64 + place for step in range(3) for place in range(4)]
