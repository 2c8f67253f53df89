"""What each channel can do, side by side: the page `docs/reference/channels.md`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from connectors.kit import registry
from connectors.kit.registry import Description
from normalizer.capability import ActionLimit, Capability, MediaLimit, SegmentLimit
from normalizer.parts import MediaKind
from scripts.markdown import page, table

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
INTRODUCTION = """\
By channel, one line a plugin; the whole of each stands in [connectors](connectors.md), and how finished each is in
[quality](quality.md). What a channel cannot express is said in text instead, by the same rules everywhere, and the
message's delivery names what was lost. Where several plugins serve one channel, the tables show them together."""
UNDONE = """\
`settled by`: what says whether a message left, where the answer to its sending was lost. `asks in a browser`:
credentials may come by `onethread connectors authorize`."""
COMES: Mapping[str, str] = {
    "messages": "message_received",
    "edits": "message_edited",
    "deletions": "message_redacted",
    "reactions": "reaction_changed",
    "receipts": "status_changed",
    "read up to": "read_up_to",
    "typing": "typing_changed",
    "consent": "consent_changed",
}
LEAVES: Mapping[str, Callable[[Capability], str]] = {
    "text": lambda can: _text(can, can.segments),
    "formatting": lambda can: _yes(bool(can.spans)),
    "files": lambda can: _files(can.media),
    "buttons": lambda can: _buttons(can.actions),
    "location": lambda can: _yes(can.location),
    "contact": lambda can: _yes(can.contact_card),
    "cards": lambda can: _yes(can.cards),
    "quotes": lambda can: _yes(can.replies or can.threads),
    "edits": lambda can: _yes(can.edits),
    "reactions": lambda can: _yes(can.reactions is not None),
    "typing": lambda can: _yes(can.typing),
    "read": lambda can: _yes(can.reads),
    "first word": lambda can: _yes(can.initiates),
}
ABLE: Mapping[str, str] = {
    "checks credentials": "checks",
    "asks in a browser": "authorizes",
    "sets its webhook": "registers",
    "fetches files": "fetches",
    "polls": "polls",
    "asks for what was missed": "backfills",
}


def how_to(plugin: str) -> str | None:
    """The page that tells how to set a plugin up, as the reference links it; None of plugins from elsewhere."""
    at = f"../how-to/connect-{plugin.replace('_', '-')}.md"
    return at if (FOLDER / at).exists() else None


def channels() -> str:
    described = (registry.describe(name) for name in registry.plugin_names())
    told = sorted(described, key=lambda each: (each.channel, each.name))
    return page(
        "Channels",
        [
            INTRODUCTION,
            "## Which there are, and how to set them up",
            table(("channel", "plugin", "what it is", "set-up"), list(map(_found, told))),
            "## What comes",
            table(("plugin", "channel", *COMES), [_row(each, _comes(each)) for each in told]),
            "## What leaves",
            "`first word`: we may write to somebody who never wrote to us. Files that do not go along go as links.",
            table(("plugin", "channel", *LEAVES), [_row(each, _leaves(each)) for each in told]),
            "## What an operator need not do",
            UNDONE,
            table(("plugin", "channel", *ABLE, "settled by"), [_row(each, _able(each)) for each in told]),
        ],
    )


def _found(told: Description) -> tuple[str, ...]:
    at = how_to(told.name)
    return (told.channel, _linked(told), told.summary, f"[how to]({at})" if at else "")


def _row(told: Description, cells: Sequence[str]) -> tuple[str, ...]:
    return (_linked(told), told.channel, *cells)


def _linked(told: Description) -> str:
    return f"[`{told.name}`](connectors.md#{told.name})"


def _comes(told: Description) -> list[str]:
    return [_yes(name in told.capability.inbound) for name in COMES.values()]


def _leaves(told: Description) -> list[str]:
    return [said(told.capability) for said in LEAVES.values()]


def _able(told: Description) -> list[str]:
    return [*(_yes(name in told.abilities) for name in ABLE.values()), told.settles]


def _yes(can: bool) -> str:
    return "yes" if can else ""


def _text(can: Capability, segments: SegmentLimit | None) -> str:
    if segments is not None:
        return f"{segments.most} segment{'s' if segments.most > 1 else ''}"
    return f"{can.text.most:,}"


def _files(media: MediaLimit | None) -> str:
    if media is None:
        return ""
    kinds = "all" if media.kinds == frozenset(MediaKind) else ", ".join(sorted(media.kinds))
    return f"{kinds}; {media.album} at a time" if media.album > 1 else kinds


def _buttons(actions: ActionLimit | None) -> str:
    return "" if actions is None else f"{actions.most}: {', '.join(sorted(actions.types))}"
