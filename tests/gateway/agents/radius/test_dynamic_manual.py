"""What docs/radius.md and `check` say of requests to NASes: samples without a fault, templates that are there, faults that are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.agents.radius.limits import MAX_ASKED, MAX_MEANT
from gateway.agents.radius.targets import Target
from gateway.cli.configuration import load_whole
from gateway.config.load import Loaded
from gateway.config.options.nastemplates import ACTIONS, NAS_TEMPLATES
from tests.gateway.config.folders import ROOT

PAGE = (ROOT / "docs" / "radius.md").read_text()
SAMPLES = [one for one in re.findall(r"```toml\n(.*?)```", PAGE, re.S) if "client_da_addresses" in one or "da_address" in one]
AGENT = '[radius_agent]\nenabled = true\nclients = [{ id = "a", addresses = ["192.0.2.10"], secret = "b" }]\n'


def checked(folder: Path, text: str) -> Loaded:
    (folder / "c.toml").write_text(text)
    return load_whole([str(folder / "c.toml")], [], strict=True)


def test_samples_have_no_fault(tmp_path: Path) -> None:
    assert len(SAMPLES) == 2
    asked, others = SAMPLES
    found = checked(tmp_path, AGENT + asked)
    assert [str(fault) for fault in found.faults] == []
    section = found.tree.radius()
    assert section is not None
    targets = [Target(key, row, section) for key, row in section.client_da_addresses.items()]
    assert [(one.dmr_template, one.credit_end_template) for one in targets] == [
        ("*mikrotik_disconnect", "*mikrotik_throttle"),
        ("*cisco_disconnect", ""),
        ("*huawei_disconnect", "*huawei_redirect"),
        ("*dmr", ""),
    ]
    assert [str(fault) for fault in checked(tmp_path, others.replace("[radius_agent]", "[radius_agent]\nenabled = true")).faults] == []


def test_every_vendor_and_number_stands_in_the_manual() -> None:
    for vendor, actions in ACTIONS.items():
        assert f"`{vendor}`" in PAGE
        assert set(actions) == {"disconnect", "throttle", "redirect"}
    assert f"gets {MAX_ASKED:,} requests at once" in PAGE
    assert f"{MAX_MEANT} at most" in PAGE


def test_all_templates_of_vendors_can_be_used(tmp_path: Path) -> None:
    rows = "\n".join(f'"192.0.2.{number}" = {{ coa_template = "{name}" }}' for number, name in enumerate(NAS_TEMPLATES, 1))
    found = checked(tmp_path, f"{AGENT}[radius_agent.client_da_addresses]\n{rows}\n")
    assert [str(fault) for fault in found.faults] == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('{ dmr_template = "*mikrotik_disconect" }', "names the template *mikrotik_disconect, which is not there"),
        ('{ vendor = "mikrotk" }', "vendor"),
        ('{ credit_end = "slow" }', "credit_end"),
        ('{ flags = ["*lg"] }', "flags"),
        ("{ port = 70000 }", "port"),
    ],
)
def test_faults_are_told(row: str, told: str, tmp_path: Path) -> None:
    found = checked(tmp_path, f'{AGENT}[radius_agent.client_da_addresses]\n"192.0.2.10" = {row}\n')
    assert told in " ".join(str(fault) for fault in found.faults)


def test_what_can_only_disconnect_is_said(tmp_path: Path) -> None:
    found = checked(tmp_path, f'{AGENT}[radius_agent.client_da_addresses]\n"192.0.2.10" = {{ credit_end = "throttle" }}\n')
    assert [str(fault) for fault in found.faults] == []
    assert "sessions whose event has no Throttle are disconnected at credit's end" in " ".join(str(one) for one in found.cautions)
    found = checked(tmp_path, f'{AGENT}requests_cache_key = ""\nclient_da_addresses = {{ "192.0.2.10" = {{}} }}\n')
    assert "no NAS can be asked about its sessions" in " ".join(str(one) for one in found.cautions)
