"""The answer to Prometheus: every row of the table with its samples, in the text form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from engine.tally import Histogram, bounds_seconds
from engine.times import SECOND
from gateway.metrics.row import COUNTER, HISTOGRAM, House, Metric, Sample
from gateway.metrics.table import METRICS, PREFIX
from gateway.transport.http import HttpHandler, HttpReply, HttpRequest

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Collector:
    """All metrics at one moment, as prometheus_client wants them."""

    def __init__(self, look: Callable[[], House]) -> None:
        self._look = look

    def collect(self) -> Iterator[Family]:
        """Every row of the table with its samples."""
        house = self._look()
        for metric in METRICS:
            yield _family(metric, metric.read(house))


def _family(metric: Metric, samples: Iterable[Sample]) -> Family:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    name = PREFIX + metric.name
    if metric.kind == HISTOGRAM:
        histogram = HistogramMetricFamily(name, metric.help, labels=metric.labels)
        for labels, value in samples:
            assert isinstance(value, Histogram), "a histogram is read from one"
            histogram.add_metric(labels, _buckets(value), sum_value=value.total_ns / SECOND)
        return histogram
    family = (CounterMetricFamily if metric.kind == COUNTER else GaugeMetricFamily)(name, metric.help, labels=metric.labels)
    for labels, value in samples:
        assert not isinstance(value, Histogram), "a number is read from one"
        family.add_metric(labels, value)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Bounds and how many were below each."""
    found: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*map(str, bounds_seconds()), "+Inf"), histogram.buckets, strict=True):
        total += count
        found.append((bound, total))
    return found


class Exposition:
    """The text of all metrics. The library is drawn in beside the loop when the first one asks."""

    def __init__(self, look: Callable[[], House]) -> None:
        self._look = look
        self._opening = asyncio.Lock()
        self._text: Callable[[], bytes] | None = None

    async def handle(self, _request: HttpRequest) -> HttpReply:
        """See `HttpHandler`."""
        async with self._opening:
            if self._text is None:
                self._text = await asyncio.to_thread(self._open)
        return HttpReply(200, self._text(), CONTENT_TYPE)

    def _open(self) -> Callable[[], bytes]:
        from prometheus_client import CollectorRegistry, ProcessCollector
        from prometheus_client.exposition import generate_latest

        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(Collector(self._look))
        return lambda: generate_latest(registry)


def metrics_handler(look: Callable[[], House]) -> HttpHandler:
    """The handler of the path of metrics."""
    return Exposition(look).handle
