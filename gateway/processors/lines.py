"""Fields of requests and replies made ready, and what one of them does: make a value, cut or pad it, write it.

A value that is not there leaves its field out, unless the field is mandatory; only a field that was written blocks those after it.
Behaviour of recordings agents/diameter-fields.
"""

from __future__ import annotations

from typing import Final

from engine.fields.arithmetic import scaled_by_ten
from engine.fields.making import Making
from engine.fields.template import Template
from engine.fields.values import FieldNotFoundError, parse_number, ratio_text
from engine.fields.view import View
from engine.times import Zone
from gateway.processors.built import Built
from gateway.processors.fetching import Remote, fetched_text
from gateway.processors.gates import Gate, Read, SharedFields
from gateway.processors.places import Place, WovenPlace, remove, remove_all, write
from gateway.processors.terms import Terms

WRITE: Final = 0
NOTHING: Final = 1  # *none
REMOVE: Final = 2
REMOVE_ALL: Final = 3
WRONG: Final = 4  # a type, path or filter that cannot be used: told to the request that meets it

CROSS: Final = "x"  # marks where *xleft and *xright cut


class Form:
    """How a text is brought into shape: `width` 0 leaves it as long as it is. `mask_id` is a destination whose numbers are masked."""

    width: int
    strip: str
    padding: str
    shift_digits: int
    decimals: int
    mask_id: str
    mask_length: int

    def __init__(self, width: int, strip: str, padding: str) -> None:
        self.width = width
        self.strip = strip
        self.padding = padding
        self.shift_digits = 0
        self.decimals = 0
        self.mask_id = ""
        self.mask_length = 0

    def applied(self, text: str, tag: str, view: View) -> str:
        """ValueError for a text that has another width and may neither be cut nor padded, and for a cost that is no number."""
        if self.shift_digits:
            text = ratio_text(scaled_by_ten(parse_number(text), self.shift_digits, self.decimals))
        if self.mask_id and self.mask_id in view.rooms.destinations_of(text):
            shown = max(len(text) - self.mask_length, 0)
            text = text[:shown] + "*" * (len(text) - shown)
        return self.fitted(text, tag) if self.width else text

    def fitted(self, text: str, tag: str) -> str:
        """The text in its width."""
        width = self.width
        if len(text) == width:
            return text
        if len(text) > width:
            return self._cut(text, tag)
        if self.padding == "*right":
            return text.ljust(width)
        if self.padding == "*left":
            return text.rjust(width)
        if self.padding == "*zeroleft":
            return text.rjust(width, "0")
        raise ValueError(f"Source {text[:80]} is smaller than the width {width}, no padding is defined, fieldID: <{tag}>")

    def _cut(self, text: str, tag: str) -> str:
        width = self.width
        if self.strip == "*right":
            return text[:width]
        if self.strip == "*xright":
            return text[: width - 1] + CROSS
        if self.strip == "*left":
            return text[len(text) - width :]
        if self.strip == "*xleft":
            return CROSS + text[len(text) - width + 1 :]
        raise ValueError(f"Source {text[:80]} is bigger than the width {width}, fieldID: <{tag}>")


class Line:
    """One field. `constant` is its value where that is known at load, else `template` or `making` gives it, or it is fetched from `remote`.

    `plain`: it goes to the scope that its list is there for, to a path that no field before it goes to (`arrange`). `number` is that of
    the shared field which is its value, -1 where it is another.
    """

    tag: str
    does: int
    mode: int
    place: Place
    gate: Gate | None
    constant: str | None
    template: Template | None
    making: Making | None
    remote: Remote | None
    form: Form | None
    zone: Zone | None
    mandatory: bool
    blocker: bool
    wrong: str
    plain: bool
    number: int

    def __init__(self, tag: str, place: Place) -> None:
        self.tag = tag
        self.does = WRITE
        self.mode = 0
        self.place = place
        self.gate = None
        self.constant = None
        self.template = None
        self.making = None
        self.remote = None
        self.form = None
        self.zone = None
        self.mandatory = False
        self.blocker = False
        self.wrong = ""
        self.plain = False
        self.number = -1

    def put(self, view: View, read: Read, built: Built) -> bool:
        """The same as `work` for a plain field: its value goes to the end of what is built."""
        text = self.constant
        if text is None:
            text = read.text(self.number, view) if self.number >= 0 else self._made(view)
            if text is None:
                if self.mandatory:
                    raise self._not_found()
                return False
        if self.mandatory and not text:
            raise self._is_empty()
        if self.form is not None:
            text = self.form.applied(text, self.tag, view)
        if built.takes:
            built.put(self.place.spot, text)
        else:  # the value itself was made of what is built
            write(view.scopes, self.place, self.mode, text)
        return True

    def work(self, view: View) -> bool:
        """Does what the field is there for, its filters passed; whether it was done, so that a blocker blocks.

        ValueError, RequestError for what ends the request.
        """
        if self.does == WRITE:
            return self._write(view)
        if self.does == NOTHING:
            return False
        if self.does == WRONG:
            raise ValueError(self.wrong)
        place = self.place.found(view)
        if place is None:
            return False
        if self.does == REMOVE:
            remove(view.scopes, place)
        else:
            remove_all(view.scopes, place)
        return True

    def _write(self, view: View) -> bool:
        text = self.constant
        if text is None:
            text = self._made(view)
        place = self.place.found(view) if text is not None else None
        if text is None or place is None:
            if self.mandatory:
                raise self._not_found()
            return False
        if self.mandatory and not text:
            raise self._is_empty()
        if self.form is not None:
            text = self.form.applied(text, self.tag, view)
        write(view.scopes, place, self.mode, text)
        return True

    def _not_found(self) -> ValueError:
        return ValueError(f"NOT_FOUND:{self.tag}")

    def _is_empty(self) -> ValueError:
        return ValueError(f"Empty source value for fieldID: <{self.tag}>")

    def _made(self, view: View) -> str | None:
        """The value; None where it is not there."""
        if self.zone is None:
            return self._text(view)
        zone = view.zone
        view.zone = self.zone
        try:
            return self._text(view)
        finally:
            view.zone = zone

    def _text(self, view: View) -> str | None:
        if self.template is not None:
            return self.template.find(view)
        if self.remote is not None:
            return fetched_text(self.remote, view)
        assert self.making is not None, "a value is a constant, a template, fetched or a making"
        try:
            return self.making.text(view)
        except FieldNotFoundError:
            return None


def arrange(lines: list[Line], scope: str, shared: SharedFields) -> list[Line]:
    """Finds out what can be known at load of fields that are worked off together to fill a scope; the same fields."""
    written: set[str] = set()
    for line in lines:
        if line.does != WRITE:
            continue
        if line.template is not None and line.constant is None:
            line.number = shared.value_number(line.template)
        place = line.place
        if place.scope != scope or not place.spot.path or isinstance(place, WovenPlace):
            continue
        place.spot.path = shared.one_path(place.spot.path)
        line.plain = place.spot.key not in written
        written.add(place.spot.key)
    return lines


def fill_lines(lines: list[Line], view: View, read: Read, terms: Terms, built: Built) -> None:
    """Works off fields one after the other, up to one that blocks. `built` is the scope that they are there for. ValueError, RequestError
    for what ends the request."""
    for line in lines:
        gate = line.gate
        if gate is not None and not gate.passes(view, read, terms.filters):
            continue
        done = line.put(view, read, built) if line.plain and built.takes else line.work(view)
        if done and line.blocker:
            return
