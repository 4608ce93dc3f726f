"""docs/cdrs.md: its samples are played in their order, its numbers are the house's, its commands exist."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from pathlib import Path
from urllib.parse import parse_qsl

from engine.limits import MAX_EVENTS_PER_STEP, MAX_SESSION_COSTS
from engine.money import amount_of
from engine.options import CdrOptions
from engine.storage.query import CdrOrder
from gateway.api.cdrqueries import FILTER
from gateway.api.limits import MAX_CDRS_PER_ANSWER, MAX_RERATED_PER_CALL
from gateway.cli import cdrs
from gateway.cli.main import COMMANDS
from tests.engine.cdrs.shop import add, kept, shop
from tests.gateway.api.test_cdrforms import FORM, post

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "cdrs.md").read_text()


def samples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_requests_get_the_answers_beside_them() -> None:
    site = shop(None)
    add(site, "*monetary", 10, account="1001")
    said = ""
    for sample in samples("json"):
        data = json.loads(sample)
        if "method" in data:
            said = site.call.raw(sample)
            assert json.loads(said)["error"] is None, said
        else:
            assert json.loads(said) == data
    assert [cdr.origin_id for cdr in kept(site)] == ["call-1"]
    assert [one["Account"] for one in json.loads(said)["result"]] == ["1001"]
    assert kept(site)[0].cost_amount == amount_of("0.9")


def test_a_form_is_taken() -> None:
    site = shop(None)
    add(site, "*monetary", 10, account="1001")
    words = shlex.split(samples("sh")[1].replace("\\\n", " "))
    body = "&".join(word for word in words if "=" in word and not word.startswith("http"))
    assert dict(parse_qsl(body))["OriginID"] == "call-2"
    assert post(site, FORM, body.encode()).status == 200
    assert kept(site)[0].cost_amount == amount_of("0.55")


def test_the_command_takes_these_words() -> None:
    words = shlex.split(samples("sh")[0])
    assert (words[0], words[1] in dict(COMMANDS)) == ("tollwire", True)
    parser = argparse.ArgumentParser()
    cdrs.arguments(parser)
    assert parser.parse_args(words[2:]).format == "csv"


def test_numbers_and_names_are_true() -> None:
    options = CdrOptions()
    assert f"{MAX_EVENTS_PER_STEP} at a time" in PAGE
    assert f"{MAX_CDRS_PER_ANSWER:,} records at most" in PAGE
    assert f"One call takes {MAX_RERATED_PER_CALL:,} records" in PAGE
    assert f"({MAX_SESSION_COSTS:,} costs" in PAGE
    assert f"at most {options.session_cost_ttl_ns // (86_400 * 10**9)} days" in PAGE
    assert f"({options.ids_ttl_ns // (60 * 10**9)} min)" in PAGE
    assert all(f"`{order.value}`" in PAGE for order in CdrOrder)
    asked = PAGE[PAGE.index("## Asking") : PAGE.index("## Records from switches")]
    ends = {"NotCosts", "APIOpts", "Tenant", "Search"}
    for name in FILTER.fields:
        stem = re.sub("^Not|(Start|End)$", "", name)
        assert name in ends or stem in asked, name
