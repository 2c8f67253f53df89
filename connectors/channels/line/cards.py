"""Cards as a flex message: one bubble each, side by side.

Source: developers.line.biz/en/reference/messaging-api/#flex-message (read 2026-11).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from connectors.channels.line.buttons import button
from normalizer.parts import Card

BUBBLES: Final = 12
"""Of one carousel."""
ALTERNATIVE: Final = 400
"""UTF-16 units of what stands for a carousel in a list of chats."""


def carousels(cards: Sequence[Card], picture: Callable[[str], str]) -> list[Mapping[str, Any]]:
    """As many messages as the cards need; `picture` gives the address of an attachment. Raises Refused."""
    return [_carousel(cards[start : start + BUBBLES], picture) for start in range(0, len(cards), BUBBLES)]


def _carousel(cards: Sequence[Card], picture: Callable[[str], str]) -> Mapping[str, Any]:
    bubbles = [_bubble(card, picture) for card in cards]
    contents = bubbles[0] if len(bubbles) == 1 else {"type": "carousel", "contents": bubbles}
    return {"type": "flex", "altText": _alternative(cards), "contents": contents}


def _bubble(card: Card, picture: Callable[[str], str]) -> Mapping[str, Any]:
    bubble: dict[str, Any] = {"type": "bubble"}
    if card.image:
        bubble["hero"] = {
            "type": "image",
            "url": picture(card.image),
            "size": "full",
            "aspectRatio": "20:13",
            "aspectMode": "cover",
        }
    title = [{"type": "text", "text": card.title, "weight": "bold", "wrap": True}] if card.title.strip() else []
    text = [{"type": "text", "text": card.text, "wrap": True}] if card.text and card.text.strip() else []
    if title or text:
        bubble["body"] = _box([*title, *text])
    if card.actions:
        bubble["footer"] = _box([button(one) for one in card.actions])
    return bubble


def _box(contents: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"type": "box", "layout": "vertical", "spacing": "sm", "contents": contents}


def _alternative(cards: Sequence[Card]) -> str:
    titles = ", ".join(filter(None, (card.title.strip() or (card.text or "").strip() for card in cards)))
    cut = titles.encode("utf-16-le")[: 2 * ALTERNATIVE].decode("utf-16-le", "ignore")
    return cut or "[cards]"
