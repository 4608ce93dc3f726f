"""Tariff plans: sheets read, checked with every fault in its place, and made into items; offline plans; export."""
