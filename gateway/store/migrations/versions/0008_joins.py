"""Visitors whom a signed-in user is, and up to where agents have read a conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "joins",
        sa.Column("identity_id", sa.Text(), nullable=False),
        sa.Column("into_id", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id"),
    )
    op.create_index("joins_by_into", "joins", ["into_id"], unique=False)
    op.add_column("conversations", sa.Column("read_up_to", sa.BigInteger(), nullable=True))
