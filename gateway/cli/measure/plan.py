"""The tariff and the accounts that are measured with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

TENANT: Final = "bench"
ACCOUNTS: Final = 1_000
PREFIXES: Final = 10_000
FIRST_PREFIX: Final = 100_000
_DESTINATIONS: Final = 100
_BIG_DESTINATIONS: Final = 10_000
_BALANCE: Final = 1_000_000_000  # of each account; nobody runs out of it in a run


def write_plan(folder: Path) -> None:
    """A plan of PREFIXES prefixes in 100 destinations, a minute at 0.6 in steps of a second, one charger; a MiB at 0.01 by the KiB."""
    prefixes = "".join(f"DST_{number % _DESTINATIONS},{FIRST_PREFIX + number}\n" for number in range(PREFIXES))
    rows = "".join(f"DR,DST_{number},RT,*middle,5,0,\n" for number in range(_DESTINATIONS))
    _write(
        folder,
        {
            "Destinations": prefixes,
            "Rates": "RT,0,0.6,60s,1s,0s\nRT_OCTETS,0,0.01,1048576,1024,0\n",
            "DestinationRates": f"{rows}DR_OCTETS,*any,RT_OCTETS,*up,6,0,\n",
            "RatingPlans": "RP,DR,*any,10\nRP_OCTETS,DR_OCTETS,*any,10\n",
            "RatingProfiles": f"{TENANT},call,*any,2020-01-01T00:00:00Z,RP,\n{TENANT},data,*any,2020-01-01T00:00:00Z,RP_OCTETS,\n",
            "Chargers": f"{TENANT},CH,,,*default,*none,10\n",
        },
    )


def write_big_plan(folder: Path, prefixes: int) -> None:
    """A plan of so many prefixes in 10,000 destinations, each priced in two tables, for another subject than those that are measured."""
    count = min(_BIG_DESTINATIONS, prefixes)
    _write(
        folder,
        {
            "Destinations": "".join(f"BIG_{number % count},{10_000_000 + number}\n" for number in range(prefixes)),
            "Timings": "PEAK,*any,*any,*any,1;2;3;4;5,08:00:00\nNIGHT,*any,*any,*any,*any,00:00:00\n",
            "Rates": "".join(f"BIG_{number},0.05,{number / 1000},60s,{number % 60 + 1}s,0s\n" for number in range(200)),
            "DestinationRates": "".join(
                f"BIG_DR_{table},BIG_{number},BIG_{(number + table) % 200},*up,4,0,\n" for table in (0, 1) for number in range(count)
            ),
            "RatingPlans": "BIG_RP,BIG_DR_0,PEAK,10\nBIG_RP,BIG_DR_1,NIGHT,10\n",
            "RatingProfiles": f"{TENANT},call,big,2024-01-01T00:00:00Z,BIG_RP,\n",
        },
    )


def _write(folder: Path, sheets: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in sheets.items():
        (folder / f"{name}.csv").write_text(text)


def account_requests() -> list[bytes]:
    """What gives every account its money, without ids."""
    balance = {"ID": "cash", "ExpiryTime": "*unlimited"}
    asked = {"Tenant": TENANT, "BalanceType": "*monetary", "Value": _BALANCE, "Balance": balance}
    return [
        json.dumps({"method": "APIerSv1.AddBalance", "params": [{**asked, "Account": f"a{number}"}], "id": 0}).encode() + b"\n"
        for number in range(ACCOUNTS)
    ]
