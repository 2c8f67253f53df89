"""What is no answer or request of a provider but a message as it lies there, of any size, such as a mail: polls bring
it, and requests that only say where it lies."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from connectors.kit.request import Request

COLLECT: Final = "COLLECT"
"""The method of the request that a collected message becomes, and the scheme of its URL in lower case: no request of
the web has that."""


@dataclass(frozen=True)
class Collected:
    """One message. The hub verifies, parses and keeps it as a request, and commits the cursor with it.

    `method` is `COLLECT`, `url` `collect://<connector>`, `body` the octets: of a large message, which is written to a
    file as it comes and parsed apart, nobody holds more than a piece.
    """

    cursor: str | None
    """None: it was not polled for."""
    headers: Mapping[str, str]
    """What is known of it beside its octets; names in lower case."""
    chunks: AsyncGenerator[bytes, None]
    """Read to the end or closed, before the next poll. May raise Temporary, Misconfigured: then nothing came."""


@runtime_checkable
class Brings(Protocol):
    """Plugins whose provider may say where a message lies instead of what it says."""

    def elsewhere(self, request: Request) -> Collected | None:
        """Of a request that was verified: the message it stands for, which is recorded in its place; None where the
        request is to be parsed itself. The provider hears after the commit.

        Its chunks may raise Temporary or Misconfigured, by which the provider is asked to come again, and Refused
        (gone, too large), by which the request is quarantined. Raises BadPayload.
        """


@runtime_checkable
class Closes(Protocol):
    """Plugins that keep a connection open between polls, or between sends."""

    async def close(self) -> None:
        """Lets go of it: the hub polls no more, or not with this configuration. May be called again.
        Raises nothing."""


@runtime_checkable
class Holds(Protocol):
    """Plugins whose polls and sends may go by one connection, of which the provider wants no second (ADR 0024)."""

    def holds(self) -> bool:
        """Whether this connector is configured so: then the process that polls is the one that sends."""
