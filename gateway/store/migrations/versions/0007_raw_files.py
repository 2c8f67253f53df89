"""Large requests lie in files; their row names the file by its hash."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("raws", sa.Column("sha256", sa.Text(), nullable=True))
    op.create_index(
        "raws_by_content",
        "raws",
        ["sha256"],
        unique=False,
        sqlite_where=sa.text("sha256 IS NOT NULL"),
        postgresql_where=sa.text("sha256 IS NOT NULL"),
    )
