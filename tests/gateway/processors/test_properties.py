"""Whatever operators write is read or complained about, and whatever strangers send is worked off or refused: nothing else is raised."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fields.making import TYPES as MAKINGS
from engine.filters.match import Filters
from engine.filters.rule import RULES
from engine.profiles.items import Items
from engine.profiles.policies import KINDS
from engine.sessions.commands import EventReply, SessionReply
from gateway.processors.built import Built, Filled, Spot
from gateway.processors.flags import KNOWN
from gateway.processors.reading import FILLER, GROUP, read_processors
from gateway.processors.run import Worked
from gateway.processors.terms import Terms
from gateway.processors.usercache import UserCache
from gateway.processors.words import HARD
from tests.gateway.processors.asking import NOW, Engine, Row
from tests.gateway.processors.test_fetching import Asked, broken

WORDS = st.sampled_from(
    "~*req.A ~*req.B[0] ~*cgrep.MaxUsage ~*rep.A ~*vars.A.B ~*uch.A ~*tmp.A ~*opts.*x <~*req.A> ` ; -1 10s x 2026-03-02 {*round:2} "
    "{*duration_seconds} :s/(.*)/$1$1/ ~ [ ] . | 99999999999999999999 1e30 {*len} {".split(" ")
)
TEXTS = st.lists(WORDS, max_size=4).map("".join)
SCOPES = ["*rep", "*cgreq", "*vars", "*opts", "*tmp", "*uch", "*cgrep", "*req", "*cfg", "", "*rep.<~*req.A>"]
PATHS = st.tuples(st.sampled_from(SCOPES), st.sampled_from(["", ".A", ".A.B", ".A[0]", ".Usage", ".", ".A.<~*req.B>"])).map("".join)
TYPES = st.sampled_from([*MAKINGS, GROUP, FILLER, "*none", "*remove", "*removeall", "*handler", "*http#x", "*http#http://h/", "*template"])
RULE_TYPES = st.sampled_from([*RULES, "*notempty", "*notstring", "*nothing", "STORED"])
FILTERS = st.tuples(RULE_TYPES, TEXTS, TEXTS).map(":".join)
FIELDS = st.fixed_dictionaries(
    {"path": PATHS, "type": TYPES, "value": TEXTS},
    optional={
        "filters": st.lists(FILTERS, max_size=1),
        "mandatory": st.booleans(),
        "blocker": st.booleans(),
        "new_branch": st.booleans(),
        "width": st.integers(0, 9),
        "strip": st.sampled_from(["", "*left", "*xright"]),
        "padding": st.sampled_from(["", "*left", "*zeroleft"]),
        "timezone": st.sampled_from(["", "Asia/Tokyo", "Nowhere/Land"]),
        "cost_shift_digits": st.integers(0, 3),
    },
)
PROCESSORS = st.fixed_dictionaries(
    {
        "id": st.sampled_from("ab"),
        "flags": st.lists(st.sampled_from(KNOWN), max_size=4),
        "filters": st.lists(FILTERS, max_size=1),
        "tenant": TEXTS,
        "request_fields": st.lists(FIELDS, max_size=4),
        "reply_fields": st.lists(FIELDS, max_size=4),
    }
)
VALUES = st.one_of(st.text(max_size=6), st.integers(), st.none(), st.sampled_from(["-5s", "18446744073709551615", "A"]))
REQUESTS = st.dictionaries(
    st.sampled_from("AB"), st.one_of(VALUES, st.lists(VALUES, max_size=2), st.dictionaries(st.sampled_from("AB"), VALUES))
)
ANSWERS = Engine(
    AuthorizeSession=SessionReply(5),
    InitiateSession="EXISTS",
    UpdateSession=SessionReply(-1),
    ProcessMessage=SessionReply(None),
    ProcessSessionEvent=EventReply({"*raw": 7}),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PROCESSORS, max_size=3), REQUESTS)
def test_anything(rows: list[Row], request_fields: Row) -> None:
    terms = Terms("cgrates.org", filters=Filters(Items(KINDS)))
    processors, complaints = read_processors(rows, {"x": rows}, terms, ("agent",))
    assert all(complaint.message for complaint in complaints)
    if any(complaint.sort == HARD for complaint in complaints):
        return
    worked: Worked = processors.work({"*req": request_fields}, ANSWERS, NOW)
    if not worked.failed:
        assert [path for path, _, _ in worked.reply] == [value.spot.path for value in worked.built.values()]
        assert all(path for path, _, _ in worked.reply)
    for path, text, new_branch in worked.reply:
        assert isinstance(text, str)
        assert isinstance(new_branch, bool)
        assert isinstance(path, tuple)


@settings(max_examples=300, deadline=None)
@given(st.lists(PROCESSORS, max_size=3), REQUESTS, st.text(max_size=3))
def test_nothing_is_asked_of_the_engine_before_every_value_is_there(rows: list[Row], request_fields: Row, text: str) -> None:
    cache = UserCache()
    terms = Terms("cgrates.org", filters=Filters(Items(KINDS)), cache=cache)
    processors, complaints = read_processors(rows, {"x": rows}, terms, ("agent",))
    if any(complaint.sort == HARD for complaint in complaints):
        return
    lost = Asked(processors, broken, request_fields, Engine(**ANSWERS.answers))
    assert not lost.rounds or (lost.engine.asked == [] and lost.worked.failed)
    found = Asked(processors, lambda url, told: text, request_fields, Engine(**ANSWERS.answers))
    assert "was not asked" not in found.worked.failed
    assert "FETCH_FAILED" not in found.worked.failed


STEPS = st.tuples(
    st.sampled_from(["set", "append", "compose", "remove", "remove one"]), st.sampled_from(["A", "B", "G.A"]), st.sampled_from("xyz")
)


@given(st.lists(STEPS, max_size=20))
def test_what_is_filled_is_what_a_plain_list_would_hold(steps: list[tuple[str, str, str]]) -> None:
    built = Built()
    plain: list[tuple[str, str]] = []
    for what, name, text in steps:
        path = tuple(name.split("."))
        spot = Spot(path, name)
        held = [number for number, one in enumerate(plain) if one[0] == name]
        if what == "set":
            built.set(Filled(spot, text))
            plain = [one for one in plain if one[0] != name] + [(name, text)]
        elif what == "append" or (what == "compose" and not held):
            (built.append if what == "append" else built.compose)(Filled(spot, text))
            plain.append((name, text))
        elif what == "compose":
            built.compose(Filled(spot, text))
            plain[held[-1]] = (name, plain[held[-1]][1] + text)
        elif what == "remove":
            built.remove(path)
            plain = [one for one in plain if one[0] != name]
        else:
            built.remove((*path, "[0]"))
            if held:
                del plain[held[0]]
        assert [(value.spot.name, value.text) for value in built.values()] == plain
        for known in ("A", "B", "G.A"):
            texts = [one[1] for one in plain if one[0] == known]
            found = built.read(("*rep", *known.split(".")), 1)
            assert found == texts[-1] if texts else not isinstance(found, str)
