"""Attributes: the one heaviest profile that matches an event changes it, once or several times over."""
