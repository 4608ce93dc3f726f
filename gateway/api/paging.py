"""Lists in pages, as every listing method of the API cuts them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from engine.errors import not_found
from gateway.api.args import Args
from gateway.api.limits import LISTED_PER_TURN

_T = TypeVar("_T")


def page(items: Sequence[_T], limit: int | None, offset: int | None) -> list[_T] | None:
    """`limit` items after the first `offset` ones; what is not above 0 counts as not given. Past the end: None, at the end: []."""
    start = offset if offset is not None and offset > 0 else 0
    if start > len(items):
        return None
    count = limit if limit is not None and limit > 0 else len(items)
    return list(items[start : start + count])


def page_of_ids(ids: Sequence[str], args: Args) -> list[str] | None:
    """The page of ids that a PaginatorWithTenant asks for; NOT_FOUND where there are none, or none with the text of Search."""
    search = args.text("Search")
    found = [one for one in ids if search in one]
    if not found:
        raise not_found()
    return page(found, args.integer_or_none("Limit"), args.integer_or_none("Offset"))


async def in_turns(items: Sequence[_T], shown: Callable[[_T], object]) -> list[msgspec.Raw]:
    """What is shown of each as JSON; a few of them, then others have their turn."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    found: list[msgspec.Raw] = []
    for number, item in enumerate(items, 1):
        found.append(msgspec.Raw(encoder.encode(shown(item))))
        if number % LISTED_PER_TURN == 0:
            await asyncio.sleep(0)
    return found
