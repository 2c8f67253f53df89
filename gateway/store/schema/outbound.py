"""What is to be sent, by whom, and what providers answered."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from gateway.store.schema.columns import id_column, metadata, text_column, time_column


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


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
    _partial("deliveries_due", "connector_id", "rank", "due_at", where="status = 'queued'"),
    _partial("deliveries_sending", "connector_id", where="status = 'sending'"),
    _partial("deliveries_uncertain", "id", where="status = 'uncertain'"),
    _partial("deliveries_expiring", "connector_id", "expires_at", where="status = 'queued' AND expires_at IS NOT NULL"),
    _partial("deliveries_in_order", "route_id", "rank", "id", where="status IN ('queued', 'sending')"),
)
"""Of those that wait on one route with one rank, one at a time is due (`gateway.send.standing`)."""

lanes = Table(
    "lanes",
    metadata,
    Column("connector_id", Text, primary_key=True),
    text_column("owner"),
    Column("fence", BigInteger, nullable=False),
    time_column("lease_until", nullable=False),
    time_column("paused_until"),
    text_column("paused_why", nullable=True),
    Column("state", Text, nullable=False, server_default="up"),
    Column("failures", Integer, nullable=False, server_default="0"),
)
"""`state` is what was told last, `failures` how many requests in a row did not get through (`gateway.send.pausing`)."""

exchanges = Table(
    "exchanges",
    metadata,
    id_column(),
    text_column("connector_id"),
    Column("subject", Text, index=True),
    time_column("at", nullable=False),
    Column("body", LargeBinary, nullable=False),
)
