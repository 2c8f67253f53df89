"""The service clock: until when an answer is due, since when it is an emergency, when the customer was last told."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("reply_due_at", "emergency_at", "told_at"):
        op.add_column("conversations", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_index(
        "conversations_waiting",
        "conversations",
        ["reply_due_at"],
        unique=False,
        sqlite_where=sa.text("reply_due_at IS NOT NULL"),
        postgresql_where=sa.text("reply_due_at IS NOT NULL"),
    )
