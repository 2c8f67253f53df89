"""With what an app signs its users' tokens."""

import re
from collections.abc import Collection, Mapping
from typing import Final, Literal

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

LEAST: Final = 32
"""Octets of a key for HMAC-SHA256 (RFC 7518 §3.2, read 2026-11)."""
ORIGIN: Final = re.compile(r"https?://[a-z0-9.\-\[\]:]+|null|\*")
Algorithm = Literal["HS256", "RS256", "ES256"]


class UserKeys(PluginConfig, frozen=True, kw_only=True):
    """Settings of whatever takes the tokens of an app's users."""

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


def check_keys(config: UserKeys) -> None:
    """Raises ValueError for an algorithm without its key, or a key that is too short."""
    check_length("jwt_secret", config.jwt_secret)
    unusable = [name for name in config.jwt_algorithms if config.keys.get(name) is None]
    if unusable:
        raise ValueError(f"jwt_algorithms: there is no key for {', '.join(unusable)}")


def check_length(name: str, secret: Secret | None) -> None:
    if secret is not None and len(secret.reveal().encode()) < LEAST:
        raise ValueError(f"{name}: at least {LEAST} characters")


def check_origins(origins: Collection[str]) -> None:
    """Raises ValueError for what is no origin."""
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(f"origins: not an origin such as https://app.example.com: {origin!r}")
