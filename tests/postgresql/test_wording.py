"""How statements read on PostgreSQL."""

import pytest

from gateway.store.postgresql.wording import put, worded


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT a FROM t WHERE b = ? AND c = '?'", "SELECT a FROM t WHERE b = %s AND c = '?'"),
        ("SELECT a FROM t WHERE b LIKE 'x%'", "SELECT a FROM t WHERE b LIKE 'x%%'"),
        (
            "SELECT a FROM t WHERE b = ?2 OR c = ?1 OR d = ?",
            "SELECT a FROM t WHERE b = %(2)s OR c = %(1)s OR d = %(3)s",
        ),
        (
            "SELECT a FROM t WHERE b IN (SELECT value FROM json_each(?))",
            "SELECT a FROM t WHERE b = ANY(ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))",
        ),
        (
            "SELECT a FROM t WHERE c.number IN (SELECT value FROM json_each(?1))",
            "SELECT a FROM t WHERE c.number = ANY(ARRAY(SELECT jsonb_array_elements_text(%(1)s::jsonb)::bigint))",
        ),
        (
            "SELECT a FROM t WHERE b NOT IN (SELECT value FROM json_each(?))",
            "SELECT a FROM t WHERE b <> ALL(ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))",
        ),
        ("SELECT CAST(e.body AS TEXT) ->> '$.data.reason'", "SELECT said(e.body, 'data.reason')"),
        ("SELECT NULLIF(CAST(e.body AS TEXT), '') ->> '$.traceparent'", "SELECT said(e.body, 'traceparent')"),
        ("SELECT a WHERE (b IS NULL OR +b > ?)", "SELECT a WHERE (b IS NULL OR b > %s)"),
        ("UPDATE t SET a = a + 1", "UPDATE t SET a = a + 1"),
        (
            "FROM history h CROSS JOIN events e ON e.position = h.position",
            "FROM history h JOIN events e ON e.key = h.key",
        ),
        ("SELECT position FROM events WHERE position > ?", "SELECT position FROM feed WHERE position > %s"),
        ("SELECT coalesce(max(position), 0) FROM events", "SELECT coalesce(max(position), 0) FROM positions"),
        ("SELECT min(position) FROM held_events", "SELECT min(position) FROM held_events"),
        ("VALUES (x'7b7d')", "VALUES ('\\x7b7d'::bytea)"),
    ],
)
def test_a_statement_is_put_in_the_words_of_postgresql(sql: str, words: str) -> None:
    assert " ".join(put(sql).sql.split()) == words


def test_parameters_that_stand_twice_go_by_their_numbers() -> None:
    assert worded("SELECT ?1, ?2, ?1", ("a", "b")) == ("SELECT %(1)s, %(2)s, %(1)s", {"1": "a", "2": "b"})
    assert worded("SELECT ?, ?", ("a", "b")) == ("SELECT %s, %s", ("a", "b"))
