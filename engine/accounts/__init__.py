"""Accounts and their balances: which balance pays, what a debit takes, and the one reducer that changes values."""
