"""What every test run shares: which tree is under test, how hypothesis draws, and which folders are marked."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
COMPILED = ROOT / "build" / "compiled"

# What looks at the clock is not asked: a machine that stands still for a second draws too slowly, and nobody is to blame.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("house", UNTIMED, derandomize=True, database=None)
settings.register_profile("explore", UNTIMED, max_examples=2000)
settings.load_profile(os.environ.get("TOLLWIRE_HYPOTHESIS", "house"))


def compiled_modules() -> list[str]:
    """The modules of the tree under test that are machine code."""
    import engine

    top = Path(engine.__file__).parent.parent
    return sorted(str(path.relative_to(top)) for name in ("engine", "gateway") for path in (top / name).rglob("*.so"))


def pytest_configure(config: pytest.Config) -> None:
    """Stops a run that would test another tree than the one it was asked to test."""
    import engine

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as shells have it behind &; children would have it too, and some are sent one
        signal.signal(signal.SIGINT, signal.default_int_handler)
    wanted = COMPILED if os.environ.get("TOLLWIRE_COMPILED") else ROOT
    found = Path(engine.__file__).resolve().parent.parent
    if found != wanted:
        raise pytest.UsageError(f"engine comes from {found}, expected {wanted}: start the tests by ./test")
    if bool(compiled_modules()) != (wanted == COMPILED):
        raise pytest.UsageError(f"{found} holds {len(compiled_modules())} compiled modules; remove them or compile anew by ./test")


def pytest_report_header(config: pytest.Config) -> str:
    """Says in the first lines of a run what is under test."""
    count = len(compiled_modules())
    return f"tollwire: compiled tree, {count} modules" if count else "tollwire: plain source"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The house rules look at the repository, so once is enough."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "house"):
            item.add_marker("house")
