"""The import contracts: kept by the tree as it is, and each seen to break on a planted violation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

WINGS = "the engine never imports the gateway"
ENGINE = "inside the engine imports go down the staircase"
GATEWAY = "inside the gateway imports go down the staircase"
DOOR = "the gateway reaches the engine through its door and its words only"
STORAGE = "storage drivers are seen by the door and the wiring only"
SANS_IO = "protocols hold bytes and meaning: no sockets, no clock, no chance, no log"
PROTOCOL_WORDS = "of the engine, protocols know values, paths, filters and faults alone"
ENGINE_IO = "the engine knows no network and draws no chance"
ENGINE_CLOCK = "only storage and the door know clocks, threads, event loops and logs"

# One row per rung or rule: the importing module, what it imports, the contract that must say no.
PLANTED = (
    ("engine.event", "gateway.config", WINGS),
    ("engine.money", "engine.storage.planted", ENGINE),
    ("engine.storage.planted", "engine.fields.planted", ENGINE),
    ("engine.fields.planted", "engine.filters.planted", ENGINE),
    ("engine.profiles.planted", "engine.filters.planted", ENGINE),
    ("engine.profiles.planted", "engine.rating.planted", ENGINE),
    ("engine.rating.planted", "engine.accounts.planted", ENGINE),
    ("engine.rating.planted", "engine.attributes.planted", ENGINE),
    ("engine.attributes.planted", "engine.chargers.planted", ENGINE),
    ("engine.rating.planted", "engine.options", ENGINE),
    ("engine.options", "engine.calls", ENGINE),
    ("engine.calls", "engine.accounts.planted", ENGINE),
    ("engine.accounts.planted", "engine.actions.planted", ENGINE),
    ("engine.actions.planted", "engine.routes.planted", ENGINE),
    ("engine.actions.planted", "engine.cdrs.planted", ENGINE),
    ("engine.cdrs.planted", "engine.sessions.planted", ENGINE),
    ("engine.commands", "engine.rating.planted", ENGINE),
    ("engine.sessions.planted", "engine.door", ENGINE),
    ("gateway.protocols.planted", "gateway.transport.planted", GATEWAY),
    ("gateway.protocols.planted", "gateway.config.planted", GATEWAY),
    ("gateway.transport.planted", "gateway.processors.planted", GATEWAY),
    ("gateway.processors.planted", "gateway.agents.planted", GATEWAY),
    ("gateway.agents.planted", "gateway.api.planted", GATEWAY),
    ("gateway.api.planted", "gateway.app", GATEWAY),
    ("gateway.agents.planted", "engine.sessions.planted", DOOR),
    ("gateway.api.planted", "engine.rating.price", DOOR),
    ("gateway.cli.planted", "engine.accounts.planted", DOOR),
    ("engine.sessions.planted", "engine.storage.planted", STORAGE),
    ("gateway.api.planted", "engine.storage.planted", STORAGE),
    ("gateway.protocols.planted", "engine.money", PROTOCOL_WORDS),
    ("gateway.protocols.planted", "asyncio", SANS_IO),
    ("gateway.protocols.planted", "socket", SANS_IO),
    ("gateway.protocols.planted", "time", SANS_IO),
    ("gateway.protocols.planted", "random", SANS_IO),
    ("gateway.protocols.planted", "logging", SANS_IO),
    ("engine.rating.planted", "socket", ENGINE_IO),
    ("engine.sessions.planted", "random", ENGINE_IO),
    ("engine.sessions.planted", "time", ENGINE_CLOCK),
    ("engine.cdrs.planted", "logging", ENGINE_CLOCK),
)
UNKNOWN_ROOM = "engine.utils"


def lint(folder: Path) -> str:
    """What import-linter prints about the tree in a folder, its line breaks undone."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    ran = subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        cwd=folder, env={"PYTHONPATH": str(folder), "COLUMNS": "400", "PATH": ""}, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    return " ".join((ran.stdout + ran.stderr).split())


def plant(top: Path, module: str, line: str) -> None:
    """Adds a line to a module of the copy; makes the module and its packages when they are not there."""
    path = top.joinpath(*module.split("."))
    for package in reversed(path.relative_to(top).parents[:-1]):
        (top / package).mkdir(exist_ok=True)
        (top / package / "__init__.py").touch()
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    with file.open("a") as out:
        out.write(f"\n{line}\n")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the two packages with its contracts, apart from the repository."""
    top = tmp_path_factory.mktemp("house")
    for name in ("engine", "gateway"):
        shutil.copytree(ROOT / name, top / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copy(ROOT / ".importlinter", top)
    return top


@pytest.fixture(scope="module")
def planted_report(copy: Path) -> str:
    """The report on the copy with every violation in it; the copy as it was is checked first."""
    clean = lint(copy)
    assert "0 broken" in clean, clean
    plant(copy, UNKNOWN_ROOM, "")
    for importer, imported, _ in PLANTED:
        plant(copy, importer, "")
        if imported.startswith(("engine.", "gateway.")):
            plant(copy, imported, "")
    for importer, imported, _ in PLANTED:
        plant(copy, importer, f"import {imported}")
    return lint(copy)


@pytest.mark.parametrize(("importer", "imported", "contract"), PLANTED)
def test_a_planted_import_is_found(planted_report: str, importer: str, imported: str, contract: str) -> None:
    assert f"{contract} BROKEN" in planted_report
    section = planted_report.split("Broken contracts", 1)[1].split(f"{contract} ---", 1)[1]
    assert f"{importer} -> {imported} (l." in section.split(" ----", 1)[0], section


def test_a_room_that_is_not_on_the_staircase_is_found(planted_report: str) -> None:
    assert f"- {UNKNOWN_ROOM}" in planted_report


def test_every_contract_has_a_planted_violation() -> None:
    names = {line.removeprefix("name = ") for line in (ROOT / ".importlinter").read_text().splitlines() if line.startswith("name = ")}
    assert names == {contract for _, _, contract in PLANTED}
