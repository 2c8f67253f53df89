"""Cards on a channel that shows them side by side: which can go so, and how many go in one payload."""

from collections.abc import Sequence

from normalizer.capability import Capability, CardLimit
from normalizer.offered import offer
from normalizer.parts import Card, MediaKind
from normalizer.payload import Payload
from normalizer.split import fits


def shown_whole(card: Card, capability: Capability) -> bool:
    """Whether all of this one is shown."""
    limit = capability.card
    offered = offer(card.actions, capability.actions if limit is None else limit.actions)
    pictured = card.image is None or (capability.media is not None and MediaKind.IMAGE in capability.media.kinds)
    return pictured and offered.buttons == card.actions and (limit is None or _holds(limit, card))


def decks(cards: Sequence[Card], capability: Capability) -> list[Payload]:
    """The cards in their order, in as many payloads as they need."""
    most = len(cards) if capability.card is None else capability.card.most
    return [Payload(cards=tuple(cards[start : start + most])) for start in range(0, len(cards), most or 1)]


def _holds(limit: CardLimit, card: Card) -> bool:
    text = (card.text or "").strip()
    if not card.title.strip() or not (text or card.image or card.actions):
        return False
    return fits(card.title, limit.title) and fits(text, limit.text)
