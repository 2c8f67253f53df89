"""The ability of a channel of notifications that pages of a chat's users may ask for.

The chat's page offers them by what this says, and registers with `connectors.families.app.devices`.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Subscribing:
    users: str
    """The chat connector whose signed-in users may."""
    key: str
    """Public; what a browser binds its subscription to (`applicationServerKey`)."""


@runtime_checkable
class Subscribes(Protocol):
    def subscribing(self) -> Subscribing:
        """Pure."""
