"""What is said about a configuration that is wrong: file, line, column, what was expected, the nearest name; all of it at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.config import load
from tests.gateway.config.folders import faults, load_text

JSON_FAULTS = [
    ('{"general": {"log_level": "high"}}', '1:27: general.log_level must be a whole number from 0 to 7, not "high"'),
    ('{"general": {"log_level": 9}}', "1:27: general.log_level must be a whole number from 0 to 7, not the number 9"),
    ('{"general": {"log_level": 5.0}}', "1:27: general.log_level must be a whole number from 0 to 7, not the number 5.0"),
    ('{"general": {"log_level": true}}', "1:27: general.log_level must be a whole number from 0 to 7, not true"),
    ('{"general": {"node_id": 5}}', "1:25: general.node_id must be a text, not the number 5"),
    ('{"general": []}', "1:13: general must be a table, not a list"),
    ("[]", "1:1: a configuration is a table of sections, not a list"),
    (
        '{"general": {"reply_timeout": "10 s"}}',
        '1:31: general.reply_timeout must be a duration such as "10s", "1m30s" or "150ms", not "10 s"',
    ),
    (
        '{"general": {"increment_rounding": "exactly"}}',
        '1:36: general.increment_rounding must be one of exact, per_increment, not "exactly" (did you mean exact?)',
    ),
    ('{"rals": {"enabled": "yes"}}', '1:22: rals.enabled must be true or false, not "yes"'),
    (
        '{"rals": {"max_computed_usage": {"*sms": "x"}}}',
        '1:42: rals.max_computed_usage.*sms must be a duration such as "10s", "1m30s" or "150ms" or a number, not "x"',
    ),
    (
        '{"rals": {"stats_conns": "*internal"}}',
        '1:26: rals.stats_conns must be a list of connections, such as ["*internal"], not "*internal"',
    ),
    ('{"listen": {"http": "2080"}}', '1:21: listen.http must be host:port, such as "127.0.0.1:2012", or an empty text, not "2080"'),
    ('{"listen": {"http": "h:99999"}}', '1:21: listen.http must be host:port, such as "127.0.0.1:2012", or an empty text, not "h:99999"'),
    ('{"limits": {"request_size": "16 apples"}}', '1:29: limits.request_size must be a size such as "16MB", not "16 apples"'),
    ('{"sessions": {"client_protocol": 3}}', "1:34: sessions.client_protocol must be one of 0.0, 1.0, 2.0, not the number 3"),
    ('{"cdrs": {"extra_fields": [1]}}', "1:28: cdrs.extra_fields[0] must be a text, not the number 1"),
    ('{"data_db": {"db_password": 5}}', "1:29: data_db.db_password must be a text, not what stands here"),
    ('{"radius_agent": {"client_secrets": "swordfish"}}', "1:37: radius_agent.client_secrets must be a table, not what stands here"),
    ('{"apiban": {"keys": "swordfish"}}', "1:21: apiban.keys must be a list of texts, not what stands here"),
    ('{"ers": {"readers": [[]]}}', "1:22: ers.readers[0] must be a table, not a list"),
    (
        '{"diameter_agent": {"request_processors": [{"id": "v", "reply_fields": "x"}]}}',
        '1:72: diameter_agent.request_processors.v.reply_fields must be a list of field templates, or a table of name = value, not "x"',
    ),
    (
        '{"diameter_agent": {"request_processors": [{"id": "v", "reply_fields": [{"type": "*template", "value": "*cc"}]}]}}',
        "1:104: diameter_agent.request_processors.v.reply_fields[0].value names the template *cc, which is not there (did you mean *cca?)",
    ),
    (
        '{"diameter_agent": {"enabled": true, "allowed_networks": ["192.0.2.0/24", "here"]}}',
        "1:58: diameter_agent.allowed_networks: here is no network; 192.0.2.0/24 or 2001:db8::/32 is wanted",
    ),
    (
        '{"diameter_agent": {"enabled": true, "listeners": [{"address": ":3868", "network": "tcp-tls"}]}}',
        "1:51: diameter_agent.listeners: tcp-tls needs tls.server_certificate and tls.server_key",
    ),
    (
        '{"diameter_agent": {"enabled": true, "peers": [{"id": "dra"}]}}',
        "1:47: diameter_agent.peers: dra has no address",
    ),
    (
        '{"diameter_agent": {"asr_template": "*as"}}',
        "1:37: diameter_agent.asr_template names the template *as, which is not there (did you mean *asr?)",
    ),
    (
        '{"data_db": {"db_type": "*redis"}}',
        '1:25: data_db.db_type is "*redis": driver not available in this build (did you mean *internal?)',
    ),
    (
        '{"general": {"default_timezone": "Europe/Viena"}}',
        (
            '1:34: general.default_timezone must be a name of the zone database, UTC or Local, not "Europe/Viena" '
            "(did you mean Europe/Vienna?)"
        ),
    ),
    ('{"general": {"default_timezone": 1}}', "1:34: general.default_timezone must be the name of a time zone, not the number 1"),
    (
        '{"rals": {"balance_rating_subject": {"*sms": "*zero"}}}',
        '1:46: rals.balance_rating_subject.*sms must be *zero and a duration, such as "*zero1s", not "*zero"',
    ),
    ('{"general": {"node_id": "*env:NOBODY"}}', "1:25: the environment has no NOBODY (did you mean NOBODYS?)"),
    ('{"general": ', "1:13: the text ends where a value is expected"),
]


@pytest.mark.parametrize(("text", "expected"), JSON_FAULTS)
def test_json(tmp_path: Path, text: str, expected: str) -> None:
    loaded = load_text(tmp_path, "c.json", text, environ={"NOBODYS": "x"})
    assert faults(loaded) == [f"c.json:{expected}"]
    assert "swordfish" not in str(loaded.faults)


LOOSE = [
    ('{"sesions": {}}', "1:2: sesions is no section (did you mean sessions?)"),
    ('{"scheduler": {}}', "1:2: scheduler is no section (did you mean schedulers?)"),
    ('{"sessions": {"listen_bijson": ""}}', "1:15: sessions.listen_bijson is no option (did you mean listen.birpc_json?)"),
    ('{"general": {"log_levle": 3}}', "1:14: general.log_levle is no option (did you mean log_level?)"),
    ('{"general": {"Log_Level": 3}}', "1:14: general.Log_Level is read as log_level (did you mean log_level?)"),
    (
        '{"caches": {"partitions": {"*cdr_id": {}}}}',
        "1:28: caches.partitions.*cdr_id is none of the names known here (did you mean *cdr_ids?)",
    ),
    (
        '{"cdrs": {"enabled": true, "rals_conns": ["*intern"]}}',
        "1:43: cdrs.rals_conns names *intern, which rpc_conns does not have and which is no address (did you mean *internal?)",
    ),
    ('{"cdrs": {"enabled": true, "rals_conns": ["*internal"]}}', "1:43: cdrs.rals_conns asks this process, but rals.enabled is false"),
    ('{"general": {"reply_timeout": 30}}', '1:31: general.reply_timeout has no unit: 30 is read as nanoseconds (did you mean "30s"?)'),
    ('{"general": {"node_id": "a", "node_id": "b"}}', '1:30: "node_id" stands twice in this table; the later one counts'),
    (
        '{"diameter_agent": {"enabled": true, "forced_disconnect": "*rar"}}',
        "1:59: diameter_agent.forced_disconnect is *rar and diameter_agent.rar_template is empty: nobody is told",
    ),
    ("{}}", "1:3: what follows the end of the configuration is passed over"),
    (
        '{"templates": {"t": [{"type": "*contant"}]}}',
        (
            "1:31: templates.t[0].type must be one of *none, *constant, *variable, *composed, *group, *usage_difference, *cc_usage, *sum, "
            "*difference, *multiply, *divide, *value_exponent, *unix_timestamp, *datetime, *prefix, *suffix, *sipcid, *filler, *remove, "
            '*removeall, *template, not "*contant" (did you mean *constant?)'
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), LOOSE)
def test_what_cgrates_passes_over_is_a_fault_only_where_it_is_asked_for(tmp_path: Path, text: str, expected: str) -> None:
    lenient = load_text(tmp_path, "c.json", text)
    assert faults(lenient) == []
    assert [str(fault).rpartition("/")[2] for fault in lenient.passed_over] == [f"c.json:{expected}"]
    strict = load_text(tmp_path, "c.json", text, strict=True)
    assert (faults(strict), strict.passed_over) == ([f"c.json:{expected}"], ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[sesions]\n", "1:1: sesions is no section (did you mean sessions?)"),
        ("[general]\nlog_levle = 3\n", "2:1: general.log_levle is no option (did you mean log_level?)"),
        ("[general]\nLog_Level = 3\n", "2:1: general.Log_Level is no option (did you mean log_level?)"),
        ("[sessions]\nsession_ttl = 30\n", '2:15: sessions.session_ttl has no unit: 30 is read as nanoseconds (did you mean "30s"?)'),
        ("[general]\nlog_level = 'x'\n", '2:13: general.log_level must be a whole number from 0 to 7, not "x"'),
        (
            "[[ers.readers]]\nid = 'a'\ntype = 5\n",
            (
                "3:8: ers.readers.a.type must be one of *none, *file_csv, *file_fwv, *file_xml, *file_json, "
                "*kafka_json_map, *sql, *amqp_json_map, *amqpv1_json_map, *s3_json_map, *sqs_json_map, *nats_json_map, not the number 5"
            ),
        ),
        ("[general\n", "1:9: Expected ']' at the end of a table declaration"),
        (
            "[sessions.default_usage]\n'*any' = inf\n",
            '2:10: sessions.default_usage.*any must be a duration such as "10s", "1m30s" or "150ms" or a number, not the number Infinity',
        ),
        ("[resources.opts]\n'*units' = nan\n", "2:12: resources.opts.*units must be a number, not the number NaN"),
    ],
)
def test_toml(tmp_path: Path, text: str, expected: str) -> None:
    assert faults(load_text(tmp_path, "c.toml", text)) == [f"c.toml:{expected}"]


def test_all_at_once_and_the_rest_still_counts(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"general": {"log_level": 99, "node_id": "n"},\n "rals": {"enabled": 1}, "listen": {"http": "x"}}')
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.toml").write_text("[cores]\nnumber = 1\n")
    loaded = load(str(tmp_path))
    assert [line.partition(": ")[0] for line in faults(loaded)] == ["a.json:1:27", "a.json:2:22", "a.json:2:45", "b.json:1:2", "c.toml:2:1"]
    assert loaded.tree.general.node_id == "n"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("general.log_level=99", '--set general.log_level: general.log_level must be a whole number from 0 to 7, not "99"'),
        ("general.log_levle=3", "--set general.log_levle: log_levle is no option (did you mean log_level?)"),
        ("generel.log_level=3", "--set generel.log_level: generel is no section (did you mean general?)"),
        ("general=3", "--set general: an override is written section.option=value"),
        ("nonsense", "--set nonsense: an override is written section.option=value"),
        ("ers.readers.x.type=y", "--set ers.readers.x.type: an override goes no deeper than a list; set the list as JSON"),
        (
            "data_db.db_type=redis",
            '--set data_db.db_type: data_db.db_type is "redis": driver not available in this build (did you mean *internal?)',
        ),
        ("ers.readers=[{", "--set ers.readers: the text ends inside of a table: } is missing"),
        ("general.node_id=*env:NO", "--set: the environment has no NO"),
        ("radius_agent.client_secrets=swordfish", "--set radius_agent.client_secrets: a value is expected; texts stand in quotes"),
    ],
)
def test_overrides(override: str, expected: str) -> None:
    loaded = load(overrides=[override], environ={})
    assert faults(loaded) == [expected]
    assert "swordfish" not in str(loaded.faults)


def test_places_that_cannot_be_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "latin.json").write_bytes(b'{\n"general": "\xe4"}')
    assert [str(fault) for fault in load([str(tmp_path / "no"), str(empty), str(tmp_path / "latin.json")]).faults] == [
        f"{tmp_path}/no: there is no such folder or file",
        f"{empty}: holds no *.toml and no *.json file",
        f"{tmp_path}/latin.json:2: is not UTF-8 text",
    ]


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.config.files.MAX_FILE_BYTES", 10)
    monkeypatch.setattr("gateway.config.files.MAX_FILES", 2)
    assert faults(load_text(tmp_path, "a.json", "{" + " " * 20 + "}")) == ["a.json: is larger than 10 octets"]
    for name in "bcd":
        (tmp_path / f"{name}.json").write_text("{}")
    assert [str(fault) for fault in load(str(tmp_path)).faults] == [f"{tmp_path}: holds more than 2 configuration files"]


def test_many_faults_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.config.report.MAX_FAULTS", 3)
    text = "[general]\n" + "\n".join(f"zz{number} = 1" for number in range(5))
    loaded = load_text(tmp_path, "a.toml", text)
    assert len(loaded.faults) == 4
    assert str(loaded.faults[-1]) == "configuration: and 2 more"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "a.json").chmod(0)
    assert faults(load(str(tmp_path))) == ["a.json: cannot be read: Permission denied"]
