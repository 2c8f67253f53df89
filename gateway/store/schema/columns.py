"""What the tables are made of."""

from sqlalchemy import BigInteger, Column, MetaData, Text

metadata = MetaData()


def id_column() -> "Column[str]":
    return Column("id", Text, primary_key=True)


def time_column(name: str, nullable: bool = True) -> "Column[int]":
    """Microseconds since 1970 UTC (`gateway.store.times`)."""
    return Column(name, BigInteger, nullable=nullable)


def text_column(name: str, nullable: bool = False) -> "Column[str]":
    return Column(name, Text, nullable=nullable)
