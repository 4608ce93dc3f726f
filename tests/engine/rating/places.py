"""Where the recordings and golden cases lie, and what to do where they do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
RECORDINGS = ROOT / "tests" / "recordings"
REFERENCE = ROOT.parent / "shared" / "reference"


def need(path: Path) -> Path:
    """The path; without it the test is skipped, or fails where CI is set: there it must run."""
    if not path.exists():
        assert not os.environ.get("CI"), f"{path} is not there"
        pytest.skip(f"{path} is not there")
    return path
