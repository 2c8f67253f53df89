"""What an operator sets for a chat."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

LEAST: Final = 32
"""Octets of a key for HMAC-SHA256 (RFC 7518 §3.2, read 2026-11)."""
ORIGIN: Final = re.compile(r"https?://[a-z0-9.\-\[\]:]+|null|\*")
TYPE: Final = re.compile(r"[a-z]+/(?:\*|[a-z0-9.+-]+)")
TYPES: Final = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/heic",
    "image/avif",
    "video/*",
    "audio/*",
    "application/pdf",
    "text/plain",
)
Algorithm = Literal["HS256", "RS256", "ES256"]
SYMMETRIC: Final = frozenset({"HS256"})
Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One chat. At least one of `secret`, `jwt_secret` and `jwt_public_key` says who may write."""

    secret: Secret | None = None
    """Signs the tokens of visitors; 32 characters or more, of your own choice. Without it there are no visitors."""
    jwt_secret: Secret | None = None
    """With which your app's server signs its users' tokens (HS256); 32 characters or more."""
    jwt_public_key: str | None = None
    """PEM, with which their signature is checked (RS256, ES256)."""
    jwt_algorithms: tuple[Algorithm, ...] = ()
    """The only ones taken; none named: HS256 with `jwt_secret`, RS256 with `jwt_public_key`."""
    audience: str | None = None
    """Where set, tokens must be meant for it (`aud`)."""
    issuer: str | None = None
    """Where set, tokens must come from it (`iss`)."""
    origins: tuple[str, ...] = ()
    """Whose pages may embed the chat: `https://app.example.com` each, `null` for pages from files, `*` for all."""
    uploads: tuple[str, ...] = TYPES
    """Media types customers may send; `image/*` stands for all of a kind."""
    file_octets: Annotated[int, msgspec.Meta(ge=1)] = 20 << 20
    emergency: bool = False
    """Offers the emergency action, which overtakes everything else."""
    proxies: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    """How many reverse proxies stand before the hub; with 0 nobody is believed about whom they speak for."""
    messages_per_minute: Count = 60
    """Of one person."""
    receipts_per_minute: Count = 600
    """How often one person may say that messages came or were read; they do not count as messages."""
    sessions_per_minute: Count = 60
    """Of one network address."""
    uploads_per_minute: Count = 30
    """Of one person."""
    sockets: Count = 8
    """How many of one person are served at a time: tabs, devices."""

    def __post_init__(self) -> None:
        if self.secret is None and self.jwt_secret is None and self.jwt_public_key is None:
            raise ValueError("nobody may write: set secret, jwt_secret or jwt_public_key")
        for name in ("secret", "jwt_secret"):
            value: Secret | None = getattr(self, name)
            if value is not None and len(value.reveal().encode()) < LEAST:
                raise ValueError(f"{name}: at least {LEAST} characters")
        if self.secret is not None and self.secret == self.jwt_secret:
            raise ValueError("secret: not the same as jwt_secret, for who has that could pass for any visitor")
        unusable = [name for name in self.jwt_algorithms if self.keys.get(name) is None]
        if unusable:
            raise ValueError(f"jwt_algorithms: there is no key for {', '.join(unusable)}")
        for origin in self.origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"origins: not an origin such as https://app.example.com: {origin!r}")
        for media_type in self.uploads:
            if not TYPE.fullmatch(media_type):
                raise ValueError(f"uploads: not a media type such as image/png or image/*: {media_type!r}")

    @property
    def keys(self) -> Mapping[str, str | None]:
        """By algorithm, what a user's token is checked with."""
        shared = None if self.jwt_secret is None else self.jwt_secret.reveal()
        return {"HS256": shared, "RS256": self.jwt_public_key, "ES256": self.jwt_public_key}

    @property
    def algorithms(self) -> frozenset[str]:
        """Those taken for users."""
        if self.jwt_algorithms:
            return frozenset(self.jwt_algorithms)
        return frozenset(name for name in ("HS256", "RS256") if self.keys[name] is not None)
