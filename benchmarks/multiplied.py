"""A store of so many messages, made of a small one: every row again and again, under other ids, further in the past.

The small one was written by the hub itself (`benchmarks.seed`), so rows, bodies, sizes and indexes are what it writes.
Of each copy ids, customers' numbers, messages' numbers, positions and times are its own. Only the dates within bodies
stay those of the small one; nothing is found by them. Raw requests are made for as long as a hub keeps them.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import seed
from gateway.settings.model import Limits
from gateway.store.engine import open_store
from gateway.store.times import SECOND

DAY = 86_400
SPAN = 300 * DAY * SECOND
"""How far back the oldest message lies, in microseconds."""
WINDOW = 65_536_000
"""Ids made within so many microseconds begin with the same eight digits, those of their time."""
COPIED = (
    *("contacts", "identities", "routes", "conversations", "message_heads", "external_ids", "events", "history"),
    *("arrivals", "deliveries", "raws"),
)
ONCE = ("lanes", "own_secrets")
COUNTED = {"position": "positions", "number": "conversations", "conversation": "conversations"}
"""Columns that count on from copy to copy, and what they count."""
BUILDING = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA cache_size = -524288",
    "PRAGMA foreign_keys = OFF",
)


def make(store: Path, messages: int) -> None:
    """A store of at least so many messages, of which ten thousand are the small one's."""
    with TemporaryDirectory(dir=store.parent, prefix="seed-") as made:
        small = seed.make(Path(made))
        open_store(f"sqlite:///{store}").dispose()
        with closing(sqlite3.connect(store, isolation_level=None)) as database:
            for pragma in BUILDING:
                database.execute(pragma)
            database.execute("ATTACH ? AS small", (str(small),))
            _multiply(database, -(-messages // seed.MESSAGES))
            database.execute("DETACH small")
            _whole(database, messages)
            database.execute("PRAGMA locking_mode = NORMAL")
            database.execute("PRAGMA journal_mode = WAL")


def _multiply(database: sqlite3.Connection, copies: int) -> None:
    database.execute(
        "CREATE TEMP TABLE histories AS SELECT * FROM (SELECT * FROM small.history UNION ALL"
        " SELECT * FROM small.history_tail) ORDER BY conversation, sequence"
    )
    windows = [prefix for (prefix,) in database.execute("SELECT DISTINCT substr(id, 1, 8) FROM small.events")]
    windows = sorted({*windows, *_windows(database)})
    step = max(SPAN // copies // WINDOW, len(windows))
    counts = {
        "positions": database.execute("SELECT max(position) FROM small.events").fetchone()[0],
        "conversations": database.execute("SELECT max(number) FROM small.conversations").fetchone()[0],
    }
    kept = int((Limits().keep_raw - DAY) * SECOND)
    statements = {table: _statement(database, table, windows) for table in COPIED}
    for table in ONCE:
        database.execute(f"INSERT OR REPLACE INTO main.{table} SELECT * FROM small.{table}")  # noqa: S608
    for copy in range(copies):
        back = (copies - 1 - copy) * step
        values = {
            **{name: count * copy for name, count in counts.items()},
            **{f"window{n}": f"{int(window, 16) - back:08x}" for n, window in enumerate(windows)},
            "chat": str(seed.CHAT + copy),
            "message": str(seed.NUMBER + copy),
            "back": back * WINDOW,
        }
        database.execute("BEGIN")
        for table, statement in statements.items():
            if table != "raws" or back * WINDOW < kept:
                database.execute(statement, values)
        database.execute("COMMIT")


def _windows(database: sqlite3.Connection) -> Iterator[str]:
    for table in ("contacts", "conversations", "message_heads", "raws", "deliveries", "routes"):
        yield from (prefix for (prefix,) in database.execute(f"SELECT DISTINCT substr(id, 1, 8) FROM small.{table}"))  # noqa: S608


def _statement(database: sqlite3.Connection, table: str, windows: Sequence[str]) -> str:
    columns = database.execute(f"PRAGMA small.table_info({table})").fetchall()
    values = ", ".join(_value(name, type_, windows) for _, name, type_, *_ in columns)
    source = "temp.histories" if table == "history" else f"small.{table}"
    names = ", ".join(f'"{name}"' for _, name, *_ in columns)
    return f"INSERT INTO main.{table} ({names}) SELECT {values} FROM {source}"  # noqa: S608


def _value(name: str, type_: str, windows: Sequence[str]) -> str:
    if name in COUNTED:
        return f'"{name}" + :{COUNTED[name]}'
    if name.endswith("_at") and name != "due_at":
        return f'"{name}" - :back'
    if type_ not in ("TEXT", "BLOB"):
        return f'"{name}"'
    text = f'CAST("{name}" AS TEXT)'
    for n, window in enumerate(windows):
        text = f"replace({text}, '{window}', :window{n})"
    text = f"replace(replace({text}, '{seed.CHAT}', :chat), '{seed.NUMBER}', :message)"
    return f"CAST({text} AS BLOB)" if type_ == "BLOB" else text


def _whole(database: sqlite3.Connection, messages: int) -> None:
    """As many of each as there should be; SQLite looks at the rest itself (keys that are taken refuse the row)."""
    copies = -(-messages // seed.MESSAGES)
    found = {
        table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in ("message_heads", "contacts")
    }
    wanted = {"message_heads": copies * seed.MESSAGES, "contacts": copies * seed.CUSTOMERS}
    if found != wanted:
        raise SystemExit(f"the store holds {found}, not {wanted}")
