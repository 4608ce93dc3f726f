"""What the command says of itself, read from the parsers of its commands: for its manual page and its completions."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from gateway.cli.main import COMMANDS, Command

FOLDER: Final = "DIR"
FILE: Final = "FILE"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument. `flags` empty: it is known by its place. `value` is what is written for its value, empty for one that has none."""

    flags: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    about: str
    needed: bool
    many: bool


@dataclass(frozen=True, slots=True)
class Described:
    """One command: its words after `tollwire`, what it does, what it takes, and the commands below it."""

    words: tuple[str, ...]
    about: str
    arguments: tuple[Argument, ...]
    below: tuple[Described, ...]

    def options(self) -> Iterator[Argument]:
        """The arguments that have a name."""
        return (argument for argument in self.arguments if argument.flags)

    def places(self) -> Iterator[Argument]:
        """The arguments that are known by their place."""
        return (argument for argument in self.arguments if not argument.flags)


def described() -> list[Described]:
    """Every command, in the order of the overview."""
    found = []
    for name, about in COMMANDS:
        command: Command = import_module(f"gateway.cli.{name}")
        parser = argparse.ArgumentParser(prog=f"tollwire {name}", allow_abbrev=False)
        command.arguments(parser)
        found.append(_described((name,), about, parser))
    return found


def _described(words: tuple[str, ...], about: str, parser: argparse.ArgumentParser) -> Described:
    arguments: list[Argument] = []
    below: list[Described] = []
    for action in parser._actions:  # argparse shows what it was told nowhere else
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help or "" for choice in action._choices_actions}
            below += [_described((*words, name), told[name], inner) for name, inner in action.choices.items()]
        elif action.help != argparse.SUPPRESS:
            arguments.append(_argument(action))
    return Described(words, about, tuple(arguments), tuple(below))


def _argument(action: argparse.Action) -> Argument:
    takes = action.nargs != 0
    choices = tuple(str(choice) for choice in action.choices or ())
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    return Argument(
        flags=tuple(action.option_strings),
        value=(metavar or ("|".join(choices) if choices else action.dest.upper())) if takes else "",
        choices=choices,
        about=(action.help or "").replace("%%", "%"),
        needed=action.required,
        many=action.nargs in ("*", "+"),
    )
