"""What a short message can express: text, in segments."""

from typing import Final

from normalizer.capability import Capability, SegmentLimit, TextLimit

CAPABILITY: Final = Capability(
    text=TextLimit(most=1530, unit="utf16"),
    segments=SegmentLimit(most=10),
    inbound=frozenset({"message_received", "status_changed", "consent_changed", "part:native"}),
)
