"""Values of `*http#`: what is lacking and when it is told, what a service is told, what ends a request before money moves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine.sessions.commands import AuthorizeSession, InitiateSession
from gateway.processors.fetching import FETCHED, Fetch, Fetched, read_url
from gateway.processors.limits import MAX_FETCHED, MAX_URL
from gateway.processors.run import Processors, Worked
from gateway.processors.terms import Terms
from gateway.processors.usercache import UserCache
from tests.gateway.processors.asking import NOW, Engine, Row, compiled, field, processor
from tests.gateway.processors.test_faults import HEAD, loaded_of

SERVICE = "http://127.0.0.1:81"
Service = Callable[[str, dict[str, object]], str]


def remote(path: str, page: str = "/a", **more: object) -> Row:
    return field(path, "", f"*http#{SERVICE}{page}", **more)


def url_of(fetch: Fetch) -> str:
    return fetch.remote.url.removeprefix(SERVICE)


class Asked:
    """A request that was worked off as an agent does it; `rounds` are the URLs that were lacking together, `told` what services got."""

    def __init__(self, processors: Processors, service: Service, request: Row | None = None, engine: Engine | None = None) -> None:
        self.engine = engine or Engine()
        self.rounds: list[list[str]] = []
        self.told: list[dict[str, object]] = []
        fetched = Fetched()

        def scopes() -> dict[str, object]:
            return {"*req": dict(request or {}), "*vars": {"OriginHost": "us", "OriginRealm": "here", "*appid": 4}}

        while lacking := processors.lacking(scopes(), fetched, NOW):
            self.rounds.append([url_of(fetch) for fetch in lacking])
            for fetch in lacking:
                told = json.loads(fetch.body)
                self.told.append(told)
                try:
                    fetched.take(fetch.remote, service(url_of(fetch), told))
                except LookupError as error:
                    fetched.fail(fetch.remote, str(error))
        self.worked: Worked = processors.work({**scopes(), FETCHED: fetched}, self.engine, NOW)

    def event(self) -> Mapping[str, object]:
        (command,) = self.engine.asked
        assert isinstance(command, AuthorizeSession | InitiateSession)
        return command.event.fields

    def reply(self) -> list[tuple[str, str]]:
        return [(".".join(path), text) for path, text, _ in self.worked.reply]


def echo(url: str, told: dict[str, object]) -> str:
    return f"<{url}>"


def broken(url: str, told: dict[str, object]) -> str:
    raise LookupError("no answer within 2 s")


def test_a_value_is_fetched_before_the_engine_is_asked() -> None:
    rows = processor("*authorize", "*accounts", asks=[field("*cgreq.Account", "~*req.User"), remote("*cgreq.Category")])
    done = Asked(compiled(rows), echo, {"User": "1001"})
    assert done.rounds == [["/a"]]
    assert done.told == [{"Tenant": "cgrates.org", "ID": "", "Time": None, "Event": {"Account": "1001"}, "APIOpts": {}}]
    assert done.event() == {"Account": "1001", "Category": "</a>"}


def test_a_service_is_told_the_event_as_it_stands_and_the_options() -> None:
    asks = [
        field("*opts.*sessionsTTL", "5m"),
        field("*cgreq.Account", "~*req.User"),
        remote("*cgreq.Subject", "/1"),
        field("*cgreq.Destination", "49"),
        remote("*cgreq.Category", "/2"),
    ]
    done = Asked(compiled(processor("*authorize", "*accounts", asks=asks, tenant="~*req.Realm")), echo, {"User": "a\udcff", "Realm": "x"})
    assert done.rounds == [["/1"], ["/2"]]
    assert [told["Event"] for told in done.told] == [
        {"Account": "a\ufffd"},
        {"Account": "a\ufffd", "Subject": "</1>", "Destination": "49"},
    ]
    assert {json.dumps(told["APIOpts"]) for told in done.told} == {'{"*sessionsTTL": "5m"}'}
    assert {told["Tenant"] for told in done.told} == {"x"}
    assert done.event()["Category"] == "</2>"


def test_what_the_answer_needs_is_fetched_together_before_the_engine_is_asked_whatever_filters_say() -> None:
    says = [
        remote("*rep.A", "/1"),
        remote("*rep.B", "/2", filters=["*notempty:~*cgrep.Error:"]),
        field("*rep.C", "~*cgrep.Error", filters=["*notempty:~*cgrep.Error:"]),
    ]
    processors = compiled(processor("*authorize", "*accounts", asks=[field("*cgreq.Account", "1001")], says=says))
    done = Asked(processors, echo)
    assert done.rounds == [["/1", "/2"]]
    assert [told["Event"] for told in done.told] == [{"Account": "1001"}] * 2
    assert done.reply() == [("A", "</1>")]
    refused = Asked(processors, echo, engine=Engine(AuthorizeSession="NOT_FOUND"))
    assert refused.reply() == [("A", "</1>"), ("B", "</2>"), ("C", "NOT_FOUND")]


@pytest.mark.parametrize("where", ["asks", "says"])
def test_a_value_that_is_not_to_be_had_ends_the_request_before_the_engine_is_asked(where: str) -> None:
    fields: dict[str, list[Row]] = {"asks": [field("*cgreq.Account", "1001")], "says": []}
    fields[where].append(remote("*vars.X", "/a?key=secret"))
    done = Asked(compiled(processor("*initiate", "*accounts", "*cdrs", **fields)), broken)  # type: ignore[arg-type]
    assert done.worked.failed == f"FETCH_FAILED: {SERVICE}/a: no answer within 2 s"
    assert done.engine.asked == []
    assert done.reply() == []


def test_one_failure_is_enough() -> None:
    done = Asked(compiled(processor("*none", asks=[remote("*vars.A", "/1"), remote("*vars.B", "/2")])), broken)
    assert done.rounds == [["/1"]]


def test_only_those_who_take_the_request_and_fields_whose_filters_pass_fetch() -> None:
    processors = compiled(
        processor("*none", id="other", asks=[remote("*vars.A", "/other")], filters=["*string:~*req.A:2"]),
        processor("*none", id="this", asks=[remote("*vars.A", "/not", filters=["*string:~*req.A:3"]), remote("*vars.A", "/this")]),
        processor("*none", id="late", asks=[remote("*vars.A", "/late")]),
    )
    assert Asked(processors, echo, {"A": "1"}).rounds == [["/this"]]


def test_a_first_processor_fetches_for_those_after_it() -> None:
    processors = compiled(
        processor("*none", "*continue", id="ask", asks=[field("*cgreq.Line", "~*req.Line"), remote("*vars.Customer", "/who")]),
        processor(
            "*initiate",
            "*accounts",
            id="begin",
            filters=["*string:~*vars.Customer:1001"],
            asks=[field("*cgreq.Account", "~*vars.Customer"), remote("*cgreq.Category", "/what")],
        ),
    )
    done = Asked(processors, lambda url, told: "1001" if url == "/who" else "data", {"Line": "7"})
    assert done.rounds == [["/who"], ["/what"]]
    assert done.told[0]["Event"] == {"Line": "7"}
    assert done.event() == {"Account": "1001", "Category": "data"}
    assert Asked(processors, lambda url, told: "1002", {"Line": "7"}).worked.taken_by == ["ask"]


def test_modes_forms_and_mandatory_are_those_of_other_values() -> None:
    says = [
        field("*rep.A", "x"),
        field("*rep.A", "", f"*http#[{SERVICE}/1]", width=3, padding="*zeroleft"),
        remote("*rep.B", "/2", mandatory=True),
    ]
    done = Asked(compiled(processor("*none", says=says)), lambda url, told: "7" if url == "/1" else "")
    assert done.worked.failed == "Empty source value for fieldID: <*rep.B>"
    done = Asked(compiled(processor("*none", says=says)), lambda url, told: url[1:])
    assert done.reply() == [("A", "001"), ("B", "2")]


def test_a_rehearsal_writes_nothing_that_lasts() -> None:
    cache = UserCache()
    cache.put("seen", "a")
    cache.put("gone", "x")
    asks = [
        field("*uch.seen", "b", "*composed"),
        field("*uch.gone", "", "*remove"),
        field("*vars.gone", "~*uch.gone"),
        field("*vars.before", "~*uch.seen"),
        remote("*vars.A", "/1"),
        remote("*vars.B", "/2"),
    ]
    says = [field("*rep.A", "~*vars.before"), field("*rep.B", "~*vars.gone"), field("*rep.C", "~*vars.A;~*vars.B")]
    done = Asked(compiled(processor("*none", asks=asks, says=says), terms=Terms("cgrates.org", cache=cache)), echo)
    assert done.rounds == [["/1"], ["/2"]]
    assert done.reply() == [("A", "ab"), ("C", "</1></2>")]
    assert (cache.get("seen"), len(cache)) == ("ab", 1)


def test_a_request_that_fetches_too_much_fails() -> None:
    rows = [processor("*none", "*continue", id=str(n), asks=[remote(f"*vars.A{n}", f"/{n}")]) for n in range(MAX_FETCHED + 1)]
    done = Asked(compiled(*rows), echo)
    assert done.worked.failed == f"more than {MAX_FETCHED} fetched values"
    assert sum(len(urls) for urls in done.rounds) == MAX_FETCHED
    assert Asked(compiled(*rows[:-1]), echo).worked.failed == ""


def test_what_nobody_fetched_ends_the_request_and_no_path_leads_to_what_was() -> None:
    processors = compiled(processor("*initiate", "*accounts", asks=[remote("*cgreq.A")]))
    engine = Engine()
    assert processors.work({"*req": {}}, engine, NOW).failed == f"FETCH_FAILED: {SERVICE}/a: it was not asked"
    assert engine.asked == []
    done = Asked(compiled(processor("*none", asks=[remote("*vars.A")], says=[field("*rep.A", "x;~*fetched.A")])), echo)
    assert done.reply() == []


def test_a_field_that_fails_anyhow_asks_nobody() -> None:
    done = Asked(compiled(processor("*none", asks=[field("*vars.A", "~*req.A", mandatory=True), remote("*vars.B")])), echo)
    assert done.rounds == []
    assert done.worked.failed == "NOT_FOUND:*vars.A"


def test_processors_that_fetch_nothing_say_so() -> None:
    assert not compiled(processor("*none", asks=[field("*vars.A", "x")])).fetches
    assert compiled(processor("*none"), processor("*none", says=[remote("*rep.A")])).fetches


# -- at load -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "url"),
    [
        ("*http#http://h/p?a=b&c=%20", "http://h/p?a=b&c=%20"),
        ("*http#[https://h:8443/p]", "https://h:8443/p"),
        ("*http#http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/"),
        ("*http#[http://[::1]]", "http://[::1]"),
        ("*http#HTTP://h", "HTTP://h"),
    ],
)
def test_urls(type: str, url: str) -> None:
    assert read_url(type) == url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a URL is missing"),
        ("x", "is no URL of http or https: x"),
        ("/x", "is no URL of http or https"),
        ("ftp://h/x", "is no URL of http or https"),
        ("file:///etc/passwd", "is no URL of http or https"),
        ("http:///x", "names no host"),
        ("http://", "names no host"),
        ("http://h:x/", "is no URL"),
        ("http://h:99999/", "is no URL"),
        ("http://[::1/", "is no URL"),
        ("http://h/a b", "neither blanks"),
        ("http://h/\r\nX: y", "neither blanks"),
        ("http://u:p@h/", "a user or a password"),
        ("http://u@h/", "a user or a password"),
        ("http://h/#part", "a fragment"),
        ("http://h/#", "a fragment"),
        ("http://h/" + "x" * MAX_URL, f"more than {MAX_URL} characters"),
    ],
)
def test_what_is_no_url(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("(", r"\(")):
        read_url(f"*http#{text}")


def complaints(folder: Path, text: str, name: str = "c.toml", *, strict: bool = False) -> list[str]:
    return [str(fault).removeprefix(f"{folder}/{name}:") for fault in loaded_of(folder, text, name, strict=strict).faults]


PLACE = "diameter_agent.request_processors.data"


def test_a_bad_url_is_told_with_its_place(tmp_path: Path) -> None:
    line = 'request_fields = [{path = "*cgreq.A", type = "*http#htp://h/"}]'
    assert complaints(tmp_path, HEAD + line) == [f"4:46: {PLACE}.request_fields[0].type: *http#: is no URL of http or https: htp://h/"]


def test_a_good_one_is_not(tmp_path: Path) -> None:
    assert complaints(tmp_path, HEAD + 'request_fields = [{path = "*cgreq.A", type = "*http#http://h/"}]') == []


def test_a_time_limit_that_leaves_no_time_is_a_fault(tmp_path: Path) -> None:
    assert complaints(tmp_path, '[http]\nfetch_timeout = "0s"\n') == ["2:17: http.fetch_timeout leaves no time to fetch anything"]


def test_what_is_fetched_after_the_engine_was_asked_is_refused(tmp_path: Path) -> None:
    begin = HEAD.replace('"data"', '"begin"').replace("*none", '*initiate", "*accounts", "*continue')
    fetches = HEAD + 'reply_fields = [{path = "*rep.Class", type = "*http#http://h/"}]'
    why = "after begin, which asks the engine and goes on: a processor that fetches stands before it"
    assert complaints(tmp_path, begin + fetches) == [f"7:46: {PLACE}.reply_fields[0].type: *http# cannot be fetched {why}"]
    assert complaints(tmp_path, begin.replace(', "*continue"', "") + fetches) == []
    assert complaints(tmp_path, begin.replace('"*initiate", "*accounts"', '"*none"') + fetches) == []


def test_templates_of_requests_of_ours_fetch_nothing(tmp_path: Path) -> None:
    text = '[diameter_agent]\nasr_template = "mine"\n[templates]\nmine = [{path = "*diamreq.Session-Id", type = "*http#http://h/"}]\n'
    assert complaints(tmp_path, text) == [
        "4:47: templates.mine[0].type: *http# cannot be fetched in a request that the gateway itself sends"
    ]


def test_in_json_a_bad_url_refuses_the_requests_that_meet_it() -> None:
    done = Asked(compiled(processor("*none", says=[field("*rep.A", "", "*http#x")])), echo)
    assert done.worked.failed == "*http#: is no URL of http or https: x"
