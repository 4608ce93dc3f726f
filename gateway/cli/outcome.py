"""How a command ends: the exit status, and the one line said when something stood in its way."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit status of every command."""

    OK = 0
    REFUSED = 1  # faults in what was given, or the server said no
    USAGE = 2  # the command line itself is wrong
    UNREACHABLE = 3  # no server answers there


class CommandError(Exception):
    """Ends a command: `text` goes to standard error, `status` to the shell."""

    text: str
    status: Exit

    def __init__(self, text: str, status: Exit = Exit.REFUSED) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class UsageError(CommandError):
    """The command line is wrong in a way that its parser did not see."""

    def __init__(self, text: str) -> None:
        super().__init__(text, Exit.USAGE)
