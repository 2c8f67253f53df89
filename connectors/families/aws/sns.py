"""Requests of Amazon SNS: whether a topic of ours made them, by a certificate that SNS publishes.

Both versions of the signature are RSA over named fields, with SHA-1 and SHA-256. A certificate is believed for where it
is: at SNS of the topic's own region. Source: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
(read 2026-11).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode

import msgspec

from connectors.families.aws.topic import Topic, topic
from connectors.kit.errors import BadPayload, BadSignature, Refused, UnknownKey
from connectors.kit.keys import Keyring
from connectors.kit.request import decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Ignored

if TYPE_CHECKING:
    from collections.abc import Collection

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"
SUBSCRIBING: Final = "subscribe:"
"""Begins the key of what is to be confirmed; its token follows the topic."""
SIGNED: Final = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""What is signed of each type, in this order; a subject only where there is one."""
SMALLEST: Final = 2048
"""Bits of a key."""
_PATH: Final = r"/SimpleNotificationService-[A-Za-z0-9]{16,64}\.pem"
_ID: Final = r"[A-Za-z0-9-]{1,100}"


class Told(msgspec.Struct, frozen=True, rename="pascal"):
    """A request of SNS. Raw delivery, which has nothing of this, is not served."""

    type: str
    message_id: Annotated[str, msgspec.Meta(min_length=1)] = msgspec.field(name="MessageId")
    topic_arn: str = msgspec.field(name="TopicArn")
    message: str = ""
    timestamp: str = ""
    signature: str = ""
    signature_version: str = ""
    signing_cert_url: str = msgspec.field(name="SigningCertURL", default="")
    subject: str | None = None
    token: str | None = None
    subscribe_url: str | None = msgspec.field(name="SubscribeURL", default=None)


TOLD: Final = msgspec.json.Decoder(Told)


def told(body: bytes) -> Told:
    """Raises BadPayload."""
    return decode(body, TOLD)


def asked(given: Told) -> Ignored:
    """The subscription that is to be confirmed. Raises BadPayload."""
    if not given.token:
        raise BadPayload("a subscription without a token")
    key = f"{SUBSCRIBING}{given.topic_arn}:{given.token}"
    return Ignored(key=key, reason="a topic that is to be subscribed to")


def check(body: bytes, topic_arns: Collection[str], keys: Keyring[RSAPublicKey]) -> None:
    """Raises BadSignature, UnknownKey."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    try:
        given = told(body)
    except BadPayload:
        raise BadSignature("no request of SNS", missing=True) from None
    where = topic(given.topic_arn) if given.topic_arn in topic_arns else None
    if where is None or given.type not in SIGNED:
        raise BadSignature("of no topic of this connector")
    if not _at_home(given.signing_cert_url, where) or not re.fullmatch(_ID, given.message_id):
        raise BadSignature("signed with a certificate that is not of SNS", missing=not given.signing_cert_url)
    if given.signature_version not in ("1", "2"):
        raise BadSignature("a signature of an unknown version", missing=not given.signature)
    key = keys.get(given.signing_cert_url)
    if key is None:
        raise UnknownKey(given.signing_cert_url)
    # SHA-1 is what version 1 is; a topic is set to version 2 by its owner.
    hashed = SHA1() if given.signature_version == "1" else SHA256()  # noqa: S303
    try:
        key.verify(b64decode(given.signature, validate=True), canonical(given), PKCS1v15(), hashed)
    except (InvalidSignature, Error, ValueError):
        raise BadSignature("not signed by SNS") from None


def canonical(given: Told) -> bytes:
    """What is signed."""
    values = msgspec.to_builtins(given)
    names = [name for name in SIGNED[given.type] if values.get(name) is not None]
    return "".join(f"{name}\n{values[name]}\n" for name in names).encode("utf-8", "replace")


def read_certificate(octets: bytes) -> RSAPublicKey:
    """Raises Refused for what is none."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    try:
        key = load_pem_x509_certificate(octets).public_key()
    except ValueError as error:
        raise Refused("no certificate", code=ErrorCode.AUTH_FAILED) from error
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST:
        raise Refused("a certificate of another kind", code=ErrorCode.AUTH_FAILED)
    return key


def confirming(where: Topic, token: str) -> str:
    """What is asked of SNS to confirm a subscription. It is what `SubscribeURL` says, and nothing of the request."""
    return "/?" + urlencode({"Action": "ConfirmSubscription", "TopicArn": where.arn, "Token": token})


def _at_home(url: str, where: Topic) -> bool:
    return re.fullmatch(re.escape(where.home) + _PATH, url) is not None
