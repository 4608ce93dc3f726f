"""Manual pages: text as man(7) wants it."""

from __future__ import annotations

import re
from typing import Final

_CODE: Final = re.compile(r"`([^`]*)`")


def escaped(text: str) -> str:
    """A text that means itself: no escapes, no requests at the start of a line, dashes that can be copied."""
    shown = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in shown.split("\n"))


def bold(text: str) -> str:
    """A text in bold."""
    return f"\\fB{escaped(text)}\\fR"


def italic(text: str) -> str:
    """A text in italics: what stands for something else."""
    return f"\\fI{escaped(text)}\\fR"


def with_code(text: str) -> str:
    """A text whose parts between backquotes are bold."""
    return _CODE.sub(r"\\fB\1\\fR", escaped(text))


def head(name: str, section: int, version: str, about: str) -> list[str]:
    """The first lines of a page."""
    return [
        f'.TH {name.upper()} {section} "" "Tollwire {version}" "Tollwire"',
        ".SH NAME",
        f"{escaped(name)} \\- {escaped(about)}",
    ]
