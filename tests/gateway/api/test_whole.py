"""A call that changes several things changes them in one append: a crash leaves all of it or nothing."""

from __future__ import annotations

import pytest

from engine.actions.kinds import ACTIONS
from engine.commands import RunDue, SetAccount, Together
from engine.errors import RequestError
from tests.engine.house import TENANT
from tests.site import Site, act


class Counted(Site):
    """Counts appends."""

    def appends(self, method: str, params: object) -> int:
        before = self.engine.ticket
        assert self.call(method, params) == "OK"
        return self.engine.ticket - before

    def gather(self) -> None:
        self.storage.commit()


def test_sets_of_actions_go_together() -> None:
    site = Counted()
    for name in ("A", "B", "C"):
        site.actions(name, act("*log"))
    assert site.appends("APIerSv1.RemoveActions", {"ActionIDs": ["A", "none", "B"]}) == 1
    assert list(site.engine.items.all(ACTIONS)) == ["C"]


def test_indexes_of_several_kinds_are_computed_together() -> None:
    site = Counted()
    found: dict[str, object] = {"Tenant": TENANT, "ID": "P", "FilterIDs": ["*string:~*req.A:b"]}
    assert site.call("APIerSv1.SetChargerProfile", found | {"RunID": "*default"}) == "OK"
    assert site.call("APIerSv1.SetResourceProfile", found | {"Limit": 1, "UsageTTL": 1}) == "OK"
    for kind in ("*chargers", "*resources"):
        assert site.call("APIerSv1.RemoveFilterIndexes", {"Tenant": TENANT, "ItemType": kind}) == "OK"
    assert site.appends("APIerSv1.ComputeFilterIndexes", {"Tenant": TENANT, "ResourceS": True, "ChargerS": True}) == 1


def test_commands_that_belong_together_are_durable_together() -> None:
    site = Counted()
    answers = site.engine.step(Together([SetAccount(f"{TENANT}:a"), SetAccount(f"{TENANT}:b"), RunDue()]), site.now)
    assert answers == [None, None, None]
    assert site.engine.ticket == 1
    site.cut()
    assert site.engine.accounts.all() == []


def test_one_that_fails_is_the_last() -> None:
    site = Counted()
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(Together([SetAccount(f"{TENANT}:a"), SetAccount(f"{TENANT}:b", plan_ids=["none"]), SetAccount(f"{TENANT}:c")]))
    site.cut()
    assert [one.id for one in site.engine.accounts.all()] == [f"{TENANT}:a"]
