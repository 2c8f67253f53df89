"""Conversations are listed by state and inbox, and files are known by their content, by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("conversations_listed", "conversations", ["state", "inbox_id", "number"], unique=False)
    op.create_index(
        "attachments_by_content",
        "attachments",
        ["sha256"],
        unique=False,
        sqlite_where=sa.text("sha256 IS NOT NULL"),
        postgresql_where=sa.text("sha256 IS NOT NULL"),
    )
