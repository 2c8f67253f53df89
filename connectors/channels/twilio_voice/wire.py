"""A payload as the arguments of Twilio's `calls.create`: a call that reads it out."""

from typing import Any, Final
from urllib.parse import urlencode

from twilio.twiml.voice_response import VoiceResponse

from connectors.channels.twilio_voice.asked import On
from connectors.channels.twilio_voice.config import Config
from connectors.channels.twilio_voice.parse import OURS, TOKEN
from connectors.channels.twilio_voice.people import recipient
from connectors.channels.twilio_voice.twiml import Speaker
from connectors.channels.twilio_voice.urls import repeated
from connectors.kit.base import Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode

MOST_TWIML: Final = 4000
EVENTS: Final = ("initiated", "ringing", "answered", "completed")


def call(outbound: Outbound, config: Config, webhook: str) -> dict[str, Any]:
    """Raises Refused, Unreachable."""
    payload = outbound.payload
    if payload.media or payload.location or payload.contact_card or payload.actions or payload.cards:
        raise Refused("a call reads out text only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.text.strip():
        raise Refused("a call without words", code=ErrorCode.CONTENT_UNSUPPORTED)
    recorded = config.record and bool(webhook)
    response = VoiceResponse()
    speaker = Speaker(config, "")
    if recorded:
        speaker.say(response, config.announce)
    speaker.say(response, payload.text)
    twiml = str(response)
    if len(twiml) > MOST_TWIML:
        raise Refused(f"more than {MOST_TWIML} characters of TwiML", code=ErrorCode.CONTENT_UNSUPPORTED)
    to = recipient(outbound.address)
    arguments: dict[str, Any] = {
        "to": to,
        "from_": config.number,
        "twiml": twiml,
        "timeout": config.ring_seconds,
    }
    if webhook:
        told = urlencode({"on": str(On.STATUS), TOKEN: outbound.token})
        arguments["status_callback"] = repeated(f"{webhook}?{told}", config.webhook_retries)
        arguments["status_callback_event"] = list(EVENTS)
    if recorded:
        # The report on a recording tells whose call it is of, and not who was called.
        told = urlencode({"on": str(On.RECORDING), "of": OURS, "caller": to})
        arguments["record"] = True
        arguments["recording_status_callback"] = repeated(f"{webhook}?{told}", config.webhook_retries)
        arguments["recording_status_callback_event"] = ["completed", "absent"]
    return arguments
