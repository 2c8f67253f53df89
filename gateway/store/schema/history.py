"""People and their conversations, and the feed that tells of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.store.schema.columns import id_column, metadata, text_column, time_column

contacts = Table(
    "contacts",
    metadata,
    id_column(),
    Column("body", LargeBinary, nullable=False),
    text_column("merged_into", nullable=True),
    Index(
        "contacts_merged",
        "merged_into",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
)
"""One that was merged points to another, which may itself."""

identities = Table(
    "identities",
    metadata,
    id_column(),
    Column("contact_id", Text, nullable=False, index=True),
    text_column("scheme"),
    text_column("value"),
    text_column("scope"),
    text_column("proof"),
    text_column("home_id", nullable=True),
    UniqueConstraint("scheme", "scope", "value"),
)
"""`contact_id` is whose they are now: a contact that points nowhere. `home_id` is whom a merge took them from, and an
unmerge gives them back to; empty where that is the same."""

routes = Table(
    "routes",
    metadata,
    id_column(),
    text_column("connector_id"),
    text_column("identity_id"),
    text_column("channel"),
    text_column("address"),
    text_column("thread"),
    text_column("kind"),
    text_column("visibility"),
    text_column("conversation_id", nullable=True),
    time_column("last_inbound_at"),
    time_column("window_until"),
    Column("blocked", Boolean, nullable=False),
    Column("numbered", LargeBinary),
    UniqueConstraint("connector_id", "identity_id", "thread"),
    Index("routes_by_address", "connector_id", "address"),
    Index("routes_by_identity", "identity_id"),
    Index("routes_by_conversation", "conversation_id"),
)

conversations = Table(
    "conversations",
    metadata,
    id_column(),
    Column("number", Integer, nullable=False, unique=True),
    text_column("inbox_id"),
    Column("contact_id", Text, index=True),
    text_column("kind"),
    text_column("sharing_key"),
    text_column("subject", nullable=True),
    text_column("state"),
    text_column("category", nullable=True),
    text_column("labels"),
    text_column("priority"),
    text_column("team", nullable=True),
    text_column("assignee", nullable=True),
    text_column("merged_into", nullable=True),
    time_column("opened_at", nullable=False),
    time_column("closed_at"),
    time_column("reply_due_at"),
    time_column("emergency_at"),
    time_column("told_at"),
    Column("read_up_to", BigInteger),
    Index("conversations_listed", "state", "inbox_id", "number"),
    Index(
        "conversations_waiting",
        "reply_due_at",
        sqlite_where=text("reply_due_at IS NOT NULL"),
        postgresql_where=text("reply_due_at IS NOT NULL"),
    ),
    Index(
        "one_open_conversation",
        "sharing_key",
        unique=True,
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
)
"""Its `sequence` and when it last changed are those of its newest event."""

message_heads = Table(
    "message_heads",
    metadata,
    id_column(),
    text_column("conversation_id"),
    text_column("route_id", nullable=True),
    Column("position", BigInteger, nullable=False),
    Column("body", LargeBinary),
    sqlite_with_rowid=False,
)
"""What a message is found by. Its body stands in the event at `position` that made it, and here once it was rewritten
or where the event cut it short; the view `message_bodies` gives either, and `messages` with the names its deliveries go
by. Whoever prunes events one day moves bodies here."""

external_ids = Table(
    "external_ids",
    metadata,
    text_column("connector_id"),
    text_column("external_id"),
    text_column("message_id"),
    text_column("delivery_id", nullable=True),
    PrimaryKeyConstraint("connector_id", "external_id"),
    sqlite_with_rowid=False,
)

attachments = Table(
    "attachments",
    metadata,
    id_column(),
    text_column("message_id", nullable=True),
    text_column("connector_id", nullable=True),
    text_column("source", nullable=True),
    text_column("state"),
    text_column("sha256", nullable=True),
    text_column("media_type"),
    Column("size", BigInteger),
    text_column("name", nullable=True),
    text_column("error", nullable=True),
    Column("attempts", Integer, nullable=False),
    time_column("due_at"),
    time_column("created_at", nullable=False),
    Index("attachments_by_message", "message_id"),
    Index(
        "attachments_by_content",
        "sha256",
        sqlite_where=text("sha256 IS NOT NULL"),
        postgresql_where=text("sha256 IS NOT NULL"),
    ),
    Index(
        "attachments_pending",
        "connector_id",
        "due_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
)

events = Table(
    "events",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    text_column("id"),
    text_column("type"),
    Column("sequence", BigInteger),
    text_column("subject"),
    time_column("recorded_at", nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("events_by_type", "type"),
)
"""The feed, and the spine of every history: a conversation's messages are found through the events that made them.
Whoever prunes the feed one day empties bodies and leaves the rows."""


def _history(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("conversation", Integer, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("position", BigInteger, nullable=False),
        PrimaryKeyConstraint("conversation", "sequence"),
        sqlite_with_rowid=False,
    )


history = _history("history")
history_tail = _history("history_tail")
"""Where each conversation's events are, by its number. The newest few thousand entries of all conversations stand in
the tail, so small that many share a page; they settle into `history` together (docs/adr/0010)."""
