"""Instants in JSON: what is read, how it is written again, and Go's words for what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.instants import InstantError, read_instant

LAYOUT = '"2006-01-02T15:04:05Z07:00"'


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-03-04T10:00:00Z", "2026-03-04T10:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("2026-03-04T10:00:00.5Z", "2026-03-04T10:00:00.5Z"),
        ("2026-03-04T10:00:00.123450Z", "2026-03-04T10:00:00.12345Z"),
        ("2026-03-04T10:00:00.000Z", "2026-03-04T10:00:00Z"),
        ("2026-03-04T10:00:00,25Z", "2026-03-04T10:00:00.25Z"),
        ("2026-03-04T10:00:00.1234567899Z", "2026-03-04T10:00:00.123456789Z"),
        ("2026-03-04T10:00:00+02:00", "2026-03-04T10:00:00+02:00"),
        ("2026-03-04T10:00:00+00:00", "2026-03-04T10:00:00Z"),
        ("2026-03-04T10:00:00-00:00", "2026-03-04T10:00:00Z"),
        ("2026-03-04T9:00:00Z", "2026-03-04T09:00:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("0000-12-31T00:00:00Z", "0000-12-31T00:00:00Z"),
    ],
)
def test_what_is_read(text: str, canonical: str) -> None:
    assert read_instant(text) == canonical


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2026-03-04 10:00:00", f'parsing time "2026-03-04 10:00:00" as {LAYOUT}: cannot parse " 10:00:00" as "T"'),
        ("1772618400", f'parsing time "1772618400" as {LAYOUT}: cannot parse "618400" as "-"'),
        ("2026-03-04", f'parsing time "2026-03-04" as {LAYOUT}: cannot parse "" as "T"'),
        ("now", f'parsing time "now" as {LAYOUT}: cannot parse "now" as "2006"'),
        ("04.03.2026", f'parsing time "04.03.2026" as {LAYOUT}: cannot parse "04.03.2026" as "2006"'),
        ("2026-13-01T00:00:00Z", 'parsing time "2026-13-01T00:00:00Z": month out of range'),
        ("2026-02-30T00:00:00Z", 'parsing time "2026-02-30T00:00:00Z": day out of range'),
        ("2026-02-00T00:00:00Z", 'parsing time "2026-02-00T00:00:00Z": day out of range'),
        ("2026-02-01T24:00:00Z", 'parsing time "2026-02-01T24:00:00Z": hour out of range'),
        ("2026-02-01T00:60:00Z", 'parsing time "2026-02-01T00:60:00Z": minute out of range'),
        ("2026-02-01T00:00:60Z", 'parsing time "2026-02-01T00:00:60Z": second out of range'),
        ("2026-02-01T00:00:00z", f'parsing time "2026-02-01T00:00:00z" as {LAYOUT}: cannot parse "z" as "Z07:00"'),
        ("2026-02-01T00:00:00", f'parsing time "2026-02-01T00:00:00" as {LAYOUT}: cannot parse "" as "Z07:00"'),
        ("2026-02-01T00:00:00Zulu", 'parsing time "2026-02-01T00:00:00Zulu": extra text: "ulu"'),
        ("2026-02-01T00:00:00+25:00", 'parsing time "2026-02-01T00:00:00+25:00": time zone offset hour out of range'),
        ("2026-2-01T00:00:00Z", f'parsing time "2026-2-01T00:00:00Z" as {LAYOUT}: cannot parse "2-01T00:00:00Z" as "01"'),
        ("", f'parsing time "" as {LAYOUT}: cannot parse "" as "2006"'),
        ('2"', f'parsing time "2\\"" as {LAYOUT}: cannot parse "2\\"" as "2006"'),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InstantError) as caught:
        read_instant(text)
    assert str(caught.value) == complaint


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", fullmatch=True))
def test_any_text_is_read_or_refused_and_what_is_read_is_canonical(text: str) -> None:
    try:
        canonical = read_instant(text)
    except InstantError:
        return
    assert read_instant(canonical) == canonical
