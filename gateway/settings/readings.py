"""Types of settings that people write more freely than they are kept: `30m`, `1MiB`."""

from typing import Annotated, Any

import msgspec

from gateway.settings import units

ALSO = "also"
"""Names in the schema a further type that a value may be written as."""


def read_by(by: Any, meaning: str, *, also: str | None = None) -> msgspec.Meta:
    """How a value is read: `by` takes the plain value and raises ValueError with a sentence that does not repeat it."""
    return msgspec.Meta(description=meaning, extra={"read": by}, extra_json_schema={ALSO: also} if also else None)


Seconds = Annotated[float, read_by(units.seconds, "Seconds, or text such as 30s, 30m, 1h30m.", also="string")]
Octets = Annotated[int, read_by(units.octets, "Octets, or text such as 1MiB.", also="string")]
Count = Annotated[int, msgspec.Meta(ge=1)]
