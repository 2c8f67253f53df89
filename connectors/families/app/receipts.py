"""What an app tells of a notification: that it was shown, or opened.

    POST /in/<connector>
    {"receipt": "<as the notification's data carries it>", "seen": "shown"}

Whoever shows a notification, such as a page's service worker, has no user's token at hand, so a receipt proves itself:
it is signed with a key made of what the channel sends by, and speaks of one message only.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Final, Literal

import msgspec

from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request, decode
from connectors.kit.secret import Secret
from normalizer.inbound import Inbound, StatusChanged
from normalizer.status import Status

OCTETS: Final = 16
"""Of the signature: 128 bits."""
PURPOSE: Final = b"onethread receipt of "
Seen = Literal["shown", "opened"]
STATUSES: Final[Mapping[Seen, Status]] = {"shown": Status.DELIVERED, "opened": Status.READ}


class Told(msgspec.Struct, frozen=True):
    receipt: Annotated[str, msgspec.Meta(max_length=200)]
    seen: Seen


TOLD: Final = msgspec.json.Decoder(Told)


class Named(msgspec.Struct, frozen=True):
    """What makes a request one about a receipt, whatever else is wrong with it."""

    receipt: msgspec.Raw


NAMED: Final = msgspec.json.Decoder(Named)


class Receipts:
    """Those of one connector, by what it sends by; with another secret, earlier ones are nobody's."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def of(self, token: str) -> str:
        """The receipt of the request that carries our `token`."""
        signed = hmac.digest(self._secret.reveal().encode(), PURPOSE + token.encode(), "sha256")
        return f"{token}.{urlsafe_b64encode(signed[:OCTETS]).decode().rstrip('=')}"

    def proves(self, request: Request) -> bool:
        """Whether it is about a receipt, and a genuine one. Raises BadSignature for one that is not."""
        if not about_receipt(request):
            return False
        with suppress(BadPayload):
            self._token(decode(request.body, TOLD))
            return True
        raise BadSignature("no receipt of ours", reason="bad_signature")

    def heard(self, request: Request) -> list[Inbound]:
        """Raises BadPayload."""
        told = decode(request.body, TOLD)
        try:
            token = self._token(told)
        except BadSignature as error:  # of a kept request that is read again, when the secret is another
            raise BadPayload(error.detail) from None
        status = STATUSES[told.seen]
        key = f"seen:{token}:{told.seen}"
        item = StatusChanged(key=key, external_id=token, token=token, status=status, occurred_at=request.received_at)
        return [item]

    def _token(self, told: Told) -> str:
        token = told.receipt.rpartition(".")[0]
        if not hmac.compare_digest(self.of(token).encode(), told.receipt.encode()):
            raise BadSignature("no receipt of ours", reason="bad_signature")
        return token


def about_receipt(request: Request) -> bool:
    try:
        decode(request.body, NAMED)
    except BadPayload:
        return False
    return request.method == "POST"
