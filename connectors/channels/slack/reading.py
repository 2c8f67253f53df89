"""Text as Slack writes it, to plain text: `<@U42>`, `<#C1|general>`, `<https://…|words>`, `&amp;`.

Stars, underscores and backticks stay as they were typed. Source: docs.slack.dev/messaging/formatting-message-text
(read 2026-11).
"""

import re
from typing import Final, NamedTuple

from normalizer.parts import Span, SpanKind

REFERENCE: Final = re.compile(r"<([^<>\s][^<>\n]{0,4000})>")
ESCAPES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
"""In this order: what `&amp;` becomes escapes nothing."""


class Read(NamedTuple):
    text: str
    spans: tuple[Span, ...]


class _Shown(NamedTuple):
    text: str
    kind: SpanKind
    url: str | None = None


def read(written: str) -> Read:
    """The words a reader sees, and where in them links and mentions are."""
    words: list[str] = []
    spans: list[Span] = []
    length = end = 0
    for found in REFERENCE.finditer(written):
        between, shown = _plain(written[end : found.start()]), _shown(found[1])
        length += len(between)
        if shown.text:
            spans.append(Span(kind=shown.kind, offset=length, length=len(shown.text), url=shown.url))
        words += [between, shown.text]
        length, end = length + len(shown.text), found.end()
    words.append(_plain(written[end:]))
    return Read("".join(words), tuple(spans))


def _shown(reference: str) -> _Shown:
    target, _, label = (_plain(part) for part in reference.partition("|"))
    match target[:1]:
        case "@":
            return _Shown(_prefixed("@", label or target[1:]), SpanKind.MENTION)
        case "#":
            return _Shown(_prefixed("#", label or target[1:]), SpanKind.MENTION)
        case "!":
            # `!here`, `!subteam^S1|@team`, `!date^123^{date}|a day`: the label, else the command.
            return _Shown(label or _prefixed("@", target[1:].partition("^")[0]), SpanKind.MENTION)
        case _:
            return _Shown(label or target.removeprefix("mailto:"), SpanKind.LINK, target)


def _prefixed(sign: str, name: str) -> str:
    return name if name.startswith(sign) else sign + name


def _plain(text: str) -> str:
    for escaped, character in ESCAPES:
        text = text.replace(escaped, character)
    return text
