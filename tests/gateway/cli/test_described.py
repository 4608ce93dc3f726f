"""The manual page and the completions say what the commands take, and shells understand the latter."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.cli.completions import SHELLS, bash, every, main
from gateway.cli.described import described
from gateway.cli.main import COMMANDS
from gateway.cli.manpage import page

COMPLETE = """
{script}
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_tollwire
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(*words: str) -> set[str]:
    """What bash offers for the last of the words."""
    script = COMPLETE.format(script=bash(), words=" ".join(f"'{word}'" for word in ("tollwire", *words)))
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return set(ran.stdout.split())


def test_every_command_and_option_stands_in_both() -> None:
    manual, commands = page().replace("\\-", "-"), described()
    assert [command.words for command in commands] == [(name,) for name, _ in COMMANDS]
    texts = {shell: write() for shell, write in SHELLS.items()}
    for command in every(commands):
        assert f".SS tollwire {' '.join(command.words)}\n" in manual
        for option in command.options():
            assert option.about, f"{command.words} {option.flags} says nothing of itself"
            for flag in option.flags:
                assert f"\\fB{flag}\\fR" in manual or flag in ("-h", "--help")
                assert all((flag[2:] if shell == "fish" and flag.startswith("--") else flag) in text for shell, text in texts.items())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ser",), {"serve"}),
        (("diam",), {"diameter"}),
        (("diameter", ""), {"send", "-h", "--help"}),
        (("diameter", "send", "--origin-r"), {"--origin-realm"}),
        (("serve", "--log", ""), {"text", "json"}),
        (("sessions", "fo"), {"follow"}),
        (("sessions", "--account", ""), set()),
    ],
)
def test_bash_offers_what_may_stand_there(words: tuple[str, ...], offered: set[str]) -> None:
    assert completed(*words) == offered


def shell_at_hand(shell: str) -> None:
    """`./test --package` installs them, and continuous integration runs that first."""
    if shutil.which(shell) is None:
        assert not os.environ.get("CI"), f"no {shell}"
        pytest.skip(f"no {shell}")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_read_theirs(shell: str) -> None:
    shell_at_hand(shell)
    ran = subprocess.run([shell, "-n", "/dev/stdin"], input=SHELLS[shell](), capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("ser", {"serve"}),
        ("diameter ", {"send"}),
        ("diameter send --origin-r", {"--origin-realm"}),
        ("serve --log ", {"text", "json"}),
        ("sessions fo", {"follow"}),
    ],
)
def test_fish_offers_what_may_stand_there(words: str, offered: set[str], tmp_path: Path) -> None:
    shell_at_hand("fish")
    (tmp_path / "tollwire.fish").write_text(SHELLS["fish"]())
    script = f"source {tmp_path}/tollwire.fish; complete -C 'tollwire {words}'"
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    ran = subprocess.run(["fish", "--no-config", "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert {line.partition("\t")[0] for line in ran.stdout.splitlines()} == offered


def test_zsh_knows_whom_it_is_for(tmp_path: Path) -> None:
    shell_at_hand("zsh")
    (tmp_path / "_tollwire").write_text(SHELLS["zsh"]())
    script = (
        f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[tollwire]; autoload +X _tollwire && print read"
    )
    ran = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("_tollwire\nread\n", "")


def test_a_shell_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tcsh"]) == 2
    assert "bash|zsh|fish" in capsys.readouterr().err
