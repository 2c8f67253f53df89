"""What a provider answered, and what is kept of a request and its answer for people to read."""

from collections.abc import Mapping

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """A complete answer of any status. `headers` are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange(msgspec.Struct, frozen=True):
    """One request and its answer, redacted: no secret, bodies cut to 2 KiB."""

    connector: str
    subject: str | None
    """What it was for, as a delivery or attachment id, where the caller set one (`exchange_subject`)."""
    method: str
    url: str
    request_body: str
    status: int | None
    response_body: str
    error: str | None
    milliseconds: float
