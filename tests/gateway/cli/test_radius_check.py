"""What `check` tells of the RADIUS agent, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.configuration import load_whole

SAMPLE = """
[radius_agent]
enabled = true
clients = [{{ id = "bng", addresses = ["192.0.2.10"], secret = "between-us" }}]
{options}

[[radius_agent.request_processors]]
id = "a"
flags = ["*none"]
filters = ["*string:~*req.{read}:1"]
[radius_agent.request_processors.reply_fields]
"{written}" = "1"
"""


def faults(folder: Path, options: str = "", read: str = "User-Name", written: str = "Class") -> list[str]:
    path = folder / "c.toml"
    path.write_text(SAMPLE.format(options=options, read=read, written=written))
    return [str(fault).removeprefix(f"{path}:") for fault in load_whole([str(path)], [], strict=True).faults]


@pytest.mark.parametrize("name", ["User-Name", "Cisco.Cisco-AVPair", "Cisco-AVPair", "Tunnel-Private-Group-Id:1", "Attr-26.4242.1"])
def test_names_that_a_dictionary_has(tmp_path: Path, name: str) -> None:
    assert faults(tmp_path, read=name) == []


def test_names_that_no_dictionary_has_and_the_nearest(tmp_path: Path) -> None:
    (one,) = faults(tmp_path, read="User-Nam")
    assert one.startswith("10:")
    assert "no dictionary knows User-Nam" in one
    assert "User-Name" in one.partition("no dictionary knows User-Nam")[2]
    (one,) = faults(tmp_path, written="Mikrotik.Mikrotik-Rate-Limt")
    assert one.startswith("12:")
    assert "Mikrotik-Rate-Limit" in one


def test_templates_read_the_event_and_the_packet(tmp_path: Path) -> None:
    more = 'dmr_template = "mine"\n[templates]\nmine = [{path = "*radDAReq.User-Name", value = "~*oreq.User-Nme;~*req.Whatever"}]\n'
    found = faults(tmp_path, more)
    assert len(found) == 1, found
    assert "no dictionary knows User-Nme" in found[0]


def test_dictionaries_are_told(tmp_path: Path) -> None:
    words = tmp_path / "dictionary"
    words.write_text("ATTRIBUTE Acme-Plan 250 strng\n")
    found = faults(tmp_path, f'client_dictionaries = {{"*default" = ["{words}"]}}')
    assert len(found) == 1
    assert found[0].startswith(f"{words}:1")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ('client_secrets = {"192.0.2" = "x"}', "192.0.2 is no address and no network"),
        ('client_secrets = {"192.0.2.10/32" = "x"}', "192.0.2.10/32 stands for bng already"),
        ('listeners = [{network = "tls"}]', "tls needs tls.server_certificate"),
        ('message_authenticator = "maybe"', "maybe"),
    ],
)
def test_clients_and_listeners_that_cannot_be(tmp_path: Path, options: str, told: str) -> None:
    (one,) = faults(tmp_path, options)
    assert told in one


def test_a_client_without_a_secret_is_worth_a_word(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(SAMPLE.format(options='client_secrets = {"192.0.2.11" = ""}', read="Class", written="Class"))
    (one,) = load_whole([str(tmp_path / "c.toml")], [], strict=True).cautions
    assert "client_secrets.192.0.2.11 has no secret" in one.message.replace("[", ".").replace("]", "").replace('"', "")
