"""How many sessions may be open at a time, of an account or of a port; the older session of a port that is taken again."""

from __future__ import annotations

from typing import Any

import pytest

from engine.effects import DisconnectSession
from engine.errors import RequestError, StorageUnavailable
from engine.sessions.commands import Asked, AuthorizeSession, InitiateSession, UpdateSession
from tests.engine.house import TENANT
from tests.engine.sessions.switch import Switch

INDEXED: dict[str, object] = {"indexes": ("Port",)}


def ask(site: Switch, origin: str = "", *, options: dict[str, object], **fields: Any) -> str:
    """What a request for authorization is told; empty where it may begin."""
    try:
        site.step(AuthorizeSession(site.event(origin, options=options, Usage="1s", **fields), True, Asked()))
    except RequestError as refused:
        return refused.text
    return ""


def begin(site: Switch, origin: str, *, options: dict[str, object] | None = None, **fields: Any) -> str:
    try:
        site.step(InitiateSession(site.event(origin, options=options, Usage="10s", **fields), client="nas", reported=True))
    except RequestError as refused:
        return refused.text
    return ""


def test_an_account_has_as_many_sessions_as_it_may() -> None:
    site = Switch()
    two: dict[str, object] = {"*sessionsAtMost": "2"}
    for number in range(2):
        assert ask(site, options=two) == ""
        assert begin(site, f"call{number}", options=two) == ""
    assert ask(site, options=two) == "SIMULTANEOUS_USE"
    assert begin(site, "call2", options=two) == "SIMULTANEOUS_USE"
    assert site.count() == 2
    assert ask(site, "call1", options=two) == "", "its own session does not count"
    assert ask(site, options={}) == ""
    assert ask(site, options={"*sessionsAtMost": 3}) == ""
    site.end("call0", Usage="1s")
    assert ask(site, options=two) == ""


def test_other_tenants_accounts_do_not_count() -> None:
    site = Switch()
    begin(site, "call")
    event = site.event("theirs", options={"*sessionsAtMost": "1"}, Usage="1s")
    event.tenant = "other"
    with pytest.raises(RequestError, match="ACCOUNT_NOT_FOUND"):
        site.step(AuthorizeSession(event))
    assert event.tenant != TENANT


def test_after_a_restart_nobody_is_let_in_before_the_sessions_are_known() -> None:
    site = Switch(credit=10_000)
    for number in range(100):
        begin(site, f"call{number}", Account="1001" if number == 99 else "crowd")
    site.balance("crowd", "cash", "*monetary", 1000)
    site.cut()
    with pytest.raises(StorageUnavailable):
        ask(site, options={"*sessionsAtMost": "1"})
    site.sleep(10**9)
    assert ask(site, options={"*sessionsAtMost": "1"}) == "SIMULTANEOUS_USE"
    assert ask(site, options={"*sessionsAtMost": "2"}) == ""


def test_a_port_is_taken_over() -> None:
    site = Switch(sessions=INDEXED)
    once: dict[str, object] = {"*sessionsAtMost": "1", "*sessionsSupersede": "Port"}
    assert begin(site, "old", options=once, Port="nas1/7") == ""
    site.step(UpdateSession(site.event("old", Usage="10s", UsageSoFar="4s"), reported=True))
    assert ask(site, options=once, Port="nas1/8") == "SIMULTANEOUS_USE"
    assert ask(site, options=once, Port="nas1/7") == "", "the older session of the port is over"
    site.take()
    assert begin(site, "new", options=once, Port="nas1/7") == ""
    assert [session.event.text("OriginID") for session in site.open()] == ["new"]
    assert site.cdrs() == [(4, 0.4)]
    assert not [effect for effect in site.take() if isinstance(effect, DisconnectSession)], "its NAS knows nothing of it"
    assert begin(site, "new", options=once, Port="nas1/7") == "EXISTS"


def test_a_begin_that_comes_late_takes_no_port_from_a_later_session() -> None:
    site = Switch(sessions=INDEXED)
    once: dict[str, object] = {"*sessionsSupersede": "Port"}
    assert begin(site, "late", options=once, Port="nas1/7", SetupTime="2026-04-07T09:59:00Z") == ""
    assert begin(site, "first", options=once, Port="nas1/7", SetupTime="2026-04-07T10:00:03Z") == ""
    assert begin(site, "second", options=once, Port="nas1/7", SetupTime="2026-04-07T10:00:01Z") == ""
    assert sorted(session.event.text("OriginID") for session in site.open()) == ["first", "second"]
    assert begin(site, "third", options=once, Port="nas1/7", SetupTime="2026-04-07T10:00:03Z") == ""
    assert [session.event.text("OriginID") for session in site.open()] == ["third"]


def test_after_a_restart_no_port_is_taken_over_before_its_session_is_known() -> None:
    site = Switch(sessions=INDEXED, credit=10_000)
    for number in range(100):
        begin(site, f"call{number}", Port=f"nas1/{number}")
    site.cut()
    once: dict[str, object] = {"*sessionsSupersede": "Port"}
    with pytest.raises(StorageUnavailable):
        begin(site, "new", options=once, Port="nas1/99")
    assert begin(site, "elsewhere", options=once) == ""
    site.sleep(10**9)
    assert begin(site, "new", options=once, Port="nas1/99") == ""
    assert not {"call99"} & {session.event.text("OriginID") for session in site.open()}


def test_by_another_field() -> None:
    site = Switch(sessions=INDEXED)
    line: dict[str, object] = {"*sessionsAtMost": "1", "*sessionsAtMostBy": "Port"}
    assert begin(site, "one", options=line, Port="a") == ""
    assert begin(site, "two", options=line, Port="b") == ""
    assert begin(site, "three", options=line, Port="a") == "SIMULTANEOUS_USE"


@pytest.mark.parametrize(
    "options",
    [
        {"*sessionsAtMost": "many"},
        {"*sessionsAtMost": "-1"},
        {"*sessionsAtMost": "1", "*sessionsAtMostBy": "Colour"},
        {"*sessionsSupersede": "Colour"},
    ],
)
def test_options_that_are_none(options: dict[str, object]) -> None:
    assert begin(Switch(), "call", options=options, Colour="red").startswith("SERVER_ERROR: ")
