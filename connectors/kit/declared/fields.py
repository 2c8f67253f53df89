"""Values of an item: where a field stands and how it is read, prepared once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.kit.declared.functions import reading, text
from connectors.kit.declared.language import Field, Spot
from connectors.kit.declared.paths import Path
from connectors.kit.errors import BadPayload

LONGEST_NAME: Final = 256


@dataclass(frozen=True)
class Scope:
    """What fields look at."""

    item: Any
    body: Any
    query: Mapping[str, Any]


Reader = Callable[[Scope], Any]


def reader(spot: Spot, what: str) -> Reader:
    """Finds and reads one value; None where it is missing. Raises ValueError; reading raises BadPayload."""
    field = spot if isinstance(spot, Field) else Field(path=spot)
    path, read = Path(field.path), reading(field.read)

    def find(scope: Scope) -> Any:
        found = path(getattr(scope, field.of))
        if found is None or found == "":
            return None
        try:
            return read(found)
        except (ValueError, OverflowError, LookupError, RecursionError):
            raise BadPayload(f"{what} does not read as declared") from None

    return find


def named(value: Any, what: str) -> str:
    """A name or a word, which must be there. Raises BadPayload."""
    written = optional(value, what)
    if written is None:
        raise BadPayload(f"no {what}")
    return written


def optional(value: Any, what: str) -> str | None:
    """Raises BadPayload."""
    if value is None:
        return None
    try:
        written = text(value)
    except ValueError:
        raise BadPayload(f"{what} is no text") from None
    if len(written) > LONGEST_NAME or not written.isprintable():
        raise BadPayload(f"{what} is no name")
    return written


def at(value: Any, otherwise: datetime) -> datetime:
    """A time that a function read. Raises BadPayload."""
    if value is None:
        return otherwise
    if not isinstance(value, datetime):
        raise BadPayload("a time that no function read")
    return value


def number(value: Any, what: str) -> int:
    """Raises BadPayload."""
    written = named(value, what)
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise BadPayload(f"{what} is no whole number")
    return int(written)
