"""What an operator sets for the Apple Push Notification service."""

from contextlib import suppress
from functools import lru_cache
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.families.app.devices import check_devices
from connectors.families.app.notice import NoticeKeys
from connectors.kit.secret import Secret

TenLetters = Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]{10}$")]


class Config(NoticeKeys, frozen=True, kw_only=True):
    """The devices of one iOS app's users."""

    signing_key: Secret
    """The text of the `.p8` file from Apple's developer account: `file:/run/secrets/apns.p8`."""
    key_id: TenLetters
    """Of that key."""
    team: TenLetters
    """Your team's id."""
    bundle: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.-]{1,155}$")]
    """The app's bundle id."""
    sound: Annotated[str, msgspec.Meta(max_length=100)] = "default"
    """Empty: none."""
    api_base: Annotated[str, msgspec.Meta(pattern="^https?://")] = "https://api.push.apple.com"
    """Devices of apps built for development are at `https://api.sandbox.push.apple.com`."""

    def __post_init__(self) -> None:
        check_devices(self)
        read_key(self.signing_key)


@lru_cache(64)
def read_key(secret: Secret) -> EllipticCurvePrivateKey:
    """Raises ValueError, whose text repeats nothing of it."""
    found: object = None
    with suppress(ValueError, TypeError):
        found = load_pem_private_key(secret.reveal().encode(), None)
    if not isinstance(found, EllipticCurvePrivateKey) or not isinstance(found.curve, SECP256R1):
        raise ValueError("signing_key: not the text of a .p8 file of Apple's")
    return found
