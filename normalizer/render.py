"""A message to what a channel can carry, and what was lost on the way.

Each part goes out natively where the channel allows, else as text: cards one by one where they cannot go together,
files as links, places and contact cards as lines, actions as numbered lines. `text` stands beside the parts; where
there are text parts, they are its form and stand for it. Nothing here knows a provider, and nothing is left out without
a `Loss`.
"""

from collections.abc import Mapping, Sequence
from typing import TypeGuard, assert_never

import msgspec

from normalizer.capability import ActionLimit, Capability, MediaLimit
from normalizer.carded import decks, shown_whole
from normalizer.formatted import along, expressed, formatted, joined
from normalizer.model import Loss
from normalizer.offered import Offer, offer
from normalizer.parts import (
    Action,
    CallPart,
    Card,
    CardsPart,
    ChoicePart,
    ContactCardPart,
    LocationPart,
    MediaKind,
    MediaPart,
    NativePart,
    OriginalPart,
    Part,
    TemplatePart,
    TextPart,
)
from normalizer.payload import Payload, Rendered
from normalizer.render_text import ranges, worded
from normalizer.split import cuts, fits

_UNCAPTIONED = frozenset({MediaKind.STICKER})


class _Draft:
    """What one rendering gathers: losses, and the actions numbered so far."""

    def __init__(self, capability: Capability, links: Mapping[str, str]) -> None:
        self.capability = capability
        self.links = links
        self.losses: list[Loss] = []
        self.numbered: list[Action] = []


def render(
    text: str,
    parts: Sequence[Part],
    actions: Sequence[Action],
    capability: Capability,
    reply: bool,
    links: Mapping[str, str],
) -> Rendered:
    """The payloads of a message, in the order to send; none for a message without content.

    `links` gives the public URL of an attachment id, for files a channel cannot carry; `reply` says that the message
    quotes another. The quotation stands on the first payload, actions on the last. Raises nothing.
    """
    draft = _Draft(capability, links)
    plain = not parts and not actions  # as most messages are
    if plain:
        payloads = _texts(draft, TextPart(text=text))
    elif capability.templates and (template := next(filter(_is_template, parts), None)):
        payloads = [_approved(draft, template, parts, actions)]
    else:
        payloads = _payloads(draft, text, parts, actions)
    if capability.single and len(payloads) > 1:
        draft.losses.append(Loss(what=f"all but the first of {len(payloads)} pieces", became="nothing"))
        payloads = payloads[:1]
    if reply and payloads and capability.replies:
        payloads[0] = msgspec.structs.replace(payloads[0], quotes=True)
    elif reply and payloads:
        draft.losses.append(Loss(what="quotation", became="nothing"))
    return Rendered(payloads=tuple(payloads), losses=tuple(draft.losses), numbered=tuple(draft.numbered))


def _is_template(part: Part) -> TypeGuard[TemplatePart]:
    return isinstance(part, TemplatePart)


def _approved(draft: _Draft, template: TemplatePart, parts: Sequence[Part], actions: Sequence[Action]) -> Payload:
    """A template with the file at its head. Nothing else can stand beside it."""
    files = [part for part in parts if isinstance(part, MediaPart)]
    other = [part for part in parts if part is not template and not isinstance(part, TextPart | MediaPart)]
    for part in (*files[1:], *other, *actions):
        draft.losses.append(Loss(what=f"{type(part).__struct_config__.tag} beside a template", became="nothing"))
    return Payload(template=template, media=tuple(files[:1]))


def _payloads(draft: _Draft, text: str, parts: Sequence[Part], actions: Sequence[Action]) -> list[Payload]:
    capability = draft.capability
    every = [card for part in parts if isinstance(part, CardsPart) for card in part.cards if _says_something(card)]
    together = capability.cards and all(shown_whole(card, capability) for card in every)
    cards = [] if together else every
    card_offers = [offer(card.actions, capability.actions) for card in cards]
    blocks, lines = _blocks(draft, text, _outside(parts, every))
    blocks += decks(every, capability) if together else []
    taken = len(card_offers[-1].buttons) if card_offers else 0
    whole = _with_lines(_form(draft, text, parts), lines)
    own = _offer(actions, capability, taken, bool(whole.text.strip() or blocks or cards))
    payloads = _composed(draft, whole, blocks, own, buttons_here=not cards)
    for card, card_offer in zip(cards, card_offers, strict=True):
        payloads += _card(draft, card, card_offer, parts)
    if cards and own.buttons and payloads:
        payloads[-1] = msgspec.structs.replace(payloads[-1], actions=payloads[-1].actions + own.buttons)
    return payloads


def _offer(actions: Sequence[Action], capability: Capability, taken: int, carried: bool) -> Offer:
    """A button needs something to stand under; without it, it is text itself."""
    limit = capability.actions if carried else None
    return offer(actions, limit, None if limit is None else limit.most - taken)


def _form(draft: _Draft, text: str, parts: Sequence[Part]) -> TextPart:
    form = formatted(text, parts)
    if form.text is not text and text.strip() and text.split() != form.text.split():
        draft.losses.append(Loss(what="plain text", became="its formatted form"))
    return form


def _says_something(card: Card) -> bool:
    return bool(card.title.strip() or (card.text or "").strip() or card.image or card.actions)


def _outside(parts: Sequence[Part], cards: Sequence[Card]) -> list[Part]:
    """Without the files that a card shows."""
    shown = {card.image for card in cards}
    return [part for part in parts if not (isinstance(part, MediaPart) and part.attachment_id in shown)]


def _card(draft: _Draft, card: Card, card_offer: Offer, parts: Sequence[Part]) -> list[Payload]:
    whole = TextPart(text="\n".join(line for line in (card.title, card.text) if line))
    images: list[Part] = []
    if card.image:
        described = (part for part in parts if isinstance(part, MediaPart) and part.attachment_id == card.image)
        unseen = MediaPart(attachment_id=card.image, kind=MediaKind.IMAGE, media_type="image/*")
        images.append(next(described, unseen))
    blocks, lines = _blocks(draft, whole.text, images)
    whole = _with_lines(whole, lines)
    if not blocks and not whole.text.strip():
        card_offer = offer(card.actions, None)
    return _composed(draft, whole, blocks, card_offer, buttons_here=True)


def _composed(
    draft: _Draft, whole: TextPart, blocks: Sequence[Payload], own: Offer, *, buttons_here: bool
) -> list[Payload]:
    """Text and blocks: the text as caption of the first, else before them, else after an album that buttons cannot
    stand under."""
    draft.losses += own.losses
    start = len(draft.numbered) + 1
    numbers = [f"{n}. {action.label}" for n, action in enumerate(own.numbered, start)]
    draft.numbered += own.numbered
    shown, losses = expressed(whole, draft.capability.spans)
    draft.losses += losses
    shown = _with_lines(shown, [*own.lines, *numbers])
    buttons = own.buttons if buttons_here else ()
    if buttons and blocks and len(blocks[-1].media) > 1:
        payloads = [*blocks, *_texts(draft, shown)] if shown.text.strip() else [*blocks[:-1], *_parted(blocks[-1])]
    elif blocks and _captions(draft.capability.media, blocks[0], shown):
        payloads = [msgspec.structs.replace(blocks[0], text=shown.text, spans=shown.spans), *blocks[1:]]
    else:
        payloads = [*_texts(draft, shown), *blocks]
    if buttons and payloads:
        payloads[-1:] = _above(payloads[-1], draft.capability.actions)
        payloads[-1] = msgspec.structs.replace(payloads[-1], actions=buttons)
    return payloads


def _above(payload: Payload, limit: ActionLimit | None) -> list[Payload]:
    """A payload that buttons shall stand under; a text too long for that in two, so that they do under its end."""
    if limit is None or limit.text is None or payload.media or fits(payload.text, limit.text):
        return [payload]
    start = cuts(payload.text, limit.text)[-1][0]
    parts = [(0, start), (start, len(payload.text))]
    spans = along(payload.spans, parts)
    return [Payload(text=payload.text[a:b], spans=piece) for (a, b), piece in zip(parts, spans, strict=True)]


def _texts(draft: _Draft, whole: TextPart) -> list[Payload]:
    whole, losses = worded(whole, draft.capability)
    draft.losses += losses
    pieces = ranges(whole.text, draft.capability)
    spans = along(whole.spans, pieces)
    return [Payload(text=whole.text[start:end], spans=piece) for (start, end), piece in zip(pieces, spans, strict=True)]


def _captions(limit: MediaLimit | None, block: Payload, whole: TextPart) -> bool:
    if limit is None or limit.caption is None or not block.media or block.media[0].kind in _UNCAPTIONED:
        return False
    return bool(whole.text.strip()) and fits(whole.text, limit.caption)


def _parted(album: Payload) -> tuple[Payload, Payload]:
    """An album without its last file, and that file."""
    return Payload(media=album.media[:-1]), Payload(media=album.media[-1:])


def _with_lines(whole: TextPart, lines: Sequence[str]) -> TextPart:
    added = [TextPart(text=line) for line in lines if line.strip()]
    return joined([whole, *added] if whole.text.strip() else added, "\n") if added else whole


# --- parts to blocks (payloads of their own) and lines of text ------------------------------------------------------


def _blocks(draft: _Draft, text: str, parts: Sequence[Part]) -> tuple[list[Payload], list[str]]:
    blocks: list[Payload] = []
    lines: list[str] = []
    capability = draft.capability
    for part in parts:
        match part:
            case MediaPart():
                if _carried(draft, part):
                    _add_media(blocks, part, capability.media)
                else:
                    lines.append(_media_line(draft, part))
            case LocationPart() if capability.location:
                blocks.append(Payload(location=part))
            case ContactCardPart() if capability.contact_card:
                blocks.append(Payload(contact_card=part))
            case LocationPart() | ContactCardPart():
                lines += _lines(draft, part)
            case ChoicePart() | TemplatePart() | NativePart():
                lines += _told(draft, part, text)
            case OriginalPart() | CallPart():
                draft.losses.append(Loss(what=str(part.__struct_config__.tag), became="nothing"))
            case TextPart() | CardsPart():
                continue
            case _:
                assert_never(part)
    return blocks, lines


def _carried(draft: _Draft, part: MediaPart) -> bool:
    limit = draft.capability.media
    return limit is not None and part.kind in limit.kinds and (part.size or 0) <= limit.octets(part.media_type)


def _add_media(blocks: list[Payload], part: MediaPart, limit: MediaLimit | None) -> None:
    """Into the album before it, if there is one with room for it, else as a payload of its own."""
    if limit is not None and blocks and 0 < len(blocks[-1].media) < limit.album:
        album = (*blocks[-1].media, part)
        if limit.album_kinds.issuperset(file.kind for file in album):
            blocks[-1] = Payload(media=album)
            return
    blocks.append(Payload(media=(part,)))


def _media_line(draft: _Draft, part: MediaPart) -> str:
    label = part.name or part.alt or part.kind.value
    url = draft.links.get(part.attachment_id)
    draft.losses.append(Loss(what=f"{part.kind} {part.attachment_id}", became="its name" if url is None else "link"))
    return f"[{label}]" if url is None else f"{label}: {url}"


def _lines(draft: _Draft, part: LocationPart | ContactCardPart) -> list[str]:
    if isinstance(part, LocationPart):
        draft.losses.append(Loss(what="location", became="text"))
        return [part.name or "", part.address or "", f"{part.latitude:.6f}, {part.longitude:.6f}"]
    draft.losses.append(Loss(what="contact card", became="text"))
    return [part.name, part.organization or "", *part.phones, *part.emails]


def _told(draft: _Draft, part: ChoicePart | TemplatePart | NativePart, text: str) -> list[str]:
    """What has no form of its own here: the words that already stand for it, else its own."""
    if isinstance(part, ChoicePart):
        if not draft.capability.choices:
            draft.losses.append(Loss(what="choice", became="text"))
        words = part.label or part.value
    elif isinstance(part, TemplatePart):
        draft.losses.append(Loss(what=f"template {part.name}", became="text"))
        words = f"[template: {part.name}]"
    else:
        draft.losses.append(Loss(what=f"native {part.kind}", became="text"))
        words = f"[{part.kind}]"
    return [] if text.strip() and (not isinstance(part, ChoicePart) or words in text) else [words]
