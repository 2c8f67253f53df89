"""Lanes: one delivery of a route is due at a time, and a lane knows how many failed in a row."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEVER = 253_402_214_400_000_000
BEHIND = (
    "UPDATE deliveries SET due_at = :never WHERE status = 'queued' AND EXISTS (SELECT 1 FROM deliveries e"
    " WHERE e.route_id = deliveries.route_id AND e.rank = deliveries.rank AND e.id < deliveries.id"
    " AND e.status IN ('queued', 'sending'))"
)


def upgrade() -> None:
    op.drop_index("deliveries_open", table_name="deliveries")
    op.drop_index("deliveries_due", table_name="deliveries")
    _partial_index("deliveries_due", ["connector_id", "rank", "due_at"], "status = 'queued'")
    _partial_index("deliveries_sending", ["connector_id"], "status = 'sending'")
    _partial_index("deliveries_uncertain", ["id"], "status = 'uncertain'")
    op.get_bind().execute(sa.text(BEHIND), {"never": NEVER})
    op.add_column("lanes", sa.Column("state", sa.Text(), nullable=False, server_default="up"))
    op.add_column("lanes", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.execute(sa.text("UPDATE lanes SET state = 'down' WHERE down"))
    op.drop_column("lanes", "down")
    op.add_column("timers", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("waiting_by_age", "waiting_reports", ["created_at"], unique=False)
    op.execute(sa.text("UPDATE routes SET numbered = NULL"))  # what stands there says from now on until when it holds


def _partial_index(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, "deliveries", columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
