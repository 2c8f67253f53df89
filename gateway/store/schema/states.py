"""What plugins keep for themselves."""

from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint, Table

from gateway.store.schema.columns import metadata, text_column, time_column

states = Table(
    "states",
    metadata,
    text_column("connector_id"),
    text_column("name"),
    Column("value", LargeBinary, nullable=False),
    time_column("changed_at", nullable=False),
    PrimaryKeyConstraint("connector_id", "name"),
)
"""`value` is closed under `ONETHREAD_KEY`, as secrets of subscriptions are."""
