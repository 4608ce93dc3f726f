"""Attribute profiles made ready: what each attribute writes, how, and where."""

from __future__ import annotations

from typing import Final

from engine.attributes.writing import remove, write
from engine.fields.making import COMPOSED, VARIABLE, Making
from engine.fields.path import Path, split_path
from engine.fields.values import MISSING, value_text
from engine.fields.view import View
from engine.money import Amount, parse_amount
from engine.profiles.policies import Attribute, AttributeProfile

REMOVE: Final = "*remove"


class Step:
    """One attribute. A type or value that cannot be used is complained about when an event meets it, as its profile was stored."""

    filter_ids: tuple[str, ...]
    path: str
    composed: bool
    making: Making | None
    current: Path
    fault: str

    def __init__(self, attribute: Attribute, decimals: int) -> None:
        self.filter_ids = attribute.FilterIDs or ()
        self.path = attribute.Path
        self.composed = attribute.Type == COMPOSED
        self.making = None
        self.current = ()
        self.fault = ""
        try:
            self.current = split_path(attribute.Path)
            parts = [part.Rules for part in attribute.Value or ()]
            self.making = Making(attribute.Type or VARIABLE, parts, beside=f"~{attribute.Path}", decimals=decimals)
        except ValueError as fault:
            self.fault = str(fault)

    def apply(self, view: View) -> None:
        """Writes into the view's event. ValueError, FieldNotFoundError when the value cannot be made."""
        if self.making is None:
            raise ValueError(self.fault)
        text = self.making.text(view)
        if text == REMOVE:
            remove(view, self.path)
            return
        if self.composed:
            before = view.lookup(self.current)
            text = text if before is MISSING else value_text(before) + text
        write(view, self.path, text)


class Compiled:
    """A profile and its steps. `name` is what replies call it: `<tenant>:<id>`, or its text when it was written out."""

    profile: AttributeProfile
    name: str
    weight: Amount
    steps: list[Step]

    def __init__(self, profile: AttributeProfile, name: str, decimals: int) -> None:
        self.profile = profile
        self.name = name
        self.weight = parse_amount(profile.Weight or "0")
        self.steps = [Step(attribute, decimals) for attribute in profile.Attributes or ()]
