"""Revisions of the schema: which one a store has, which this release knows, and going on to a later one."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


MIGRATIONS = Path(__file__).parent / "migrations"
TABLE = "alembic_version"
"""Where Alembic keeps which revision a store has, as its own default is."""


def present(connection: Connection) -> str | None:
    """None for a store without a schema. Asks the store itself: a program that finds it up to date, as nearly all do,
    needs no Alembic, which takes longer to load than the rest of the store."""
    if not inspect(connection).has_table(TABLE):
        return None
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {TABLE}").scalar()
    return found


@cache
def newest() -> str:
    """The one this release needs: that of the last file, for each file's name begins with its revision."""
    return max(path.name for path in MIGRATIONS.glob("versions/[0-9]*.py")).partition("_")[0]


def known(revision: str) -> bool:
    """Whether this release can read such a store, or bring it up to date."""
    return revision in {script.revision for script in scripts().walk_revisions()}


def upgrade(connection: Connection, to: str = "head") -> None:
    """Within the caller's transaction, which writes."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
