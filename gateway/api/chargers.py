"""ChargerSv1: which charger profiles an event meets, and the runs that they make of it."""

from __future__ import annotations

from typing import Final

from engine import commands
from engine.chargers.run import ChargerRun
from gateway.api.args import Args
from gateway.api.attributes import event_of, shown_event
from gateway.api.context import Api
from gateway.api.profiles import shown_profile
from gateway.api.shapes import EVENT
from gateway.api.table import method


def _profiles(api: Api, args: Args) -> object:
    found = api.step(commands.FindChargerProfiles(event_of(api, args)))
    assert isinstance(found, list), "profiles come as a list"
    return [shown_profile("charger_profile", profile) for profile in found]


def _process(api: Api, args: Args) -> object:
    found = api.step(commands.ProcessChargers(event_of(api, args)))
    assert isinstance(found, list), "runs come as a list"
    return [_shown_run(run, args) for run in found]


def _shown_run(run: ChargerRun, args: Args) -> dict[str, object]:
    return {
        "ChargerSProfile": run.profile_id,
        "AttributeSProfiles": run.attribute_profiles,
        "AlteredFields": run.altered,
        "CGREvent": shown_event(run.event, args),
    }


METHODS: Final = (
    method("ChargerSv1.GetChargersForEvent", EVENT, _profiles),
    method("ChargerSv1.ProcessEvent", EVENT, _process, "Event"),
)
