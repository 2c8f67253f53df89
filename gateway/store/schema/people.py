"""Which contacts became one, and addresses that somebody has yet to prove."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, text

from gateway.store.schema.columns import id_column, metadata, text_column, time_column

merges = Table(
    "merges",
    metadata,
    id_column(),
    text_column("contact_id"),
    text_column("merged_id"),
    Column("before", LargeBinary, nullable=False),
    Column("after", LargeBinary, nullable=False),
    text_column("taken"),
    text_column("why"),
    time_column("merged_at", nullable=False),
    time_column("undone_at"),
    Index("merges_by_merged", "merged_id"),
)
"""`before` and `after` are the contact that stayed; `taken` the conversations that became its own, as a JSON list."""

verifications = Table(
    "verifications",
    metadata,
    id_column(),
    text_column("contact_id"),
    text_column("connector_id"),
    text_column("scheme"),
    text_column("address"),
    Column("code", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    text_column("message_id"),
    time_column("created_at", nullable=False),
    time_column("expires_at", nullable=False),
    Index(
        "verifications_pending",
        "contact_id",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index("verifications_of", "contact_id", "created_at"),
    Index("verifications_to", "address", "created_at"),
)
"""`code` is a keyed hash, empty once it is no longer awaited; `attempts` counts wrong ones."""
