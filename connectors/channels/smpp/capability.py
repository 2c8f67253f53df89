"""What a short message can express: text, in segments."""

from dataclasses import replace
from typing import Final

import msgspec

from connectors.kit.base import Info
from normalizer.capability import Capability, Encoding, SegmentLimit, TextLimit

CAPABILITY: Final = Capability(
    text=TextLimit(most=1530, unit="utf16"),
    segments=SegmentLimit(most=10),
    inbound=frozenset({"message_received", "status_changed", "consent_changed", "part:native"}),
)


def in_ucs2(info: Info) -> Info:
    """The same of a connector whose texts all leave in UCS-2, so that segments are counted as they are."""
    segments = SegmentLimit(most=10, encoding=Encoding.UCS2)
    return replace(info, capability=msgspec.structs.replace(info.capability, segments=segments))
