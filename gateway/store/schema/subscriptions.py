"""Who gets events, how far each of them is, and what waits for another attempt."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from gateway.store.schema.columns import id_column, metadata, text_column, time_column

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("name", Text, primary_key=True),
    text_column("origin"),
    Column("body", LargeBinary),
    Column("secrets", LargeBinary),
    Column("trusted", Boolean, nullable=False),
    text_column("state"),
    text_column("reason", nullable=True),
    time_column("changed_at", nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("beyond", LargeBinary, nullable=False),
    Column("sent", LargeBinary, nullable=False),
    Column("previous", BigInteger, nullable=False),
    time_column("failing_since"),
    text_column("error", nullable=True),
    text_column("owner"),
    Column("fence", BigInteger, nullable=False),
    time_column("lease_until", nullable=False),
    time_column("created_at", nullable=False),
)
"""`body` and `secrets` are those of a subscription made over the API; one of the file has neither. Every event up to
`position` is finished, not wanted, or stands in `held_events`; `beyond` lists finished ones after it, and `sent` those
that were sent and not taken, each with what its copy says was sent before."""

held_events = Table(
    "held_events",
    metadata,
    text_column("subscription"),
    Column("position", BigInteger, nullable=False),
    text_column("partition"),
    text_column("type"),
    Column("attempts", Integer, nullable=False),
    time_column("due_at"),
    text_column("error", nullable=True),
    time_column("since", nullable=False),
    Column("previous", BigInteger),
    PrimaryKeyConstraint("subscription", "position"),
    Index("held_by_partition", "subscription", "partition", "position"),
    sqlite_with_rowid=False,
)
"""The first of a partition is tried again at `due_at`, or is parked where that is empty; the others wait behind it."""

replays = Table(
    "replays",
    metadata,
    id_column(),
    text_column("subscription"),
    Column("after", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    text_column("types"),
    text_column("state"),
    Column("position", BigInteger, nullable=False),
    Column("sent", Integer, nullable=False),
    text_column("error", nullable=True),
    time_column("created_at", nullable=False),
    time_column("ended_at"),
    Index("replays_by_subscription", "subscription", "id"),
)
