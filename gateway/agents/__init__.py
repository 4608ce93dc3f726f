"""Neighbours: the links to them, and what is done with what they say. What a request means says the operator's processors."""
