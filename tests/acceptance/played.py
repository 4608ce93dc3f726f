"""Which recordings are replayed, and which of their cases are expected to differ. Later work extends PLAYED."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"

# Patterns of files below tests/recordings.
PLAYED = (
    "money/rating-*.json",
    "money/balances-*.json",
    "money/cdrs-chains.json",
    "money/cdrs-costs.json",
    "money/cdrs-doors.json",
    "money/cdrs-flags.json",
    "money/cdrs-queries.json",
    "money/cdrs-rerate.json",
    "money/random-*.json",
    "money/sessions-*.json",
    "api/envelope.json",
    "api/ping.json",
    "api/missing.json",
    "api/types.json",
    "api/costs.json",
    "api/accounts.json",
    "api/balances.json",
    "api/destinations.json",
    "api/rating-data.json",
    "api/actions.json",
    "api/profiles.json",
    "api/profiles-more.json",
    "api/attribute-*.json",
    "api/chargers.json",
    "api/filter-*.json",
    "api/filters-*.json",
    "api/go-types.json",
    "api/tp-loads.json",
    "api/tp-sheets.json",
    "api/core.json",
    "api/caches.json",
    "api/replication.json",
    "agents/diameter-*.json",
    "agents/radius-*.json",
    "agents/neighbours-birpc-agent.json",
    "agents/neighbours-opensips.json",
    "agents/neighbours-opensips-sync.json",
)


@dataclass(frozen=True)
class Case:
    """One recorded case. `exact_differs`: with exact rounding it is allowed other numbers (recordings/money/README.md)."""

    id: str
    exact_differs: bool


def played_files() -> list[str]:
    """The files that PLAYED names, relative to tests/recordings. A pattern that names none is a mistake."""
    found: list[str] = []
    for pattern in PLAYED:
        names = sorted(str(path.relative_to(RECORDINGS)) for path in RECORDINGS.glob(pattern))
        assert names, f"no recording is named {pattern}"
        found += names
    return found


def cases_of(name: str) -> list[Case]:
    """The cases of one file, in its order."""
    group = json.loads((RECORDINGS / name).read_text())
    return [Case(case["id"], bool(case.get("exact_differs"))) for case in group["cases"]]


def pending_cases() -> dict[str, str]:
    """The cases of pending.txt: id to reason. Blank lines and lines that begin with # say nothing."""
    lines = [line for line in (RECORDINGS / "pending.txt").read_text().splitlines() if line.strip() and not line.startswith("#")]
    parted = [line.split(None, 1) for line in lines]
    for words in parted:
        assert len(words) == 2, f"pending.txt: {words[0]} has no reason"
    assert len({words[0] for words in parted}) == len(parted), "pending.txt names a case twice"
    return {words[0]: words[1] for words in parted}
