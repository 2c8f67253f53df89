"""The ability of providers with a library of their own that apps reach them by, such as for calls out of an app."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from connectors.kit.secret import Secret
from normalizer.inbound import Claim


@dataclass(frozen=True)
class Token:
    """What opens the provider to one user of an app."""

    token: Secret
    expires_at: datetime


@runtime_checkable
class Tokens(Protocol):
    def token(self, identity: str, claims: Sequence[Claim], at: datetime) -> Token:
        """For the user the app knows by `identity`, made at a time. What the user brings by it proves the claims, which
        the app vouches for. Pure. Raises Misconfigured, Refused."""
