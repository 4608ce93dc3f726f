"""What shells complete after `tollwire`, written from the commands' own parsers: python -m gateway.cli.completions bash|zsh|fish [FILE]"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from gateway.cli.described import FILE, FOLDER, Argument, Described, described
from gateway.config.written import write

_ABOUT: Final = "# Written by the command itself (python -m gateway.cli.completions); do not edit by hand."


def every(commands: list[Described]) -> Iterator[Described]:
    """The commands and those below them."""
    for command in commands:
        yield command
        yield from every(list(command.below))


def words_of(command: Described) -> list[str]:
    """What may stand next: commands below, what places may hold, options."""
    found = [inner.words[-1] for inner in command.below]
    found += [choice for place in command.places() for choice in place.choices]
    return found + [flag for option in command.options() for flag in option.flags]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# -- bash --------------------------------------------------------------------------------------------------------------


def bash() -> str:
    """For bash 4, with or without the bash-completion package."""
    commands = described()
    lines = [
        _ABOUT,
        "_tollwire() {",
        '  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word',
        '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        '    case "$path $word" in',
        "      " + "|".join(_quoted(_path(command.words)) for command in every(commands)) + ') path="$path $word" ;;',
        "    esac",
        "  done",
        "  COMPREPLY=()",
        '  case "$path $before" in',
        *(line for command in every(commands) for line in _bash_values(command)),
        "  esac",
        '  case "$path" in',
        f"    '') words={_quoted(' '.join([*(command.words[0] for command in commands), '--help', '--version']))} ;;",
        *(f"    {_quoted(_path(command.words))}) words={_quoted(' '.join(words_of(command)))} ;;" for command in every(commands)),
        "  esac",
        '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")',
        '  [ ${#COMPREPLY[@]} -gt 0 ] || [ -z "$path" ] || mapfile -t COMPREPLY < <(compgen -f -- "$current")',
        "}",
        "complete -o filenames -F _tollwire tollwire",
    ]
    return "\n".join(lines) + "\n"


def _path(words: tuple[str, ...]) -> str:
    return "".join(f" {word}" for word in words)


def _bash_values(command: Described) -> Iterator[str]:
    for option in command.options():
        if option.value:
            pattern = "|".join(_quoted(f"{_path(command.words)} {flag}") for flag in option.flags)
            yield f'    {pattern}) mapfile -t COMPREPLY < <(compgen {_bash_action(option)} -- "$current"); return ;;'


def _bash_action(option: Argument) -> str:
    if option.choices:
        return f"-W {_quoted(' '.join(option.choices))}"
    return {FOLDER: "-d", FILE: "-f"}.get(option.value, "-W ''")


# -- zsh ---------------------------------------------------------------------------------------------------------------


def zsh() -> str:
    """For zsh's own completion system."""
    commands = described()
    lines = ["#compdef tollwire", _ABOUT, "_tollwire() {", "  local state line", "  typeset -A opt_args"]
    lines += ["  local -a commands=("]
    lines += [f"    {_quoted(f'{command.words[0]}:{command.about}')}" for command in commands]
    lines += [
        "  )",
        "  _arguments -C '1: :->command' '*:: :->rest' && return",
        '  if [[ "$state" == command ]]; then _describe -t commands command commands; return; fi',
        '  case "$line[1]" in',
    ]
    for command in commands:
        lines += [f"    {command.words[0]})", *_zsh_command(command, "      "), "      ;;"]
    return "\n".join([*lines, "  esac", "}", '_tollwire "$@"']) + "\n"


def _zsh_command(command: Described, indent: str) -> list[str]:
    if not command.below:
        return [f"{indent}_arguments -S \\", *(f"{indent}  {spec} \\" for spec in _zsh_specs(command)), f"{indent}  '*: :_files'"]
    lines = [f"{indent}_arguments -C '1: :({' '.join(inner.words[-1] for inner in command.below)})' '*:: :->inner'"]
    for inner in command.below:
        lines += [f'{indent}[[ "$line[1]" != {inner.words[-1]} ]] || {{', *_zsh_command(inner, f"{indent}  "), f"{indent}}}"]
    return lines


def _zsh_specs(command: Described) -> Iterator[str]:
    for place in command.places():
        if place.choices:
            yield _quoted(f"::{place.value}:({' '.join(place.choices)})")
    for option in command.options():
        about = option.about.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
        for flag in option.flags:
            value = ""
            if option.value:
                action = f"({' '.join(option.choices)})" if option.choices else {FOLDER: "_files -/", FILE: "_files"}.get(option.value, " ")
                value = f":{option.value.replace(':', ' ')}:{action}"
            yield _quoted(f"*{flag}[{about}]{value}")


# -- fish --------------------------------------------------------------------------------------------------------------


def fish() -> str:
    """For fish 3."""
    commands = described()
    names = " ".join(command.words[0] for command in commands)
    none = f"complete -c tollwire -n 'not __fish_seen_subcommand_from {names}'"
    lines = [_ABOUT, "complete -c tollwire -f", *(f"{none} -a {command.words[0]} -d {_fish(command.about)}" for command in commands)]
    for command in every(commands):
        seen = " && ".join(f"__fish_seen_subcommand_from {word}" for word in command.words)
        below = [inner.words[-1] for inner in command.below]
        if below:
            deeper = f"{seen} && not __fish_seen_subcommand_from {' '.join(below)}"
            lines += [f"complete -c tollwire -n '{deeper}' -a {word}" for word in below]
        for place in command.places():
            lines += [f"complete -c tollwire -n '{seen}' -a {choice}" for choice in place.choices]
            lines += [] if place.choices else [f"complete -c tollwire -n '{seen}' -F"]
        lines += [line for option in command.options() for line in _fish_option(seen, option)]
    return "\n".join(lines) + "\n"


def _fish_option(seen: str, option: Argument) -> Iterator[str]:
    for flag in option.flags:
        named = f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
        takes = ""
        if option.choices:
            takes = f" -x -a {_fish(' '.join(option.choices))}"
        elif option.value:
            takes = " -r -F" if option.value in (FILE, FOLDER) else " -x"
        yield f"complete -c tollwire -n '{seen}' {named}{takes} -d {_fish(option.about)}"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS: Final = {"bash": bash, "zsh": zsh, "fish": fish}


def main(words: list[str]) -> int:
    """Writes the completions of a shell to the file named, or to standard output."""
    if not words or words[0] not in SHELLS:
        print(f"usage: python -m gateway.cli.completions {'|'.join(SHELLS)} [FILE]", file=sys.stderr)
        return 2
    return write(SHELLS[words[0]](), words[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
