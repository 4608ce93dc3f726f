"""The filter over stored records: one row per thing that can be asked, the same over every driver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.money import ONE
from engine.records import CdrPut
from engine.storage.query import CdrOrder, CdrQuery
from tests.engine.storage.drivers import DRIVERS, Driver, cdr, durable, run, working

SECOND = 10**9
DAY = 86_400 * SECOND
SETUP = 1_778_400_000 * SECOND  # 2026-05-10T08:00:00Z


def stored() -> list[CdrPut]:
    """Eight rated records, as in the recording cdrs-queries, then one that could not be rated and one without a cost."""
    calls = [
        cdr(
            100 + n,
            origin_id=f"q-{n}",
            origin_host="10.40.0.7" if n < 6 else "10.40.0.8",
            source="west" if n % 2 else "east",
            tor="*voice",
            request_type="*postpaid" if n % 3 == 0 else "*rated",
            tenant="cgrates.org",
            category="call",
            account="acc8625" if n % 2 else "acc1461",
            subject="sub",
            destination=("44100", "44200", "55300")[n % 3],
            setup=SETUP + n * DAY,
            answer=SETUP + n * DAY + 5 * SECOND,
            created=SETUP + n * DAY + 300 * SECOND,
            updated=SETUP + n * DAY + 400 * SECOND,
            usage=20 * (n + 1) * SECOND,
            cost=5 * ONE // 4 * (n + 1),
            extra_fields=b'{"Colour":"red","Only":"x"}' if n < 4 else b'{"Colour":"green"}',
        )
        for n in range(8)
    ]
    failed = cdr(108, "failed", run_id="raw", tenant="other", tor="*sms", category="sms", subject="s2", cost=-ONE, setup=SETUP, usage=1)
    bare = cdr(109, "bare", account="none", destination="", setup=-62_135_596_800 * SECOND)
    return [*calls, failed, bare]


ALL = list(range(10))
CALLS = list(range(8))

# What is asked, and the numbers of the records that answer it.
TABLE: tuple[tuple[dict[str, Any], list[int]], ...] = (
    ({}, ALL),
    ({"cgrids": ("cgrid-102", "bare", "none")}, [2, 9]),
    ({"not_cgrids": ("cgrid-102", "bare", "none")}, [0, 1, 3, 4, 5, 6, 7, 8]),
    ({"run_ids": ("raw",)}, [8]),
    ({"not_run_ids": ("*default",)}, [8]),
    ({"origin_ids": ("q-1", "q-5", "none")}, [1, 5]),
    ({"not_origin_ids": ("q-1",)}, [0, 2, 3, 4, 5, 6, 7, 8, 9]),
    ({"origin_hosts": ("10.40.0.8",)}, [6, 7]),
    ({"not_origin_hosts": ("10.40.0.7", "")}, [6, 7]),
    ({"sources": ("east",)}, [0, 2, 4, 6]),
    ({"not_sources": ("east",)}, [1, 3, 5, 7, 8, 9]),
    ({"tors": ("*sms",)}, [8]),
    ({"not_tors": ("*voice",)}, [8, 9]),
    ({"request_types": ("*rated",)}, [1, 2, 4, 5, 7]),
    ({"not_request_types": ("*rated", "")}, [0, 3, 6]),
    ({"tenants": ("cgrates.org",)}, CALLS),
    ({"not_tenants": ("cgrates.org",)}, [8, 9]),
    ({"categories": ("call", "sms")}, [*CALLS, 8]),
    ({"not_categories": ("call", "sms")}, [9]),
    ({"accounts": ("acc8625",)}, [1, 3, 5, 7]),
    ({"accounts": ("acc8625", "acc1461"), "not_accounts": ("acc8625",)}, [0, 2, 4, 6]),
    ({"subjects": ("s2",)}, [8]),
    ({"not_subjects": ("sub",)}, [8, 9]),
    ({"destination_prefixes": ("441", "55")}, [0, 2, 3, 5, 6]),
    ({"not_destination_prefixes": ("44",)}, [2, 5, 8, 9]),
    ({"costs": (ONE * 5 // 4, -ONE)}, [0, 8]),
    ({"not_costs": (ONE * 5 // 4, -ONE)}, [1, 2, 3, 4, 5, 6, 7, 9]),
    ({"extra_fields": (("Colour", "red"),)}, [0, 1, 2, 3]),
    ({"extra_fields": (("Colour", "*exists"),)}, CALLS),
    ({"extra_fields": (("Colour", "red"), ("Only", "y"))}, []),
    ({"extra_fields": (("Colour", "red"), ("Only", "*exists"))}, [0, 1, 2, 3]),
    ({"not_extra_fields": (("Colour", "red"),)}, [4, 5, 6, 7, 8, 9]),
    ({"not_extra_fields": (("Colour", "green"), ("Only", "*exists"))}, [8, 9]),
    ({"order_id_start": 103}, [3, 4, 5, 6, 7, 8, 9]),
    ({"order_id_end": 103}, [0, 1, 2]),
    ({"order_id_start": 103, "order_id_end": 104}, [3]),
    ({"order_id_start": -(2**70), "order_id_end": 2**70}, ALL),
    ({"setup_start": SETUP + 6 * DAY}, [6, 7]),
    ({"setup_start": SETUP + 6 * DAY + 1}, [7]),
    ({"setup_end": SETUP + 3 * DAY}, [0, 1, 2, 8, 9]),
    ({"setup_end": SETUP + 3 * DAY + 1}, [0, 1, 2, 3, 8, 9]),
    ({"setup_start": SETUP + DAY, "setup_end": SETUP + 3 * DAY}, [1, 2]),
    ({"setup_start": SETUP + 7 * DAY}, [7]),
    ({"setup_end": -62_135_596_800 * SECOND + 1}, [9]),
    ({"setup_end": -62_135_596_800 * SECOND}, []),
    ({"setup_start": 10**40}, []),
    ({"setup_end": -(10**40)}, []),
    ({"answer_start": SETUP + DAY + 5 * SECOND, "answer_end": SETUP + 5 * DAY + 5 * SECOND}, [1, 2, 3, 4]),
    ({"created_start": SETUP + 7 * DAY + 300 * SECOND}, [7]),
    ({"created_end": SETUP + 300 * SECOND}, [8, 9]),
    ({"updated_start": SETUP + 7 * DAY + 400 * SECOND}, [7]),
    ({"updated_end": SETUP + 400 * SECOND + 1}, [0, 8, 9]),
    ({"min_usage": 140 * SECOND}, [6, 7]),
    ({"max_usage": 40 * SECOND}, [0, 8, 9]),
    ({"min_usage": 40 * SECOND, "max_usage": 120 * SECOND}, [1, 2, 3, 4]),
    ({"min_cost": ONE * 15 // 4}, [2, 3, 4, 5, 6, 7]),
    ({"max_cost": ONE * 15 // 4}, [0, 1, 8, 9]),
    ({"min_cost": 0, "max_cost": ONE * 15 // 4}, [0, 1]),
    ({"min_cost": -ONE, "max_cost": ONE * 15 // 4}, [0, 1, 8]),
    ({"max_cost": -ONE}, [8, 9]),
    ({"min_cost": 0, "max_cost": -ONE}, [*CALLS, 9]),
    ({"min_cost": -ONE, "max_cost": -ONE}, []),
    ({"accounts": ("acc8625",), "sources": ("west",), "setup_start": SETUP + 4 * DAY, "order_id_end": 107}, [5]),
    ({"cgrids": ("cgrid-101", "cgrid-102"), "accounts": ("acc8625",)}, [1]),
    ({"limit": 3}, [0, 1, 2]),
    ({"limit": 0}, []),
    ({"offset": 8}, [8, 9]),
    ({"offset": 20, "limit": 5}, []),
    ({"accounts": ("acc8625",), "offset": 1, "limit": 2}, [3, 5]),
    ({"descending": True, "limit": 3}, [9, 8, 7]),
    ({"descending": True, "accounts": ("acc8625",), "offset": 1}, [5, 3, 1]),
    ({"order_by": CdrOrder.USAGE, "limit": 3}, [9, 8, 0]),
    ({"order_by": CdrOrder.USAGE, "descending": True, "limit": 3}, [7, 6, 5]),
    ({"order_by": CdrOrder.SETUP, "limit": 2, "offset": 3}, [1, 2]),
    ({"order_by": CdrOrder.SETUP, "limit": 3}, [9, 0, 8]),
    ({"order_by": CdrOrder.ANSWER, "offset": 8}, [6, 7]),
    ({"order_by": CdrOrder.COST, "limit": 3}, [8, 9, 0]),
    ({"order_by": CdrOrder.COST, "descending": True, "tenants": ("cgrates.org",), "limit": 2}, [7, 6]),
)


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.__name__)
def test_table_of_queries(driver: type[Driver], tmp_path: Path) -> None:
    async def work() -> list[str]:
        wrong = []
        async with working(driver(tmp_path / "state")) as storage:  # type: ignore[call-arg]
            await durable(storage, stored())
            for asked, numbers in TABLE:
                query = CdrQuery(**asked)
                found = [c.order_id - 100 for c in await storage.cdrs.query(query)]
                count = await storage.cdrs.count(query)
                paged = {"limit", "offset"} & asked.keys()
                if found != numbers or not (paged or count == len(numbers)):
                    wrong.append(f"{asked}: {found}, expected {numbers}, counted {count}")
        return wrong

    assert run(work()) == []


def test_every_field_of_a_query_is_in_the_table() -> None:
    asked = {name for row, _ in TABLE for name in row}
    assert asked == set(CdrQuery.__struct_fields__)
