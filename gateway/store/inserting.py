"""Statements that insert whole rows, as SQLite reads them."""

from functools import cache

from sqlalchemy import Table


@cache
def insert(table: Table) -> str:
    """Values in the table's column order."""
    columns = [column.name for column in table.columns]
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
