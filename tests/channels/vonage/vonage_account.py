"""An account's settings for each channel, somebody it writes to, and a Vonage that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.channels import vonage
from connectors.channels.vonage import Vonage
from connectors.channels.vonage.simulator import Simulator
from connectors.kit.base import Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
HOME = Path(vonage.__file__).parent
ANA = "447700900001"
SENDER = "447700900000"
APPLICATION = "78d335fa-323d-0114-9c3d-d6f0d48968cf"
SETTINGS = {
    "channel": "sms",
    "sender": SENDER,
    "account": "abcd1234",
    "api_secret": "api-secret-nobody-shall-see",
    "signature_secret": "signature-secret-nobody-shall-see",
    "application_id": APPLICATION,
}
WHATSAPP = {**SETTINGS, "channel": "whatsapp"}
HELLO = Outbound(token="1.1", address=Address(scheme="tel", value=f"+{ANA}"), payload=Payload(text="Hello"))


def private_key() -> str:
    """A new RSA key, as an application's file holds it."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Vonage], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Vonage, provider, act, settings=settings)
