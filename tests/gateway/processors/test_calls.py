"""What processors ask of the engine, and what ~*cgrep holds afterwards."""

from __future__ import annotations

import pytest

from engine.attributes.reply import AttributesReply
from engine.event import Event
from engine.sessions import commands
from engine.sessions.commands import Asked, EventReply, SessionReply
from gateway.processors.calls import OwnRequest
from gateway.processors.run import Worked
from gateway.processors.terms import Terms
from tests.gateway.processors.asking import Engine, Row, compiled, field, processor, worked

ASKS = (field("*cgreq.Account", "anna"), field("*cgreq.Usage", "60s"), field("*opts.*sessionsTTL", "10s"))
SAYS = (
    field("*rep.Error", "[;~*cgrep.Error;]"),
    field("*rep.MaxUsage", "~*cgrep.MaxUsage"),
    field("*rep.Nanoseconds", "~*cgrep.MaxUsage{*duration_nanoseconds}"),
    field("*rep.Account", "~*cgrep.Attributes.Account"),
    field("*rep.Raw", "~*cgrep.MaxUsage.*raw"),
)


def asked(engine: Engine, *flags: str, terms: Terms | None = None) -> dict[str, str]:
    """What is answered to one event, by path."""
    found = worked(compiled(processor(*flags, asks=ASKS, says=SAYS), terms=terms), engine)
    return answered(found)


def answered(found: Worked) -> dict[str, str]:
    assert not found.failed, found.failed
    return {".".join(path): text for path, text, _ in found.reply}


def only(engine: Engine) -> object:
    assert len(engine.asked) == 1
    return engine.asked[0]


# -- which command -----------------------------------------------------------------------------------------------------------


def test_an_event_has_the_fields_the_options_and_the_tenant() -> None:
    engine = Engine(AuthorizeSession=SessionReply(1))
    asked(engine, "*authorize", "*accounts")
    command = only(engine)
    assert isinstance(command, commands.AuthorizeSession)
    assert command.event.fields == {"Account": "anna", "Usage": "60s"}
    assert command.event.options == {"*sessionsTTL": "10s"}
    assert command.event.tenant == "cgrates.org"
    assert command.max_usage
    assert command.asked == Asked()


def test_octets_that_are_no_text_come_back_in_an_answer_and_do_not_go_into_what_is_kept() -> None:
    engine = Engine(AuthorizeSession=SessionReply(1))
    fields = (field("*cgreq.Where", "~*req.Where"), field("*opts.Where", "~*req.Where"))
    rows = processor("*authorize", "*accounts", asks=fields, says=(field("*rep.Class", "~*req.Where"),), tenant="~*req.Where")
    found = worked(compiled(rows), engine, {"Where": b"\x82b\xf2\x10 \xc3\xbc"})
    assert found.reply == [(("Class",), "\udc82b\udcf2\x10 ü", False)]
    command = only(engine)
    assert isinstance(command, commands.AuthorizeSession)
    assert command.event.fields == {"Where": "\ufffdb\ufffd\x10 ü"}
    assert command.event.options == {"Where": "\ufffdb\ufffd\x10 ü"}
    assert command.event.tenant == "\ufffdb\ufffd\x10 ü"


def test_nor_into_lists_maps_and_names_of_what_is_kept() -> None:
    engine = Engine(AuthorizeSession=SessionReply(1))
    octets: Row = {"Where": b"\x82"}
    fields = (
        field("*cgreq.A<~*req.Where>", "field"),
        field("*opts.<~*req.Where>", "option"),
        field("*opts.List", "~*req.Where", type="*group"),
        field("*opts.Map.Inner", "~*req.Where"),
    )
    worked(compiled(processor("*authorize", "*accounts", asks=fields)), engine, octets)
    command = only(engine)
    assert isinstance(command, commands.AuthorizeSession)
    assert command.event.fields == {"A\ufffd": "field"}
    assert command.event.options == {"\ufffd": "option", "List": ["\ufffd"], "Map": {"Inner": "\ufffd"}}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("*authorize", "*attributes"), ("AuthorizeSession", False, True, None, [])),
        (("*initiate", "*accounts", "*attributes:*ids:A&B"), ("InitiateSession", True, True, ["A", "B"], [])),
        (("*initiate", "*accounts", "*resources", "*stats"), ("InitiateSession", True, False, None, ["AllocateResources", "ProcessStats"])),
        (("*authorize", "*resources", "*routes"), ("AuthorizeSession", False, False, None, ["AuthorizeResources", "GetRoutes"])),
        (("*authorize", "*ips"), ("AuthorizeSession", False, False, None, ["AuthorizeIP"])),
        (("*update", "*accounts", "*thresholds:*ids:TH"), ("UpdateSession", True, False, None, ["ProcessThresholds"])),
        (("*terminate", "*accounts", "*resources"), ("TerminateSession", True, False, None, ["ReleaseResources"])),
        (("*message", "*accounts"), ("ProcessMessage", True, False, None, [])),
        (("*message",), ("ProcessMessage", False, False, None, [])),
    ],
)  # fmt: skip
def test_flags_choose_the_command_and_what_it_asks_for(flags: tuple[str, ...], expected: tuple[object, ...]) -> None:
    name, charged, attributes, ids, rooms = expected
    engine = Engine(**{str(name): SessionReply(1)})
    asked(engine, *flags)
    command = engine.asked[0]
    assert type(command).__name__ == name
    charges = {"AuthorizeSession": "max_usage", "ProcessMessage": "debit"}.get(str(name), "session")
    assert getattr(command, charges) is charged
    wanted = getattr(command, "asked")  # noqa: B009 - every one of them has it
    assert (wanted.attributes, wanted.attribute_ids, list(wanted.rooms)) == (attributes, ids, rooms)
    assert getattr(command, "client", "peer-1") == "peer-1"


def test_force_duration_goes_along() -> None:
    for name, flag in (("InitiateSession", "*initiate"), ("TerminateSession", "*terminate"), ("ProcessMessage", "*message")):
        engine = Engine(**{name: SessionReply(1)})
        asked(engine, flag, "*accounts", "*fd")
        assert getattr(engine.asked[0], "force_duration")  # noqa: B009


def test_an_event_takes_all_flags_as_they_are() -> None:
    engine = Engine(ProcessSessionEvent=EventReply({"*raw": 60_000_000_000}))
    flags = ("*event", "*rals:*initiate", "*attributes:*ids:A")
    found = answered(worked(compiled(processor(*flags, asks=ASKS, says=(SAYS[0], SAYS[4]))), engine))
    command = only(engine)
    assert isinstance(command, commands.ProcessSessionEvent)
    assert tuple(command.flags) == flags
    assert found["Raw"] == "1m0s"
    assert found["Error"] == "[]"


def test_the_first_request_type_counts() -> None:
    engine = Engine(InitiateSession=SessionReply(1))
    asked(engine, "*update", "*initiate", "*accounts")
    assert isinstance(only(engine), commands.InitiateSession)


def test_dryrun_asks_nothing_and_tells_what_it_would() -> None:
    engine = Engine()
    found = worked(compiled(processor("*dryrun", "*initiate", "*accounts", "*cdrs", asks=ASKS, says=SAYS)), engine)
    assert engine.asked == []
    assert found.reply == []
    assert [line.partition("=")[0] for line in found.log] == ["dryrun processor", "dryrun processor"]
    assert '"Account":"anna"' in found.log[0]


def test_log_tells_the_event_and_the_answer() -> None:
    found = worked(compiled(processor("*none", "*log", asks=ASKS, says=(field("*rep.A.B", "x"),))))
    assert found.log == [
        'log processor=p request={"event":{"Account":"anna","Usage":"60s"},"options":{"*sessionsTTL":"10s"}}',
        'log processor=p reply={"engine":null,"reply":[["A.B","x"]]}',
    ]


def test_a_processor_without_fields_of_an_event_asks_nothing() -> None:
    engine = Engine()
    found = worked(compiled(processor("*authorize", "*accounts", "*cdrs", says=SAYS[:1])), engine)
    assert engine.asked == []
    assert found.reply == [(("Error",), "[MANDATORY_IE_MISSING: [CGREvent]]", False)]


def test_a_session_request_that_asks_for_nothing_is_told_so() -> None:
    engine = Engine()
    assert asked(engine, "*initiate")["Error"] == "[MANDATORY_IE_MISSING: [Subsystems]]"
    assert engine.asked == []


def test_an_agent_does_its_own_request_types() -> None:
    terms = Terms("cgrates.org", types=("*radauth",), flags=("*pap",))
    engine = Engine(OwnRequest="RADAUTH_FAILED")
    found = worked(compiled(processor("*radauth", "*pap", says=SAYS[:1]), terms=terms), engine, variables={"UserPassword": "x"})
    own = only(engine)
    assert isinstance(own, OwnRequest)
    assert (own.type, own.flags) == ("*radauth", ["*radauth", "*pap"])
    assert own.scopes["*vars"] == {"UserPassword": "x"}
    assert found.reply == [(("Error",), "[RADAUTH_FAILED]", False)]


# -- what comes back ---------------------------------------------------------------------------------------------------------


def test_a_grant_reads_as_a_duration() -> None:
    found = asked(Engine(AuthorizeSession=SessionReply(100_000_000_000)), "*authorize", "*accounts")
    assert found == {"Error": "[]", "MaxUsage": "1m40s", "Nanoseconds": "100000000000"}


def test_no_limit_reads_as_minus_one() -> None:
    assert asked(Engine(AuthorizeSession=SessionReply(-1)), "*authorize", "*accounts")["MaxUsage"] == "-1"


@pytest.mark.parametrize("owed", [-1, -7, -20_000_000_000])
def test_what_is_owed_is_no_grant(owed: int) -> None:
    """More was used than granted, and the account cannot pay for it: an update answers how much, -1 among these."""
    assert asked(Engine(UpdateSession=SessionReply(owed)), "*update", "*accounts")["MaxUsage"] == "0s"


def test_an_event_has_a_bound() -> None:
    engine = Engine(AuthorizeSession=SessionReply(1))
    rows = compiled(processor("*authorize", "*accounts", asks=(field("*cgreq.Account", "~*req.Name"),)))
    assert not worked(rows, engine, {"Name": "x" * 65_536}).failed
    found = worked(rows, engine, {"Name": "x" * 65_537})
    assert found.failed == "an event of more than 65536 characters"
    assert len(engine.asked) == 1


def test_a_refusal_is_told_and_the_grant_is_nothing() -> None:
    found = asked(Engine(InitiateSession="RALS_ERROR:ACCOUNT_NOT_FOUND"), "*initiate", "*accounts")
    assert found["Error"] == "[RALS_ERROR:ACCOUNT_NOT_FOUND]"
    assert found["MaxUsage"] == "0"


def test_a_grant_that_nobody_asked_for_is_not_there() -> None:
    found = asked(Engine(AuthorizeSession=SessionReply()), "*authorize", "*attributes")
    assert found == {"Error": "[]"}


def test_altered_fields_are_there_by_their_names() -> None:
    event = Event("cgrates.org", "", {"Account": "real", "Usage": "60s"}, {})
    reply = SessionReply(None, AttributesReply(["cgrates.org:A"], ["*req.Account", "*opts.*x"], event))
    assert asked(Engine(AuthorizeSession=reply), "*authorize", "*attributes")["Account"] == "real"


def test_a_record_follows_with_what_was_charged() -> None:
    engine = Engine(ProcessMessage=SessionReply(2))
    asked(engine, "*message", "*accounts", "*cdrs")
    record = engine.asked[1]
    assert isinstance(record, commands.ProcessSessionCdr)
    assert record.event.fields["Usage"] == 2


def test_the_record_of_a_refused_message_is_about_nothing() -> None:
    engine = Engine(ProcessMessage="RALS_ERROR:ACCOUNT_NOT_FOUND")
    found = asked(engine, "*message", "*accounts", "*cdrs")
    record = engine.asked[1]
    assert isinstance(record, commands.ProcessSessionCdr)
    assert record.event.fields["Usage"] == 0
    assert found["Error"] == "[RALS_ERROR:ACCOUNT_NOT_FOUND]"


def test_the_record_is_about_the_event_as_its_profiles_changed_it() -> None:
    event = Event("cgrates.org", "", {"Account": "real"}, {})
    engine = Engine(ProcessMessage=SessionReply(3, AttributesReply(["A"], ["*req.Account"], event)))
    asked(engine, "*message", "*attributes", "*accounts", "*cdrs")
    record = engine.asked[1]
    assert isinstance(record, commands.ProcessSessionCdr)
    assert record.event.fields == {"Account": "real", "Usage": 3}
    assert event.fields == {"Account": "real"}


def test_a_record_that_is_refused_is_told() -> None:
    engine = Engine(TerminateSession=None, ProcessSessionCdr="EXISTS")
    assert asked(engine, "*terminate", "*accounts", "*cdrs")["Error"] == "[EXISTS]"


def test_records_alone_that_go_well_leave_no_answer() -> None:
    assert asked(Engine(), "*cdrs") == {}
    assert asked(Engine(ProcessSessionCdr="EXISTS"), "*cdrs") == {"Error": "[EXISTS]"}


def test_costs_of_an_event_are_there_by_run() -> None:
    engine = Engine(ProcessSessionEvent=EventReply(costs={"*raw": 170_000_000}))
    says = (field("*rep.Cost", "~*cgrep.Cost.*raw"),)
    found = worked(compiled(processor("*event", "*rals:*cost", asks=ASKS, says=says)), engine)
    assert found.reply == [(("Cost",), "0.17", False)]


# -- several processors ----------------------------------------------------------------------------------------------------------


def test_the_answer_of_the_engine_is_there_for_the_next_processor() -> None:
    first = processor("*authorize", "*attributes", "*continue", asks=ASKS, id="find")
    second = processor("*none", says=(field("*rep.E", "[;~*cgrep.Error;]"),), id="check")
    found = worked(compiled(first, second), Engine(AuthorizeSession=SessionReply()))
    assert found.reply == [(("E",), "[]", False)]
    assert found.taken_by == ["find", "check"]


def test_options_are_shared_and_events_are_not() -> None:
    first = processor("*message", "*continue", asks=ASKS, id="a")
    second = processor("*message", asks=(field("*cgreq.Other", "x"), field("*opts.*more", "y")), id="b")
    engine = Engine(ProcessMessage=SessionReply())
    worked(compiled(first, second), engine)
    events = [command.event for command in engine.asked if isinstance(command, commands.ProcessMessage)]
    assert [event.fields for event in events] == [{"Account": "anna", "Usage": "60s"}, {"Other": "x"}]
    assert [event.options for event in events] == [{"*sessionsTTL": "10s"}, {"*sessionsTTL": "10s", "*more": "y"}]


def test_nobody_takes_it() -> None:
    found = worked(compiled(processor("*none", filters=["*string:~*req.A:1"])), request={"A": "2"})
    assert (found.handled, found.failed, found.reply) == (False, "", [])


def test_what_fails_keeps_its_reason() -> None:
    rows = (processor("*log"), processor("*none", filters=["NO_SUCH"]))
    assert worked(compiled(rows[0])).failed == "unknown request type: <>"
    needs = processor("*none", asks=(field("*cgreq.Account", "~*req.User", mandatory=True, tag="Account"),))
    assert worked(compiled(needs)).failed == "NOT_FOUND:Account"
    empty = worked(compiled(needs), request={"User": ""})
    assert empty.failed == "Empty source value for fieldID: <Account>"
