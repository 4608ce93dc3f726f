"""The manual page and the completions say what the commands take, and shells understand the latter."""

from __future__ import annotations

import shutil
import subprocess

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


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_theirs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    ran = subprocess.run([shell, "--no-execute", "/dev/stdin"], input=SHELLS[shell](), capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_shell_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tcsh"]) == 2
    assert "bash|zsh|fish" in capsys.readouterr().err
