"""The default driver: one SQLite file behind a writer thread with group commit."""
