"""Who may ask, and what was asked before."""

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Table, Text

from gateway.store.schema.columns import id_column, metadata, text_column, time_column

api_keys = Table(
    "api_keys",
    metadata,
    id_column(),
    text_column("name"),
    text_column("prefix"),
    Column("hash", Text, nullable=False, unique=True),
    text_column("scopes"),
    time_column("created_at", nullable=False),
    time_column("revoked_at"),
)

own_secrets = Table(
    "own_secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    text_column("principal"),
    text_column("key"),
    text_column("fingerprint"),
    text_column("message_id"),
    time_column("created_at", nullable=False),
    PrimaryKeyConstraint("principal", "key"),
    Index("idempotency_by_age", "created_at"),
)
