"""A browser's subscription, and the address it has here.

A subscription holds a secret and an address at which anybody may try to reach the browser; what is stored, shown and
published of it is sealed with the connector's own key (RFC 5297, AES-SIV: the same subscription has the same address).
With another VAPID key the subscription were of no use any more, and neither is the seal. Source: w3.org/TR/push-api,
`PushSubscription.toJSON` (read 2026-11).
"""

from collections.abc import Collection
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connectors.channels.web_push.vapid import from_base64url, to_base64url
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode

SCHEME: Final = "web_push"
LONGEST: Final = 1024
"""Characters of an endpoint; sealed, an address has at most 1600."""
AUTH_OCTETS: Final = 16


class Keys(msgspec.Struct, frozen=True):
    p256dh: Annotated[str, msgspec.Meta(max_length=100)]
    auth: Annotated[str, msgspec.Meta(max_length=50)]


class Subscription(msgspec.Struct, frozen=True):
    endpoint: Annotated[str, msgspec.Meta(max_length=LONGEST, pattern=r"^https://[!-~]+$")]
    keys: Keys

    @property
    def audience(self) -> str:
        """The origin of its push service."""
        return f"https://{urlsplit(self.endpoint).netloc}"

    @property
    def public(self) -> EllipticCurvePublicKey:
        """Raises ValueError."""
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), from_base64url(self.keys.p256dh))

    @property
    def auth(self) -> bytes:
        """Raises ValueError."""
        return from_base64url(self.keys.auth)


SUBSCRIPTION: Final = msgspec.json.Decoder(Subscription)


def read(raw: bytes, hosts: Collection[str]) -> Subscription:
    """A subscription of a push service that is let in, as it can be used. Raises BadPayload."""
    found = decode(raw, SUBSCRIPTION)
    try:
        usable = len(found.auth) == AUTH_OCTETS and bool(found.public)
    except ValueError:
        usable = False
    if not usable:
        raise BadPayload("the keys of the subscription cannot be used")
    if not admitted(found, hosts):
        raise BadPayload("the subscription is of a push service that is not among `hosts`")
    return found


def admitted(subscription: Subscription, hosts: Collection[str]) -> bool:
    """Whether its push service is one of these, at the usual port."""
    try:
        url = urlsplit(subscription.endpoint)
        host, port = url.hostname or "", url.port
    except ValueError:
        return False
    if url.username is not None or url.password is not None or port not in (None, 443):
        return False
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts)


class Seal:
    """Makes addresses of subscriptions, and back."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        octets = key.private_numbers().private_value.to_bytes(32)
        self._cipher = AESSIV(HKDF(SHA256(), 64, salt=None, info=b"onethread web_push address").derive(octets))

    def close(self, subscription: Subscription) -> str:
        return to_base64url(self._cipher.encrypt(msgspec.json.encode(subscription), None))

    def open(self, address: str) -> Subscription | None:
        """None for what was sealed with another key, or is no address of this channel."""
        try:
            return SUBSCRIPTION.decode(self._cipher.decrypt(from_base64url(address), None))
        except (ValueError, InvalidTag, msgspec.MsgspecError):
            return None
