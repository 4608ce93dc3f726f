"""Plans as tests write them: sheets as text, and the terms that they are read against."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.tariffplan.load import Outcome, load_sources
from engine.tariffplan.read import Source
from engine.tariffplan.terms import Known, Terms

ROOT = Path(__file__).resolve().parents[3]
TUTORIAL = ROOT / "packaging" / "tariffplans" / "tutorial"
RECORDINGS = ROOT / "tests" / "recordings"
NOW = 1_800_000_000 * 10**9  # 2027-01-15T08:00:00Z, a Friday


def terms(known: Known | None = None) -> Terms:
    return Terms("load-1", NOW, known=known or Known())


def read(known: Known | None = None, /, **sheets: str) -> Outcome:
    """What comes of sheets: read(Rates="RT,0,1,60s,1s,0s")."""
    sources = [Source(f"{name}.csv", text.encode()) for name, text in sheets.items()]
    return load_sources(sources, terms(known))


def items(outcome: Outcome) -> dict[tuple[str, str], object]:
    """What a load puts, by kind and id."""
    assert outcome.load is not None, [str(fault) for fault in outcome.faults]
    return {(kind, key): item for kind, key, item in outcome.load.puts}


def reference() -> Path:
    """The shared reference beside the checkout; without it the test is skipped, in CI it fails."""
    path = ROOT.parent / "shared" / "reference"
    if not path.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the shared reference is not beside the checkout")
        pytest.skip("the shared reference is not beside the checkout")
    return path
