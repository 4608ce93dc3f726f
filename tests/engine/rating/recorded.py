"""EventCosts as they stand in the recordings, and what of them two must share to be the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

Data = dict[str, Any]


def every_event_cost(folder: Path) -> Iterator[tuple[str, Data]]:
    for path in sorted(folder.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            for step in case["steps"]:
                for data in _inside(step.get("result")):
                    yield case["id"], data


def _inside(value: object) -> Iterator[Data]:
    if isinstance(value, dict):
        if "Charges" in value:
            yield value
        else:
            for item in value.values():
                yield from _inside(item)
    elif isinstance(value, list):
        for item in value:
            yield from _inside(item)
    elif isinstance(value, str) and value.startswith("{") and '"Charges"' in value:
        yield json.loads(value)


def resolve(cost: Data) -> Data:
    """The cost with its short keys replaced by what they name, numbers to nine decimals, empty lists and null alike."""

    def rating(key: str) -> object:
        unit = cost["Rating"].get(key)
        if unit is None:
            return key
        names = (("TimingID", "Timings"), ("RatesID", "Rates"), ("RatingFiltersID", "RatingFilters"))
        return unit | {name: cost[table].get(unit[name], unit[name]) for name, table in names}

    def accounting(key: str, depth: int = 2) -> object:
        unit = cost["Accounting"].get(key)
        if unit is None or depth == 0:
            return key
        return unit | {"RatingID": rating(unit["RatingID"]), "ExtraChargeID": accounting(unit["ExtraChargeID"], depth - 1)}

    charges = []
    for charge in cost["Charges"] or []:
        rows = [row | {"AccountingID": accounting(row["AccountingID"])} for row in charge["Increments"] or []]
        charges.append(charge | {"RatingID": rating(charge["RatingID"]), "Increments": rows})
    kept = {name: cost[name] for name in ("CGRID", "RunID", "StartTime", "Usage", "Cost", "AccountSummary")}
    return dict(_rounded(kept | {"Charges": charges}))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return float(round(Decimal(str(value)), 9))
    return value
