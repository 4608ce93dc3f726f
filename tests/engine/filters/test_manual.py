"""Every sample of docs/filters.md does what the manual says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine import limits
from engine.accounts.account import Account, Accounts, Balance
from engine.accounts.figures import Figures
from engine.event import Event
from engine.fields.converters import CONVERTERS
from engine.fields.telephone import number_figures
from engine.fields.template import Template
from engine.fields.values import MISSING
from engine.filters.match import Filters
from engine.filters.rule import RULES
from engine.money import ONE
from engine.profiles.items import Items
from engine.profiles.policies import KINDS
from engine.rating.book import Destination, Timing
from engine.rating.kinds import TIMING
from engine.rating.tariff import Tariff

MANUAL = (Path(__file__).resolve().parents[3] / "docs" / "filters.md").read_text()
NOW = 1_772_618_400_000_000_000  # 2026-03-04T10:00:00Z


def table(first: str) -> list[list[str]]:
    """The cells of the rows below the heading that begins so."""
    lines = MANUAL.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(first))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    assert rows, first
    return rows


def house() -> Filters:
    tariff, accounts = Tariff(), Accounts()
    tariff.put_destination(Destination("DST_DE", ("49",)))
    tariff.put(TIMING, "MORNING", Timing("MORNING", StartTime="08:00:00", EndTime="12:00:00"))
    account = Account("example.net", "1001")
    account.add(Balance("u", "b", "*monetary", 12 * ONE + ONE // 2))
    accounts.put(account)
    filters = Filters(Items(KINDS))
    Figures(accounts, tariff).wire(filters.rooms)
    filters.rooms.wire("*libphonenumber", number_figures)
    return filters


def code(cell: str) -> str:
    """What stands in backticks."""
    return cell.strip("`").strip() if not cell.startswith("``") else cell.strip("`")[1:-1]


def samples(cell: str) -> list[object]:
    return [json.loads(text) for text in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("row", table("| type | passes |"), ids=lambda row: row[0])
def test_rule(row: list[str]) -> None:
    _, _, example, yes, no = row
    filters = house()
    for cell, wanted in ((yes, True), (no, False)):
        for value in samples(cell):
            event = Event("example.net", "e", {"F": value}, {})
            assert filters.matches("example.net", [code(example)], filters.view(event, NOW), NOW) is wanted, value


def test_every_rule_type_is_in_the_manual() -> None:
    named = " ".join(row[0] for row in table("| type | passes |"))
    assert set(RULES) <= set(re.findall(r"\*\w+", named))


@pytest.mark.parametrize("row", table("| converter | in |"), ids=lambda row: row[0])
def test_converter(row: list[str]) -> None:
    chain, value, wanted = (cell.strip("`") for cell in row)
    event = Event("example.net", "e", {"In": value}, {})
    assert Template.parse(f"~*req.In{{{chain}}}").text(house().view(event, NOW)) == wanted


def test_every_converter_is_in_the_manual() -> None:
    named = " ".join(row[0] for row in table("| converter | in |"))
    assert set(CONVERTERS) <= set(re.findall(r"\*\w+", named))


@pytest.mark.parametrize("row", table("| value | event |"), ids=lambda row: row[0] + row[1])
def test_value(row: list[str]) -> None:
    template, given, wanted = row
    fields = json.loads(re.findall(r"`({[^`]*})`", given)[0])
    event = Event("example.net", "e", fields, {"realm": "pbx.example"})
    assert Template.parse(code(template)).text(house().view(event, NOW)) == code(wanted)


def test_paths() -> None:
    fields: dict[str, object] = {"Account": "ann", "Sip": {"From": "a"}, "Tags": ["x", "y"], "Legs": [{"Id": "l"}], "Which": "Account"}
    view = house().view(Event("example.net", "e", fields, {"*apiKey": "k"}), NOW)
    view.scopes["*tenant"] = "example.net"
    view.scopes["*vars"] = {"*processRuns": 1}
    read = {path: Template.single(path).value(view) for row in table("| path | leads to |") for path in re.findall(r"`(~[^`]+)`", row[0])}
    assert [path for path, value in read.items() if value is MISSING] == []
    assert Template.single("~*accounts.1001.BalanceMap.*monetary[0].Value").text(view) == "12.5"
    for name in ("NationalNumber", "Region", "NumberType", "Carrier", "Extension", "LengthOfNationalDestinationCode"):
        assert Template.single(f"~*libphonenumber.+493012345678.{name}").value(view) is not MISSING


def test_bounds() -> None:
    for bound in (
        limits.MAX_TEMPLATE_CHARACTERS,
        limits.MAX_TEMPLATE_PARTS,
        limits.MAX_CONVERTERS,
        limits.MAX_REPLACEMENTS,
        limits.MAX_PATH_STEPS,
        limits.MAX_PATTERN_CHARACTERS,
        limits.MAX_RULE_VALUES,
    ):
        assert f"{bound:,} " in MANUAL
