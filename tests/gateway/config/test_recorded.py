"""Every recorded and every reference configuration is read without a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import load
from gateway.config.render import render_effective
from tests.gateway.config.folders import ANOTHER_STORE, RECORDINGS, faults, recorded_folders, reference

FOLDERS = recorded_folders()
SAMPLES = ["cdrsv2internal", "diamagent_internal", "httpagent_internal", "radagent_internal", "sessions_internal", "tutinternal"]


def test_the_folders_are_there() -> None:
    assert len(FOLDERS) >= 37


@pytest.mark.parametrize("folder", FOLDERS, ids=[path.relative_to(RECORDINGS).as_posix() for path in FOLDERS])
def test_recorded(folder: Path) -> None:
    loaded = load(str(folder), environ={})
    if folder.name == ANOTHER_STORE:
        assert [line.partition(": ")[2] for line in faults(loaded)] == [
            'data_db.db_type is "redis": driver not available in this build (did you mean *internal?)',
            'stor_db.db_type is "postgres": driver not available in this build (did you mean *internal?)',
        ]
        return
    assert faults(loaded) == []
    assert loaded.tree.column == "cgrates"
    assert loaded.tree.rals.enabled
    old_names = folder.name.startswith("old-")
    passed_over = {fault.message for fault in loaded.passed_over}
    assert old_names or passed_over <= {"sessions.listen_bijson is no option", "diameter_agent.listen is no option"}


@pytest.mark.parametrize("name", SAMPLES)
def test_reference_samples(name: str) -> None:
    loaded = load(str(reference(f"configs/{name}")), environ={})
    assert faults(loaded) == []
    assert loaded.tree.rals.enabled


@pytest.mark.parametrize("folder", FOLDERS, ids=[path.relative_to(RECORDINGS).as_posix() for path in FOLDERS])
@pytest.mark.parametrize("form", ["toml", "json"])
def test_what_is_printed_is_the_same_configuration(folder: Path, form: str, tmp_path: Path) -> None:
    tree = load(str(folder), environ={}).tree
    (tmp_path / f"effective.{form}").write_text(render_effective(tree, form))
    again = load(str(tmp_path), environ={})
    assert all("driver not available" in fault.message for fault in again.faults)
    for name in tree.values:
        if folder.name != ANOTHER_STORE or not name.endswith("_db"):
            assert without_secrets(again.tree.values[name]) == without_secrets(tree.values[name]), name


def without_secrets(value: object) -> object:
    if isinstance(value, dict):
        return {name: without_secrets(item) for name, item in value.items() if name not in ("password", "client_secrets")}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value
