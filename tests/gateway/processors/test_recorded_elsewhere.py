"""What was recorded of the HTTP and RADIUS agents of the reference, as far as it shows the language: what asks nothing of the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.fields.path import Path, Source
from gateway.config import Tree
from gateway.processors.check import words_of
from gateway.processors.reading import compile_processors
from gateway.processors.run import Processors, Worked
from tests.gateway.processors.asking import Engine, worked
from tests.gateway.processors.recorded import RECORDINGS, avps, tree_of


def steps(name: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Every step of a recording with its case."""
    for case in json.loads((RECORDINGS / "agents" / f"{name}.json").read_text())["cases"]:
        for step in case["steps"]:
            yield case["id"], step


def ready(tree: Tree, section: str, rows: object) -> Processors:
    return compile_processors(rows, tree.values["templates"], words_of(section, tree))


def lines(found: Worked) -> list[str]:
    return sorted(f"{'.'.join(path)}={text}" for path, text, _ in found.reply)


# -- HTTP ----------------------------------------------------------------------------------------------------------------------


class Query(Source):
    """Parameters of a query; one that is missing is empty."""

    def __init__(self, url: str) -> None:
        self.given = parse_qs(urlsplit(url).query)

    def read(self, path: Path, at: int) -> object:
        return self.given.get(path[at], [""])[0]


ASKS_NOTHING = ("echo", "two", "must", "nobody")
QUERIES = [
    (case, str(step["http"]), str(step["body"]))
    for case, step in steps("http-agent")
    if step.get("as") == "lines" and any(f"kind={kind}" in str(step["http"]) for kind in ASKS_NOTHING)
]


@pytest.mark.parametrize(("case", "url", "body"), QUERIES)
def test_lines_of_an_http_answer(case: str, url: str, body: str) -> None:
    tree = tree_of("http")
    agents = tree.values["http_agent"]
    assert isinstance(agents, list)
    agent = next(one for one in agents if isinstance(one, dict) and one["id"] == "text")
    assert isinstance(agent, dict)
    found = ready(tree, "http_agent", agent["request_processors"]).work({"*req": Query(url), "*vars": {}}, Engine(), 0)
    assert lines(found) == sorted(body.splitlines()), case
    assert bool(found.failed) is ("kind=must" in url)
    assert found.handled is not ("kind=nobody" in url)


# -- RADIUS --------------------------------------------------------------------------------------------------------------------

CODES = {"*radReqType": "*radAuth", "*radReqCode": "AccessRequest"}
REPLIES = {"AccessReject": "Access-Reject", "AccessChallenge": "Access-Challenge"}
IDENTIFIERS = ("repeat", "vars", "both", "tenant", "challenge", "reject", "mandatory", "nowhere", "convert", "dry")
PACKETS = [
    (case, str(decoded["send"]), str(decoded["expect"]))
    for case, step in steps("radius-access")
    if isinstance(decoded := step.get("decoded"), dict)
    and str(decoded["send"]).startswith("Access-Request")
    and any(f"NAS-Identifier={one}," in str(decoded["send"]) for one in IDENTIFIERS)
    and "=0x" not in str(decoded["send"])
]


@pytest.mark.parametrize(("case", "request_text", "expected"), PACKETS)
def test_attributes_of_a_radius_answer(case: str, request_text: str, expected: str) -> None:
    tree = tree_of("radius")
    request: dict[str, object] = {}
    for names, text in avps(request_text):
        place = request
        vendor, _, name = names[0].rpartition(":")
        if vendor:
            place = request[vendor] = {}
        place.setdefault(name, text)
    processors = ready(tree, "radius_agent", tree.section("radius_agent")["request_processors"])
    found = worked(processors, Engine(), request, dict(CODES))
    if expected == "(nothing)":
        assert found.failed or not found.handled
        return
    assert not found.failed, case
    reply = {path[0]: text for path, text, _ in found.reply}
    assert REPLIES.get(reply.pop("*radReplyCode", ""), "Access-Accept") == expected.partition(":")[0]
    told = sorted((".".join(path), text) for path, text, _ in found.reply if path[0] != "*radReplyCode")
    assert told == sorted((names[0].replace(":", "."), text) for names, text in avps(expected))


def test_there_are_enough_of_both() -> None:
    assert len(QUERIES) >= 4
    assert len(PACKETS) >= 12
