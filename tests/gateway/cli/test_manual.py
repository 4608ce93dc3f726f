"""The manual's page on the command line: every command stands there, and every sample is one that its command understands."""

from __future__ import annotations

import argparse
import shlex
from importlib import import_module

import pytest

from gateway.cli.main import COMMANDS
from tests.gateway.servers import ROOT

pytestmark = pytest.mark.house

PAGE = (ROOT / "docs" / "cli.md").read_text()
SAMPLES = [line.strip() for line in PAGE.splitlines() if line.startswith("    tollwire ")]


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_every_command_stands_in_the_manual(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_are_understood(sample: str) -> None:
    _, name, *words = shlex.split(sample)
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    import_module(f"gateway.cli.{name}").arguments(parser)
    parser.parse_args(words)


def test_there_are_samples_of_every_new_command() -> None:
    assert {sample.split()[1] for sample in SAMPLES} >= {"api", "console", "sessions", "cdrs"}
