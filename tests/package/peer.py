"""A Diameter peer that is connected while the gateway is upgraded: begins a session, hears the DPR, comes back, ends the session.

Prints one line a step: `granted`, `farewell CAUSE`, `back CODE`, `ended CODE`.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Final

from gateway.cli.avps import Tree, encoded
from gateway.cli.diameterlink import DiameterLink, result_of
from gateway.cli.outcome import CommandError
from gateway.protocols.diameter.builtin import load_dictionaries
from gateway.protocols.diameter.message import Message

SECONDS: Final = 300.0
ANSWER_SECONDS: Final = 60.0
ORIGIN: Final = {"Origin-Host": "pgw.upgrade.test", "Origin-Realm": "upgrade.test"}
DISCONNECT_CAUSE: Final = 273
DPR: Final = 282
CCR: Final = 272


def main() -> int:
    """Its whole life."""
    dictionary, _ = load_dictionaries()
    address = ("127.0.0.1", 3868)

    def asked(message: Message) -> None:
        if message.command == DPR:
            print(f"farewell {message.avps.number(DISCONNECT_CAUSE)}")

    def request(link: DiameterLink, kind: int, number: int, **units: dict[str, int]) -> int:
        tree: Tree = {
            "Session-Id": "pgw.upgrade.test;1;2",
            **ORIGIN,
            "Destination-Realm": link.realm,
            "Auth-Application-Id": 4,
            "Service-Context-Id": "8.32251@3gpp.org",
            "CC-Request-Type": kind,
            "CC-Request-Number": number,
            "Event-Timestamp": int(time.time()) + 2_208_988_800,
            "Subscription-Id": [{"Subscription-Id-Type": 0, "Subscription-Id-Data": "1001"}],
            "Multiple-Services-Indicator": 1,
            "Multiple-Services-Credit-Control": {"Rating-Group": 10, **{name.replace("_", "-"): value for name, value in units.items()}},
            "Service-Information": {"PS-Information": {"Called-Station-Id": "internet"}},
        }
        return result_of(link.exchange(CCR, 4, encoded(dictionary, tree)))

    link = DiameterLink(dictionary, address, ORIGIN, ANSWER_SECONDS, asked=asked)
    if request(link, 1, 0, Requested_Service_Unit={"CC-Total-Octets": 2097152}) == 2001:
        print("granted")
    with suppress(CommandError):  # the gateway has closed
        link.listen(SECONDS)
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            link = DiameterLink(dictionary, address, ORIGIN, ANSWER_SECONDS, asked=asked)
            break
        except CommandError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    print(
        f"back {request(link, 2, 1, Requested_Service_Unit={'CC-Total-Octets': 2097152}, Used_Service_Unit={'CC-Total-Octets': 1048576})}"
    )
    print(f"ended {request(link, 3, 2, Used_Service_Unit={'CC-Total-Octets': 1048576})}")
    link.goodbye()
    return 0


if __name__ == "__main__":
    sys.exit(main())
