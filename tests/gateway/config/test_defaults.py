"""The defaults: those of the reference in one column but for what is documented, ours in the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from gateway.config import load
from gateway.config.kinds import APPLIANCE, CGRATES, Group, Kind, Map, Number, Objects, Option, Raw, default_of, is_secret
from gateway.config.merge import Values
from gateway.config.options import MODULES, SECTIONS
from gateway.config.options.nastemplates import NAS_TEMPLATES
from gateway.config.reference import to_reference_json
from tests.gateway.config.folders import load_text, reference

DEVIATIONS: dict[tuple[str | int, ...], object] = {
    ("data_db", "db_type"): "*internal",
    ("stor_db", "db_type"): "*internal",
    ("stor_db", "db_password"): "",
    ("mailer", "auth_password"): "",
    ("radius_agent", "client_secrets", "*default"): None,
    ("asterisk_agent", "asterisk_conns", 0, "password"): "",
    ("freeswitch_agent", "event_socket_conns", 0, "password"): "",
}
"""Where our cgrates column differs from the reference: a secret has no default, and a store that needs a server is none."""


def differences(ours: object, theirs: object, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], object]:
    """What of ours is not as in theirs, by path; None for what only they have."""
    found: dict[tuple[str | int, ...], object] = {}
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found |= {(*path, name): ours.get(name) for name in ours.keys() ^ theirs.keys()}
        for name in ours.keys() & theirs.keys():
            found |= differences(ours[name], theirs[name], (*path, name))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            found |= differences(mine, other, (*path, index))
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):
        found[path] = ours
    return found


def as_file(kind: Kind, raw: Raw, column: str) -> object:
    """A default as a file would say it, members and all, without what is ours alone and what is unset."""
    if isinstance(kind, Group):
        given = raw if isinstance(raw, dict) else {}
        if kind.sparse:
            return given
        members = {
            option.name: as_file(option.kind, given.get(option.name, default_of(option, column)), column)
            for option in kind.options
            if not option.own
        }
        return {name: value for name, value in members.items() if value is not None}
    if isinstance(kind, Map) and isinstance(raw, dict):
        return {name: as_file(kind.value, value, column) for name, value in raw.items()}
    if isinstance(kind, Objects) and isinstance(raw, tuple):
        return [as_file(kind.group, item, column) for item in raw]
    if isinstance(kind, Number) and isinstance(raw, str):
        return float(raw)
    return [as_file(kind, item, column) for item in raw] if isinstance(raw, tuple) else raw


def test_the_table_says_what_the_reference_says() -> None:
    golden = json.loads(reference("goldens/config_defaults.json").read_text())
    ours = {name: as_file(section.kind, section.default, CGRATES) for name, section in SECTIONS.items() if not section.own}
    templates = ours["templates"]
    assert isinstance(templates, dict)
    ours["templates"] = {name: rows for name, rows in templates.items() if name not in NAS_TEMPLATES}
    assert differences(ours, golden) == DEVIATIONS


def test_templates_that_are_ours_alone_are_not_told_as_the_reference_s(tmp_path: Path) -> None:
    plain = to_reference_json(load((), (), {}).tree, ["templates"])["templates"]
    assert isinstance(plain, dict)
    assert set(plain) == set(json.loads(reference("goldens/config_defaults.json").read_text())["templates"])
    mine = load_text(tmp_path, "c.json", '{"templates": {"*cisco_redirect": [{"path": "*radDAReq.Filter-Id", "value": "1"}]}}')
    changed = to_reference_json(mine.tree, ["templates"])["templates"]
    assert isinstance(changed, dict)
    assert set(changed) - set(plain) == {"*cisco_redirect"}


def test_the_reference_written_as_a_file_changes_nothing(tmp_path: Path) -> None:
    golden = json.loads(reference("goldens/config_defaults.json").read_text())
    for section in ("data_db", "stor_db"):
        golden[section]["db_type"] = "*internal"
    said = load_text(tmp_path, "c.json", json.dumps(golden))
    silent = Values([], CGRATES)
    assert (said.faults, said.passed_over) == ((), ())
    found = differences({name: silent[name] for name in SECTIONS}, {name: said.tree.values[name] for name in SECTIONS})
    assert found == {path: value for path, value in DEVIATIONS.items() if path[-1] != "db_type"}


def every_option(kind: Kind, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Option]]:
    if isinstance(kind, Group):
        for option in kind.options:
            yield (*path, option.name), option
            yield from every_option(option.kind, (*path, option.name))
    elif isinstance(kind, Map):
        yield from every_option(kind.value, path)
    elif isinstance(kind, Objects):
        yield from every_option(kind.group, path)


OPTIONS = [found for name in SECTIONS for found in every_option(SECTIONS[name].kind, (name,))]


def test_the_sweep_sees_the_whole_table() -> None:
    assert len(SECTIONS) == sum(map(len, MODULES.values())) == 49
    assert len(OPTIONS) > 700
    assert {name for name in SECTIONS if SECTIONS[name].own} == {"limits", "storage"}


def test_every_option_says_what_it_is_for_and_keeps_to_our_names() -> None:
    allowed = ("*cgreq.", "*cgrep.", "~*req.cgrid")
    for path, option in OPTIONS:
        assert option.doc.endswith("."), path
        text = json.dumps(as_file(option.kind, default_of(option, APPLIANCE), APPLIANCE)).lower()
        for name in allowed:
            text = text.replace(name, "")
        assert "cgr" not in text, path


def test_no_secret_has_a_default() -> None:
    secrets = [(path, option) for path, option in OPTIONS if is_secret(option.kind)]
    assert len(secrets) > 15
    for path, option in secrets:
        assert not default_of(option, CGRATES), path
        assert not default_of(option, APPLIANCE), path


def test_names_stand_once_in_their_group() -> None:
    for name in SECTIONS:
        paths = [path for path, _ in every_option(SECTIONS[name].kind, (name,))]
        assert len(paths) == len(set(paths))


def test_in_our_column_the_engine_is_on_and_wired() -> None:
    tree = load(environ={}).tree
    rooms = (
        tree.rals, tree.schedulers, tree.cdrs, tree.sessions, tree.apiers, tree.attributes, tree.chargers, tree.resources,
        tree.ips, tree.stats, tree.trends, tree.rankings, tree.thresholds, tree.routes,
    )  # fmt: skip
    assert all(room.enabled for room in rooms)
    for conns in (tree.sessions.chargers_conns, tree.cdrs.rals_conns, tree.filters.stats_conns, tree.apiers.scheduler_conns):
        assert conns == ("*internal",)
    for name in ("diameter_agent", "radius_agent", "freeswitch_agent", "ers", "ees", "dispatchers"):
        assert not tree.is_on(name)
    assert tree.section("diameter_agent")["product_name"] == "Tollwire"


def test_every_listener_is_on_loopback() -> None:
    for column in (CGRATES, APPLIANCE):
        values = Values([], column)
        listen = values["listen"]
        assert isinstance(listen, dict)
        assert all(address == "" or str(address).startswith("127.0.0.1:") for address in listen.values())
        for agent in ("diameter_agent", "radius_agent", "dns_agent"):
            section = values[agent]
            assert isinstance(section, dict)
            listeners = section["listeners"]
            assert isinstance(listeners, list)
            for listener in listeners:
                assert isinstance(listener, dict)
                found = [str(value) for name, value in listener.items() if name.endswith("address")]
                assert found
                assert all(address.startswith("127.0.0.1:") for address in found)
