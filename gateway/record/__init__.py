"""Recording: what providers told us becomes rows and events. Runs inside the writer's transaction, set-based."""
