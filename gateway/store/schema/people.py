"""Which contacts became one, whom visitors turned out to be, and addresses that somebody has yet to prove."""

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, text

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
"""`before` and `after` are the contact that stayed; `taken` the conversations that became its own, as a JSON list. All
three are empty where the merge was undone."""

joins = Table(
    "joins",
    metadata,
    Column("identity_id", Text, primary_key=True),
    text_column("into_id"),
    time_column("joined_at", nullable=False),
    Index("joins_by_into", "into_id"),
)
"""A visitor's identity, and that of the signed-in user they proved to be. It holds while both are one contact's."""

participants = Table(
    "participants",
    metadata,
    text_column("conversation_id"),
    text_column("identity_id"),
    text_column("role"),
    time_column("since", nullable=False),
    PrimaryKeyConstraint("conversation_id", "identity_id"),
)

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
