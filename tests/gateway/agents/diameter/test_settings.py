"""What the agent is made of: what is remembered of a session's first request, what cannot be started."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.effects import AlterSession
from engine.sessions.commands import AlterSessions
from gateway.agents.diameter.settings import SettingsError
from gateway.protocols.diameter.message import decode
from tests.engine.house import TENANT
from tests.gateway.agents.diameter.station import Station

TEMPLATE = """
[templates]
mine = [
  {{ path = "*diamreq.Session-Id", type = "*variable", value = "~*req.Session-Id" }},
  {row}
]
inner = [{{ path = "*diamreq.Origin-Host", type = "*variable", value = "~*vars.OriginHost;~*req.CC-Request-Number" }}]
"""


def remembered(folder: Path, sections: str = "", options: str = "") -> list[int]:
    """The AVPs of the first request that the session remembers."""
    found: list[int] = []

    async def run() -> None:
        station = Station(folder, options, sections=sections)
        peer = station.peer()
        peer.says(peer.ccr(1, 0))
        (session,) = station.site.step(AlterSessions(TENANT))
        assert isinstance(session, AlterSession)
        if session.request:
            message = decode(session.request)
            assert (message.command, message.application) == (272, 4)
            found.extend(message.avps.keys)

    asyncio.run(run())
    return found


def test_of_a_first_request_that_is_kept_which_the_templates_read(tmp_path: Path) -> None:
    assert remembered(tmp_path) == [263, 264, 296]


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ('{ path = "*diamreq.Origin-Host", type = "*constant", value = "x" },', [263]),
        ('{ type = "*template", value = "inner" },', [263, 415]),
        ('{ path = "*diamreq.Origin-Host", value = "x", filters = ["*string:~*req.CC-Request-Type:1"] },', [263, 416]),
        ('{ path = "*diamreq.Origin-Host", value = "~*req.Requested-Service-Unit.CC-Time" },', [263, 437]),
        ('{ path = "*diamreq.Origin-Host", value = "~*req.No-Such-Thing" },', [263]),
        ('{ path = "*diamreq.Origin-Host", value = "x", filters = ["STORED"] },', [263, 264, 296, 283, 258, 416, 415, 437]),
    ],
)
def test_what_a_template_of_ones_own_reads_is_kept(tmp_path: Path, row: str, kept: list[int]) -> None:
    options = 'rar_template = "mine"'
    sections = TEMPLATE.format(row=row)
    found = remembered(tmp_path, sections, options)
    if "STORED" in row:
        assert found == kept
    else:
        assert [key for key in found if key not in (264, 296)] == kept, "*asr reads those two"


def test_without_templates_nothing_is_kept(tmp_path: Path) -> None:
    assert remembered(tmp_path, options='asr_template = ""\nrar_template = ""\nforced_disconnect = "*none"') == []


def test_dictionaries_that_are_not_there_refuse_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        Station(tmp_path, f'dictionaries_path = "{tmp_path}/none"')


def test_an_application_that_no_dictionary_has_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ce_applications: no dictionary has the application Gizmo"):
        Station(tmp_path, 'ce_applications = ["4", "Gizmo"]')
