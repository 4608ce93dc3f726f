"""A site with one tariff and one account, and the words that these tests use: events, what the account has, what is stored."""

from __future__ import annotations

from typing import Any

from engine.money import amount_of
from engine.records import CdrPut
from engine.usage import MINUTE, SECOND
from tests.engine.house import TENANT
from tests.site import Site

MONEY = "*monetary"
AT = "2026-04-07T10:00:00Z"


def shop(money: object = 100, *, exact: bool = True, price: str = "0.6", **rating: Any) -> Site:
    """Calls cost `price` a minute in steps of a second, 1.2 for the subject `dear`; ann has so much money in the balance `cash`."""
    site = Site(exact=exact)
    site.price("*any", ("0", price, SECOND, MINUTE), **rating)
    site.price("dear", ("0", "1.2", SECOND, MINUTE))
    if money is not None:
        add(site, MONEY, money, ID="cash")
    return site


def add(site: Site, kind: str, value: object, account: str = "ann", **balance: Any) -> None:
    given = {"Account": account, "BalanceType": kind, "Value": value, "Balance": {"ID": kind.strip("*"), **balance}}
    assert site.call("APIerSv1.AddBalance", given) == "OK"


def fields(origin: str = "o", request: str = "*postpaid", usage: object = "60s", **more: object) -> dict[str, Any]:
    known: dict[str, Any] = {
        "OriginID": origin,
        "OriginHost": "h",
        "Source": "test",
        "ToR": "*voice",
        "Category": "call",
        "RequestType": request,
        "Account": "ann",
        "Destination": "1002",
        "SetupTime": AT,
        "AnswerTime": AT,
        "Usage": usage,
    }
    return {name: value for name, value in {**known, **more}.items() if value is not None}


def ask(site: Site, *flags: str, opts: dict[str, object] | None = None, version: int = 1, **event: Any) -> object:
    """CDRsV1.ProcessEvent, or CDRsV2's."""
    params = {"Tenant": TENANT, "Flags": list(flags), "Event": fields(**event), "APIOpts": opts or {}}
    return site.call(f"CDRsV{version}.ProcessEvent", params)


def money(site: Site, name: str = "ann") -> list[int]:
    return site.values(name).get(MONEY, [])


def kept(site: Site) -> list[CdrPut]:
    """Everything stored, in the order of ids."""
    return [cdr for _, cdr in sorted(site.storage.tables.cdrs.items())]


def only(site: Site) -> CdrPut:
    (cdr,) = kept(site)
    return cdr


def taken(site: Site, cgrid: str) -> int:
    """What entries of this CGRID took from balances, given back parts counted off, in 10**-9."""
    return -sum(entry.delta_amount for entry in site.entries() if entry.cause_id == cgrid)


def whole(value: object) -> int:
    """An amount."""
    return amount_of(value)
