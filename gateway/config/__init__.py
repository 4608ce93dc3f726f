"""Configuration: the options table, reading TOML and CGRateS's JSON into one checked tree, and printing it again.

`load` is what a process calls; the tree it gives has typed sections and, for rooms to come, plain values. `render` and `reference`
print trees; `document` writes the manual's page from the table.
"""

from gateway.config.load import Loaded, load
from gateway.config.tree import Tree

__all__ = ["Loaded", "Tree", "load"]
