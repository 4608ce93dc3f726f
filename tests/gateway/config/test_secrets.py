"""Secrets: read from files, told to nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.errors import RequestError
from gateway.api.configuration import Configuration
from gateway.config import Loaded, Tree, load
from gateway.config.kinds import Fields, Group, Kind, Map, Objects, Option, Secret, Texts, is_secret
from gateway.config.limits import MAX_SECRET_BYTES
from gateway.config.options import SECTIONS
from gateway.config.reference import to_reference_json
from gateway.config.render import MASK, render_effective
from tests.gateway.config.folders import load_text

SWORDFISH = "sw0rdfishes4"


def secret_options() -> list[tuple[tuple[str, ...], Option]]:
    """Every option that holds a secret, with the names that lead to it; `[]` is a member of a list."""
    found: list[tuple[tuple[str, ...], Option]] = []

    def look(kind: Kind, path: tuple[str, ...]) -> None:
        match kind:
            case Group():
                for option in kind.options:
                    if is_secret(option.kind):
                        found.append(((*path, option.name), option))
                    else:
                        look(option.kind, (*path, option.name))
            case Map():
                look(kind.value, (*path, "any"))
            case Objects():
                look(kind.group, (*path, "[]"))
            case _:
                assert not isinstance(kind, Fields) or kind.prefix is not None

    for name in SECTIONS:
        look(SECTIONS[name].kind, (name,))
    return found


def configured(path: tuple[str, ...], kind: Kind, secret: object) -> dict[str, object]:
    """A configuration that has a secret at that place."""
    value = {"any": secret} if isinstance(kind, Map) else [secret] if isinstance(kind, Texts) else secret
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    assert isinstance(value, dict)
    return value


def texts_of(loaded: Loaded) -> str:
    """Everything that is told of a configuration."""
    tree = loaded.tree
    shown = [render_effective(tree), render_effective(tree, "json"), str(to_reference_json(tree))]
    return "\n".join([*shown, *loaded.warnings, *map(str, (*loaded.faults, *loaded.passed_over, *loaded.idle, *loaded.cautions))])


@pytest.mark.parametrize(("path", "option"), secret_options(), ids=lambda value: ".".join(value) if isinstance(value, tuple) else "")
def test_every_secret_may_stand_in_a_file_and_is_never_told(tmp_path: Path, path: tuple[str, ...], option: Option) -> None:
    import msgspec

    file = tmp_path / "secret"
    file.write_text(f"{SWORDFISH}\n")
    file.chmod(0o600)
    trees: list[Tree] = []
    for secret in (SWORDFISH, {"file": "secret"}, {"credential": "secret"}):
        text = msgspec.json.encode(configured(path, option.kind, secret)).decode()
        loaded = load_text(tmp_path, "c.json", text, environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
        assert loaded.faults == loaded.cautions == ()
        told = texts_of(loaded)
        assert SWORDFISH not in told
        assert MASK in told
        trees.append(loaded.tree)
    assert SWORDFISH in str(trees[0].values[path[0]])
    assert trees[0].values[path[0]] == trees[1].values[path[0]] == trees[2].values[path[0]]
    wrong = msgspec.json.encode(configured(path, option.kind, [SWORDFISH])).decode()
    loaded = load_text(tmp_path, "c.json", wrong)
    assert loaded.faults
    assert SWORDFISH not in texts_of(loaded)


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        ("{ file = 'none' }", "{0} names {1}/none, which cannot be read: No such file or directory"),
        ("{ file = 'empty' }", "{0} names {1}/empty, which is empty"),
        ("{ file = 'large' }", "{0} names {1}/large, which has more than 65536 octets"),
        ("{ file = 'bytes' }", "{0} names {1}/bytes, which is not UTF-8"),
        ("{ file = '' }", "{0} must have a text as its file"),
        ("{ file = 1 }", "{0} must have a text as its file"),
        ("{ flie = 'a' }", '{0} must be a text, {{ file = "/a/path" }} or {{ credential = "name" }}'),
        ("{ file = 'a', credential = 'b' }", '{0} must be a text, {{ file = "/a/path" }} or {{ credential = "name" }}'),
        ("{ credential = '../x' }", "{0} names the credential ../x, which is no plain name"),
        ("{ credential = 'none' }", "{0} names {1}/none, which cannot be read: No such file or directory"),
    ],
)
def test_a_secret_that_cannot_be_had_is_a_fault_with_its_place(tmp_path: Path, secret: str, fault: str) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "large").write_bytes(b"x" * (MAX_SECRET_BYTES + 1))
    (tmp_path / "bytes").write_bytes(b"\xff\xff")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    loaded = load_text(tmp_path, "c.toml", f"[http.auth_users]\nanna = {secret}\n", environ=environ)
    (found,) = loaded.faults
    assert str(found) == f"{tmp_path}/c.toml:2:8: " + fault.format("http.auth_users.anna", tmp_path)


def test_a_credential_without_systemd(tmp_path: Path) -> None:
    (found,) = load_text(tmp_path, "c.toml", "[http.auth_users]\nanna = { credential = 'x' }\n").faults
    assert "$CREDENTIALS_DIRECTORY is not set" in found.message


def test_a_secret_that_everybody_may_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("c2VjcmV0")
    for mode, told in ((0o600, 0), (0o640, 0), (0o644, 1)):
        file.chmod(mode)
        loaded = load_text(tmp_path, "c.toml", "[http.auth_users]\nanna = { file = 'secret' }\n")
        assert (len(loaded.cautions), loaded.faults) == (told, ())
        line = f"http.auth_users.anna: {file} may be read by everybody on this machine ({tmp_path}/c.toml:2)"
        assert loaded.warnings == (line,) * told


def test_from_the_command_line_a_name_is_relative_to_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("c2VjcmV0")
    monkeypatch.chdir(tmp_path)
    loaded = load((), ['http.auth_users={"anna": {"file": "secret"}}'], {})
    assert (loaded.faults, loaded.tree.http.auth_users) == ((), {"anna": "c2VjcmV0"})


def test_a_request_may_not_have_files_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("c2VjcmV0")
    configuration = Configuration(load((), (), {}).tree, [])
    for name in ("secret", "none"):
        with pytest.raises(RequestError, match="must be a text, not what stands here"):
            asyncio.run(configuration.change(f'{{"http": {{"auth_users": {{"anna": {{"file": "{tmp_path}/{name}"}}}}}}}}', dry_run=True))


def test_the_password_of_a_url_is_not_told(tmp_path: Path) -> None:
    text = '[[ees.exporters]]\nid = "a"\nexport_path = "amqp://guest:sw0rdfishes4@localhost:5672/"\n'
    told = texts_of(load_text(tmp_path, "c.toml", text))
    assert "amqp://guest:********@localhost:5672/" in told
    assert SWORDFISH not in told


def test_a_password_that_is_not_in_base64_is_named_with_its_place(tmp_path: Path) -> None:
    (found,) = load_text(tmp_path, "c.toml", '[http.auth_users]\nanna = "sw0rdfish!"\n').faults
    assert str(found) == f"{tmp_path}/c.toml:2:8: http.auth_users.anna is not in base64"


def test_a_port_that_nobody_may_use_is_told(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "c.toml", "[http]\nuse_basic_auth = true\n")
    assert loaded.warnings == (f"http.use_basic_auth is on and http.auth_users is empty: nobody may use HTTP ({tmp_path}/c.toml:2)",)


def test_kinds_that_are_secrets() -> None:
    assert len(secret_options()) > 20
    assert is_secret(Map(Secret()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[listen]\nhttp = ":2080"', "listen.http asks nobody who he is"),
        ('[listen]\nhttp = "192.0.2.1:2080"', "listen.http asks nobody who he is"),
        ('[listen]\nhttp = ":2080"\n[http]\ntoken = "abc"', ""),
        ('[listen]\nhttp = "localhost:2080"', ""),
        ('[listen]\nhttp_tls = ":2280"', ""),
    ],
)
def test_an_open_http_port_is_told_of(tmp_path: Path, text: str, said: str) -> None:
    loaded = load_text(tmp_path, "c.toml", text)
    assert loaded.faults == ()
    assert [warning for warning in loaded.warnings if "asks nobody" in warning] == [
        f"{said}: neither http.token nor http.use_basic_auth is set ({tmp_path}/c.toml:2)" for _ in filter(None, [said])
    ]


def test_a_token_that_no_header_can_carry(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "c.toml", '[http]\ntoken = "two words"\n')
    assert ["printable ASCII" in str(fault) for fault in loaded.faults] == [True]
