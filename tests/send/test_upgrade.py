"""A store of the release before is brought up to date with what waits in it."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from gateway.send.standing import NEVER
from gateway.store.engine import connect, migrate, writing
from gateway.store.revisions import MIGRATIONS
from tests.stores import empty_url_of


def test_what_waits_behind_another_has_no_turn_and_what_is_down_stays_so(tmp_path: Path) -> None:
    engine = connect(empty_url_of(tmp_path / "hub.db"))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    rows = [
        ("d1", "r1", 2, "sending"),
        ("d2", "r1", 2, "queued"),
        ("d3", "r1", 2, "queued"),
        ("d4", "r1", 3, "queued"),
        ("d5", "r2", 2, "accepted"),
        ("d6", "r2", 2, "queued"),
    ]
    with writing(engine) as connection:
        for id_, route, rank, status in rows:
            connection.exec_driver_sql(
                "INSERT INTO deliveries VALUES"
                " (?, 'm', 'c', ?, 'support', 'message', ?, 1, ?, 7, NULL, 0, x'7b7d', 0, 0)",
                (id_, route, rank, status),
            )
        for connector, down in (("well", False), ("ill", True)):
            connection.exec_driver_sql(
                "INSERT INTO lanes (connector_id, owner, fence, lease_until, down) VALUES (?, '', 1, 0, ?)",
                (connector, down),
            )
    migrate(engine)
    with engine.connect() as connection:
        waiting = connection.exec_driver_sql("SELECT id FROM deliveries WHERE due_at = ? ORDER BY id", (NEVER,)).all()
        lanes = connection.exec_driver_sql("SELECT connector_id, state, failures FROM lanes ORDER BY 1").all()
    engine.dispose()
    assert [row[0] for row in waiting] == ["d2", "d3"]
    assert [tuple(row) for row in lanes] == [("ill", "down", 0), ("well", "up", 0)]
