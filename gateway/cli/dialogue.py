"""The interactive console: completion of methods and fields, history, an answer per line."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory

from gateway.api.gotypes import Flag, GoType, Pointer
from gateway.cli.client import Client
from gateway.cli.console import call, method_names, proper_name, shape_of, split_words
from gateway.cli.fields import field_names, member
from gateway.cli.limits import MAX_HISTORY_LINES
from gateway.cli.outcome import CommandError, Exit
from gateway.cli.terminal import lines_of

_END: Final = frozenset({"quit", "exit", "bye", "close"})
_OWN: Final = ("fields", "help", "json", "quit", "table")
_HELP: Final = """\
SERVICE.METHOD Field=value ...   calls it; Field.Field=value goes inside, Field:=json says a type
SERVICE.METHOD {"Field": ...}    the same as JSON
fields SERVICE.METHOD            the fields that it takes
json | table                     how answers are printed
help | quit"""


def converse(client: Client, *, as_json: bool) -> int:
    """Reads calls from the terminal until quit or the end of the input."""
    session: PromptSession[str] = PromptSession(
        f"{client.server}> ",
        history=FileHistory(str(history_file())),
        completer=Names(),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
    )
    while True:
        try:
            line = session.prompt().strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return Exit.OK
        if line in _END:
            return Exit.OK
        if line in ("json", "table"):
            as_json = line == "json"
            continue
        try:
            _answer(client, line, as_json=as_json)
        except CommandError as error:
            print(error.text)
        except KeyboardInterrupt:
            client.close()  # the answer of what was interrupted is not waited for


def _answer(client: Client, line: str, *, as_json: bool) -> None:
    words = split_words(line)
    if not words:
        return
    if words[0] in ("help", "?"):
        print(_HELP)
    elif words[0] == "fields":
        names = field_names(shape_of(proper_name(words[1]))) if len(words) > 1 else []
        print("\n".join(lines_of(list(names))))
    else:
        call(client, words[0], words[1:], as_json=as_json)


def history_file() -> Path:
    """Where the dialogue remembers, made readable for its owner only; it keeps the last MAX_HISTORY_LINES."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tollwire"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "console_history"
    path.touch(mode=0o600)
    lines = path.read_text().splitlines(keepends=True)
    if len(lines) > MAX_HISTORY_LINES:
        path.write_text("".join(lines[-MAX_HISTORY_LINES // 2 :]))
    return path


class Names(Completer):
    """Completes the method, then its fields and the fields inside them, then true and false."""

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        head, space, rest = text.partition(" ")
        if not space or head == "fields":
            yield from _methods(rest if space else text, own=not space)
            return
        word = text.rpartition(" ")[2]
        path, equals, value = word.partition("=")
        shape: GoType | None = shape_of(proper_name(head))
        *outer, last = path.split(".")
        for part in outer:
            shape = member(shape, part)[1]
        if equals:
            kind = member(shape, last)[1]
            while isinstance(kind, Pointer):
                kind = kind.target
            if isinstance(kind, Flag):
                yield from (Completion(one, -len(value)) for one in ("true", "false") if one.startswith(value))
            return
        yield from (Completion(f"{name}=", -len(last)) for name in field_names(shape) if name.lower().startswith(last.lower()))


def _methods(text: str, *, own: bool) -> Iterable[Completion]:
    """Methods that begin with the text, then those whose own name holds it; the dialogue's own words first."""
    lower = text.lower()
    names = method_names()
    if own and text:
        yield from (Completion(word, -len(text)) for word in _OWN if word.startswith(lower))
    first = [name for name in names if name.lower().startswith(lower)]
    yield from (Completion(name, -len(text)) for name in first)
    if text:
        known = frozenset(first)
        yield from (Completion(name, -len(text)) for name in names if name not in known and lower in name.lower().partition(".")[2])
