"""A store on PostgreSQL as archives have it: no keys, and every event at its position.

`events`, `history` and `message_heads` look as they do on SQLite, so that an archive of either engine restores into the
other; what only numbering needs is not in it (docs/adr/0020-archives-have-positions.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Column, Connection, Engine, Table, false, select

from gateway.store.portable import Portable, Unfit, columns_of, plain, reflected
from gateway.store.postgresql.connecting import WITHOUT_HURRY, WRITING, connected, troubles
from gateway.store.postgresql.numbering import number_all
from gateway.store.session import Row, StoreTrouble, sentence

KEYED: Mapping[str, str] = {"events": "event_rows", "history": "history_rows", "message_heads": "message_heads"}
"""Tables whose rows name events by keys, and what they are really called."""
TAIL = "history_tail"
"""The newest entries of histories, which stand with the others here."""
POSITIONS, BATCHES = "positions", "batches"
KEY, POSITION = "key", "position"
IS_NUMBERED = f"SELECT to_regclass('{BATCHES}') IS NOT NULL"
ALONE = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITING})"
UNFIT = (psycopg.IntegrityError, psycopg.DataError)
SETTLE = (
    f"INSERT INTO {POSITIONS} (position, key, type) SELECT key, key, type FROM event_rows",
    "SELECT setval('event_keys', (SELECT coalesce(max(key), 0) + 1000 FROM event_rows), true)",
    "SELECT setval('conversation_numbers', (SELECT greatest(max(number)::bigint, 0) + 1 FROM conversations), false)",
)
"""As 0011 does with the events of a store that comes to it."""


@contextmanager
def one_state(engine: Engine) -> Iterator[Connection]:
    """Its moment is that of its first statement. Raises StoreTrouble.

    Source: https://www.postgresql.org/docs/current/transaction-iso.html (read 2026-11).
    """
    with engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            with all_numbered(engine):
                connection.exec_driver_sql("SELECT 1")
            connection.exec_driver_sql(WITHOUT_HURRY)
            yield connection


@contextmanager
def all_numbered(engine: Engine) -> Iterator[None]:
    """Everything that is committed has its position, and nobody commits anything meanwhile, which must be short.
    Raises StoreTrouble, at its end too: the server ends the wait for who stood still.

    Positions that the archive gave by itself could be others than readers get a moment later.
    """
    with connected(engine) as driver, connected(engine) as waited_for, troubles():
        if not _is_numbered(driver):
            yield
            return
        number_all(driver)  # what a killed process left: nobody shall wait for that
        waited_for.execute(ALONE)
        number_all(driver)
        yield
        waited_for.execute("COMMIT")


def _is_numbered(driver: "psycopg.Connection[Any]") -> bool:
    """Not before revision 0011."""
    row = driver.execute(IS_NUMBERED).fetchone()
    return bool(row and row[0])


def tables(connection: Connection) -> dict[str, Portable]:
    found = reflected(connection)
    if BATCHES not in found:
        return {name: plain(table) for name, table in found.items()}
    positions, ours = found[POSITIONS], {POSITIONS, BATCHES, *KEYED.values()}
    portable = {name: plain(table) for name, table in found.items() if name not in ours}
    portable |= {name: _placed(found[table], positions) for name, table in KEYED.items()}
    history = portable["history"]
    return portable | {TAIL: Portable(history.columns, history.rows.where(false()))}


def _placed(table: Table, positions: Table) -> Portable:
    """Its keys as positions."""
    position = positions.c.position

    def seen(column: Column[Any]) -> Column[Any]:
        return position if column is table.c[KEY] else column

    columns = [seen(column) for column in table.columns]
    placed = table.join(positions, positions.c.key == table.c[KEY])
    order = map(seen, table.primary_key.columns)
    return Portable(columns_of(columns), select(*columns).select_from(placed).order_by(*order))


class Copying:
    """Into an empty store. Each event is known by its position, which is its key too."""

    def __init__(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        self._driver: psycopg.Connection[Any] = driver
        with _sentences():
            self._numbered = _is_numbered(driver)

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        with _sentences(), self._driver.cursor() as cursor, cursor.copy(self._copy(table, columns)) as copy:
            for row in rows:
                copy.write_row(row)

    def end(self) -> None:
        if self._numbered:
            with _sentences():
                for statement in SETTLE:
                    self._driver.execute(statement)

    def _copy(self, table: str, columns: Sequence[str]) -> sql.Composed:
        if self._numbered and table in (*KEYED, TAIL):
            table = KEYED["history" if table == TAIL else table]
            columns = [KEY if column == POSITION else column for column in columns]
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)


@contextmanager
def _sentences() -> Iterator[None]:
    """Raises Unfit, StoreTrouble. Of a row only what is wrong with it is said, for it holds what customers wrote."""
    try:
        yield
    except UNFIT as error:
        raise Unfit(error.diag.message_primary or sentence(error)) from error
    except psycopg.Error as error:
        raise StoreTrouble(sentence(error)) from error
