"""Customers may be shown that what they wrote was read."""

from typing import Protocol, runtime_checkable

from normalizer.inbound import Address


@runtime_checkable
class Reads(Protocol):
    def tells_read(self) -> bool:
        """Whether this connector is configured to tell customers that they were read."""

    async def read(self, address: Address, external_id: str) -> None:
        """Shows the peer that this message was read: the last that was, and the only one told of."""
