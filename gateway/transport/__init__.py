"""Sockets: listeners and the machines behind them, with every bound and what happens at it."""
