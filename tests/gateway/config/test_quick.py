"""Reading a usual configuration of CGRateS draws in nothing heavy; a clock would say so only on a quiet machine."""

from __future__ import annotations

import subprocess
import sys

from tests.gateway.config.folders import RECORDINGS, ROOT

HEAVY = ("aiohttp", "asyncio", "difflib", "json", "logging", "tomllib", "uvloop")
OTHERS = ("agents", "document", "override", "reference", "render", "toml_text", "options.diameter", "options.radius", "options.switches")
UNUSED = tuple(f"gateway.config.{name}" for name in OTHERS)
CODE = """
import sys
from gateway.config import load
assert not load(sys.argv[1], environ={}).faults
print(*sys.modules)
"""


def test_what_is_not_needed_is_not_imported() -> None:
    command = [sys.executable, "-c", CODE, str(RECORDINGS / "configs" / "rpc")]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "gateway.config.json_text" in found
    assert [name for name in (*HEAVY, *UNUSED) if name in found] == []
