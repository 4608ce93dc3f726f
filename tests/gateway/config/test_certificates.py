"""Certificates that cannot be used are named with file and line before anything listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.certificates import Authority
from tests.gateway.config.folders import load_text

TRUSTED = "a client's certificate of any authority that the system trusts is good"
UNCHECKED = "tls.server_policy 2 takes any client certificate without a check, which protects nothing: use 0, 3 or 4"
TEXT = """[tls]
server_certificate = "{certificate}"
server_key = "{key}"
ca_certificate = "{ca}"
server_policy = {policy}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder, "ca")
    for name in ("a", "b"):
        authority.sign(name)
    authority.sign("locked", b"swordfish")
    (folder / "text").write_text("no certificate\n")
    (folder / "broken").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return folder


def faults_of(tmp_path: Path, folder: Path, **names: object) -> list[str]:
    given = {"certificate": "a.crt", "key": "a.key", "ca": "ca.pem", **names}
    text = TEXT.format(policy=given.pop("policy", 4), **{name: f"{folder}/{file}" if file else "" for name, file in given.items()})
    loaded = load_text(tmp_path, "c.toml", text)
    return [str(fault).replace(f"{tmp_path}/", "").replace(f"{folder}/", "") for fault in (*loaded.faults, *loaded.cautions)]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({}, []),
        ({"certificate": "none"}, ["c.toml:2:22: tls.server_certificate none cannot be read: No such file or directory"]),
        ({"certificate": "text"}, ["c.toml:2:22: tls.server_certificate text holds no certificate in PEM form"]),
        ({"key": "none"}, ["c.toml:3:14: tls.server_key none cannot be read: No such file or directory"]),
        ({"key": "text"}, ["c.toml:3:14: tls.server_key text holds no private key in PEM form"]),
        ({"key": "b.key"}, ["c.toml:3:14: tls.server_key b.key is not the key of a.crt"]),
        (
            {"certificate": "locked.crt", "key": "locked.key"},
            ["c.toml:3:14: tls.server_key locked.key has a password: one without is needed"],
        ),
        ({"ca": "none"}, ["c.toml:4:18: tls.ca_certificate none cannot be read: No such file or directory"]),
        ({"ca": "text"}, ["c.toml:4:18: tls.ca_certificate text holds no certificates in PEM form (no certificate or crl found)"]),
        ({"key": ""}, ["c.toml:3:14: tls.server_key is missing: tls.server_certificate is given"]),
        ({"certificate": ""}, ["c.toml:2:22: tls.server_certificate is missing: tls.server_key is given"]),
        (
            {"policy": 2},
            ["c.toml:5:17: " + UNCHECKED],
        ),
        ({"policy": 5}, ["c.toml:5:17: tls.server_policy must be a whole number from 0 to 4, not the number 5"]),
        ({"ca": "", "policy": 0}, []),
        (
            {"ca": ""},
            ["c.toml:1:1: tls.server_policy is 4 and tls.ca_certificate is empty: " + TRUSTED],
        ),
        ({"certificate": "", "key": ""}, []),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, folder: Path, names: dict[str, object], found: list[str]) -> None:
    assert faults_of(tmp_path, folder, **names) == found


def test_a_certificate_that_is_damaged(tmp_path: Path, folder: Path) -> None:
    (found,) = faults_of(tmp_path, folder, certificate="broken")
    assert found.startswith("c.toml:2:22: tls.server_certificate broken cannot be used: ")


def test_a_key_that_everybody_may_read_is_told(tmp_path: Path, folder: Path) -> None:
    (folder / "b.key").chmod(0o644)
    assert faults_of(tmp_path, folder, certificate="b.crt", key="b.key") == [
        "c.toml:3:14: tls.server_key: b.key may be read by everybody on this machine"
    ]
