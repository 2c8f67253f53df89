"""The tables. Migrations create them; this is what the code knows of them.

Times are integers (`gateway.store.times`). A `body` holds the JSON of a `normalizer` value: columns beside it are what
is searched or changed in place. Rows that many writers append to are ordered by UUIDv7 ids.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()


def _id() -> Column[str]:
    return Column("id", Text, primary_key=True)


def _time(name: str, nullable: bool = True) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _text(name: str, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _text("name"),
    _text("prefix"),
    Column("hash", Text, nullable=False, unique=True),
    _text("scopes"),
    _time("created_at", nullable=False),
    _time("revoked_at"),
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
    _text("principal"),
    _text("key"),
    _text("fingerprint"),
    _text("message_id"),
    _time("created_at", nullable=False),
    PrimaryKeyConstraint("principal", "key"),
    Index("idempotency_by_age", "created_at"),
)

raws = Table(
    "raws",
    metadata,
    _id(),
    _text("connector_id"),
    _time("received_at", nullable=False),
    _text("method"),
    _text("url"),
    Column("headers", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

arrivals = Table(
    "arrivals",
    metadata,
    _text("connector_id"),
    _text("key"),
    _text("raw_id"),
    _text("message_id", nullable=True),
    _time("recorded_at", nullable=False),
    PrimaryKeyConstraint("connector_id", "key"),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "quarantine",
    metadata,
    _id(),
    _text("connector_id"),
    _text("raw_id"),
    _text("key"),
    _text("reason"),
    Column("slice", LargeBinary, nullable=False),
    _text("state"),
    _time("created_at", nullable=False),
    _time("replayed_at"),
    UniqueConstraint("connector_id", "key"),
)

contacts = Table("contacts", metadata, _id(), Column("body", LargeBinary, nullable=False))

identities = Table(
    "identities",
    metadata,
    _id(),
    Column("contact_id", Text, nullable=False, index=True),
    _text("scheme"),
    _text("value"),
    _text("scope"),
    _text("proof"),
    UniqueConstraint("scheme", "scope", "value"),
)

routes = Table(
    "routes",
    metadata,
    _id(),
    _text("connector_id"),
    _text("identity_id"),
    _text("channel"),
    _text("address"),
    _text("thread"),
    _text("kind"),
    _text("visibility"),
    _text("conversation_id", nullable=True),
    _time("last_inbound_at"),
    _time("window_until"),
    Column("blocked", Boolean, nullable=False),
    Column("numbered", LargeBinary),
    UniqueConstraint("connector_id", "identity_id", "thread"),
    Index("routes_by_address", "connector_id", "address"),
    Index("routes_by_identity", "identity_id"),
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    Column("number", Integer, nullable=False, unique=True),
    _text("inbox_id"),
    Column("contact_id", Text, index=True),
    _text("kind"),
    _text("sharing_key"),
    _text("subject", nullable=True),
    _text("state"),
    _text("category", nullable=True),
    _text("labels"),
    _text("priority"),
    _text("team", nullable=True),
    _text("assignee", nullable=True),
    Column("sequence", BigInteger, nullable=False),
    _text("merged_into", nullable=True),
    _time("opened_at", nullable=False),
    _time("updated_at", nullable=False),
    _time("closed_at"),
    Index(
        "one_open_conversation",
        "sharing_key",
        unique=True,
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _text("conversation_id"),
    Column("sequence", BigInteger, nullable=False),
    _text("route_id", nullable=True),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("conversation_id", "sequence"),
)

external_ids = Table(
    "external_ids",
    metadata,
    _text("connector_id"),
    _text("external_id"),
    _text("message_id"),
    _text("delivery_id", nullable=True),
    PrimaryKeyConstraint("connector_id", "external_id"),
    sqlite_with_rowid=False,
)

waiting_reports = Table(
    "waiting_reports",
    metadata,
    _text("connector_id"),
    _text("key"),
    _text("external_id"),
    Column("body", LargeBinary, nullable=False),
    _time("created_at", nullable=False),
    PrimaryKeyConstraint("connector_id", "key"),
    Index("waiting_by_external_id", "connector_id", "external_id"),
)

fragments = Table(
    "fragments",
    metadata,
    _text("connector_id"),
    _text("key"),
    _text("grouping"),
    _text("raw_id"),
    Column("body", LargeBinary, nullable=False),
    _time("received_at", nullable=False),
    PrimaryKeyConstraint("connector_id", "key"),
    Index("fragments_by_group", "connector_id", "grouping"),
)

timers = Table(
    "timers",
    metadata,
    _text("kind"),
    _text("subject"),
    _time("due_at", nullable=False),
    PrimaryKeyConstraint("kind", "subject"),
    Index("timers_by_due", "due_at"),
)

attachments = Table(
    "attachments",
    metadata,
    _id(),
    _text("message_id", nullable=True),
    _text("connector_id", nullable=True),
    _text("source", nullable=True),
    _text("state"),
    _text("sha256", nullable=True),
    _text("media_type"),
    Column("size", BigInteger),
    _text("name", nullable=True),
    _text("error", nullable=True),
    Column("attempts", Integer, nullable=False),
    _time("due_at"),
    _time("created_at", nullable=False),
    Index("attachments_by_message", "message_id"),
    Index(
        "attachments_pending",
        "connector_id",
        "due_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    _text("message_id"),
    _text("conversation_id"),
    _text("route_id"),
    _text("connector_id"),
    _text("kind"),
    Column("rank", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    _text("status"),
    _time("due_at", nullable=False),
    _time("expires_at"),
    Column("fence", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
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
    _text("owner"),
    Column("fence", BigInteger, nullable=False),
    _time("lease_until", nullable=False),
    _time("paused_until"),
    _text("paused_why", nullable=True),
    Column("down", Boolean, nullable=False, server_default="0"),
)

cursors = Table("cursors", metadata, Column("connector_id", Text, primary_key=True), _text("cursor"))

exchanges = Table(
    "exchanges",
    metadata,
    _id(),
    _text("connector_id"),
    Column("subject", Text, index=True),
    _time("at", nullable=False),
    Column("body", LargeBinary, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    _text("id"),
    _text("type"),
    _text("conversation_id", nullable=True),
    _text("subject"),
    Column("body", LargeBinary, nullable=False),
    Index("events_by_type", "type"),
    Index("events_by_conversation", "conversation_id"),
)
