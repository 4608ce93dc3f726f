"""What operators are told about request processors: file, line, column, what is wrong, what was meant."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from gateway.cli.configuration import load_whole
from gateway.config import Loaded
from gateway.processors.flags import REQUEST_TYPES
from gateway.processors.limits import MAX_TEMPLATE_NESTING, MAX_WIDTH
from gateway.processors.reading import UnreadableError, compile_processors
from gateway.processors.terms import Terms
from tests.gateway.config.folders import recorded_folders
from tests.gateway.processors.asking import field, processor

NOT_WRITTEN = "fields cannot be written to"
HEAD = """\
[[diameter_agent.request_processors]]
id = "data"
flags = ["*none"]
"""
# What stands in line 4, what it is the fault of, and what is said about it; the column where it stands is that of `^` in the text
FAULTS = [
    ('filters = [^"*string:*req.A:1"]', "filters[0]", "the filter looks at no field: *req.A is a text (did you mean ~*req.A?)"),
    ('filters = [^"*strng:~*vars.A:1"]', "filters[0]", "*strng is no type of filters in this build (did you mean *string?)"),
    ('filters = [^"*notstring:~*rq.A:1"]', "filters[0]", "~*rq is nothing that a field can be read from (did you mean *req?)"),
    ('filters = [^"*string:~*req"]', "filters[0]", "cannot be used as a filter: inline parse error for string: <*string:~*req>"),
    ('filters = [^"*regex:~*vars.A:("]', "filters[0]", "cannot be used as a filter: error parsing regexp: missing ): ("),
    ('filters = [^"*string:~*req.Usr-Name:1"]', "filters[0]", "no dictionary knows Usr-Name (did you mean User-Name?)"),
    ('tenant = ^"`x"', "tenant", "cannot be read: Unclosed unspilit syntax"),
    (
        'request_fields.A = ^"~*cgrp.Error"',
        "request_fields[0].value",
        "~*cgrp is nothing that a field can be read from (did you mean *cgrep?)",
    ),
    ('reply_fields.Class = ^"~*cgrep.Eror"', "reply_fields[0].value", "*cgrep never holds Eror (did you mean Error?)"),
    ('reply_fields.Class = ^"~*vars.A:s/(/x/"', "reply_fields[0].value", "cannot be read: error parsing regexp: missing ): ("),
    ('reply_fields.^User-Nam = "x"', "reply_fields[0].path", "no dictionary knows User-Nam (did you mean User-Name?)"),
    ('reply_fields.^"*rp.A" = "x"', "reply_fields[0].path", f"the path begins with *rp, which {NOT_WRITTEN} (did you mean *rep?)"),
    (
        'reply_fields = [{path = ^"Class"}]',
        "reply_fields[0].path",
        f"the path begins with Class, which {NOT_WRITTEN} (did you mean *rep.Class?)",
    ),
    ('reply_fields = [{path = ^"*rep"}]', "reply_fields[0].path", "the path names nothing inside of *rep"),
    ('reply_fields = [^{value = "x"}]', "reply_fields[0].path", "a field without a path"),
    ('reply_fields = [{path = "*rep.Class", type = ^"*http#x"}]', "reply_fields[0].type", "*http#: is no URL of http or https: x"),
    ('reply_fields = [{path = "*rep.Class", width = ^99999}]', "reply_fields[0].width", f"a width of more than {MAX_WIDTH} characters"),
    ('reply_fields.Class = ^"~*cfg.general.nod"', "reply_fields[0].value", "no option that fields may read is called general.nod"),
    ('reply_fields.^"Class.<~*req.User-Nam>" = "x"', "reply_fields[0].path", "no dictionary knows User-Nam (did you mean User-Name?)"),
    ('reply_fields.Class = ^"~*req.A[~Rating-Grup(1)]"', "reply_fields[0].value", "no dictionary knows A"),
    (
        'reply_fields.Class = ^"~*req.CC-Time[~Rating-Grup(1)]"',
        "reply_fields[0].value",
        "no dictionary knows Rating-Grup (did you mean Rating-Group?)",
    ),
]
# What line 3 says instead
FLAGS = [
    ('flags = ["*none", ^"*intiate"]', "flags[1]", "*intiate is no flag (did you mean *initiate?)"),
    (
        'flags = ^["*log"]',
        "flags",
        f"no flag names a request type, and every request that comes here fails; one of {', '.join(REQUEST_TYPES)}",
    ),
    ('flags = ^["*initiate", "*cdrs"]', "flags", "*initiate asks for nothing: *accounts, *attributes or another room is missing"),
]


def loaded_of(folder: Path, text: str, name: str = "c.toml", *, strict: bool = False) -> Loaded:
    (folder / name).write_text(text)
    return load_whole([str(folder)], [], strict=strict)


def told(folder: Path, text: str) -> list[str]:
    """The faults of a text, without the name of its file and that of the processor."""
    shown = [str(fault).removeprefix(f"{folder}/c.toml:") for fault in loaded_of(folder, text).faults]
    return [line.replace(": diameter_agent.request_processors.data.", " ") for line in shown]


@pytest.mark.parametrize(("text", "where", "message"), FAULTS, ids=[text for text, _, _ in FAULTS])
def test_a_fault_has_its_place_and_what_was_meant(tmp_path: Path, text: str, where: str, message: str) -> None:
    assert told(tmp_path, HEAD + text.replace("^", ""))[:1] == [f"4:{text.index('^') + 1} {where}: {message}"]


@pytest.mark.parametrize(("text", "where", "message"), FLAGS, ids=[text for text, _, _ in FLAGS])
def test_flags_that_are_none_or_do_nothing(tmp_path: Path, text: str, where: str, message: str) -> None:
    written = HEAD.replace('flags = ["*none"]', text.replace("^", ""))
    assert told(tmp_path, written) == [f"3:{text.index('^') + 1} {where}: {message}"]


def test_a_converter_that_is_none_has_a_suggestion(tmp_path: Path) -> None:
    found = loaded_of(tmp_path, HEAD + 'tenant = "~*req.User-Name{*ln}"')
    assert [(fault.line, fault.column, fault.suggestion) for fault in found.faults] == [(4, 10, "*len")]


def test_a_template_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    lines = told(tmp_path, HEAD + 'reply_fields = [{path = "x", type = "*template", value = "*cc"}]')
    assert lines == ["4:58 reply_fields[0].value names the template *cc, which is not there (did you mean *cca?)"]


def test_a_processor_without_flags_is_told_at_its_beginning(tmp_path: Path) -> None:
    found = loaded_of(tmp_path, HEAD.replace('flags = ["*none"]', ""))
    assert [(fault.line, fault.column) for fault in found.faults] == [(1, 1)]


def test_a_fault_inside_a_template_is_told_once_where_it_stands(tmp_path: Path) -> None:
    text = """\
[templates]
mine = [{ path = "*rep.User-Name", value = "~*rq.A", type = "*variable" }]
"""
    for number in range(3):
        text += HEAD.replace("data", str(number)) + 'reply_fields = [{path = "x", type = "*template", value = "mine"}]\n'
    found = loaded_of(tmp_path, text)
    assert [(fault.line, fault.column) for fault in found.faults] == [(2, 44)]


def test_a_template_of_requests_that_the_server_sends_is_read(tmp_path: Path) -> None:
    text = """\
[diameter_agent]
asr_template = "mine"
[templates]
mine = [{ path = "*diamreq.Sesion-Id", value = "~*req.Session-Id", type = "*variable" }]
"""
    found = loaded_of(tmp_path, text)
    assert [(fault.line, fault.suggestion) for fault in found.faults] == [(4, "Session-Id")]


def test_flags_of_rooms_that_are_not_there_are_noted(tmp_path: Path) -> None:
    found = loaded_of(tmp_path, HEAD.replace('"*none"', '"*none", "*daStats:ALL"'))
    assert not found.faults
    assert [note.message for note in found.idle if "daStats" in note.message] == [
        "diameter_agent.request_processors.data.flags[1].*daStats"
    ]


def test_radius_has_words_of_its_own(tmp_path: Path) -> None:
    text = """\
[[radius_agent.request_processors]]
id = "auth"
flags = ["*radauth", "*pap"]
[[diameter_agent.request_processors]]
id = "auth"
flags = ["*none", "*pap"]
"""
    found = loaded_of(tmp_path, text)
    assert [fault.line for fault in found.faults] == [6]


def test_an_http_agent_is_looked_into_by_its_id(tmp_path: Path) -> None:
    text = """\
[[http_agent]]
id = "web"
[[http_agent.request_processors]]
id = "all"
flags = ["*nune"]
"""
    found = loaded_of(tmp_path, text)
    assert str(found.faults[0]).endswith(
        "c.toml:5:10: http_agent.web.request_processors.all.flags[0]: *nune is no flag (did you mean *none?)"
    )


# -- what starts all the same ------------------------------------------------------------------------------------------------

JSON = (
    '{"diameter_agent": {"request_processors": [{"id": "p", "flags": %s, "reply_fields": [{"path": "%s", "type": "%s", "value": "%s"}]}]}}'
)


@pytest.mark.parametrize(
    "values",
    [
        ('["*log"]', "*rep.User-Name", "*constant", "x"),
        ('["*nune"]', "*rep.User-Name", "*constant", "x"),
        ('["*none"]', "*rep.No-Such-AVP", "*constant", "x"),
        ('["*none"]', "Category", "*constant", "x"),
        ('["*none"]', "*rep.User-Name", "*variable", "~*nothing.x"),
    ],
)
def test_what_the_reference_starts_with_is_passed_over_in_json_and_a_fault_in_check(tmp_path: Path, values: tuple[str, ...]) -> None:
    found = loaded_of(tmp_path, JSON % values, "c.json")
    assert not found.faults
    assert len(found.passed_over) >= 1
    assert len(loaded_of(tmp_path, JSON % values, "c.json", strict=True).faults) == len(found.passed_over)


@pytest.mark.parametrize("value", ["~*req.A{*nothing}", "~*req.A:s/x", "`x"])
def test_a_value_that_cannot_be_read_is_a_fault_in_json_too(tmp_path: Path, value: str) -> None:
    found = loaded_of(tmp_path, JSON % ('["*none"]', "*rep.User-Name", "*variable", value), "c.json")
    assert len(found.faults) == 1


@pytest.mark.parametrize("folder", recorded_folders(), ids=lambda path: path.parent.name + path.name)
def test_every_recorded_configuration_can_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.suppress(FileNotFoundError):
        monkeypatch.chdir(folder / "files")
    found = load_whole([str(folder)], [])
    assert [fault for fault in found.faults if "db_type" not in fault.message] == []


# -- where nobody has checked ------------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_refused_when_it_is_made_ready() -> None:
    rows = [processor("*none", says=[field("*rep.A", "~*req.A{*nothing}"), field("*rep.B", "`x", type="*variable")])]
    with pytest.raises(UnreadableError, match=r"agent\.p\.reply_fields\[0\]\.value: cannot be read.*reply_fields\[1\]"):
        compile_processors(rows, {}, Terms("cgrates.org"), ("agent",))
    rows = [processor("*none", says=[field("x", "none", type="*template")])]
    with pytest.raises(UnreadableError, match="names the template none"):
        compile_processors(rows, {}, Terms("cgrates.org"))


def test_templates_inside_templates_end_somewhere() -> None:
    templates = {"endless": [field("x", "endless", type="*template")]}
    rows = [processor("*none", says=[field("x", "endless", type="*template")])]
    with pytest.raises(UnreadableError, match=f"more than {MAX_TEMPLATE_NESTING} deep"):
        compile_processors(rows, templates, Terms("cgrates.org"))


def test_fields_of_templates_end_somewhere() -> None:
    templates = {"many": [field("*rep.A", "x")] * 3_000}
    rows = [processor("*none", says=[field("x", "many", type="*template")] * 2)]
    with pytest.raises(UnreadableError, match="more than 4096 fields"):
        compile_processors(rows, templates, Terms("cgrates.org"))


def test_a_dictionary_that_is_not_there_is_a_fault_of_an_agent_that_is_on(tmp_path: Path) -> None:
    text = f'[diameter_agent]\nenabled = true\ndictionaries_path = "{tmp_path}/none"\n' + HEAD + 'reply_fields.User-Nam = "x"'
    first, second = loaded_of(tmp_path, text, strict=True).faults
    assert str(first) == f"{tmp_path}/none: no such folder of dictionaries"
    assert (second.line, second.suggestion) == (7, "User-Name")
    assert not loaded_of(tmp_path, text).faults
    assert not loaded_of(tmp_path, text.replace("true", "false"), strict=True).faults
