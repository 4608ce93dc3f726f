"""Which files count and in which order, how they merge, the two columns, the environment and the command line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gateway.config import load
from tests.gateway.config.folders import load_text

MINUTE = 60_000_000_000


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_json", ".json").replace("_toml", ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_files_of_a_folder_go_before_its_folders_and_by_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        b_json='{"general": {"node_id": "b", "log_level": 1}}',
        a_json='{"general": {"node_id": "a", "default_category": "a"}}',
        a__z_json='{"general": {"node_id": "a/z", "log_level": 2}}',
        a__b__c_json='{"general": {"default_tenant": "deep"}}',
    )
    (tmp_path / "notes.txt").write_text("{")
    loaded = load(str(tmp_path), environ={})
    assert [Path(name).relative_to(tmp_path).as_posix() for name in loaded.files] == ["a.json", "b.json", "a/z.json", "a/b/c.json"]
    general = loaded.tree.general
    assert (general.node_id, general.log_level, general.default_category, general.default_tenant) == ("a/z", 2, "a", "deep")


def test_several_places_and_single_files(tmp_path: Path) -> None:
    write(tmp_path, one__a_json='{"general": {"node_id": "one"}}', two__a_json='{"general": {"log_level": 1}}')
    joined = load(f"{tmp_path}/one:{tmp_path}/two", environ={})
    listed = load([f"{tmp_path}/one/a.json", f"{tmp_path}/two"], environ={})
    for loaded in (joined, listed):
        assert (loaded.faults, loaded.tree.general.node_id, loaded.tree.general.log_level) == ((), "one", 1)


def test_a_colon_in_a_name_that_exists(tmp_path: Path) -> None:
    write(tmp_path / "a:b", a_json='{"general": {"node_id": "colon"}}')
    assert load(f"{tmp_path}/a:b", environ={}).tree.general.node_id == "colon"


@pytest.mark.parametrize(
    ("files", "column"),
    [
        ({}, "appliance"),
        ({"a_json": "{}"}, "cgrates"),
        ({"a_toml": ""}, "appliance"),
        ({"a_json": "{}", "conf__a_toml": ""}, "appliance"),
    ],
)
def test_whose_defaults(tmp_path: Path, files: dict[str, str], column: str) -> None:
    write(tmp_path, **files)
    tree = load(str(tmp_path) if files else (), environ={}).tree
    assert tree.column == column
    assert tree.general.increment_rounding == {"appliance": "exact", "cgrates": "per_increment"}[column]
    assert tree.rals.enabled is (column == "appliance")
    assert tree.sessions.rals_conns == (("*internal",) if column == "appliance" else ())
    assert (tree.data_db.db_type, tree.stor_db.db_type, tree.stor_db.db_password) == ("*internal", "*internal", "")


def test_tables_merge_and_lists_are_replaced(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_json="""{"sessions": {"default_usage": {"*sms": "2"}, "alterable_fields": ["A", "B"]},
            "kamailio_agent": {"evapi_conns": [{"alias": "x"}, {}]}}""",
        b_json="""{"sessions": {"default_usage": {"*data": "5"}, "alterable_fields": ["C"], "session_ttl": null},
            "kamailio_agent": {"evapi_conns": [{"address": "h:1"}]}}""",
    )
    tree = load(str(tmp_path), environ={}).tree
    assert tree.sessions.default_usage == {"*any": 180 * MINUTE, "*voice": 180 * MINUTE, "*data": 5, "*sms": 2}
    assert (tree.sessions.alterable_fields, tree.sessions.session_ttl_ns) == (("C",), 0)
    assert tree.section("kamailio_agent")["evapi_conns"] == [
        {"address": "h:1", "reconnects": 5, "max_reconnect_interval": 0, "alias": None}
    ]


def test_lists_with_ids_merge_by_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_json="""{"ers": {"readers": [{"id": "*default", "run_delay": "5s"}, {"id": "r", "type": "*file_csv"}]},
          "diameter_agent": {"request_processors": [{"id": "p", "flags": ["*none"], "request_fields": [{"path": "*cgreq.A"}]}]},
          "http_agent": [{"id": "h", "url": "/h"}]}""",
        b_json="""{"ers": {"readers": [{"id": "r", "tenant": "t"}]},
          "diameter_agent": {"request_processors": [{"id": "q"}, {"id": "p", "filters": ["f"]}, {}, {}]},
          "http_agent": [{"id": "h", "reply_payload": "*xml"}]}""",
    )
    loaded = load(str(tmp_path), environ={})
    readers = loaded.tree.section("ers")["readers"]
    assert isinstance(readers, list)
    assert [
        (reader["id"], reader["type"], reader["tenant"], reader["run_delay"], len(str(reader["fields"])) > 100)
        for reader in readers
        if isinstance(reader, dict)
    ] == [("*default", "*none", "", 5_000_000_000, True), ("r", "*file_csv", "t", 5_000_000_000, True)]
    processors = loaded.tree.section("diameter_agent")["request_processors"]
    assert isinstance(processors, list)
    assert [item["id"] for item in processors if isinstance(item, dict)] == ["p", "q", "", ""]
    assert isinstance(processors[0], dict)
    assert (processors[0]["flags"], processors[0]["filters"], processors[0]["request_fields"]) == (["*none"], ["f"], [{"path": "*cgreq.A"}])
    listeners = loaded.tree.values["http_agent"]
    assert isinstance(listeners, list)
    assert isinstance(listeners[0], dict)
    assert (len(listeners), listeners[0]["url"], listeners[0]["reply_payload"]) == (1, "/h", "*xml")


def test_short_and_long_field_templates(tmp_path: Path) -> None:
    text = """
    [[radius_agent.request_processors]]
    id = "p"
    request_fields = { Account = "~*req.User-Name", ToR = "*voice", "*opts.x" = { value = "1;~*req.Y", filters = ["f"] } }
    reply_fields = [ { path = "*rep.A", type = "*constant", value = "v" } ]
    [templates]
    mine = [ { tag = "t", path = "p", value = "v", mandatory = true } ]
    """
    loaded = load_text(tmp_path, "c.toml", text)
    assert loaded.faults == ()
    processors = loaded.tree.section("radius_agent")["request_processors"]
    assert isinstance(processors, list)
    assert isinstance(processors[0], dict)
    assert processors[0]["request_fields"] == [
        {"tag": "Account", "path": "*cgreq.Account", "value": "~*req.User-Name", "type": "*variable"},
        {"tag": "ToR", "path": "*cgreq.ToR", "value": "*voice", "type": "*constant"},
        {"tag": "*opts.x", "path": "*opts.x", "value": "1;~*req.Y", "filters": ["f"], "type": "*variable"},
    ]
    assert processors[0]["reply_fields"] == [{"path": "*rep.A", "type": "*constant", "value": "v"}]
    assert loaded.tree.section("templates")["mine"] == [{"tag": "t", "path": "p", "value": "v", "mandatory": True}]
    place = loaded.tree.place(("radius_agent", "request_processors", "p", "request_fields", 1, "value"))
    assert place is not None
    assert str(place[0].fault(place[1], "here")).endswith("c.toml:4:59: here")


def test_connections_of_old_configurations(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path, "c.json", '{"rals": {"enabled": true}, "cdrs": {"rals_conns": [{"address": "*internal"}, "10.0.0.1:2012"]}}'
    )
    assert (loaded.faults, loaded.passed_over, loaded.tree.cdrs.rals_conns) == ((), (), ("*internal", "10.0.0.1:2012"))


def test_pools_of_engines(tmp_path: Path) -> None:
    text = """{"rpc_conns": {"far": {"strategy": "*next", "conns": [{"address": "10.0.0.1:2012", "reply_timeout": "3s"}, {"tls": true}]}},
      "cdrs": {"enabled": true, "rals_conns": ["far"]}}"""
    loaded = load_text(tmp_path, "c.json", text)
    pool = loaded.tree.rpc_conns["far"]
    assert (loaded.passed_over, pool.strategy, pool.poolSize) == ((), "*next", 0)
    assert [(conn.address, conn.reply_timeout_ns, conn.tls) for conn in pool.conns] == [
        ("10.0.0.1:2012", 3_000_000_000, False),
        ("", None, True),
    ]


def test_environment_becomes_what_the_option_needs(tmp_path: Path) -> None:
    environ = {"LEVEL": "3", "ON": "true", "NAME": "12", "TTL": "5m", "UNITS": "2.5", "SECRET": "swordfish"}
    text = """
    general = { log_level = "*env:LEVEL", node_id = "n-*env:NAME" }
    rals = { enabled = "*env:ON" }
    sessions = { session_ttl = "*env:TTL" }
    resources = { opts = { "*units" = "*env:UNITS" } }
    radius_agent = { client_secrets = { "*default" = "*env:SECRET" } }
    """
    loaded = load_text(tmp_path, "c.toml", text, environ=environ)
    tree = loaded.tree
    assert (loaded.faults, tree.general.log_level, tree.general.node_id, tree.rals.enabled) == ((), 3, "n-12", True)
    opts = tree.section("resources")["opts"]
    assert isinstance(opts, dict)
    assert (tree.sessions.session_ttl_ns, opts["*units"]) == (5 * MINUTE, Decimal("2.5"))
    assert tree.section("radius_agent")["client_secrets"] == {"*default": "swordfish"}


def test_bare_environment_where_a_text_is_wanted(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path, "c.json", '{"general": {"node_id": *env:N}, "mailer": {"auth_password": *env:P}}', environ={"N": "7", "P": "8"}
    )
    assert (loaded.faults, loaded.tree.general.node_id, loaded.tree.section("mailer")["auth_password"]) == ((), "7", "8")


def test_overrides_go_over_files(tmp_path: Path) -> None:
    write(tmp_path, a_json='{"general": {"node_id": "file"}, "radius_agent": {"client_secrets": {"a": "b"}}}')
    loaded = load(
        str(tmp_path),
        [
            "general.node_id=set=1",
            "general.log_level=3",
            "rals.enabled=true",
            "cdrs.rals_conns=*internal, 10.0.0.1:2012",
            'cdrs.extra_fields=["a,b"]',
            "sessions.session_ttl=5m",
            "sessions.default_usage.*sms=7",
            "radius_agent.client_secrets.10.0.0.1=s",
            "caches.partitions.*uch.ttl=1m",
            'data_db.opts={"redisTLS": true}',
            "general.default_tenant=*env:T",
            "storage.state_folder=/srv/x",
        ],
        {"T": "here"},
    )
    tree = loaded.tree
    assert loaded.faults == ()
    assert (tree.general.node_id, tree.general.log_level, tree.general.default_tenant) == ("set=1", 3, "here")
    assert (tree.cdrs.rals_conns, tree.cdrs.extra_fields) == (("*internal", "10.0.0.1:2012"), ("a,b",))
    assert (tree.sessions.session_ttl_ns, tree.sessions.default_usage["*sms"]) == (5 * MINUTE, 7)
    assert tree.section("radius_agent")["client_secrets"] == {"a": "b", "10.0.0.1": "s"}
    assert (tree.caches.partitions["*uch"].ttl_ns, tree.storage.state_folder, tree.column) == (MINUTE, "/srv/x", "cgrates")


def test_warnings_are_one_line_of_a_sort(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path,
        "c.json",
        '{"sessions": {"listen_bijson": "x", "other": 1}, "listen": {"rpc_gob": ":2013"},\n "janus_agent": {"enabled": false}}',
    )
    file = tmp_path / "c.json"
    assert loaded.warnings == (
        f"passed over: sessions.listen_bijson is no option ({file}:1, now listen.birpc_json); sessions.other is no option ({file}:1)",
        f"accepted, without meaning in this build: listen.rpc_gob ({file}:1); janus_agent ({file}:2)",
    )
    assert load(environ={}).warnings == ()


def test_listed_warnings_are_bounded(tmp_path: Path) -> None:
    names = ", ".join(f'"zz{number}": 1' for number in range(60))
    assert load_text(tmp_path, "c.json", f'{{"cores": {{{names}}}}}').warnings[0].endswith("; and 20 more")
