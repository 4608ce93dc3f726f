"""`*http#URL` values: what an operator's service is asked, and when.

Nothing is awaited while a request is worked on, and nothing is asked of a service once money may have moved. So a request is rehearsed
first: worked off as it will be, up to where the engine would be asked, and what it lacks is fetched and the rehearsal told again, until
nothing is lacking. What fields of the answer fetch is lacking as soon as the event is there. The request that is then worked off finds
every value, or the reason why there is none, which ends it before the engine is asked.

The service gets the event as it stands (a CGREvent in JSON); the text that it answers is the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from engine.event import Event
from engine.fields.making import HTTP
from engine.fields.path import Path, Source
from engine.fields.values import MISSING, json_text, lasting_text
from engine.fields.view import OPTS, View
from gateway.processors.built import Built
from gateway.processors.limits import MAX_EVENT_CHARACTERS, MAX_FETCHED, MAX_URL
from gateway.processors.terms import CGREQ

FETCHED: Final = "*fetched"
"""Where a view has what was fetched for its request. No path leads into it."""

SCHEMES: Final = ("http", "https")
_SHOWN: Final = 120


class Remote:
    """Where the value of one field comes from. `shown` is the URL as logs may have it."""

    url: str
    shown: str

    def __init__(self, url: str) -> None:
        self.url = url
        self.shown = url.partition("?")[0][:_SHOWN]


class Fetch:
    """What is to be asked: `body` is the event in JSON."""

    remote: Remote
    body: bytes

    def __init__(self, remote: Remote, body: bytes) -> None:
        self.remote = remote
        self.body = body


class NeededError(Exception):
    """A rehearsal cannot go on without these values."""

    fetches: list[Fetch]

    def __init__(self, fetches: list[Fetch]) -> None:
        super().__init__()
        self.fetches = fetches


class EnoughError(Exception):
    """A rehearsal has come to where the engine would be asked."""


class Rehearsal:
    """Stands for the engine in a rehearsal (gateway.processors.calls.Ask)."""

    client: str

    def __init__(self) -> None:
        self.client = ""

    def step(self, command: object) -> object:
        raise EnoughError


class Fetched(Source):
    """The values of one request by the field that they are for. `rehearses`: what is lacking is told by NeededError, else by a ValueError,
    as what could not be fetched."""

    rehearses: bool
    _texts: dict[Remote, str]
    _failures: dict[Remote, str]

    def __init__(self) -> None:
        self.rehearses = False
        self._texts = {}
        self._failures = {}

    def read(self, path: Path, at: int) -> object:
        return MISSING

    def take(self, remote: Remote, text: str) -> None:
        """A value is there."""
        self._texts[remote] = text

    def fail(self, remote: Remote, why: str) -> None:
        """A value will not be there."""
        self._failures[remote] = why

    def text(self, remote: Remote, view: View) -> str:
        """The value of a field."""
        found = self._texts.get(remote)
        if found is None:
            self.require([remote], view)
            raise ValueError(not_asked(remote))
        return found

    def require(self, remotes: Sequence[Remote], view: View) -> None:
        """Goes on where all these values are there."""
        lacking: list[Remote] = []
        for remote in remotes:
            why = self._failures.get(remote)
            if why is not None:
                raise ValueError(f"FETCH_FAILED: {remote.shown}: {why}")
            if remote not in self._texts:
                lacking.append(remote)
        if not lacking:
            return
        if len(self._texts) + len(lacking) > MAX_FETCHED:
            raise ValueError(f"more than {MAX_FETCHED} fetched values")
        if not self.rehearses:
            raise ValueError(not_asked(lacking[0]))
        body = body_of(view)
        raise NeededError([Fetch(remote, body) for remote in lacking])


def not_asked(remote: Remote) -> str:
    """The complaint about a value that nobody has fetched."""
    return f"FETCH_FAILED: {remote.shown}: it was not asked"


def fetched(view: View) -> Fetched | None:
    """What was fetched for the request that is worked on; None where nothing was."""
    found = view.scopes.get(FETCHED)
    return found if isinstance(found, Fetched) else None


def fetched_text(remote: Remote, view: View) -> str:
    """The value of a field. ValueError where it could not be fetched, NeededError where a rehearsal lacks it."""
    found = fetched(view)
    if found is None:
        raise ValueError(not_asked(remote))
    return found.text(remote, view)


def require(remotes: Sequence[Remote], view: View) -> None:
    """Goes on where all these values are there. ValueError, NeededError as `fetched_text`."""
    found = fetched(view)
    if found is None:
        raise ValueError(not_asked(remotes[0]))
    found.require(remotes, view)


def lasting_options(options: dict[str, object]) -> dict[str, object]:
    """Options as an event keeps them, maps and lists inside too; paths bound how deep these go."""
    return {name: _lasting_value(value) for name, value in options.items()}


def _lasting_value(value: object) -> object:
    if isinstance(value, str):
        return lasting_text(value)
    if isinstance(value, list):
        return [_lasting_value(one) for one in value]
    return lasting_options(value) if isinstance(value, dict) else value


def event_of(built: Built, view: View) -> Event:
    """The event as far as it is filled. ValueError for one that is too long."""
    if built.characters > MAX_EVENT_CHARACTERS:
        raise ValueError(f"an event of more than {MAX_EVENT_CHARACTERS} characters")
    options = view.scopes[OPTS]
    assert isinstance(options, dict), "options are a map"
    return Event(lasting_text(view.tenant), "", built.fields(), lasting_options(options))


def body_of(view: View) -> bytes:
    """What a service is told: `{"Tenant": "", "ID": "", "Time": null, "Event": {}, "APIOpts": {}}`, in UTF-8."""
    built = view.scopes.get(CGREQ)
    assert isinstance(built, Built), "fields are filled for an event"
    event = event_of(built, view)
    told = {"Tenant": event.tenant, "ID": event.id, "Time": None, "Event": event.fields, "APIOpts": event.options}
    return json_text(told).encode()


# -- at load -------------------------------------------------------------------------------------------------------------------


def read_url(type: str) -> str:
    """The URL of a type `*http#URL` or `*http#[URL]`. ValueError with what is wrong with it."""
    text = type.removeprefix(HTTP)
    if text.startswith("[") and text.endswith("]") and "://" in text:
        text = text[1:-1]
    if not text:
        raise ValueError("a URL is missing: *http#http://host:port/path is wanted")
    if len(text) > MAX_URL:
        raise ValueError(f"a URL of more than {MAX_URL} characters")
    if any(letter <= " " or letter == "\x7f" for letter in text):
        raise ValueError("a URL has neither blanks nor control characters")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from None
    if parts.scheme not in SCHEMES:
        raise ValueError(f"is no URL of http or https: {text[:_SHOWN]}")
    if not host:
        raise ValueError(f"names no host: {text[:_SHOWN]}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL with a user or a password: whoever reads the configuration sees it")
    if parts.fragment or text.endswith("#"):
        raise ValueError(f"a URL with a fragment, which no service is told: {text[:_SHOWN]}")
    return text
