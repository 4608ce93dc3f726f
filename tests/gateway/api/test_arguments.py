"""Arguments as Go's decoder reads them."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from gateway.api.args import Args
from gateway.api.arguments import Mandatory, _read_closely, read_arguments
from gateway.api.gotypes import GoType
from gateway.api.profile_kinds import PROFILE_KINDS
from gateway.api.shapes import ANY_MAP, ANYTHING, EVENT, PAGINATOR_WITH_TENANT, TENANT_ID_WITH_OPTS, TEXT, named, shape
from gateway.protocols.jsonrpc.envelope import MalformedError

INNER = shape("room.Inner", "Count int; Tags []string; At *time.Time")
PARTS = named("room.Parts", "[]*room.Inner", INNER)
BASE = shape("room.Base", "Tenant string; ID string; Weight float64; Blocker bool")
SAMPLE = shape(
    "room.Sample",
    "*room.Base; TTL time.Duration; Start time.Time; One room.Inner; Other *room.Inner; Parts room.Parts; Limit *int;"
    "ByName map[string]*room.Inner; Labels map[string]string; Event map[string]any; Extra any; File []byte",
    BASE,
    INNER,
    PARTS,
)
SESSION = shape("room.Session", "GetCost bool; ?*utils.CGREvent", EVENT)

ZERO = {
    "Tenant": "",
    "ID": "",
    "Weight": 0,
    "Blocker": False,
    "TTL": 0,
    "Start": "0001-01-01T00:00:00Z",
    "One": {"Count": 0, "Tags": None, "At": None},
    "Other": None,
    "Parts": None,
    "Limit": None,
    "ByName": None,
    "Labels": None,
    "Event": None,
    "Extra": None,
    "File": None,
}


def one(text: str, kind: GoType = SAMPLE) -> Args:
    return read_arguments(kind, f"[{text}]".encode())


@pytest.mark.parametrize("params", [b"[]", b"[null]", b"[{}]", b"[ { } , 5 ]", b'[{"Unknown":1,"Parts":null,"ID":null,"One":null}]'])
def test_nothing_given_is_the_zero_value(params: bytes) -> None:
    assert read_arguments(SAMPLE, params) == ZERO


def test_every_field_is_read() -> None:
    found = one(
        '{"Tenant":"t","ID":"i","Weight":10.50,"Blocker":true,"TTL":90,"Start":"2026-01-01T00:00:00+02:00","One":{"Count":-1},'
        '"Other":{"Tags":[]},"Parts":[{"Count":1},null],"Limit":0,"ByName":{"a":{"Count":2},"b":null},"Labels":{"Ab":"c"},'
        '"Event":{"n":1.0,"big":9007199254740993,"d":0.10,"deep":[{"x":1e2}],"none":null},"Extra":[1],"File":"AAE="}'
    )
    inner = {"Count": 0, "Tags": None, "At": None}
    assert found == {
        "Tenant": "t",
        "ID": "i",
        "Weight": Decimal("10.5"),
        "Blocker": True,
        "TTL": 90,
        "Start": "2026-01-01T00:00:00+02:00",
        "One": {**inner, "Count": -1},
        "Other": {**inner, "Tags": []},
        "Parts": [{**inner, "Count": 1}, None],
        "Limit": 0,
        "ByName": {"a": {**inner, "Count": 2}, "b": None},
        "Labels": {"Ab": "c"},
        "Event": {"n": 1, "big": 9007199254740993, "d": Decimal("0.1"), "deep": [{"x": 100}], "none": None},
        "Extra": [1],
        "File": b"\x00\x01",
    }
    event = found.mapping("Event")
    assert event is not None
    assert type(event["n"]) is int
    assert found.number("Weight") == Decimal("10.5")
    assert [part.integer("Count") for part in found.each("Parts")] == [1]


def test_names_match_in_any_letter_case_and_the_later_one_counts() -> None:
    assert one('{"id":"a","BLOCKER":true,"event":{"Id":1,"id":2}}') == ZERO | {
        "ID": "a",
        "Blocker": True,
        "Event": {"Id": 1, "id": 2},
    }
    assert one('{"ID":"a","id":"b"}').text("ID") == "b"
    assert one('{"id":"b","ID":"a","Id":"c"}').text("ID") == "c"
    assert one('{"\\u0131D":"dotless","\u017ftart":"2026-01-01T00:00:00Z"}').text("Start") == "2026-01-01T00:00:00Z"


def test_null_leaves_a_plain_field_and_empties_a_list() -> None:
    found = one('{"id":"a","ID":null,"parts":[{}],"Parts":null}')
    assert found.text("ID") == "a"
    assert found["Parts"] is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("5", "number into Go value of type room.Sample"),
        ('"x"', "string into Go value of type room.Sample"),
        ("[]", "array into Go value of type room.Sample"),
        ('{"ID":5}', "number into Go struct field Sample.Base.ID of type string"),
        ('{"ID":{}}', "object into Go struct field Sample.Base.ID of type string"),
        ('{"weight":"10"}', "string into Go struct field Sample.Base.Weight of type float64"),
        ('{"Blocker":1}', "number into Go struct field Sample.Base.Blocker of type bool"),
        ('{"TTL":"1s"}', "string into Go struct field Sample.TTL of type time.Duration"),
        ('{"TTL":1.5}', "number 1.5 into Go struct field Sample.TTL of type time.Duration"),
        ('{"TTL":6e10}', "number 6e10 into Go struct field Sample.TTL of type time.Duration"),
        ('{"TTL":60.0}', "number 60.0 into Go struct field Sample.TTL of type time.Duration"),
        ('{"TTL":9223372036854775808}', "number 9223372036854775808 into Go struct field Sample.TTL of type time.Duration"),
        ('{"TTL":true}', "bool into Go struct field Sample.TTL of type time.Duration"),
        ('{"Limit":true}', "bool into Go struct field Sample.Limit of type int"),
        ('{"Weight":1e400}', "number 1e400 into Go struct field Sample.Base.Weight of type float64"),
        ('{"One":7}', "number into Go struct field Sample.One of type room.Inner"),
        ('{"One":{"Count":"x"}}', "string into Go struct field Inner.One.Count of type int"),
        ('{"Other":{"Tags":[1]}}', "number into Go struct field Inner.Other.Tags of type string"),
        ('{"Parts":{}}', "object into Go struct field Sample.Parts of type room.Parts"),
        ('{"Parts":[{"Count":1.5}]}', "number 1.5 into Go struct field Inner.Parts.Count of type int"),
        ('{"Parts":["x"]}', "string into Go struct field Sample.Parts of type room.Inner"),
        ('{"ByName":[]}', "array into Go struct field Sample.ByName of type map[string]*room.Inner"),
        ('{"ByName":{"a":{"Tags":""}}}', "string into Go struct field Inner.ByName.Tags of type []string"),
        ('{"Labels":{"a":1}}', "number into Go struct field Sample.Labels of type string"),
        ('{"Event":[]}', "array into Go struct field Sample.Event of type map[string]interface {}"),
        ('{"Event":{"n":1e400}}', "number 1e400 into Go struct field Sample.Event of type float64"),
        ('{"File":"?"}', "string into Go struct field Sample.File of type []uint8"),
        ('{"ID":5,"Weight":"x"}', "number into Go struct field Sample.Base.ID of type string"),
    ],
)
def test_wrong_types_are_refused_in_the_words_of_go(text: str, complaint: str) -> None:
    with pytest.raises(RequestError) as caught:
        one(text)
    assert caught.value.text == f"json: cannot unmarshal {complaint}"


def test_a_broken_instant_ends_the_reading() -> None:
    for text in ('{"Start":"now"}', '{"ID":5,"start":"now"}', '{"Start":"now","ID":5}'):
        with pytest.raises(RequestError) as caught:
            one(text)
        assert caught.value.text.startswith('parsing time "now" as')
    with pytest.raises(RequestError) as caught:
        one('{"Start":5}')
    assert caught.value.text == "Time.UnmarshalJSON: input is not a JSON string"


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        (b"null", "jsonrpc: request body missing params"),
        (b"{}", "json: cannot unmarshal object into Go value of type [1]interface {}"),
        (b'"x"', "json: cannot unmarshal string into Go value of type [1]interface {}"),
        (b"7", "json: cannot unmarshal number into Go value of type [1]interface {}"),
        (b"true", "json: cannot unmarshal bool into Go value of type [1]interface {}"),
        (b"[" * 129 + b"]" * 129, "json: exceeded max depth of 128"),
        (b"[" * 100_000 + b"]" * 100_000, "json: exceeded max depth of 128"),
    ],
)
def test_params_that_are_no_list(params: bytes, complaint: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_arguments(EVENT, params)
    assert caught.value.text == complaint


def test_the_depth_is_that_of_lists_and_objects_not_of_text() -> None:
    assert read_arguments(TEXT, b'["' + b"[{" * 200 + b'"]') == {"Arg": "[{" * 200}
    assert read_arguments(ANYTHING, b"[" * 128 + b"]" * 128)["Arg"] is not None


def test_arguments_that_are_no_struct() -> None:
    assert read_arguments(TEXT, b"[]") == {"Arg": ""}
    assert read_arguments(TEXT, b'["NONE"]') == {"Arg": "NONE"}
    assert read_arguments(ANY_MAP, b'[{"a":1}]') == {"Arg": {"a": 1}}
    assert read_arguments(ANYTHING, b"[1.50]") == {"Arg": Decimal("1.5")}
    with pytest.raises(RequestError, match="cannot unmarshal number into Go value of type string"):
        read_arguments(TEXT, b"[5]")


@pytest.mark.parametrize("params", [b"[01]", b"[NaN]", b"[Infinity]", b"[}", b"[tru]", b'["\n"]', b"[1", b""])
def test_what_is_no_json_is_malformed(params: bytes) -> None:
    with pytest.raises(MalformedError):
        read_arguments(ANYTHING, params)


def test_bytes_and_escapes_that_are_no_character_are_replaced() -> None:
    assert read_arguments(TEXT, b'["a\xffb"]') == {"Arg": "a\ufffdb"}
    assert read_arguments(TEXT, b'["\\ud800"]') == {"Arg": "\ufffd"}
    assert read_arguments(ANYTHING, b'[{"\\ud800":["\\udc00"]}]') == {"Arg": {"\ufffd": ["\ufffd"]}}
    assert read_arguments(TEXT, b'["\\ud83d\\ude00"]') == {"Arg": "\U0001f600"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.0", 1),
        ("-0.0", 0),
        ("-0", 0),
        ("1e3", 1000),
        ("1.10", Decimal("1.1")),
        ("1e-400", 0),
        ("1e-999999999999999999", 0),
        ("1e-5", Decimal("0.00001")),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0.1234567890123456789", Decimal("0.1234567890123456789")),
        ("0." + "3" * 5000, Decimal("0." + "3" * 100)),
    ],
)
def test_numbers_are_exact_whole_ones_ints_and_bounded(text: str, value: object) -> None:
    for found in (read_arguments(ANYTHING, f"[{text}]".encode()), Args(Arg=one(f'{{"Weight":{text}}}')["Weight"])):
        assert found == {"Arg": value}
        assert type(found["Arg"]) is type(value)


@pytest.mark.parametrize("text", ["1e309", "9" * 400, "9" * 5000, "-1e999999999999999999999"])
def test_numbers_that_no_double_holds_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match=r"^json: cannot unmarshal number -?[\d.e]+ into Go value of type float64$"):
        read_arguments(ANYTHING, f"[{text}]".encode())


def test_presence_of_an_embedded_struct() -> None:
    assert read_arguments(SESSION, b"[{}]")["CGREvent"] is None
    assert read_arguments(SESSION, b'[{"GetCost":true}]')["CGREvent"] is None
    assert read_arguments(SESSION, b'[{"ID":"x"}]')["CGREvent"] is True
    assert read_arguments(SESSION, b'[{"Tenant":null}]')["CGREvent"] is True
    assert read_arguments(SESSION, b'[{"tenant":""}]')["CGREvent"] is True


@pytest.mark.parametrize(
    ("mandatory", "given", "missing"),
    [
        ("ID", '{"ID":"  "}', "ID"),
        ("Tenant ID Parts", '{"Tenant":"t","Parts":[]}', "ID Parts"),
        ("ID; Event", "{}", "ID"),
        ("ID; Event", '{"ID":"a"}', "Event"),
        ("Limit", "{}", "Limit"),
        ("Blocker Weight", "{}", "Blocker Weight"),
    ],
)
def test_mandatory_fields_are_named_in_their_groups(mandatory: str, given: str, missing: str) -> None:
    with pytest.raises(RequestError) as caught:
        Mandatory(mandatory).check(one(given))
    assert caught.value.text == f"MANDATORY_IE_MISSING: [{missing}]"


def test_mandatory_fields_that_are_there_pass_and_lose_the_white_space_around_them() -> None:
    args = one('{"ID":" a ","Event":{}}')
    Mandatory("ID; Event").check(args)
    assert args.text("ID") == "a"


# -- properties --------------------------------------------------------------------------------------------------------

KINDS: list[GoType] = [SAMPLE, SESSION, EVENT, PAGINATOR_WITH_TENANT, TENANT_ID_WITH_OPTS, *(row.setter for row in PROFILE_KINDS)]
NAMES = sorted({name for kind in (SAMPLE, EVENT) for name in kind.fields} | {"id", "EVENT", "Count", "tags", "Rules", "Value", "Unknown"})
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
    | st.sampled_from(["2026-01-01T00:00:00Z", "now", "QQ=="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=2), inner, max_size=5),
    max_leaves=10,
)


@given(kind=st.sampled_from(KINDS), value=JSON)
def test_any_json_is_read_or_refused_and_the_fast_reader_agrees_with_the_slow_one(kind: GoType, value: object) -> None:
    params = json.dumps([value]).encode()
    results: list[object] = []
    for read in (read_arguments, _read_closely):
        try:
            results.append(read(kind, params))
        except RequestError as fault:
            results.append(fault.text)
    assert results[0] == results[1]


@given(st.binary(max_size=100) | st.text(alphabet='[]{}",:0123456789.eE-+truefalsn\\ ').map(str.encode))
def test_noise_is_read_refused_or_malformed(params: bytes) -> None:
    try:
        read_arguments(SAMPLE, params)
    except (RequestError, MalformedError):
        return
