"""Every sample of docs/request-processors.md is a configuration without faults, and its numbers are those of the program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.limits import MAX_VALUE_CHARACTERS
from engine.sessions import commands
from engine.sessions.commands import SessionReply
from gateway.cli.configuration import load_whole
from gateway.config import Tree
from gateway.processors import limits
from gateway.processors.check import words_of
from gateway.processors.flags import KNOWN, PERFORMANCE
from gateway.processors.reading import compile_processors
from gateway.processors.run import Processors
from gateway.processors.words import READ, WRITTEN
from tests.gateway.config.folders import ROOT
from tests.gateway.processors.asking import Engine, Row, worked
from tests.gateway.processors.test_fetching import Asked

PAGE = (ROOT / "docs" / "request-processors.md").read_text()
SAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.S)


def tree_of(folder: Path, sample: str) -> Tree:
    (folder / "c.toml").write_text(sample)
    found = load_whole([str(folder)], [], strict=True)
    assert [str(fault) for fault in found.faults] == []
    return found.tree


def processors_of(tree: Tree, rows: object, section: str) -> Processors:
    return compile_processors(rows, tree.values["templates"], words_of(section, tree))


def test_there_are_samples() -> None:
    assert len(SAMPLES) == 4


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_a_sample_has_no_faults(tmp_path: Path, number: int) -> None:
    tree_of(tmp_path, SAMPLES[number])


def test_the_first_sample_begins_a_session(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, SAMPLES[0])
    processors = processors_of(tree, tree.section("diameter_agent")["request_processors"], "diameter_agent")
    request: dict[str, object] = {
        "Service-Context-Id": "32251@3gpp.org",
        "CC-Request-Type": "1",
        "CC-Request-Number": "0",
        "Session-Id": "s;1",
        "Subscription-Id": {"Subscription-Id-Data": {"[~Subscription-Id-Type(0)]": "491701234567"}},
        "Multiple-Services-Credit-Control": {"Requested-Service-Unit": {"CC-Total-Octets": "1048576"}},
    }
    engine = Engine(InitiateSession=SessionReply(1_048_576))
    variables: dict[str, object] = {"OriginHost": "us", "OriginRealm": "here", "*appid": 4}
    found = worked(processors, engine, request, variables)
    command = engine.asked[0]
    assert isinstance(command, commands.InitiateSession)
    assert command.event.text("Account") == "491701234567"
    assert command.event.usage("Usage") == 1_048_576
    assert [text for _, text, _ in found.reply] == ["s;1", "2001", "us", "here", "4", "1", "0", "1048576"]
    refused = worked(processors, Engine(InitiateSession="RALS_ERROR:ACCOUNT_NOT_FOUND"), request, variables)
    assert [text for _, text, _ in refused.reply][-2:] == ["5030", "RALS_ERROR:ACCOUNT_NOT_FOUND"]


def test_the_second_sample_answers_a_question(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, SAMPLES[1])
    agents = tree.values["http_agent"]
    assert isinstance(agents, list)
    agent = agents[0]
    assert isinstance(agent, dict)
    processors = processors_of(tree, agent["request_processors"], "http_agent")
    request: dict[str, object] = {"from": "0049301", "to": "4420", "talked": "60", "ringing": "5", "wants": "music", "tenant": "blue"}
    engine = Engine(AuthorizeSession=SessionReply(61_500_000_000))
    found = worked(processors, engine, request)
    command = engine.asked[0]
    assert isinstance(command, commands.AuthorizeSession)
    assert command.event.tenant == "blue"
    assert command.event.fields == {"Account": "+49301", "Destination": "4420", "Usage": "65s"}
    assert found.reply == [(("answer", "seconds"), "61", False), (("answer", "music"), "yes", False)]
    refused = worked(processors, Engine(AuthorizeSession="RALS_ERROR:ACCOUNT_NOT_FOUND"), request)
    assert refused.reply == [(("answer", "allowed"), "no", False)]


def test_the_sample_with_a_service_asks_it_what_the_page_says(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, SAMPLES[3])
    processors = processors_of(tree, tree.section("diameter_agent")["request_processors"], "diameter_agent")
    line = {"Subscription-Id-Data": {"[~Subscription-Id-Type(0)]": "491701234567"}}
    request: Row = {"CC-Request-Type": "1", "CC-Request-Number": "0", "Session-Id": "s;1", "Subscription-Id": line}
    done = Asked(processors, lambda url, told: "1001", request, Engine(InitiateSession="NOT_FOUND"))
    assert done.rounds == [["http://127.0.0.1:8080/customer"], ["http://127.0.0.1:8080/portal"]]
    assert done.event() == {"OriginID": "s;1", "Account": "1001"}
    assert done.reply()[-1] == ("Final-Unit-Indication.Redirect-Server.Redirect-Server-Address", "1001")
    body = next(text for text in PAGE.splitlines() if text.startswith('    {"APIOpts"'))
    assert done.told[0] | {"Tenant": "example.net"} == json.loads(body)


def test_the_page_names_every_flag_and_every_scope() -> None:
    unsaid = {"*chargers", "*rals", "*routes_ignore_errors", "*routes_event_cost", "*routes_maxcost", "*blocker_error"}
    for flag in KNOWN:
        if flag not in PERFORMANCE and flag not in unsaid and not flag.startswith("*stir"):
            assert f"`{flag}`" in PAGE, flag
    for scope in (*READ, *WRITTEN):
        assert f"| `{scope}` |" in PAGE, scope


def test_the_page_says_the_bounds() -> None:
    said = {
        f"{limits.MAX_FIELDS:,}",
        str(limits.MAX_TEMPLATE_NESTING),
        str(limits.MAX_FETCHED),
        f"{limits.MAX_WIDTH:,}",
        f"{limits.MAX_FILLED:,}, {limits.MAX_FILLED_CHARACTERS >> 20} MB of text",
        f"{MAX_VALUE_CHARACTERS >> 20} MB of text",
        f"{limits.MAX_USER_CACHE:,} values or `limit`, {limits.MAX_USER_CACHE_CHARACTERS >> 20} MB of text",
    }
    bounds = PAGE.partition("## Bounds")[2]
    assert {row.split(" | ")[1] for row in bounds.splitlines() if (row.startswith("| ") and " | a " in row) or " | the " in row} == said
    assert limits.MOST_USAGE_NS == 2**60
