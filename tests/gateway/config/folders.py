"""Where the configuration folders of the tests lie, and a small one of the test's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.config import Loaded, load

ROOT = Path(__file__).resolve().parents[3]
RECORDINGS = ROOT / "tests" / "recordings"
REFERENCE = ROOT.parent / "shared" / "reference"

ANOTHER_STORE = "old-database"  # names the stores that the old engine needed; refused until their drivers exist


def reference(name: str) -> Path:
    """A file or folder of the behaviour reference, which lies beside the checkout in CI and on no other machine."""
    path = REFERENCE / name
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{name} must lie beside the checkout in CI")
        pytest.skip("the behaviour reference is not on this machine")
    return path


def recorded_folders() -> list[Path]:
    """Every configuration folder of the recordings."""
    folders = [path for path in (RECORDINGS / "configs").iterdir() if path.is_dir()]
    folders += [path.parent for path in RECORDINGS.glob("*/cgrates/cgrates.json")]
    folders += [path.parent for path in RECORDINGS.glob("switches/*/cgrates/cgrates.json")]
    return sorted(folders)


def load_text(tmp_path: Path, name: str, text: str, *, strict: bool = False, environ: dict[str, str] | None = None) -> Loaded:
    """A configuration of one file."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    return load(str(tmp_path), environ=environ or {}, strict=strict)


def faults(loaded: Loaded) -> list[str]:
    """Faults as texts, without the folder."""
    return [str(fault).replace(fault.file, Path(fault.file).name, 1) for fault in loaded.faults]
