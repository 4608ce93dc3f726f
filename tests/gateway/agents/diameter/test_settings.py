"""What the agent is made of: what is remembered of a session's first request, what cannot be started."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.effects import AlterSession
from engine.sessions.commands import AlterSessions
from gateway.agents.settings import SettingsError
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
        ('{ path = "*diamreq.Origin-Host", value = "~*req.Requested-Service-Unit[~CC-Request-Type(1)].CC-Time" },', [263, 416, 437]),
        (
            '{ path = "*diamreq.Origin-Host", value = "~*req.Requested-Service-Unit[~CC-Time(60)|~CC-Request-Number(0)].CC-Time" },',
            [263, 415, 437],
        ),
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


def test_names_may_have_any_letters_that_paths_leave_them(tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    row = '<avp name="Acme_Type/2" code="416" must="M" may="P" must-not="V" may-encrypt="N"><data type="Enumerated"/></avp>'
    (folder / "acme.xml").write_text(f'<diameter><application id="4" type="auth" name="Acme">{row}</application></diameter>')
    read = '{ path = "*diamreq.Origin-Host", value = "~*req.Acme_Type/2{*string2hex};~*req.CC-Request-Number" },'
    options = f'rar_template = "mine"\ndictionaries_path = "{folder}"'
    assert [key for key in remembered(tmp_path, TEMPLATE.format(row=read), options) if key in (415, 416)] == [416, 415]


def test_without_templates_nothing_is_kept(tmp_path: Path) -> None:
    assert remembered(tmp_path, options='asr_template = ""\nrar_template = ""\nforced_disconnect = "*none"') == []


def test_dictionaries_that_are_not_there_refuse_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        Station(tmp_path, f'dictionaries_path = "{tmp_path}/none"')


def test_an_application_that_no_dictionary_has_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ce_applications: no dictionary has the application Gizmo"):
        Station(tmp_path, 'ce_applications = ["4", "Gizmo"]')
