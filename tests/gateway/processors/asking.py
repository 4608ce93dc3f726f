"""Rows as configurations hold them, and an engine that answers what it is told to and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import RequestError
from gateway.processors.reading import compile_processors
from gateway.processors.run import Processors, Worked
from gateway.processors.terms import Terms

NOW = 1_772_445_600_000_000_000  # 2026-03-02T10:00:00Z
Row = dict[str, object]


def field(path: str, value: str = "", type: str = "", **more: object) -> Row:
    """A field; *variable where the value reads something, else *constant."""
    return {"path": path, "type": type or ("*variable" if "~" in value else "*constant"), "value": value, **more}


def processor(*flags: str, asks: Sequence[Row] = (), says: Sequence[Row] = (), id: str = "p", **more: object) -> Row:
    """A request processor."""
    return {"id": id, "flags": list(flags), "request_fields": list(asks), "reply_fields": list(says), **more}


def compiled(*rows: Row, terms: Terms | None = None, templates: Mapping[str, object] | None = None) -> Processors:
    """Processors that must be readable."""
    return compile_processors(list(rows), templates or {}, terms or Terms("cgrates.org"))


class Engine:
    """Answers with what `answers` holds for the type of a command; a text is a refusal."""

    client = "peer-1"

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.asked: list[object] = []

    def step(self, command: object) -> object:
        self.asked.append(command)
        answer = self.answers.get(type(command).__name__)
        if isinstance(answer, str):
            raise RequestError(answer)
        return answer


def worked(processors: Processors, engine: Engine | None = None, request: Row | None = None, variables: Row | None = None) -> Worked:
    """A request worked on."""
    return processors.work({"*req": request or {}, "*vars": variables or {}}, engine or Engine(), NOW)


def answer(*says: Row, request: Row | None = None, terms: Terms | None = None, variables: Row | None = None) -> list[tuple[str, str]]:
    """What reply fields alone make of a request: (path, text) in their order."""
    found = worked(compiled(processor("*none", says=says), terms=terms), request=request, variables=variables)
    assert not found.failed, found.failed
    return [(".".join(path), text) for path, text, _ in found.reply]


def refusal(*says: Row, request: Row | None = None, terms: Terms | None = None) -> str:
    """Why reply fields cannot be filled."""
    found = worked(compiled(processor("*none", says=says), terms=terms), request=request)
    assert found.failed
    assert found.handled
    assert not found.reply
    return found.failed
