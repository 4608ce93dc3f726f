"""tests/recordings is the shared folder of recordings byte for byte; only pending.txt is our own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "tests" / "recordings"
SHARED = ROOT.parent / "shared" / "reference" / "recordings"
OWN = {"pending.txt"}


def files(folder: Path) -> dict[str, Path]:
    """Every file of a folder by its name in it, without what Python leaves behind."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path for name, path in found.items() if "__pycache__" not in name}


def unequal(ours: Path, shared: Path) -> list[str]:
    """What differs between the two folders, as sentences."""
    mine, theirs = files(ours), files(shared)
    lacking = [f"{name} is missing" for name in sorted(theirs.keys() - mine.keys())]
    added = [f"{name} is not in the shared folder" for name in sorted(mine.keys() - theirs.keys() - OWN)]
    changed = [f"{name} differs" for name in sorted(mine.keys() & theirs.keys()) if mine[name].read_bytes() != theirs[name].read_bytes()]
    return lacking + added + changed


def test_recordings_equal_the_shared_folder() -> None:
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the shared recordings must lie beside the checkout in CI")
        pytest.skip("the shared recordings are not on this machine")
    assert unequal(OURS, SHARED) == []


def test_a_difference_is_seen(tmp_path: Path) -> None:
    for folder, names in (("ours", {"a": b"1", "b": b"1", "pending.txt": b""}), ("shared", {"a": b"2", "c": b"1"})):
        (tmp_path / folder).mkdir()
        for name, content in names.items():
            (tmp_path / folder / name).write_bytes(content)
    assert unequal(tmp_path / "ours", tmp_path / "shared") == ["c is missing", "b is not in the shared folder", "a differs"]
