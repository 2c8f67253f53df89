"""What a button's data says: a press tells only that, so the label goes along, as `{"value": …, "label": …}`.

Buttons that others made, such as those of a rich menu, say whatever they say; all of it is their value. Source:
developers.line.biz/en/reference/messaging-api/#postback-action (read 2026-11).
"""

from typing import Final

import msgspec

from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
from normalizer.parts import ChoicePart

LONGEST: Final = 300
"""UTF-16 units of a button's data."""


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    value: str
    label: str


CHOICE: Final = msgspec.json.Decoder(Choice)


def written(value: str | None, label: str) -> str:
    """The data of a button; of one whose label has no room beside the value, the value alone."""
    if not value or value == label:
        return label
    both = msgspec.json.encode(Choice(value=value, label=label)).decode()
    return both if len(both.encode("utf-16-le")) // 2 <= LONGEST else value


def read(data: str) -> ChoicePart:
    """What was chosen, by a button's data."""
    try:
        choice = decode(data.encode(), CHOICE)
    except BadPayload:
        return ChoicePart(value=data)
    return ChoicePart(value=choice.value, label=choice.label) if choice.value else ChoicePart(value=data)
