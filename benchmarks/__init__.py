"""Measurements of the hub. They judge budgets, never behaviour: what must hold stands in `tests/`."""
