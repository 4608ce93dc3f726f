"""How the rules that compare read their two sides, and what cannot be compared."""

from __future__ import annotations

from engine.errors import RequestError, server_error
from engine.fields.values import Duration, number_of, value_text
from engine.money import Ratio
from engine.times import Moment


def order(left: object, right: object) -> int:
    """-1, 0 or 1 for two values that `typed` has read: numbers and durations (in ns) among each other, times among themselves.

    RequestError, in the words of CGRateS, for text on the left, and for sides of different kinds.
    """
    if isinstance(left, Ratio | Duration):
        if isinstance(right, Ratio | Duration):
            return _order_numbers(number_of(left), number_of(right))
        raise _incomparable(left)
    if isinstance(left, Moment):
        if isinstance(right, Moment):
            return (left.ns > right.ns) - (left.ns < right.ns)
        raise _incomparable(left)
    raise _unsupported(left)


def equal(left: object, right: object) -> bool:
    """Whether two values that `typed` has read are the same; texts may be compared too. RequestError for different kinds."""
    if isinstance(left, Ratio | Duration | Moment):
        return order(left, right) == 0
    if type(left) is type(right):
        return left == right
    raise _incomparable(left)


def _order_numbers(left: Ratio, right: Ratio) -> int:
    first, second = left.num * right.den, right.num * left.den
    return (first > second) - (first < second)


def _incomparable(left: object) -> RequestError:
    return server_error(f"incomparable: <{value_text(left)}> with <<nil>>")


def _unsupported(left: object) -> RequestError:
    kind = _go_kind(left)
    return server_error(f"unsupported comparison type: {kind[0]}, kind: {kind[1]}")


def _go_kind(value: object) -> tuple[str, str]:
    if isinstance(value, str):
        return "string", "string"
    if isinstance(value, bool):
        return "bool", "bool"
    if isinstance(value, dict):
        return "map[string]interface {}", "map"
    if isinstance(value, list | tuple):
        return "[]interface {}", "slice"
    return "<nil>", "invalid"
