"""What one delivery from a provider asks the store to record, and what the store says of it.

Structs rather than dataclasses: several are made for every request, and a frozen dataclass costs five times as much.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec

from connectors.kit.base import Outcome
from connectors.kit.request import Request
from gateway.ids import new_id
from gateway.tracing import trace_of
from normalizer.inbound import Inbound
from normalizer.model import Inbox, Visibility

_SECRET_FIELD = re.compile(r"([?&][\w.-]{0,40}(?:secret|verify_token)=)[^&#]*")


@dataclass(frozen=True, eq=False)
class Place:
    """Where a connector's messages belong. Compared by identity: one per configured connector."""

    connector_id: str
    channel: str
    scheme: str
    inbox: Inbox
    window: int | None = None
    """As `Capability.window`, of private routes."""
    window_in_public: int | None = None
    """The same of public ones."""

    def window_on(self, visibility: str) -> int | None:
        return self.window_in_public if visibility == Visibility.PUBLIC else self.window


class Raw(msgspec.Struct, frozen=True):
    """The bytes as they came, kept for the operator; headers and query without their secrets."""

    id: str
    received_at: datetime
    method: str
    url: str
    headers: bytes
    body: bytes
    """Of one that lies in a file only the beginning."""
    trace: str | None = None
    """Id of the trace it came with; without one it begins a trace that goes by its own id."""
    sha256: str | None = None
    """Of the file in which a large body lies whole."""


class Arrival(msgspec.Struct, frozen=True):
    place: Place
    raw: Raw
    inbound: Sequence[Inbound]
    cursor: str | None = None
    """Of a poll; committed with what it brought."""


class Recorded(msgspec.Struct, frozen=True):
    """`inbound` are the items that were new, in their order."""

    outcome: Outcome
    inbound: Sequence[Inbound] = ()


def raw_of(request: Request, sha256: str | None = None) -> Raw:
    """What is kept of a request; `sha256` of the file where its body lies, if in one."""
    return Raw(
        id=request.raw or new_id(),
        received_at=request.received_at,
        method=request.method,
        url=_without_secret(request.url),
        headers=msgspec.json.encode({name: _shown(name, value) for name, value in request.headers.items()}),
        body=request.body,
        trace=trace_of(request.headers.get("traceparent")),
        sha256=sha256,
    )


def _without_secret(url: str) -> str:
    """Some providers sign nothing, or not when they ask whether an address is ours: a field `secret` or `verify_token`
    in the address they call is all that shows who they are."""
    return _SECRET_FIELD.sub(r"\1***", url) if "secret" in url or "verify_token" in url else url


def _shown(name: str, value: str) -> str:
    return "***" if _is_secret(name) else value


@lru_cache(maxsize=512)
def _is_secret(name: str) -> bool:
    """Whether a header of this name may carry a credential. Over-cautious on purpose."""
    return any(word in name for word in ("auth", "cookie", "token", "secret", "key", "signature"))
