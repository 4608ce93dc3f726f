"""The table of metrics, in the order of the manual."""

from __future__ import annotations

from typing import Final

from gateway.metrics.diameter import DIAMETER
from gateway.metrics.engine import ENGINE, PROCESS, STORAGE
from gateway.metrics.radius import RADIUS
from gateway.metrics.requests import CONNECTIONS, FETCHES, REQUESTS

PREFIX: Final = "tollwire_"

SECTIONS: Final = (
    ("Requests", REQUESTS),
    ("Connections", CONNECTIONS),
    ("Storage", STORAGE),
    ("Engine", ENGINE),
    ("Diameter", DIAMETER),
    ("RADIUS", RADIUS),
    ("Fetched values", FETCHES),
    ("Process", PROCESS),
)
METRICS: Final = tuple(metric for _, metrics in SECTIONS for metric in metrics)
