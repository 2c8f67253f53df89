"""A number's settings, somebody it talks to, and a Cloud API that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import whatsapp
from connectors.channels.whatsapp import WhatsApp
from connectors.channels.whatsapp.simulator import Simulator
from connectors.families.meta.whatsapp.number import ANA
from connectors.kit.base import File, Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.parts import MediaKind, MediaPart, TemplatePart
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(whatsapp.__file__).parent / "fixtures"
SECRETS = {
    "access_token": "EAAnobody-shall-see-this-token",
    "app_secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "verify_token": "words-of-our-own",
}
SETTINGS: dict[str, Any] = {"phone_number_id": "1077", "business_account_id": "2088", **SECRETS}
TO = Address(scheme="whatsapp", value=f"+{ANA}")
HELLO = Outbound(token="0199-aa51.1", address=TO, payload=Payload(text="Hello"))
PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
FILE = File("a1", Path("/nowhere"), "image/png", "box.png", 10, "https://x.example/f")


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(
    provider: Simulator, act: Callable[[WhatsApp], Awaitable[T]], *, clock: Any = lambda: beside.NOW, **settings: Any
) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(WhatsApp, provider, act, settings=settings, clock=clock)


def saying(payload: Payload, **more: Any) -> Outbound:
    return Outbound(token="0199-aa51.1", address=TO, payload=payload, files={"a1": FILE}, **more)


def template(name: str = "parcel", language: str = "en", picture: bool = True, **places: Any) -> Outbound:
    media = (PICTURE,) if picture else ()
    part = TemplatePart(name=name, language=language, **places)
    return saying(Payload(template=part, media=media))
