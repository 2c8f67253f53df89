"""What a message without words reads as, so that its `text` always stands."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from normalizer.parts import (
    CallPart,
    CardsPart,
    ChoicePart,
    ContactCardPart,
    LocationPart,
    MediaPart,
    NativePart,
    OriginalPart,
    Part,
    TemplatePart,
    TextPart,
)

READS: Mapping[type[Any], Callable[[Any], str]] = {
    TextPart: lambda part: part.text,
    MediaPart: lambda part: f"[{part.kind}: {part.name or part.alt}]" if part.name or part.alt else f"[{part.kind}]",
    LocationPart: lambda part: f"[location: {part.name}]" if part.name else "[location]",
    ContactCardPart: lambda part: f"[contact: {part.name}]",
    CardsPart: lambda part: "\n".join(card.title for card in part.cards),
    ChoicePart: lambda part: part.label or part.value,
    TemplatePart: lambda part: f"[template: {part.name}]",
    NativePart: lambda part: f"[{part.kind}]",
    CallPart: lambda _: "[call]",
    OriginalPart: lambda _: "",
}


def placeholder(parts: Sequence[Part]) -> str:
    """The parts in a few words, a line each."""
    return "\n".join(READS[type(part)](part) for part in parts if not isinstance(part, OriginalPart))
