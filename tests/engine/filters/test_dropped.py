"""Indexes shown, taken away and restored by hand."""

from __future__ import annotations

from engine import commands
from engine.event import Event
from engine.filters.dropped import DroppedIndexes
from engine.filters.index import UNFILTERED, IndexOptions, ProfileIndex
from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.profiles.policies import KINDS, AttributeProfile, ChargerProfile

NOW = 1_772_618_400_000_000_000  # 2026-03-04T10:00:00Z
CHARGER, ATTRIBUTE = "charger_profile", "attribute_profile"


class House:
    """Items, an index over the charger profiles, and the commands."""

    def __init__(self) -> None:
        self.items = Items(KINDS)
        self.filters = Filters(self.items)
        self.index = ProfileIndex(self.items, CHARGER, self.filters, IndexOptions())
        self.dropped = DroppedIndexes(self.items, self.filters, self.items.put, self.items.remove)

    def charger(self, id: str, *filter_ids: str) -> None:
        self.items.put(CHARGER, f"t:{id}", ChargerProfile("t", id, filter_ids))
        self.dropped.profile_changed(CHARGER, f"t:{id}")

    def step(self, command: object) -> object:
        return self.dropped.steps()[type(command)](command, NOW)

    def found(self) -> list[str]:
        view = self.filters.view(Event("t", "e", {"A": "a"}, {}), NOW)
        return [profile.ID for profile in self.index.matching("t", view, NOW) if isinstance(profile, ChargerProfile)]


def test_what_profiles_stand_under() -> None:
    house = House()
    house.charger("FREE")
    house.charger("P", "*suffix:~*req.A:01|02", "*gt:~*req.C:5", "*exists:~*req.S:", "*prefix:~*req.A.B:x")
    house.charger("NOWHERE", "*string:a:a", "*string:~*req.A:~*req.B", "*string:~*stats.S.*acd:1", "*nistring:~*req.A:1")
    assert house.step(commands.ListIndexes(CHARGER, "t")) == [
        (("*exists", "*req.S", ""), "P"),
        (UNFILTERED, "FREE"),
        (("*prefix", "*req.A.B", "x"), "P"),
        (("*suffix", "*req.A", "01"), "P"),
        (("*suffix", "*req.A", "02"), "P"),
    ]
    assert house.step(commands.ListIndexes(CHARGER, "other")) == []


def test_a_dropped_profile_is_not_found_until_its_index_is_computed() -> None:
    house = House()
    house.charger("P", "*string:~*req.A:a")
    house.charger("Q", "*string:~*req.A:a")
    assert house.found() == ["P", "Q"]
    house.step(commands.DropIndexes(CHARGER, "t"))
    assert (house.found(), house.step(commands.ListIndexes(CHARGER, "t"))) == ([], [])
    house.step(commands.ComputeIndexes(CHARGER, "t", ids=["Q", "NONE"]))
    assert house.found() == ["Q"]
    house.step(commands.ComputeIndexes(CHARGER, "t"))
    assert house.found() == ["P", "Q"]
    assert house.items.ids("dropped_index") == []


def test_a_profile_written_anew_is_found() -> None:
    house = House()
    house.charger("P", "*string:~*req.A:a")
    house.charger("Q", "*string:~*req.A:a")
    house.step(commands.DropIndexes(CHARGER, "t"))
    house.charger("P", "*string:~*req.A:a")
    house.charger("NEW", "*string:~*req.A:a")
    assert house.found() == ["P", "NEW"]


def test_what_was_dropped_stays_so_for_an_index_that_is_made_later() -> None:
    house = House()
    house.charger("P", "*string:~*req.A:a")
    house.step(commands.DropIndexes(CHARGER, "t"))
    house.index = ProfileIndex(house.items, CHARGER, house.filters, IndexOptions())
    assert house.found() == []


def test_contexts_have_indexes_of_their_own() -> None:
    house = House()
    profile = AttributeProfile("t", "P", ("*sessions", "*cdrs"), ("*string:~*req.A:a",))
    house.items.put(ATTRIBUTE, "t:P", profile)
    house.step(commands.DropIndexes(ATTRIBUTE, "t", "*sessions"))
    assert house.step(commands.ListIndexes(ATTRIBUTE, "t", "*sessions")) == []
    assert house.step(commands.ListIndexes(ATTRIBUTE, "t", "*cdrs")) == [(("*string", "*req.A", "a"), "P")]
    assert house.step(commands.ListIndexes(ATTRIBUTE, "t", "*any")) == []
