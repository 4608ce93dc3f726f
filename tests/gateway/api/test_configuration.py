"""ConfigSv1: what is in force as the reference writes it, what can be tried, what can be changed while the process runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.api.configuration import CONFIGURATION, Configuration, FaultyError
from gateway.api.context import Api, ApiOptions
from gateway.config import Tree, load
from gateway.config.kinds import Group
from gateway.config.options import SECTIONS
from gateway.live import CertificatesPart, ClientsPart, DiameterPart, LogPart, RadiusPart, SessionsPart
from gateway.protocols.jsonrpc.envelope import decode
from gateway.told import engine_options
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import ALL_SECTIONS, NOW, FakeEngine, FakeJournal

GO = "json: cannot unmarshal string into Go struct field"


class Waiting(Caller):
    """A client that waits for slow methods on a loop: files are read in a thread."""

    def raw(self, text: str) -> str:
        answer = self.dispatcher.call(decode(text.encode()))

        async def finish(work: Awaitable[tuple[bytes, int]]) -> bytes:
            return (await work)[0]

        return (answer if isinstance(answer, bytes) else asyncio.run(finish(answer))).decode()


LIVE = ("general.log_level", "general.reply_timeout", "sessions.client_protocol")


class Taking:
    """A part that takes some options, and keeps the trees that were put in force. It cannot be `broken`."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.taken: list[Tree] = []
        self.broken = ""

    def takes(self, tree: Tree) -> tuple[str, ...]:
        assert tree is not None
        return self.names

    def ready(self, tree: Tree) -> Callable[[], None]:
        if self.broken:
            raise ValueError(self.broken)
        return lambda: self.taken.append(tree)


class Desk:
    """A caller, and the trees that were put in force."""

    def __init__(self, folder: Path) -> None:
        (folder / "c.json").write_text('{"general": {"node_id": "n"}, "chargers": {"enabled": true}}')
        self.part = Taking(*LIVE)
        self.other = Taking("templates")
        self.applied = self.part.taken
        self.folder = folder
        self.configuration = Configuration(load(str(folder)).tree, [self.part, self.other], lambda: load(str(folder)))
        rooms = {CONFIGURATION: self.configuration}
        api = Api(FakeEngine(FakeJournal()), ApiOptions(ALL_SECTIONS, "test"), lambda: NOW, rooms=rooms)
        self.call = Waiting(api)

    def set(self, config: object, *, dry_run: bool = False) -> object:
        return self.call("ConfigSv1.SetConfig", {"Config": config, "DryRun": dry_run})

    def general(self, option: str) -> object:
        found = self.call("ConfigSv1.GetConfig", {"Section": "general"})
        assert isinstance(found, dict)
        return found["general"][option]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_sections_are_shown_without_what_is_ours_alone(desk: Desk) -> None:
    assert desk.general("node_id") == "n"
    everything = desk.call("ConfigSv1.GetConfig", {})
    assert isinstance(everything, dict)
    assert everything.keys() == {name for name in SECTIONS if not SECTIONS[name].own}
    assert "increment_rounding" not in everything["general"]
    text = desk.call("ConfigSv1.GetConfigAsJSON", {"Section": "chargers"})
    assert isinstance(text, str)
    assert json.loads(text) == {"chargers": everything["chargers"]}
    for name in ("colours", "limits"):
        assert desk.call("ConfigSv1.GetConfig", {"Section": name}) == ("error", "Invalid section")


@pytest.mark.parametrize(
    ("config", "answer"),
    [
        ({"chargers": {"enabled": False}}, "OK"),
        ({"listen": {"http": "127.0.0.1:1"}}, "OK"),
        ({"colours": {"a": 1}}, ("error", "Invalid section: <colours>")),
        ({"chargers": {"enabled": "yes"}}, ("error", f"{GO} ChargerSJsonCfg.Enabled of type bool")),
        ({"general": {"rounding_decimals": "5"}}, ("error", f"{GO} GeneralJsonCfg.Rounding_decimals of type int")),
        ({"sessions": {"cdrs_conns": "a"}}, ("error", f"{GO} SessionSJsonCfg.Cdrs_conns of type []string")),
        ({"general": {"colour": 1}}, ("error", "invalid configuration: request:1:13: general.colour is no option")),
        ({}, ("error", "MANDATORY_IE_MISSING: [Config]")),
    ],
)
def test_options_are_tried(desk: Desk, config: object, answer: object) -> None:
    assert desk.set(config, dry_run=True) == answer
    assert desk.applied == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"chargers": {"enabled": true}} // tried', "OK"),
        ("{", ("error", "unexpected EOF")),
        ("", ("error", "unexpected EOF")),
        ("60", "json: cannot unmarshal number into Go value of type config.CgrJsonCfg"),
        ("[]", "json: cannot unmarshal array into Go value of type config.CgrJsonCfg"),
        ('{"chargers": 5}', "invalid configuration: "),
        ('{"chargers": {"enabled": tru}}', "invalid configuration: "),
        ('{"general": {"node_id": "*env:HOME"}}', "invalid configuration: "),
    ],
)
def test_options_are_tried_as_text(desk: Desk, text: str, answer: object) -> None:
    found = desk.call("ConfigSv1.SetConfigFromJSON", {"Config": text, "DryRun": True})
    if isinstance(answer, str) and answer != "OK":
        assert isinstance(found, tuple)
        assert found[1].startswith(answer)
    else:
        assert found == answer


def test_an_option_that_takes_effect_at_once_is_changed(desk: Desk) -> None:
    assert desk.set({"general": {"reply_timeout": "7s"}}) == "OK"
    assert desk.set({"general": {"log_level": 4}}) == "OK"
    assert [tree.general.reply_timeout_ns for tree in desk.applied] == [7 * 10**9] * 2
    assert (desk.general("reply_timeout"), desk.general("log_level")) == ("7s", 4)
    assert desk.set({"general": {"log_level": 4}}) == "OK"
    assert len(desk.applied) == 2, "nothing was new"


def test_an_option_that_waits_for_the_next_start_is_refused_and_nothing_is_changed(desk: Desk) -> None:
    answer = desk.set({"general": {"log_level": 3, "node_id": "m"}, "chargers": {"enabled": False}})
    assert answer == ("error", "SERVER_ERROR: takes effect at the next start only: general.node_id, chargers.enabled")
    assert desk.applied == []
    assert desk.general("node_id") == "n"


def test_files_are_read_anew(desk: Desk, tmp_path: Path) -> None:
    def reload(path: Path, section: str = "", *, dry_run: bool = False) -> object:
        return desk.call("ConfigSv1.ReloadConfig", {"Path": str(path), "Section": section, "DryRun": dry_run})

    assert reload(tmp_path / "none", "chargers", dry_run=True) == ("error", f'path:"{tmp_path / "none"}" is not reachable')
    assert desk.call("ConfigSv1.ReloadConfig", {}) == ("error", "MANDATORY_IE_MISSING: [Path]")
    assert reload(tmp_path / "a\0b") == ("error", f'path:"{tmp_path / "a"}\0b" is not reachable')
    assert reload(tmp_path, "colours") == ("error", "Invalid section: <colours>")
    assert reload(tmp_path) == "OK"
    (tmp_path / "c.json").write_text('{"general": {"node_id": "n", "log_level": 5}, "chargers": {"enabled": false}}')
    assert reload(tmp_path, dry_run=True) == "OK"
    assert reload(tmp_path) == ("error", "SERVER_ERROR: takes effect at the next start only: chargers.enabled")
    assert reload(tmp_path, "general") == "OK"
    assert desk.general("log_level") == 5
    (tmp_path / "c.json").write_text('{"general": {"node_id": 5}}')
    found = reload(tmp_path)
    assert isinstance(found, tuple)
    assert found[1].startswith("invalid configuration: ")


def test_the_files_of_the_start_are_read_again(desk: Desk) -> None:
    def again(text: str, *, dry_run: bool = False) -> object:
        (desk.folder / "c.json").write_text(text)
        return desk.call("TollwireV1.ReloadConfig", {"DryRun": dry_run})

    base = '"chargers": {"enabled": true}'
    assert again(f'{{"general": {{"node_id": "n"}}, {base}}}') == {"Changed": [], "NextStart": []}
    both = f'{{"general": {{"node_id": "m", "log_level": 5}}, "templates": {{"mine": [{{"path": "*rep.A", "value": "1"}}]}}, {base}}}'
    changed = {"Changed": ["general.log_level", "templates.mine"], "NextStart": ["general.node_id"]}
    count = len(desk.applied)
    assert again(both, dry_run=True) == changed
    assert (len(desk.applied), desk.general("log_level")) == (count, 6)
    assert again(both) == changed
    assert (desk.general("log_level"), desk.general("node_id")) == (5, "n"), "what waits for the next start is not in force"
    assert desk.applied[-1] is desk.other.taken[-1]
    assert desk.applied[-1].general.node_id == "n"
    assert again(both) == {"Changed": [], "NextStart": ["general.node_id"]}
    assert desk.set({"general": {"log_level": 3}}) == "OK"
    assert (desk.general("log_level"), desk.general("node_id")) == (3, "n")
    assert again(f"{{{base}}}")["Changed"] == ["general.log_level", "templates.mine"]  # type: ignore[index]
    assert not isinstance(desk.applied[-1].values["templates"], dict) or "mine" not in desk.applied[-1].values["templates"]


def test_files_that_are_wrong_change_nothing_and_every_fault_is_told(desk: Desk) -> None:
    (desk.folder / "c.json").write_text('{"general": {"log_level": 2, "colour": 1, "rounding_decimals": "x"}, "chargers": {"enabled": 7}}')
    count = len(desk.applied)
    found = desk.call("TollwireV1.ReloadConfig", {})
    assert isinstance(found, tuple)
    lines = found[1].splitlines()
    assert lines[0] == "invalid configuration:"
    assert [line.split(":")[0] for line in lines[1:]] == [str(desk.folder / "c.json")] * 2
    assert (len(desk.applied), desk.general("log_level")) == (count, 6)


def test_who_knows_no_files_says_so() -> None:
    configuration = Configuration(load((), (), {}).tree, [])
    with pytest.raises(FaultyError, match="knows no files"):
        asyncio.run(configuration.read_again(dry_run=False))


def test_where_one_part_cannot_take_it_none_does(desk: Desk) -> None:
    desk.other.broken = "templates.mine: cannot be"
    (desk.folder / "c.json").write_text('{"general": {"node_id": "n", "log_level": 2}, "chargers": {"enabled": true}}')
    count = len(desk.applied)
    assert desk.call("TollwireV1.ReloadConfig", {}) == ("error", "invalid configuration:\ntemplates.mine: cannot be")
    assert desk.set({"general": {"log_level": 2}}) == ("error", "invalid configuration: templates.mine: cannot be")
    assert (len(desk.applied), desk.general("log_level")) == (count, 6)


def test_sessions_take_what_is_live_and_nothing_else(tmp_path: Path) -> None:
    """A record that stops being made by what is told to take effect at the next start is a record lost."""
    config = tmp_path / "tollwire.toml"
    trees = []
    for text in ('session_ttl = "5m"', 'session_ttl = "7m"\ncdrs_conns = []\nsession_indexes = ["Port"]'):
        config.write_text(f"[sessions]\n{text}\n")
        trees.append(load(str(config), environ={}).tree)
    options = engine_options(trees[0], "n", "UTC")
    begun = options.sessions
    assert "cdrs" in begun.connected
    SessionsPart(options).ready(trees[1])()
    assert options.sessions.session_ttl_ns == 7 * 60 * 10**9
    assert (options.sessions.connected, options.sessions.indexes) == (begun.connected, begun.indexes)


def test_live_options_exist(tmp_path: Path) -> None:
    config = tmp_path / "tollwire.toml"
    config.write_text("[diameter_agent]\nenabled = true\n[radius_agent]\nenabled = true\n")
    tree = load(str(config), environ={}).tree
    nothing: Any = None
    parts = (CertificatesPart(nothing), DiameterPart(nothing, nothing), RadiusPart(nothing, nothing))
    names = [name for part in (LogPart(), ClientsPart(nothing), SessionsPart(nothing), *parts) for name in part.takes(tree)]
    assert len(names) == len(set(names) - {"templates"}) + 2
    for name in names:
        section, _, option = name.partition(".")
        kind = SECTIONS[section].kind
        assert not option or (isinstance(kind, Group) and option in {one.name for one in kind.options}), name
