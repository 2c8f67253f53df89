"""Trace ids: what began with one request goes by one id, through the store and the bus, to whoever consumes it.

A trace that begins here goes by an id of ours: it tells when it began, and a raw request is found by it.
Source: https://www.w3.org/TR/trace-context/ (read 2026-11).
"""

import re

import structlog

from gateway.ids import new_id

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_TRACE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_BEGUN_HERE = re.compile(r"([0-9a-f]{8})([0-9a-f]{4})(7[0-9a-f]{3})([89ab][0-9a-f]{3})([0-9a-f]{12})", re.ASCII)
NONE = "0" * 32
"""An id that is no id."""


def trace_of(sent: str | None) -> str | None:
    """The trace id in a `traceparent` header: 32 hexadecimal digits. None where there is none, or it is not valid."""
    if sent is None:
        return None
    read = _TRACEPARENT.fullmatch(sent)
    return read[1] if read and read[1] != NONE and not sent.startswith("ff") else None


def trace_from(id_: str) -> str:
    """A UUID as a trace id: what began with it is found by it."""
    return id_.replace("-", "")


def new_trace() -> str:
    """Of what begins here with no id of its own."""
    return trace_from(new_id())


def id_behind(trace: str) -> str | None:
    """The UUIDv7 a trace goes by, if it does; one that began elsewhere looks like it once in sixty-four times."""
    read = _BEGUN_HERE.fullmatch(trace)
    return "-".join(read.groups()) if read else None


def trace_named(name: str) -> str | None:
    """The trace id that a name is, or that it has as a `traceparent`; None for other names."""
    name = name.lower()
    return trace_of(name) or (name if _TRACE.fullmatch(name) and name != NONE else None)


def trace_in_hand() -> str | None:
    """Of the request that is being answered here: the `trace_id` its log lines bear."""
    found = structlog.contextvars.get_contextvars().get("trace_id")
    return found if isinstance(found, str) else None


def traceparent(trace: str, id_: str) -> str:
    """The context an event carries: its trace, and its own id's last 64 bits as the parent of what it causes."""
    return f"00-{trace}-{id_[19:23]}{id_[24:]}-01"
