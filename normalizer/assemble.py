"""Pieces of one message (albums, concatenated texts) to the message. The order in which they came does not matter."""

from collections.abc import Sequence

import msgspec

from normalizer.formatted import formatted, joined
from normalizer.inbound import MessageReceived
from normalizer.parts import TextPart


def assemble(pieces: Sequence[MessageReceived]) -> MessageReceived:
    """The whole of the pieces at hand, by ascending `fragment.order`, known by `fragment:<group>`.

    Captions are joined by line, concatenated text (pieces that know their `count`) without anything between. Text parts
    are joined the same way into one, files and other parts follow in order. Sender and id are the first piece's, the
    time the earliest. Files without a word read as `[image] [video]`. Raises ValueError for no pieces, or pieces of
    different groups.
    """
    ordered = _ordered(pieces)
    first = ordered[0]
    groups = {piece.fragment.group for piece in ordered if piece.fragment is not None}
    if len(groups) != 1 or any(piece.fragment is None for piece in ordered):
        raise ValueError("pieces of one group are put together, nothing else")
    counted = any(piece.fragment is not None and piece.fragment.count is not None for piece in ordered)
    spoken = ordered if counted else [piece for piece in ordered if piece.text]
    separator = "" if counted else "\n"
    form = joined([formatted(piece.text, piece.parts) for piece in spoken], separator)
    has_form = any(isinstance(part, TextPart) for piece in ordered for part in piece.parts)
    media = tuple(file for piece in ordered for file in piece.media)
    others = [part for piece in ordered for part in piece.parts if not isinstance(part, TextPart)]
    return msgspec.structs.replace(
        first,
        key=f"fragment:{groups.pop()}",
        text=separator.join(piece.text for piece in spoken) or " ".join(f"[{file.kind}]" for file in media),
        parts=tuple([form, *others] if has_form else others),
        media=media,
        reply_to=next((piece.reply_to for piece in ordered if piece.reply_to is not None), None),
        occurred_at=min(piece.occurred_at for piece in ordered),
        auto=any(piece.auto for piece in ordered),
        fragment=None,
    )


def external_ids(pieces: Sequence[MessageReceived]) -> tuple[str, ...]:
    """The pieces' own ids in the message's order; the first is the one later reports name."""
    return tuple(dict.fromkeys(piece.external_id for piece in _ordered(pieces)))


def _ordered(pieces: Sequence[MessageReceived]) -> list[MessageReceived]:
    """By place; should two claim one, by key, which no two share."""
    if not pieces:
        raise ValueError("no pieces")
    return sorted(pieces, key=lambda piece: (piece.fragment.order if piece.fragment else 0, piece.key))
