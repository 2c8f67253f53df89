"""Statements as SQLite reads them, put for PostgreSQL. Each text once.

The rules are few, because statements are kept to what both engines read: placeholders, lists that come as JSON, JSON in
bytes, hints for SQLite's planner, and the names of events: what joins events compares their keys here, for an event has
its position only some milliseconds after its commit.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

LIST = r"\(SELECT value FROM json_each\((\?[0-9]*)\)\)"
LISTED = r"SELECT value FROM json_each\((\?[0-9]*)\)"
ELEMENTS = r"jsonb_array_elements_text(\1::jsonb)"
PATH = r"->> '\$\.([\w.]+)'"
NOBODYS = "\uffff"
RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"%", "%%"),
        # what only SQLite's planner reads
        (r"(?<=[\s(])\+(?=[a-z])", ""),
        (r"CROSS JOIN (\w+(?: \w+)?) ON", r"JOIN \1 ON"),
        # lists as one parameter
        (rf"(?<=number) IN {LIST}", rf" = ANY(ARRAY(SELECT {ELEMENTS}::bigint))"),
        (rf"(?<=position) IN {LIST}", rf" = ANY(ARRAY(SELECT {ELEMENTS}::bigint))"),
        (rf"NOT IN {LIST}", rf"<> ALL(ARRAY(SELECT {ELEMENTS}))"),
        (rf"IN {LIST}", rf"= ANY(ARRAY(SELECT {ELEMENTS}))"),
        (rf"{LISTED} AS (\w+)", rf"SELECT value FROM {ELEMENTS} AS \2 (value)"),
        (LISTED, rf'SELECT value COLLATE "C" FROM {ELEMENTS} AS each (value)'),
        (r"VALUES \((\?[0-9]*)\) UNION", r'VALUES (\1::text COLLATE "C") UNION'),
        # JSON in bytes
        (rf"NULLIF\(CAST\((\S+?) AS TEXT\), ''\) {PATH}", r"said(\1, '\2')"),
        (rf"CAST\((\S+?) AS TEXT\) {PATH}", r"said(\1, '\2')"),
        (r"CAST\((\S+?) AS TEXT\)", r"convert_from(\1, 'UTF8')"),
        (r"[xX]'([0-9A-Fa-f]*)'", r"'\\x\1'::bytea"),
        (r"\bchar\(10\)", "chr(10)"),
        (r"instr\((\w+), \?\)", r"position(? IN \1)"),
        (r"(\?[0-9]*) IS NULL", r"\1::text IS NULL"),
        # events are joined by their keys
        (r"(\w+)\.position = (\w+)\.position\b", r"\1.key = \2.key"),
        (r"(\w+)\.position = coalesce\(", r"\1.key = coalesce("),
        (r"\b(\w+)\.position AS key\b", r"\1.key"),
        (r"UPDATE events SET body = \? WHERE position = \?", "UPDATE event_rows SET body = ? WHERE key = ?"),
        (r"(?<=INTO message_heads \(id, conversation_id, route_id, )position", "key"),
        # the feed is walked by its positions
        (r"((?:min|max)\((?:\w+\.)?position\)(?:, 0\))?) FROM events\b", r"\1 FROM positions"),
        (r"FROM events( \w+)?(?= (?:WHERE|ORDER)|$|\))", r"FROM feed\1"),
    )
)
_MARK = re.compile(r"\?([0-9]*)|'(?:[^']|'')*'")


class Worded(NamedTuple):
    sql: str
    numbered: bool
    """Parameters are named by their numbers, for some stand twice."""


def worded(sql: str, parameters: Sequence[object]) -> tuple[str, Sequence[object] | Mapping[str, Any]]:
    """The statement and its parameters as the driver takes them."""
    found = put(sql)
    if found.numbered:
        return found.sql, {str(n): value for n, value in enumerate(parameters, 1)}
    return found.sql, parameters


def sought(parameters: Sequence[object]) -> Sequence[object]:
    """Parameters of a statement that only reads. No text is kept with a NUL in it, so one that has it is nobody's: it
    becomes one with a character that stands for nothing."""
    if not any(isinstance(one, str) and ("\0" in one or "\\u0000" in one) for one in parameters):
        return parameters
    return [
        one.replace("\0", NOBODYS).replace("\\u0000", NOBODYS) if isinstance(one, str) else one for one in parameters
    ]


@cache
def put(sql: str) -> Worded:
    for pattern, words in RULES:
        sql = pattern.sub(words, sql)
    numbered = any(mark[1] for mark in _MARK.finditer(sql))
    return Worded(_marked(sql, numbered=numbered), numbered)


def _marked(sql: str, *, numbered: bool) -> str:
    """A mark without a number goes by the one after the largest before it, as in SQLite:
    https://sqlite.org/lang_expr.html#varparam (read 2026-11)."""
    largest = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal largest
        if found[0][0] == "'":
            return found[0]
        if not numbered:
            return "%s"
        number = int(found[1]) if found[1] else largest + 1
        largest = max(largest, number)
        return f"%({number})s"

    return _MARK.sub(mark, sql)
