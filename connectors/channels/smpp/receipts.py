"""A delivery receipt as what became of a message.

The optional parameters say it, or a text by a convention of SMPP v3.4, appendix B, which every carrier writes in its
own way; both are read (5.3.2.12, 5.3.2.35; read 2026-11).
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from connectors.channels.smpp import pdu
from normalizer.errors import ErrorCode
from normalizer.status import Status

FIELD: Final = re.compile(r"\b(id|stat|err|done date)\s*:\s*([^\s:]+)", re.IGNORECASE)
QUOTED: Final = re.compile(r"\btext\s*:", re.IGNORECASE)
"""Behind it stands what we wrote, which may look like anything."""
STATES: Final[Mapping[int, str]] = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
"""Of the parameter `message_state`, in the words of the text."""


class Row(NamedTuple):
    status: Status
    code: ErrorCode | None = None


ROWS: Final[Mapping[str, Row]] = {
    "ENROUTE": Row(Status.ACCEPTED),
    "ACCEPTD": Row(Status.ACCEPTED),
    "DELIVRD": Row(Status.DELIVERED),
    "EXPIRED": Row(Status.FAILED, ErrorCode.EXPIRED),
    "DELETED": Row(Status.FAILED, ErrorCode.UNKNOWN),
    "UNDELIV": Row(Status.FAILED, ErrorCode.UNREACHABLE),
    "REJECTD": Row(Status.FAILED, ErrorCode.POLICY_REJECTED),
}
HEX: Final = re.compile(r"[0-9A-Fa-f]+", re.ASCII)
DECIMAL: Final = re.compile(r"[0-9]+", re.ASCII)
LONGEST: Final = 64


class Receipt(NamedTuple):
    id: str
    """As `plain` writes it."""
    state: str
    error: str | None
    done: str | None


def plain(name: str) -> str:
    """A message id in the one form in which ids are compared: one that is a number is the same with or without noughts
    before it, in capitals or not."""
    trimmed = name.strip()[:LONGEST]
    return (trimmed.lower().lstrip("0") or "0") if HEX.fullmatch(trimmed) else trimmed


def told(name: str, dialect: str) -> str:
    """The id that the carrier answered with, as a receipt's text will write it."""
    trimmed = name.strip()[:LONGEST]
    if dialect == "hex_to_decimal" and HEX.fullmatch(trimmed):
        return str(int(trimmed, 16))
    if dialect == "decimal_to_hex" and DECIMAL.fullmatch(trimmed):
        return f"{int(trimmed):x}"
    return plain(trimmed)


def receipt(message: pdu.Short, text: str, dialect: str) -> Receipt | None:
    """None where it names no message or no state."""
    found = {name.lower(): value for name, value in FIELD.findall(QUOTED.split(text[:1000])[0])}
    named = message.parameters.get(pdu.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1")
    state = message.parameters.get(pdu.MESSAGE_STATE, b"")[-1:]
    word = STATES.get(state[0]) if state else None
    written = found.get("id", "")
    # The parameter is the id as it was answered, unless it only repeats what the text says.
    name = told(named, dialect) if named and named != written else plain(written)
    said = word or found.get("stat", "").upper()[:7]
    if not (named or written) or not said:
        return None
    return Receipt(name, said, found.get("err"), found.get("done date"))
