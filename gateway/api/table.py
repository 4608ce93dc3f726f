"""The method table: one row per method, and which of them a configuration answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from engine.errors import RequestError
from engine.tally import Outcomes
from gateway.api.args import Args
from gateway.api.arguments import Mandatory, read_arguments
from gateway.api.catalogue import ALIASES, ALWAYS, EXTENDS, METHODS, PING, SECTIONS
from gateway.api.context import Api
from gateway.api.gotypes import GoType
from gateway.api.shapes import ANYTHING, EVENT

Handler = Callable[[Api, Any], object]
"""Answers a call with a JSON-able value (dict, list, str, int, bool, Decimal, float, None), or an awaitable of one; may raise
RequestError."""

Reader = Callable[[bytes], object]
"""Makes the argument of a method's handler of the bytes of params; raises as `read_arguments` does."""

UNKNOWN: Final = "unknown"  # what methods that there are not are counted as


class Method:
    """A row: `name` is "Service.Method"; without a handler the method is known and not built. `slow` ones run as tasks.

    The handler gets what `read` makes of the bytes of params: Args, or what a reader of the method's own makes of them.
    """

    name: Final[str]
    args: Final[GoType]
    handler: Final[Handler | None]
    mandatory: Final[Mandatory]
    slow: Final[bool]
    _reader: Final[Reader | None]

    def __init__(self, name: str, args: GoType, handler: Handler | None, mandatory: Mandatory, slow: bool, reader: Reader | None) -> None:
        self.name = name
        self.args = args
        self.handler = handler
        self.mandatory = mandatory
        self.slow = slow
        self._reader = reader

    def read(self, params: bytes) -> Any:
        """The handler's argument. Raises RequestError where it is refused, MalformedError where params are no JSON at all."""
        if self._reader is not None:
            return self._reader(params)
        args = read_arguments(self.args, params)
        self.mandatory.check(args)
        return args


def method(name: str, args: GoType, handler: Handler | None, mandatory: str = "", reader: Reader | None = None) -> Method:
    """The row of a method; an `async def` handler makes it a slow one. `mandatory` is written as Mandatory says; a method with a reader
    of its own has nothing mandatory."""
    return Method(name, args, handler, Mandatory(mandatory), inspect.iscoroutinefunction(handler), reader)


def _ping(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    return "Pong"


class Table:
    """The methods that one configuration answers, by the name that a client writes."""

    def __init__(self, rows: Iterable[Method], unbuilt: Iterable[Method], sections: frozenset[str]) -> None:
        """`unbuilt` says what is known of methods that have no row; a row of the same name goes before it."""
        known = all_methods(rows, unbuilt)
        self._services = frozenset(
            service
            for service in (*METHODS, *ALIASES)
            if SECTIONS[ALIASES.get(service, service)] == ALWAYS or SECTIONS[ALIASES.get(service, service)] in sections
        )
        self.methods: dict[str, Method] = {
            f"{service}.{name}": row for service in sorted(self._services) for name, row in known[ALIASES.get(service, service)].items()
        }

        self.tallies: dict[str, Outcomes] = {service: Outcomes() for service in (*sorted({*map(own_name, self._services)}), UNKNOWN)}
        self.tally_of: dict[str, Outcomes] = {name: self.tallies[own_name(name.partition(".")[0])] for name in self.methods}

    def explain(self, name: str) -> RequestError:
        """Why there is no method of this name."""
        service, dot, _ = name.rpartition(".")
        if not dot:
            return RequestError(f"rpc: service/method request ill-formed: {name}")
        what = "method" if service in self._services else "service"
        return RequestError(f"rpc: can't find {what} {name}")


def own_name(service: str) -> str:
    """The name of a service in the catalogue: it may be called otherwise too."""
    return ALIASES.get(service, service)


def all_methods(rows: Iterable[Method], unbuilt: Iterable[Method]) -> dict[str, dict[str, Method]]:
    """Every method of the catalogue, by service and name."""
    built: dict[str, Method] = {}
    for row in rows:
        assert row.name not in built, f"{row.name} has two rows"
        built[row.name] = row
    hints = {row.name: row for row in unbuilt}
    unknown = [name for name in (*built, *hints) if name.partition(".")[2] not in METHODS.get(name.partition(".")[0], ())]
    assert not unknown, f"not in the catalogue: {unknown}"
    found: dict[str, dict[str, Method]] = {}
    for service, names in METHODS.items():
        found[service] = {name: _row(f"{service}.{name}", built, hints) for name in sorted(names)}
    for service, other in EXTENDS.items():
        found[service] = found[other] | found[service]
    return found


def _row(name: str, built: Mapping[str, Method], hints: Mapping[str, Method]) -> Method:
    row = built.get(name) or hints.get(name)
    if row is not None:
        return row
    if name.endswith(f".{PING}"):
        return method(name, EVENT, _ping)
    return method(name, ANYTHING, None)
