"""Addresses that carry a token of ours and prove that it is ours: where answers go, and where bounces go.

`<local>+r.<token>.<mac>@<domain>`: sub-addressing, RFC 5233. Token and MAC are base32 in lower case, because some
servers change the case of what stands before the `@`; all of it stays within the 64 octets of RFC 5321 §4.5.3.1.1.
"""

import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from connectors.kit.secret import Secret
from normalizer.addresses import InvalidAddress, normalise

MOST_LOCAL = 64
MAC_OCTETS = 8
_NUMBERED = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([1-9][0-9]{0,5})")
_COMPACT = re.compile(r"([a-z2-7]{26})([1-9][0-9]{0,5})")
_SIGNED = re.compile(r"(.+)\+([rb])\.([a-z0-9]{1,45})\.([a-z2-7]{13})")
_TEXT = "0"
"""Begins a token that is none of the hub's form; no digit of base32."""


class Way(StrEnum):
    """What an address is for; goes into its MAC, so that none serves for another."""

    REPLY = "r"
    BOUNCE = "b"
    MARK = "m"


class Signer:
    """Signs and reads for one connector. Without a secret nothing is signed, and nothing is genuine."""

    def __init__(self, secret: Secret | None, address: str) -> None:
        self._secret = secret
        self._local, _, self._domain = address.rpartition("@")

    def __repr__(self) -> str:
        return f"Signer({self._local}@{self._domain})"

    def address(self, way: Way, token: str) -> str | None:
        """None where there is no secret, or no room."""
        if self._secret is None:
            return None
        short = compact(token)
        local = f"{self._local}+{way}.{short}.{self._mac(way, short)}"
        return f"{local}@{self._domain}" if len(local.encode()) <= MOST_LOCAL else None

    def token(self, way: Way, addresses: Iterable[str]) -> str | None:
        """The token of the first of these addresses that is genuine."""
        for address in addresses:
            local, at, domain = address.strip().lower().rpartition("@")
            found = _SIGNED.fullmatch(local[: MOST_LOCAL + 20]) if at and domain == self._domain else None
            if found and found[1] == self._local and found[2] == way and self.proves(found[4], way, found[3]):
                return expanded(found[3])
        return None

    def mark(self, token: str, recipient: str) -> str | None:
        """For a header: says to whom this token was sent, so that a complaint cannot name anybody else."""
        if self._secret is None:
            return None
        short = compact(token)
        return f"{short}.{self._mac(Way.MARK, short, _known(recipient))}"

    def marked(self, mark: str, recipients: Iterable[str]) -> tuple[str, str] | None:
        """Token and recipient of a mark, where one of these is whom it was made for."""
        short, dot, mac = mark.strip().lower().rpartition(".")
        for recipient in recipients if dot else ():
            if self.proves(mac, Way.MARK, short, _known(recipient)) and (token := expanded(short)):
                return token, recipient
        return None

    def proves(self, mac: str, way: Way, *texts: str) -> bool:
        """Compares in constant time."""
        made = self._mac(way, *texts) if self._secret is not None else ""
        return bool(made) and hmac.compare_digest(made.encode(), mac.encode("utf-8", "replace"))

    def _mac(self, way: Way, *texts: str) -> str:
        assert self._secret is not None
        signed = "\0".join([way, f"{self._local}@{self._domain}", *texts]).encode("utf-8", "replace")
        return _base32(hmac.digest(self._secret.reveal().encode(), signed, sha256)[:MAC_OCTETS])


def compact(token: str) -> str:
    """A token in letters that survive any server; those of the hub's form (`<uuid>.<n>`) in 27."""
    found = _NUMBERED.fullmatch(token)
    if found:
        return _base32(UUID(found[1]).bytes) + found[2]
    return _TEXT + _base32(token.encode("utf-8", "replace"))


def expanded(short: str) -> str | None:
    """The token of its compact form; None for what is no such form."""
    found = _COMPACT.fullmatch(short)
    try:
        if found:
            return f"{UUID(bytes=_octets(found[1]))}.{found[2]}"
        return _octets(short[1:]).decode() if short.startswith(_TEXT) else None
    except ValueError:
        return None


def _known(recipient: str) -> str:
    try:
        return normalise("mailto", recipient)
    except InvalidAddress:
        return recipient


def _base32(octets: bytes) -> str:
    return b32encode(octets).decode().rstrip("=").lower()


def _octets(text: str) -> bytes:
    return b32decode(text.upper() + "=" * (-len(text) % 8))
