"""Secrets that the store keeps, closed under a key that it does not have: `ONETHREAD_KEY` of the environment.

By Fernet (https://github.com/fernet/spec/blob/master/Spec.md): AES-128-CBC and HMAC-SHA256. Several keys, with commas
between them, change one for another: the first closes, each opens, and what an older one closed is closed anew when the
hub starts. Without a key the secrets lie open, as everything else in the store does.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from connectors.kit.secret import Secret

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

VARIABLE = "ONETHREAD_KEY"
OCTETS = 32
OPEN = b"{"
"""How secrets begin that lie open: they are JSON."""


class WrongKey(Exception):
    """The store keeps secrets that were closed under another key; the text is one sentence for people."""


class Seal:
    """Closes and opens secrets. Equal to another of the same keys."""

    def __init__(self, keys: Sequence[Secret] = ()) -> None:
        self._keys = tuple(keys)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Seal":
        """By the keys in the environment. Raises ValueError, which does not repeat them."""
        return cls(
            [Secret(_key(written.strip())) for written in environ.get(VARIABLE, "").split(",") if written.strip()]
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seal) and self._keys == other._keys

    def __hash__(self) -> int:
        return hash(self._keys)

    def __repr__(self) -> str:
        return f"Seal({len(self._keys)} {'key' if len(self._keys) == 1 else 'keys'})"

    def keys(self) -> tuple[Secret, ...]:
        """The first closes."""
        return self._keys

    def close(self, secrets: bytes) -> bytes:
        """As the store keeps them; `secrets` are a JSON object."""
        return self._fernet.encrypt(secrets) if self._keys else secrets

    def open(self, kept: bytes) -> bytes:
        """What `close` was given. Raises WrongKey."""
        if kept.startswith(OPEN):
            return kept
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(kept)
        except (InvalidToken, LookupError):
            pass  # raised out here, so that no traceback shows what was tried
        wrong = "is not the key they were closed under" if self._keys else "is not set"
        raise WrongKey(f"the store keeps secrets that cannot be opened: {VARIABLE} {wrong}")

    def is_worn(self, kept: bytes) -> bool:
        """Whether the newest key would close it, and did not: it lies open, or an older key closed it."""
        if not self._keys or kept.startswith(OPEN):
            return bool(self._keys)
        try:
            Seal(self._keys[:1]).open(kept)
        except WrongKey:
            return True
        return False

    @cached_property
    def _fernet(self) -> "MultiFernet":
        """Raises LookupError where there is no key."""
        from cryptography.fernet import Fernet, MultiFernet

        if not self._keys:
            raise LookupError
        return MultiFernet([Fernet(key.reveal()) for key in self._keys])


def _key(written: str) -> str:
    """In the alphabet of Fernet, whichever base64 it was written in."""
    try:
        octets = base64.b64decode(written.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != OCTETS:
        raise ValueError(f"{VARIABLE} is no key: `openssl rand -base64 {OCTETS}` makes one")
    return base64.urlsafe_b64encode(octets).decode()
