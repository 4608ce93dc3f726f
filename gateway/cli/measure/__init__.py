"""What `tollwire bench` and the tables of tests/perf measure a gateway with."""
