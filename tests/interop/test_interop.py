"""Every story of this folder, but jDiameter's, which wants Maven: `python -m tests.interop jdiameter`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop import peers
from tests.interop.__main__ import BY_NAME_ONLY, STORIES, tell

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", [name for name in STORIES if name not in BY_NAME_ONLY])
def test_story(name: str, tmp_path: Path) -> None:
    lacking = peers.missing(peers.CAPTURE, STORIES[name])
    if lacking:
        why = f"apt-get install --no-install-recommends {' '.join(lacking)}"
        if peers.must_be_there():
            pytest.fail(f"continuous integration tests with every peer: {why}", pytrace=False)
        pytest.skip(why)
    ran = tell(name, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_is_missing_is_named_once() -> None:
    assert peers.missing({"/no/such/file": "one", "no-such-program": "two", "sh": "dash"}, {"/no/such/*": "one"}) == ["one", "two"]
    assert peers.there("/usr/lib/*") or not Path("/usr/lib").exists()


def test_who_lacks_a_peer_fails_in_continuous_integration_and_is_told_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(STORIES, "python", {"no-such-program": "its-package"})
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"apt-get install --no-install-recommends .*its-package"):
        test_story("python", tmp_path)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="its-package"):
        test_story("python", tmp_path)
