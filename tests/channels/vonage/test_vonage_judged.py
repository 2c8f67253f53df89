"""Vonage's own models take every body we send, and its key opens what we sign."""

from datetime import UTC, datetime

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel
from vonage_account import APPLICATION, HELLO, HOME, WHATSAPP, during, private_key
from vonage_jwt import JwtClient
from vonage_messages import models

from connectors.channels.vonage.api import application_token
from connectors.channels.vonage.simulator import Simulator
from connectors.kit.fixtures import read_wire

MODELS: dict[tuple[str, str], type[BaseModel]] = {
    ("sms", "text"): models.Sms,
    ("mms", "text"): models.MmsText,
    ("mms", "image"): models.MmsImage,
    ("mms", "audio"): models.MmsAudio,
    ("mms", "video"): models.MmsVideo,
    ("mms", "file"): models.MmsFile,
    ("whatsapp", "text"): models.WhatsappText,
    ("whatsapp", "image"): models.WhatsappImage,
    ("whatsapp", "audio"): models.WhatsappAudio,
    ("whatsapp", "video"): models.WhatsappVideo,
    ("whatsapp", "file"): models.WhatsappFile,
    ("whatsapp", "sticker"): models.WhatsappSticker,
    ("whatsapp", "custom"): models.WhatsappCustom,
    ("messenger", "text"): models.MessengerText,
    ("messenger", "image"): models.MessengerImage,
    ("messenger", "audio"): models.MessengerAudio,
    ("messenger", "video"): models.MessengerVideo,
    ("messenger", "file"): models.MessengerFile,
    ("viber_service", "text"): models.ViberText,
    ("viber_service", "image"): models.ViberImage,
    ("viber_service", "file"): models.ViberFile,
    ("rcs", "text"): models.RcsText,
    ("rcs", "image"): models.RcsImage,
    ("rcs", "video"): models.RcsVideo,
    ("rcs", "file"): models.RcsFile,
}
BODIES = [
    pytest.param(msgspec.json.decode(wire.body), id=f"{path.parent.parent.name}-{path.stem}")
    for path in sorted(HOME.glob("fixtures*/outbound/*.http"))
    for wire in read_wire(path.read_bytes())
    if wire.method == "POST" and not path.stem.startswith("reaction")  # of which the Python SDK has no model
]


@pytest.mark.parametrize("body", BODIES)
def test_vonages_models_take_what_we_send_and_send_the_same(body):
    model = MODELS[body["channel"], body["message_type"]]
    built = model(**_renamed(body))
    assert built.model_dump(by_alias=True, exclude_none=True, mode="json") == body


def _renamed(body):
    """By the names of the models' fields, which take none of the wire's."""
    told = {("from_" if name == "from" else name): value for name, value in body.items()}
    if "suggestions" in told:
        kinds = {
            "reply": models.RcsSuggestionReply,
            "dial": models.RcsSuggestionActionDial,
            "open_url": models.RcsSuggestionActionOpenUrl,
            "share_location": models.RcsSuggestionActionShareLocation,
        }
        told["suggestions"] = [kinds[one["type"]](**_inner(one)) for one in told["suggestions"]]
    return told


def _inner(one):
    return {("type_" if name == "type" else name): value for name, value in one.items()}


def test_the_application_signs_as_vonages_sdk_does():
    key = private_key()
    public = load_pem_private_key(key.encode(), None).public_key()
    ours = application_token(APPLICATION, key, datetime.now(UTC))
    theirs = JwtClient(APPLICATION, key).generate_application_jwt().decode()
    read = [jwt.decode(one, public, ["RS256"]) for one in (ours, theirs)]
    assert {name: read[0][name] for name in ("application_id",)} == {"application_id": read[1]["application_id"]}
    assert read[0].keys() == read[1].keys()
    assert read[0]["exp"] - read[0]["iat"] == read[1]["exp"] - read[1]["iat"] == 900
    assert jwt.get_unverified_header(ours) == jwt.get_unverified_header(theirs)


def test_a_message_leaves_with_the_applications_token():
    with Simulator({**WHATSAPP, "private_key": private_key()}) as provider:
        during(provider, lambda plugin: plugin.send(HELLO))
        (request,) = provider.requests
        assert request.headers["authorization"].startswith("Bearer ")
        assert [sent["text"] for sent in provider.sent.values()] == ["Hello"]
