"""Every story of this folder, but those that are told by name only: `python -m tests.interop jdiameter`.

A story that fails is told once more, in a process and a network of its own as the first time: programs of other people have faults that
show once in hundreds of times, and such a fault is not ours. What the first time said becomes a warning, which the summary shows. A story
whose sums are wrong, or whose gateway has complained of itself, is told once, and so is one that fails twice: that is a failure.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.interop import peers
from tests.interop.__main__ import BY_NAME_ONLY, FAILED, OURS, STORIES, STORY_SECONDS, inside, tell
from tests.interop.world import GatewayError, MoneyError, World, expect_money, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * STORY_SECONDS + 300)]


@pytest.mark.filterwarnings("default:the story:UserWarning")
@pytest.mark.parametrize("name", [name for name in STORIES if name not in BY_NAME_ONLY])
def test_story(name: str, tmp_path: Path) -> None:
    lacking = peers.missing(peers.CAPTURE, STORIES[name])
    if lacking:
        why = f"apt-get install --no-install-recommends {' '.join(lacking)}"
        if peers.must_be_there():
            pytest.fail(f"continuous integration tests with every peer: {why}", pytrace=False)
        pytest.skip(why)
    first = told(name, tmp_path / "first")
    if first.returncode == 0:
        return
    if first.returncode == OURS:
        pytest.fail(f"the gateway's own fault, or money; such a story is told once:\n{said(first)}", pytrace=False)
    again = told(name, tmp_path / "again")
    if again.returncode != 0:
        pytest.fail(f"it failed twice; first:\n{said(first)}\nthen:\n{said(again)}", pytrace=False)
    warnings.warn(f"the story {name} was told twice, because the first time it failed:\n{said(first)}", stacklevel=1)


def told(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    return tell(name, folder)


def said(story: subprocess.CompletedProcess[str]) -> str:
    return f"(status {story.returncode}) {story.stdout}{story.stderr}"


# -- what is told again, and what is not -----------------------------------------------------------------------------------


def as_if(monkeypatch: pytest.MonkeyPatch, *statuses: int) -> list[Path]:
    """Stories end with these, one after the other; the folders in which they were told."""
    folders: list[Path] = []

    def ended(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
        folders.append(folder)
        number = len(folders)
        return subprocess.CompletedProcess([name], statuses[number - 1], "", f"what was said at time {number}")

    monkeypatch.setitem(STORIES, "python", {})
    monkeypatch.setattr(peers, "CAPTURE", {})
    monkeypatch.setitem(globals(), "tell", ended)
    return folders


def test_a_story_that_fails_once_is_told_again_and_the_first_time_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folders = as_if(monkeypatch, FAILED, 0)
    with pytest.warns(UserWarning, match="the story python was told twice.*\n.*what was said at time 1"):
        test_story("python", tmp_path)
    assert [folder.name for folder in folders] == ["first", "again"]


@pytest.mark.parametrize("statuses", [(FAILED, FAILED), (FAILED, OURS)])
def test_one_that_fails_twice_has_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, statuses: tuple[int, int]) -> None:
    as_if(monkeypatch, *statuses)
    with pytest.raises(pytest.fail.Exception, match=r"(?s)at time 1.*at time 2"):
        test_story("python", tmp_path)


def test_one_whose_fault_is_ours_is_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folders = as_if(monkeypatch, OURS)
    with pytest.raises(pytest.fail.Exception, match=r"(?s)told once.*at time 1"):
        test_story("python", tmp_path)
    assert len(folders) == 1


def gateway_that_says(here: World, text: str, status: int | None = None) -> None:
    here.gateway = SimpleNamespace(process=SimpleNamespace(poll=lambda: status), text=lambda: text)  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("raised", "log", "ended", "status"),
    [
        (None, "Traceback", None, 0),  # it is looked at by what a story calls at its end
        (AssertionError("a peer hangs"), "level=info", None, FAILED),
        (AssertionError("a peer hangs"), "level=info", -9, FAILED),  # which we did
        (subprocess.TimeoutExpired("radclient", 1), "level=warning", None, FAILED),
        (KeyboardInterrupt(), "level=info", None, FAILED),
        (AssertionError("no answer"), "level=error event=x", None, OURS),
        (AssertionError("no answer"), "Traceback (most recent call last)", None, OURS),
        (AssertionError("no answer"), "level=info", 1, OURS),
        (AssertionError("no answer"), "level=info", -11, OURS),
        (MoneyError("1 is not 2"), "level=info", None, OURS),
        (GatewayError("malformed"), "level=info", None, OURS),
    ],
)
def test_whose_fault_it_is(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException | None,
    log: str,
    ended: int | None,
    status: int,
) -> None:
    def story(folder: Path) -> None:
        with world(folder) as here:
            gateway_that_says(here, log, ended)
            if raised is not None:
                raise raised

    made = ModuleType("tests.interop.made_story")
    made.tell = story  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, made.__name__, made)
    if status == FAILED:
        assert raised is not None
        with pytest.raises(type(raised)):
            inside("made", tmp_path)
    else:
        assert inside("made", tmp_path) == status
        assert ("Traceback" in capsys.readouterr().err) is bool(status)


def test_sums_that_are_wrong_are_our_fault() -> None:
    expect_money(1, 1)
    with pytest.raises(MoneyError, match="found    1"):
        expect_money(1, 2)


# -- what is missing -------------------------------------------------------------------------------------------------------


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
