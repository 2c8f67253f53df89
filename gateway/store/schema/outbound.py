"""What is to be sent, by whom, and what providers answered."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from gateway.store.schema.columns import id_column, metadata, text_column, time_column

deliveries = Table(
    "deliveries",
    metadata,
    id_column(),
    text_column("message_id"),
    text_column("conversation_id"),
    text_column("route_id"),
    text_column("connector_id"),
    text_column("kind"),
    Column("rank", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    text_column("status"),
    time_column("due_at", nullable=False),
    time_column("expires_at"),
    Column("fence", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    Index("deliveries_by_message", "message_id"),
    Index(
        "deliveries_open",
        "connector_id",
        "rank",
        "id",
        sqlite_where=text("status IN ('queued', 'sending')"),
        postgresql_where=text("status IN ('queued', 'sending')"),
    ),
    Index(
        "deliveries_due",
        "connector_id",
        "due_at",
        sqlite_where=text("status = 'queued'"),
        postgresql_where=text("status = 'queued'"),
    ),
    Index(
        "deliveries_expiring",
        "connector_id",
        "expires_at",
        sqlite_where=text("status = 'queued' AND expires_at IS NOT NULL"),
        postgresql_where=text("status = 'queued' AND expires_at IS NOT NULL"),
    ),
    Index(
        "deliveries_in_order",
        "route_id",
        "rank",
        "id",
        sqlite_where=text("status IN ('queued', 'sending')"),
        postgresql_where=text("status IN ('queued', 'sending')"),
    ),
)

lanes = Table(
    "lanes",
    metadata,
    Column("connector_id", Text, primary_key=True),
    text_column("owner"),
    Column("fence", BigInteger, nullable=False),
    time_column("lease_until", nullable=False),
    time_column("paused_until"),
    text_column("paused_why", nullable=True),
    Column("down", Boolean, nullable=False, server_default="0"),
)

exchanges = Table(
    "exchanges",
    metadata,
    id_column(),
    text_column("connector_id"),
    Column("subject", Text, index=True),
    time_column("at", nullable=False),
    Column("body", LargeBinary, nullable=False),
)
