"""The kinds of this room; their items are tenant-less and have the ID that the operator gave them."""

from __future__ import annotations

from typing import Final

from engine.profiles.kind import Kind
from engine.rating.book import Destination, RatingPlan, RatingProfile, SharedGroup, Timing

DESTINATION: Final = "destination"
TIMING: Final = "timing"
RATING_PLAN: Final = "rating_plan"
RATING_PROFILE: Final = "rating_profile"
SHARED_GROUP: Final = "shared_group"

KINDS: Final = (
    Kind(DESTINATION, Destination, tenant=False),
    Kind(TIMING, Timing, tenant=False),
    Kind(RATING_PLAN, RatingPlan, tenant=False),
    Kind(RATING_PROFILE, RatingProfile, tenant=False),
    Kind(SHARED_GROUP, SharedGroup, tenant=False),
)
