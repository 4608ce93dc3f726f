"""Where the text of a module goes that is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.written import write


def test_to_the_file_named_or_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "page"
    assert write("ä\n", [str(file)]) == write("b\n", []) == 0
    assert file.read_bytes() == "ä\n".encode()
    assert capsys.readouterr().out == "b\n"
