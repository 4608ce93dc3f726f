"""docs/metrics.md, written from the table of metrics."""

from __future__ import annotations

from typing import Final

from gateway.metrics.row import COUNTER
from gateway.metrics.table import PREFIX, SECTIONS

HEAD: Final = """# Metrics

<!-- Written by `python -m gateway.metrics docs/metrics.md`; do not edit by hand. -->

`GET /prometheus` on the HTTP ports answers all of this in the text form of Prometheus:

```toml
[prometheus_agent]
enabled = true            # so it is by itself with a TOML configuration; with CGRateS's JSON it is off
path = "/prometheus"
```

    curl http://127.0.0.1:2080/prometheus

`listen.http` is on loopback by itself; with `http.use_basic_auth` metrics need a password as everything there does (`docs/security.md`). An
answer is made from counters that are there anyway, in some ms; nothing is gathered while nobody asks. Labels take only the values
below, so the number of series has a bound. A histogram has ten buckets from 16 us to 4.3 s, each four times as wide as the one before.
The library adds `process_*`: CPU seconds, resident and virtual memory, open files, start time.
"""


def document() -> str:
    """The page of the manual."""
    lines = [HEAD]
    for title, metrics in SECTIONS:
        lines += [f"## {title}", "", "| metric | | what it tells |", "|---|---|---|"]
        for metric in metrics:
            name = f"{PREFIX}{metric.name}{'_total' if metric.kind == COUNTER else ''}"
            labels = f" By {', '.join(f'`{label}`' for label in metric.labels)}: {metric.values}." if metric.labels else ""
            lines.append(f"| `{name}` | {metric.kind} | {metric.help}{labels} |")
        lines.append("")
    return "\n".join(lines)
