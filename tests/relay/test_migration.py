"""A store of the release before is brought up to date with all it holds."""

import re
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from gateway.store.engine import connect, migrate, writing
from gateway.store.revisions import MIGRATIONS
from gateway.store.schema import metadata
from tests.stores import empty_url_of

NUMBERED = {"events", "event_rows", "history", "history_rows", "history_tail", "message_heads", "positions", "batches"}
"""What is made otherwise on PostgreSQL (0011)."""
NEW = ("subscriptions", "held_events", "replays")


def upgrade(engine: Any, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def rows(engine: Any, sql: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def test_a_store_without_subscriptions_gets_them_and_keeps_its_data(tmp_path: Path) -> None:
    engine = connect(empty_url_of(tmp_path / "hub.db"))
    upgrade(engine, "0001")
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO api_keys (id, name, prefix, hash, scopes, created_at)"
            " VALUES ('1', 'desk', 'ot_', 'h', 'read', 5)"
        )
        connection.exec_driver_sql("INSERT INTO cursors (connector_id, cursor) VALUES ('pond', '42')")
    before = rows(engine, "SELECT * FROM api_keys") + rows(engine, "SELECT * FROM cursors")
    upgrade(engine, "0002")
    assert set(NEW) <= set(inspect(engine).get_table_names())
    migrate(engine)
    assert rows(engine, "SELECT * FROM api_keys") + rows(engine, "SELECT * FROM cursors") == before
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [one for one in differences if not NUMBERED & set(re.findall(r"\w+", repr(one)))] == []
    engine.dispose()
