"""Which revision of the schema a store has is known without what makes one."""

import subprocess
import sys

import pytest
from alembic.runtime.migration import MigrationContext

from gateway.store import revisions
from gateway.store.engine import connect, open_store, writing
from tests.stores import empty_url_of, migrated

OPENED = "import sys; from gateway.hub import Hub; from gateway.store.engine import open_store; open_store(sys.argv[1])"


def test_the_last_file_of_the_migrations_is_the_newest_revision():
    assert revisions.newest() == revisions.scripts().get_current_head()


@pytest.mark.parametrize("revision", [None, "0001", "0013", "head"])
def test_a_store_has_the_revision_that_alembic_finds(tmp_path, revision):
    engine = connect(empty_url_of(tmp_path / "hub.db"))
    with writing(engine) as connection:
        if revision:
            revisions.upgrade(connection, revision)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        assert revisions.present(connection) == found == (revisions.newest() if revision == "head" else revision)
    engine.dispose()


def test_a_schema_that_lost_its_revision_has_none(tmp_path):
    engine = open_store(empty_url_of(tmp_path / "hub.db"))
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    with engine.connect() as connection:
        assert revisions.present(connection) is None
    engine.dispose()


@pytest.mark.engine("sqlite")
def test_a_store_that_is_up_to_date_is_opened_without_alembic(tmp_path):
    said = f"{OPENED}; print('alembic' in sys.modules)"
    address = f"sqlite:///{migrated(tmp_path / 'hub.db')}"
    assert subprocess.check_output([sys.executable, "-c", said, address], text=True) == "False\n"
