"""Actions, action plans and triggers: what is done to accounts, when, and why."""
