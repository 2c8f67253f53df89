"""What providers told, as it came."""

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, UniqueConstraint, text

from gateway.store.schema.columns import id_column, metadata, text_column, time_column

raws = Table(
    "raws",
    metadata,
    id_column(),
    text_column("connector_id"),
    time_column("received_at", nullable=False),
    text_column("method"),
    text_column("url"),
    Column("headers", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    text_column("sha256", nullable=True),
    Index(
        "raws_by_content",
        "sha256",
        sqlite_where=text("sha256 IS NOT NULL"),
        postgresql_where=text("sha256 IS NOT NULL"),
    ),
)

arrivals = Table(
    "arrivals",
    metadata,
    text_column("connector_id"),
    text_column("key"),
    text_column("raw_id"),
    text_column("message_id", nullable=True),
    time_column("recorded_at", nullable=False),
    PrimaryKeyConstraint("connector_id", "key"),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "quarantine",
    metadata,
    id_column(),
    text_column("connector_id"),
    text_column("raw_id"),
    text_column("key"),
    text_column("reason"),
    Column("slice", LargeBinary, nullable=False),
    text_column("state"),
    time_column("created_at", nullable=False),
    time_column("replayed_at"),
    UniqueConstraint("connector_id", "key"),
)

waiting_reports = Table(
    "waiting_reports",
    metadata,
    text_column("connector_id"),
    text_column("key"),
    text_column("external_id"),
    Column("body", LargeBinary, nullable=False),
    time_column("created_at", nullable=False),
    PrimaryKeyConstraint("connector_id", "key"),
    Index("waiting_by_external_id", "connector_id", "external_id"),
    Index("waiting_by_age", "created_at"),
)

calls = Table(
    "calls",
    metadata,
    text_column("connector_id"),
    text_column("external_id"),
    Column("body", LargeBinary, nullable=False),
    time_column("started_at", nullable=False),
    PrimaryKeyConstraint("connector_id", "external_id"),
)

fragments = Table(
    "fragments",
    metadata,
    text_column("connector_id"),
    text_column("key"),
    text_column("grouping"),
    text_column("raw_id"),
    Column("body", LargeBinary, nullable=False),
    time_column("received_at", nullable=False),
    PrimaryKeyConstraint("connector_id", "key"),
    Index("fragments_by_group", "connector_id", "grouping"),
)

timers = Table(
    "timers",
    metadata,
    text_column("kind"),
    text_column("subject"),
    time_column("due_at", nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("kind", "subject"),
    Index("timers_by_due", "due_at"),
)

cursors = Table("cursors", metadata, Column("connector_id", Text, primary_key=True), text_column("cursor"))
