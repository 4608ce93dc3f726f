"""The golden cases that lie beside this file, as they came from the reference: what is known of CGRateS's own tests, by id."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

Case = dict[str, Any]

HERE = Path(__file__).resolve().parent


def golden_cases(name: str) -> dict[str, Case]:
    """The cases of a file, by id; numbers are Decimals."""
    cases: list[Case] = json.loads((HERE / f"{name}.json").read_text(), parse_float=Decimal)["cases"]
    return {case["id"]: case for case in cases}
