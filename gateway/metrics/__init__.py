"""What the process tells Prometheus: one table of metrics by room, each read from counters that are there, when somebody asks.

Nothing is counted for this alone on the way of an event but what engine.tally costs. docs/metrics.md is written from the same table:
python -m gateway.metrics docs/metrics.md
"""
