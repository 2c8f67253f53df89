"""What a call can express: text, read out."""

from typing import Final

from connectors.channels.twilio_voice.twiml import LONGEST
from normalizer.capability import Capability, TextLimit
from normalizer.parts import MediaKind

CAPABILITY: Final = Capability(
    text=TextLimit(most=LONGEST),
    inbound=frozenset({"call_changed", "status_changed", f"media:{MediaKind.VOICE}"}),
)
