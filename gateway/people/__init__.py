"""People: proof that addresses belong together, contacts that become one, and what undoes it."""
