"""Value templates: what each writes for an event, and what cannot be read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.event import Event
from engine.fields.template import Template
from engine.fields.values import MISSING, Duration, FieldNotFoundError
from engine.fields.view import View
from engine.limits import MAX_TEMPLATE_CHARACTERS, MAX_VALUE_CHARACTERS

NOW = 1_772_618_400_000_000_000  # 2026-03-04T10:00:00Z
FIELDS: dict[str, object] = {
    "Account": "ann",
    "Usage": "1m30.5s",
    "Cost": Decimal("1.50"),
    "Whole": 1001,
    "Yes": True,
    "Null": None,
    "Sip": {"From": "ann", "To": {"User": "bob"}},
    "Tags": ["a", "b"],
    "Legs": [{"Id": "x"}, {"Id": "y"}],
    "Destination": "004930",
    "Which": "Account",
    "Big": 9_007_199_254_740_993,
    "MaxUsage": Duration(100_000_000_000),
    "Number": "+49170-1234567",
    "Path": "a/b/c",
}


def view() -> View:
    return View(Event("example.net", "e1", dict(FIELDS), {"*apiKey": "k1"}), NOW)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("~*req.Account", "ann"),
        ("call", "call"),
        ("", ""),
        ("~*req.Account;@;~*opts.*apiKey", "ann@k1"),
        ("~*req.Cost", "1.5"),
        ("~*req.Whole", "1001"),
        ("~*req.Big", "9007199254740993"),
        ("~*req.Yes", "true"),
        ("~*req.Null", ""),
        ("~*req.Sip.From", "ann"),
        ("~*req.Sip.To.User", "bob"),
        ("~*req.Sip", '{"From":"ann","To":{"User":"bob"}}'),
        ("~*req.Tags", '["a","b"]'),
        ("~*req.Tags[1]", "b"),
        ("~*req.Legs[1].Id", "y"),
        ("~*req.MaxUsage", "1m40s"),
        ("~*req.MaxUsage{*duration_nanoseconds}", "100000000000"),
        # Search and replace: the template is the whole result, what does not match stays (recorded).
        (r"~*req.Destination:s/^00(\d+)$/+$1/", "+4930"),
        (r"~*req.Destination:s/^x(\d+)$/$1/", "004930"),
        (r"~*req.Number:s/^\+49(\d+)-(\d+)$/0${1}${2}/", "01701234567"),
        (r"~*req.Number:s/^\+(\d+)-(\d+)$/$1$2/:s/^49(.+)/0$1/", "01701234567"),
        ("~*req.Number:s/[-+ ]/x/", "x"),
        ("~*req.Number:s/[-+ ]//", ""),
        (r"~*req.Destination:s/(\d{2})(\d+)/${2}x${1}/", "4930x00"),
        (r"~*req.Destination:s/(?P<rest>9.*)/$rest/", "930"),
        (r"~*req.Destination:s/0/$$/", "$"),
        (r"~*req.Path:s/^a\/(.*)$/$1/", "b/c"),
        ("~*req.Path:s/a/b/x/", "x"),
        (
            "~*req.Path:s/a//x",
            "",
        ),
        (r"~*req.Destination:s/0/$1x/", ""),
        # Backticks hold the separator.
        ("`x;y`", "x;y"),
        ("`1;2`;-;`3;4`", "1;2-3;4"),
        # What stands in angle brackets is put in first, even where no field is meant.
        ("~*req.<~*req.Which>", "ann"),
        ("~*req.<Account>", "ann"),
        (r"~*req.Number:s/(\d+)/<$1>/", "49170"),
        ("<sip:;~*req.Account;@192.0.2.60>", "<sip:ann@192.0.2.60>"),
        ("~", "~"),
        ("a~b", "a~b"),
    ],
)
def test_text(template: str, text: str) -> None:
    assert Template.parse(template).text(view()) == text


@pytest.mark.parametrize(
    "template",
    [
        "~*req.Nothing",
        "a;~*req.Nothing",
        "~*req.Tags[2]",
        "~*req.Tags[x]",
        "~*req.Account.More",
        "~*req.Tags.Id",
        "~*none.X",
        "~*req.<~*req.No>",
    ],
)
def test_missing(template: str) -> None:
    parsed = Template.parse(template)
    assert parsed.find(view()) is None
    assert parsed.value(view()) is MISSING
    with pytest.raises(FieldNotFoundError):
        parsed.text(view())
    with pytest.raises(RequestError) as refused:
        parsed.read(view())
    assert refused.value.text == "NOT_FOUND"


def test_value_keeps_its_kind() -> None:
    assert Template.parse("~*req.Sip").value(view()) == {"From": "ann", "To": {"User": "bob"}}
    assert Template.parse("~*req.Cost").value(view()) == Decimal("1.50")
    assert Template.parse("~*req.Cost;x").value(view()) == "1.5x"


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("~*req.In{*unheard}", "invalid converter value in string: <*unheard>, err: unsupported converter definition: <*unheard>"),
        ("~*req.In{*round:x}", "invalid converter value in string: <*round:x>, err: *round converter needs integer as decimals, have: <x>"),
        ("~*req.In{*multiply:x}", 'invalid converter value in string: <*multiply:x>, err: strconv.ParseFloat: parsing "x": invalid syntax'),
        ("~*req.In{*divide:0}", "invalid converter value in string: <*divide:0>, err: division by zero"),
        ("~*req.In{*round", "invalid converter terminator in rule: <~*req.In{*round>"),
        ("a`b", "Unclosed unspilit syntax"),
        ("~*req.A:s/x/", "not enough members in Search&Replace, ruleStr: <x/>, matches: []"),
        ("~*req.A:s/[/x/", "error parsing regexp: missing ]: ["),
        ("~*req.A[0", "no closing bracket in path: <*req.A[0>"),
    ],
)
def test_unreadable(template: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Template.parse(template)
    assert str(refused.value) == complaint


def test_another_rooms_figure_without_that_room() -> None:
    with pytest.raises(RequestError) as refused:
        Template.parse("~*stats.SQ.*acd").find(view())
    assert refused.value.text == "SERVER_ERROR: MANDATORY_IE_MISSING: [connIDs]"


def test_a_wired_room_answers() -> None:
    looking = view()
    looking.rooms.wire("*stats", lambda tenant, path, now_ns: f"{tenant}/{path[1]}/{path[2]}/{now_ns}")
    assert Template.parse("~*stats.SQ.*acd").text(looking) == f"example.net/SQ/*acd/{NOW}"


def test_what_an_event_puts_into_a_path_is_bounded() -> None:
    looking = View(Event("t", "e", {"W": "x" * (MAX_TEMPLATE_CHARACTERS + 1), "L": "<~*req.L>"}, {}), NOW)
    with pytest.raises(ValueError, match="more than"):
        Template.parse("~*req.<~*req.W>").find(looking)
    assert Template.parse("~*req.<~*req.L>").find(looking) is None


def test_long_texts_are_quick() -> None:
    """Each of these took seconds while it was quadratic."""
    long = View(Event("t", "e", {"A": "0" * 1_000_000, "S": ":s/" + "x" * 16_000}, {}), NOW)
    assert Template.parse("~*req.A{*strip:*both:*char:0}").text(long) == ""
    with pytest.raises(ValueError, match="not enough members"):
        Template.parse("~*req.A<~*req.S>").find(long)


def test_backtracking_does_not_hang() -> None:
    looking = View(Event("t", "e", {"A": "a" * 50_000 + "!"}, {}), NOW)
    assert Template.parse("~*req.A:s/^(a+)+$/x/").text(looking).endswith("!")


_RANDOM = st.text(alphabet=st.sampled_from(list("~*reqAB.:s/;`<>{}&[]()$^\\|0123456789+-!*")), max_size=40) | st.text(max_size=40)


@given(_RANDOM)
@settings(max_examples=600, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        template = Template.parse(text)
    except ValueError:
        return
    try:
        template.find(view())
    except ValueError:
        return


HEX = "*string2hex"


@pytest.mark.parametrize(
    "text",
    [
        "~*req.Account{" + "&".join([HEX] * 32) + "}",
        "~*req.Account:s/^(.*)$/" + "$1" * 500 + "/:s/^(.*)$/" + "$1" * 2000 + "/",
        ";".join(["~*req.Account{" + "&".join([HEX] * 16) + "}"] * 70),
    ],
)
def test_a_value_that_grows_by_powers_ends_somewhere(text: str) -> None:
    template = Template.parse(text)
    with pytest.raises(ValueError, match=f"a value of more than {MAX_VALUE_CHARACTERS} characters"):
        template.text(view())
