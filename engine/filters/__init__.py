"""Which events a rule, a filter or a profile is for: rule types, stored filters, and indexes that find profiles without a scan."""
