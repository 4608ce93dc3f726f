"""tollwire verify: is every balance the sum of its entries?"""

from __future__ import annotations

import argparse
from decimal import Decimal
from typing import Final

from engine.money import amount_text
from engine.storage.ports import StorageError
from gateway.cli.configuration import state_arguments, state_folder_of
from gateway.cli.limits import MAX_SHOWN_DIFFERENCES
from gateway.cli.outcome import CommandError, Exit
from gateway.cli.terminal import cell, json_text, progress, table

_NAMES: Final = ("account", "balance", "holds", "adds_up_to", "entry")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    state_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Recomputes every balance of a state folder; 1 and the differences when there are any."""
    from gateway.upkeep import verify_state

    folder = state_folder_of(options)
    try:
        with progress(f"verifying {folder}") as told:
            found = verify_state(folder, told)
    except StorageError as error:
        raise CommandError(str(error)) from None
    shown = [_row(*difference) for difference in found.differences[:MAX_SHOWN_DIFFERENCES]]
    count = len(found.differences)
    if options.json:
        differences = [dict(zip(_NAMES, row, strict=True)) for row in shown]
        print(json_text({"accounts": found.accounts, "entries": found.entries, "different": count, "differences": differences}))
        return Exit.REFUSED if count else Exit.OK
    if shown:
        print("\n".join(table([_NAMES, *([cell(value) for value in row] for row in shown)], heading=True)))
    if count > len(shown):
        print(f"and {count - len(shown)} more")
    outcome = f"{count} difference{'' if count == 1 else 's'}" if count else "every balance is what its entries add up to"
    print(f"{found.entries} entries of {found.accounts} accounts: {outcome}")
    return Exit.REFUSED if count else Exit.OK


def _row(account: str, balance: str, held: int, added_up: int, entry_id: int) -> tuple[object, ...]:
    return account, balance, Decimal(amount_text(held)), Decimal(amount_text(added_up)), entry_id or None
