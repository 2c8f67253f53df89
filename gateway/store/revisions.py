"""Revisions of the schema: which one a store has, which this release knows, and going on to a later one."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


MIGRATIONS = Path(__file__).parent / "migrations"


def present(connection: Connection) -> str | None:
    """None for a store without a schema."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


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
