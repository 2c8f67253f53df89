"""What one process at a time does, beside lanes and subscriptions, which have leases of their own."""

from sqlalchemy import Column, Table, Text

from gateway.store.schema.columns import metadata, text_column, time_column

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    text_column("owner"),
    time_column("until", nullable=False),
)
