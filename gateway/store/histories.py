"""Reading a conversation's history, whose newest entries stand in a table of their own."""

TABLES = ("history", "history_tail")


def both(select: str) -> str:
    """A SELECT over `{history} h` for both tables; an ORDER BY of its first column merges them as far as it is read.

    Parameters are numbered (`?1`), for each stands twice.
    """
    return " UNION ALL ".join(select.format(history=table) for table in TABLES)


OF_ID = "(SELECT number FROM conversations WHERE id = ?1)"
"""Of the conversation whose id is the first parameter."""
