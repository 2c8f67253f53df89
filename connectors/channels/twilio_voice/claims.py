"""What an app's server vouches for of its user, as it travels with the user's calls.

It stands among the parameters of the access token, which Twilio passes on with each call. The user's device may name
parameters too, so the hub seals its own: what does not hold for this very user is as good as unsaid.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.inbound import Claim

KNOWN: Final = "known"
MOST: Final = 4000
"""Octets."""
PURPOSE: Final = "onethread: claims of an app's user"
_claims = msgspec.json.Decoder(tuple[Claim, ...])


def vouched(secret: Secret, identity: str, claims: Sequence[Claim]) -> str:
    told = base64.urlsafe_b64encode(msgspec.json.encode(claims)).decode()
    return f"{told}.{_seal(secret, identity, told)}"


def claims_of(secret: Secret, identity: str, known: str) -> tuple[Claim, ...]:
    """Those that were vouched for; none where the seal does not hold."""
    told, _, seal = known[:MOST].rpartition(".")
    if not hmac.compare_digest(_seal(secret, identity, told).encode(), seal.encode("utf-8", "surrogatepass")):
        return ()
    try:
        return decode(base64.urlsafe_b64decode(told), _claims)
    except (BadPayload, binascii.Error):
        return ()


def _seal(secret: Secret, identity: str, told: str) -> str:
    sealed = "\n".join((PURPOSE, identity, told)).encode("utf-8", "surrogatepass")
    return hmac.new(secret.reveal().encode(), sealed, sha256).hexdigest()
