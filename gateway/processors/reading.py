"""Request processors as the configuration holds them, made ready; whatever is wrong with them is said with its place.

Two sorts of complaints: what cannot be read at all (a template, a path) refuses the start; what CGRateS would only refuse when a request
meets it (an unknown flag or type, a filter that is none) is a fault where strictness is asked for, and the request that meets it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.fields.making import COMPOSED, CONSTANT, HTTP, JOINED, TYPES, VARIABLE, Making
from engine.fields.template import Constant, Template
from engine.times import Zone, zone_of
from gateway.processors.fetching import Remote, read_url
from gateway.processors.flags import Wanted
from gateway.processors.gates import Gate, SharedFields
from gateway.processors.limits import MAX_COMPLAINTS, MAX_FIELDS, MAX_PROCESSORS, MAX_TEMPLATE_NESTING, MAX_WIDTH
from gateway.processors.lines import NOTHING, REMOVE, REMOVE_ALL, WRONG, Form, Line, arrange
from gateway.processors.places import APPEND, COMPOSE, SET, Place, WovenPlace, parts_of, place_of, unwritable
from gateway.processors.run import Fields, Processor, Processors
from gateway.processors.terms import CGREQ, REP, TMP, Terms
from gateway.processors.words import HARD, LOOSE, UNNAMED, Words

Where = tuple[str | int, ...]
"""A place in the configuration: names from the section down, members of lists by their id or number."""
Row = Mapping[str, object]

REFUSED: Final = (HARD, UNNAMED)
NO_PLACE: Final = "*nowhere"  # where a field goes whose path cannot be read
GROUP: Final = "*group"
FILLER: Final = "*filler"
TEMPLATE: Final = "*template"
EPOCH: Final = "*unix_timestamp"  # the one type that does not look at the processor's time zone (recorded: diameter-flow/14)
PLAIN: Final = frozenset({VARIABLE, COMPOSED, GROUP, FILLER})
ALONE: Final[dict[str, int]] = {"*none": NOTHING, "*remove": REMOVE, "*removeall": REMOVE_ALL}
MODES: Final[dict[str, int]] = {COMPOSED: COMPOSE, GROUP: APPEND}


class Complaint:
    """Something wrong at a place; `sort` is one of those in words.py."""

    sort: int
    where: Where
    message: str
    suggestion: str

    def __init__(self, sort: int, where: Where, message: str, suggestion: str) -> None:
        self.sort = sort
        self.where = where
        self.message = message
        self.suggestion = suggestion


class UnreadableError(Exception):
    """Processors that cannot be used; the complaints say why."""

    complaints: list[Complaint]

    def __init__(self, complaints: list[Complaint]) -> None:
        super().__init__("; ".join([f"{_dotted(one.where)}: {one.message}" for one in complaints if one.sort in REFUSED][:10]))
        self.complaints = complaints


def _dotted(where: Where) -> str:
    return "".join([f"[{part}]" if isinstance(part, int) else f".{part}" for part in where])[1:]


def compile_processors(rows: object, templates: object, terms: Terms, where: Where = ()) -> Processors:
    """The processors of an agent: its `request_processors` and the section `templates` as the configuration tree holds them.

    `where` is the place of the rows, for complaints. UnreadableError when they cannot be used.
    """
    processors, complaints = read_processors(rows, templates, terms, where)
    if any(complaint.sort in REFUSED for complaint in complaints):
        raise UnreadableError(complaints)
    return processors


def read_processors(rows: object, templates: object, terms: Terms, where: Where = ()) -> tuple[Processors, list[Complaint]]:
    """The same, with all complaints; what is complained about is left out or refuses the requests that meet it."""
    reader = Reader(templates, terms)
    return reader.processors(rows, where), reader.complaints


def compile_fields(rows: object, templates: object, terms: Terms, where: Where = ()) -> Fields:
    """Fields that belong to no processor, a template of the configuration. UnreadableError when they cannot be used."""
    fields, complaints = read_fields(rows, templates, terms, where)
    if any(complaint.sort in REFUSED for complaint in complaints):
        raise UnreadableError(complaints)
    return fields


def read_fields(rows: object, templates: object, terms: Terms, where: Where = ()) -> tuple[Fields, list[Complaint]]:
    """The same, with all complaints."""
    reader = Reader(templates, terms)
    reader.unfetched = "in a request that the gateway itself sends"
    return Fields(reader.lines(rows, where), reader.shared, terms), reader.complaints


class Reader:
    """Reads the rows of one agent. `unfetched` is why no value can be fetched where it is; empty where it can."""

    terms: Terms
    unfetched: str
    templates: Mapping[str, object]
    shared: SharedFields
    complaints: list[Complaint]
    words: Words

    def __init__(self, templates: object, terms: Terms) -> None:
        self.terms = terms
        self.unfetched = ""
        self.templates = templates if isinstance(templates, Mapping) else {}
        self.shared = SharedFields()
        self.complaints = []
        self.words = Words(terms, self.complain)

    def complain(self, sort: int, where: Where, message: str, suggestion: str = "") -> None:
        """Takes a complaint down."""
        if len(self.complaints) < MAX_COMPLAINTS:
            self.complaints.append(Complaint(sort, where, message, suggestion))

    def fault(self, where: Where, message: str, suggestion: str = "") -> None:
        """Complains about what cannot be used."""
        self.complain(HARD, where, message, suggestion)

    # -- processors -----------------------------------------------------------------------------------------------------------

    def processors(self, rows: object, where: Where) -> Processors:
        """All of them in their order."""
        found: list[Processor] = []
        given = rows if isinstance(rows, Sequence) else ()
        if len(given) > MAX_PROCESSORS:
            self.fault(where, f"more than {MAX_PROCESSORS} request processors")
        for number, row in enumerate(given[:MAX_PROCESSORS]):
            if isinstance(row, Mapping):
                made = self.processor(row, (*where, text_of(row, "id") or number))
                if made.wanted.asks and made.wanted.goes_on:
                    self.unfetched = f"after {made.id[:60]}, which asks the engine and goes on: a processor that fetches stands before it"
                found.append(made)
        return Processors(found, self.shared, self.terms)

    def processor(self, row: Row, where: Where) -> Processor:
        """One of them."""
        flags = texts_of(row, "flags")
        wanted = Wanted(flags, self.terms.types)
        self.words.check_flags(flags, wanted, (*where, "flags"), where)
        processor = Processor(text_of(row, "id") or str(where[-1]), self.gate(row, where), wanted)
        tenant = text_of(row, "tenant")
        if tenant:
            processor.tenant = self.template(tenant, (*where, "tenant"))
        processor.zone = self.zone(row, where)
        processor.request = arrange(self.lines(row.get("request_fields"), (*where, "request_fields")), CGREQ, self.shared)
        processor.reply = arrange(self.lines(row.get("reply_fields"), (*where, "reply_fields")), REP, self.shared)
        processor.later = [line.remote for line in processor.reply if line.remote is not None]
        processor.takes_notes = any(takes_notes(line) for line in (*processor.request, *processor.reply))
        return processor

    def gate(self, row: Row, where: Where) -> Gate:
        """The filters of a processor or field."""
        ids = texts_of(row, "filters")
        found = Gate(ids, self.shared)
        for number, test in enumerate(found.tests):
            if test.condition is not None:
                self.words.check_filter(test.condition, (*where, "filters", number))
        return found

    def zone(self, row: Row, where: Where) -> Zone | None:
        """The time zone of a processor or field; None for that of what is around it."""
        name = text_of(row, "timezone")
        if not name:
            return None
        if name == "Local":
            return self.terms.zone
        try:
            return zone_of(name)
        except ValueError as error:
            self.fault((*where, "timezone"), str(error))
            return None

    def template(self, text: str, where: Where) -> Template | None:
        """A value as it is written; None, and a complaint, for what is none."""
        try:
            found = Template.parse(text, self.terms.separator)
        except ValueError as error:
            self.fault(where, f"cannot be read: {error}", self.words.near_converter(str(error)))
            return None
        self.words.check_template(found, where)
        return found

    # -- fields ---------------------------------------------------------------------------------------------------------------

    def lines(self, rows: object, where: Where) -> list[Line]:
        """Fields, with those of the templates that they name in their places."""
        found: list[Line] = []
        self._add(found, rows, where, 0)
        return found

    def _add(self, found: list[Line], rows: object, where: Where, depth: int) -> None:
        for number, row in enumerate(rows if isinstance(rows, Sequence) else ()):
            inner = (*where, number)
            if not isinstance(row, Mapping):
                continue
            if text_of(row, "type") == TEMPLATE:
                self._expand(found, text_of(row, "value"), inner, depth)
            elif len(found) < MAX_FIELDS:
                found.append(self.line(row, inner))
            else:
                self.fault(inner, f"more than {MAX_FIELDS} fields")
                return

    def _expand(self, found: list[Line], id: str, where: Where, depth: int) -> None:
        if id not in self.templates:
            near = self.words.nearest(id, list(self.templates))
            self.complain(UNNAMED, (*where, "value"), f"names the template {id[:60]}, which is not there", near)
        elif depth >= MAX_TEMPLATE_NESTING:
            self.fault((*where, "value"), f"templates inside templates, more than {MAX_TEMPLATE_NESTING} deep: {id[:60]}")
        else:
            self._add(found, self.templates[id], ("templates", id), depth + 1)

    def line(self, row: Row, where: Where) -> Line:
        """One field."""
        path = text_of(row, "path")
        line = Line(text_of(row, "tag") or path, self.place(row, where))
        self.shared.written(line.place.scope, line.place.spot.path, not isinstance(line.place, WovenPlace))
        if row.get("filters"):
            line.gate = self.gate(row, where)
        line.mandatory = row.get("mandatory") is True
        line.blocker = row.get("blocker") is True
        line.zone = self.zone(row, where)
        type = text_of(row, "type") or VARIABLE
        if type == EPOCH and line.zone is None:
            line.zone = self.terms.zone
        line.form = self.form(row, type, where)
        line.mode = MODES.get(type, SET)
        if line.place.scope != NO_PLACE:
            self.words.check_place(line.place, type, (*where, "path"))
        if line.place.scope not in self.words.written:
            line.does, line.wrong = WRONG, str(unwritable(line.place.scope))
        elif type in ALONE:
            line.does = ALONE[type]
        else:
            self.value(line, row, type, where)
        return line

    def place(self, row: Row, where: Where) -> Place:
        """Where a field goes."""
        path = text_of(row, "path")
        try:
            return place_of(path, self.terms.separator, row.get("new_branch") is True, text_of(row, "attribute_id"))
        except ValueError as error:
            message = f"the path cannot be read: {error}" if path else "a field without a path"
            self.fault((*where, "path"), message)
            return Place(NO_PLACE)

    def value(self, line: Line, row: Row, type: str, where: Where) -> None:
        """How the value of a field is made."""
        text = text_of(row, "value")
        inner = (*where, "value")
        if type in PLAIN:
            line.template = self.template(text, inner)
            if line.template is not None and line.template.is_constant:
                line.constant = "".join([part.constant for part in line.template.parts if isinstance(part, Constant)])
            return
        if type.startswith(HTTP):
            self.remote(line, type, (*where, "type"))
            return
        layout = text_of(row, "layout")
        try:
            line.making = self.making(type, text, row)
            if layout:
                line.making.layout = layout
        except ValueError as error:
            line.does, line.wrong = WRONG, str(error)
            if type in TYPES:  # of a type that nobody has the configuration's own check tells
                self.fault(inner, f"cannot be read: {error}", self.words.near_converter(str(error)))
            return
        for part in line.making.parts:
            self.words.check_template(part, inner)
        if type == CONSTANT and all(isinstance(part.parts[0], Constant) for part in line.making.parts):
            line.constant = "".join([written for written in line.making.written if not written.startswith("~")])

    def remote(self, line: Line, type: str, where: Where) -> None:
        """A value that is fetched."""
        if self.unfetched:
            self.fault(where, f"{HTTP} cannot be fetched {self.unfetched}")
        try:
            line.remote = Remote(read_url(type))
        except ValueError as error:
            line.does, line.wrong = WRONG, f"{HTTP}: {error}"
            self.complain(LOOSE, where, line.wrong)

    def making(self, type: str, text: str, row: Row) -> Making:
        """The value of one of the types that attributes have too."""
        decimals = row.get("rounding_decimals")
        path = text_of(row, "path")
        return Making(
            type,
            parts_of(text, self.terms.separator),
            beside=path if type in JOINED else "",
            decimals=decimals if isinstance(decimals, int) else self.terms.decimals,
        )

    def form(self, row: Row, type: str, where: Where) -> Form | None:
        """What is done with the text of a value; None for nothing."""
        width, digits, mask = number_of(row, "width"), number_of(row, "cost_shift_digits"), text_of(row, "mask_destinationd_id")
        if width > MAX_WIDTH:
            self.fault((*where, "width"), f"a width of more than {MAX_WIDTH} characters")
            width = 0
        if not (width or digits or mask):
            return None
        form = Form(width, text_of(row, "strip"), "*right" if type == FILLER else text_of(row, "padding"))
        form.shift_digits = digits
        decimals = row.get("rounding_decimals")
        form.decimals = decimals if isinstance(decimals, int) else self.terms.decimals
        form.mask_id = mask
        form.mask_length = number_of(row, "mask_length")
        return form


def takes_notes(line: Line) -> bool:
    """Whether a field may be written to *tmp, as far as is known before a request is there."""
    return line.place.scope == TMP or isinstance(line.place, WovenPlace)


# -- cells -------------------------------------------------------------------------------------------------------------------


def text_of(row: Row, name: str) -> str:
    """A text of a row; empty where it has none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def number_of(row: Row, name: str) -> int:
    """A number of a row; 0 where it has none."""
    value = row.get(name)
    return value if isinstance(value, int) else 0


def texts_of(row: Row, name: str) -> list[str]:
    """A list of texts of a row; empty where it has none."""
    value = row.get(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
