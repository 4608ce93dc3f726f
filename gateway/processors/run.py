"""The processors of an agent at work: which of them take a request, what they ask of the engine, what they answer.

They are tried in their order; the first whose filters pass takes the request, and the next ones only after a `*continue`. All of one
request share its answer, variables, options and *cgrep; the event (*cgreq) and the notes (*tmp) are each one's own. Whatever goes wrong in
a filter or a field ends the request; what the engine refuses is told to the reply fields as ~*cgrep.Error. Recordings agents/diameter-flow.
"""

from __future__ import annotations

from typing import Final

from engine.errors import RequestError
from engine.event import Event
from engine.fields.path import Path
from engine.fields.template import Template
from engine.fields.values import FieldNotFoundError, json_text
from engine.fields.view import OPTS, REQ, TENANT, VARS, View
from engine.times import Zone
from gateway.processors.built import Built
from gateway.processors.calls import Ask, Asking
from gateway.processors.clamping import clamped
from gateway.processors.fetching import FETCHED, EnoughError, Fetch, Fetched, NeededError, Rehearsal, Remote, event_of, require
from gateway.processors.flags import DRYRUN, Wanted
from gateway.processors.gates import Gate, Read, SharedFields
from gateway.processors.lines import Line, fill_lines
from gateway.processors.terms import CFG, CGREP, CGREQ, REP, TMP, UCH, Terms
from gateway.processors.usercache import Draft

UNKNOWN_TYPE: Final = "unknown request type: <>"


class Worked:
    """What became of a request. `handled`: a processor took it. `failed` is why it cannot be answered, empty where it can.

    `reply` are the values of the answer in their order, as (path without *rep, text, whether it begins a new branch); `built` is the answer
    itself, for protocols that need to know more of it.
    `taken_by` are the processors that took it, `notes` what an operator should know (usages out of bounds), `log` what *log and *dryrun ask
    to be logged.
    """

    handled: bool
    failed: str
    built: Built
    taken_by: list[str]
    notes: list[str]
    log: list[str]

    def __init__(self) -> None:
        self.handled = False
        self.failed = ""
        self.built = Built()
        self.taken_by = []
        self.notes = []
        self.log = []

    @property
    def reply(self) -> list[tuple[Path, str, bool]]:
        return [] if self.failed else self.built.triples()


class Processor:
    """One request processor made ready. `tenant` is None for the default one; `later` is what its reply fields fetch."""

    id: str
    gate: Gate
    wanted: Wanted
    tenant: Template | None
    zone: Zone | None
    request: list[Line]
    reply: list[Line]
    later: list[Remote]
    takes_notes: bool  # some field is written to *tmp

    def __init__(self, id: str, gate: Gate, wanted: Wanted) -> None:
        self.id = id
        self.gate = gate
        self.wanted = wanted
        self.tenant = None
        self.zone = None
        self.request = []
        self.reply = []
        self.later = []
        self.takes_notes = True


_NO_EVENT: Final = Event("", "", {}, {})


def view_of(scopes: dict[str, object], terms: Terms, now_ns: int) -> View:
    """What fields read and write, `scopes`; those that every agent has are added where it gave none."""
    scopes.setdefault(VARS, {})
    scopes.setdefault(OPTS, {})
    scopes[CFG] = terms.settings
    terms.cache.now_ns = now_ns
    scopes[UCH] = terms.cache
    scopes[TENANT] = terms.default_tenant
    view = View(_NO_EVENT, now_ns, terms.zone, terms.rooms)
    view.tenant = terms.default_tenant
    view.scopes = scopes
    return view


class Processors:
    """The processors of an agent, in their order. `fetches`: some field of theirs is fetched, see `lacking`."""

    all: list[Processor]
    shared: SharedFields
    terms: Terms
    fetches: bool

    def __init__(self, all: list[Processor], shared: SharedFields, terms: Terms) -> None:
        self.all = all
        self.shared = shared
        self.terms = terms
        self.fetches = any(line.remote is not None for processor in all for line in (*processor.request, *processor.reply))

    def work(self, scopes: dict[str, object], ask: Ask, now_ns: int) -> Worked:
        """Works on a request. `scopes` are what the agent knows of it, `*req` and `*vars` at least; the map is added to.

        Nothing is raised but what the engine raises when it cannot work at all (StorageUnavailable).
        """
        worked = Worked()
        scopes[REP] = worked.built
        self._go(worked, view_of(scopes, self.terms, now_ns), ask)
        return worked

    def lacking(self, scopes: dict[str, object], fetched: Fetched, now_ns: int) -> list[Fetch]:
        """What is to be fetched before a request can be worked off, besides what was: a rehearsal. Nothing where it can, or fails anyhow.

        `scopes` as for `work`, to which other ones are given: those of a rehearsal are of no use afterwards.
        """
        worked = Worked()
        scopes[REP] = worked.built
        scopes[FETCHED] = fetched
        view = view_of(scopes, self.terms, now_ns)
        scopes[UCH] = Draft(self.terms.cache)
        fetched.rehearses = True
        try:
            self._go(worked, view, Rehearsal())
        except NeededError as needed:
            return needed.fetches
        except EnoughError:
            return []
        finally:
            fetched.rehearses = False
        return []

    def _go(self, worked: Worked, view: View, ask: Ask) -> None:
        """Tries one processor after the other."""
        reply = worked.built
        read = Read(self.shared, view)
        try:
            for processor in self.all:
                if self._takes(processor, view, read):
                    self._work(processor, view, read, ask, worked)
                    reply.seal()
                    if not processor.wanted.goes_on:
                        break
        except RequestError as error:
            worked.failed = error.text
        except FieldNotFoundError:
            worked.failed = "NOT_FOUND"
        except ValueError as error:
            worked.failed = str(error) or "a value that cannot be used"
        worked.handled = bool(worked.taken_by)

    def _takes(self, processor: Processor, view: View, read: Read) -> bool:
        """Whether the filters of a processor pass, asked for its own tenant and time zone."""
        terms = self.terms
        tenant = terms.default_tenant
        if processor.tenant is not None:
            tenant = processor.tenant.find(view) or tenant
        view.tenant = tenant
        view.scopes[TENANT] = tenant
        view.zone = terms.zone if processor.zone is None else processor.zone
        return processor.gate.passes(view, read, terms.filters)

    def _work(self, processor: Processor, view: View, read: Read, ask: Ask, worked: Worked) -> None:
        scopes = view.scopes
        wanted = processor.wanted
        built = Built()
        scopes[CGREQ] = built
        if processor.takes_notes:
            scopes[TMP] = Built()
        worked.taken_by.append(processor.id)
        fill_lines(processor.request, view, read, self.terms, built)
        event = event_of(built, view)
        if not wanted.type:
            raise ValueError(UNKNOWN_TYPE)
        worked.notes.extend(clamped(event.fields))
        if processor.later:
            require(processor.later, view)
        if wanted.logged:
            worked.log.append(_told(processor, "request", {"event": event.fields, "options": event.options}))
        if wanted.type != DRYRUN:
            asking = Asking(wanted, event, scopes, ask.client)
            asking.work(ask)
            if asking.reply is not None:
                scopes[CGREP] = asking.reply
        if processor.takes_notes:
            scopes[TMP] = Built()
        built.seal()
        worked.built.seal()
        fill_lines(processor.reply, view, read, self.terms, worked.built)
        if wanted.logged:
            worked.log.append(_told(processor, "reply", {"engine": scopes.get(CGREP), "reply": _shown(scopes[REP])}))
        del scopes[CGREQ]
        if processor.takes_notes:
            del scopes[TMP]


def _told(processor: Processor, what: str, values: dict[str, object]) -> str:
    word = "dryrun" if processor.wanted.type == DRYRUN else "log"
    return f"{word} processor={processor.id} {what}={json_text(values)}"


def _shown(reply: object) -> object:
    assert isinstance(reply, Built), "an answer is built"
    return [[value.spot.key, value.text] for value in reply.values()]


class Fields:
    """Fields made ready that belong to no processor: a template of a request that the server sends."""

    lines: list[Line]
    shared: SharedFields
    terms: Terms

    def __init__(self, lines: list[Line], shared: SharedFields, terms: Terms) -> None:
        self.lines = lines
        self.shared = shared
        self.terms = terms


def fill(fields: Fields, scopes: dict[str, object], prefix: str, now_ns: int) -> list[tuple[Path, str, bool]]:
    """Fills a request that the server sends: the values under `prefix` (`*diamreq`) in their order, as in Worked.reply.

    `scopes` are what the agent knows, `*req` at least; afterwards it holds what was filled besides, `*cgreq` as Built, `*opts` as a map.
    ValueError, with what is wrong, where it cannot be filled; RequestError where a filter is unknown or a room is not there.
    """
    built = Built()
    scopes[prefix] = built
    if prefix != CGREQ:
        scopes[CGREQ] = Built()
    scopes[TMP] = Built()
    scopes.setdefault(REQ, {})
    view = view_of(scopes, fields.terms, now_ns)
    fill_lines(fields.lines, view, Read(fields.shared, view), fields.terms, built)
    return built.triples()
