"""What a mail says and carries: its text, its text as it was written, its files.

Of alternatives the plain one is read and the HTML one shown; texts between files are one text. Whatever is neither is a
file, nested mails included. Source: RFC 2046 §5.1, RFC 2183, RFC 2387 (read 2026-11).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.families.mail.mime import Octets, Piece
from connectors.families.mail.mime_body import MOST_TEXT, size, text_of
from connectors.families.mail.mime_fields import file_name, message_ids, parameters, words
from connectors.families.mail.mime_html import MOST_MARKS, costly, safe, to_text, without_markup
from connectors.families.mail.quoting import new_text
from normalizer.inbound import Media
from normalizer.parts import MediaKind, OriginalPart

MOST_ORIGINAL = 128 << 10
"""Characters kept of the original, of its text and of its HTML each."""
MOST_TEXTS = 50
"""Parts that are read as text; more are files."""
KINDS: Mapping[str, MediaKind] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
NAMES: Mapping[str, str] = {
    "message/rfc822": "message.eml",
    "text/calendar": "invitation.ics",
    "text/vcard": "contact.vcf",
    "text/x-vcard": "contact.vcf",
    "application/ms-tnef": "winmail.dat",
    "application/vnd.ms-tnef": "winmail.dat",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.txt",
}
"""What files without a name are called."""


OTHER_FORMS = frozenset({"text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext", "text/rtf"})
"""Of the same words, where they are alternatives."""


@dataclass(frozen=True)
class Content:
    text: str
    original: OriginalPart | None
    media: tuple[Media, ...]


def read_content(source: Octets, root: Piece, raw: str, *, forwards: bool) -> Content:
    """The content of a mail; its files are named by `raw` and their number."""
    shown, files = _sorted(root)
    plain, html = _texts(source, shown)
    whole = plain or _read(html)
    text = new_text(whole, forwards=forwards)
    media = tuple(_media(source, piece, raw) for piece in files)
    pictures = {id_: n for n, piece in enumerate(files) for id_ in message_ids(piece.fields.first("content-id"))[:1]}
    return Content(text=text, original=_original(text, whole, html, pictures), media=media)


@dataclass(frozen=True)
class _Shown:
    """A stretch of the mail that is read: plain text, HTML, or both as alternatives."""

    plain: Piece | None = None
    html: tuple[Piece, ...] = ()


def _sorted(root: Piece) -> tuple[list[_Shown], list[Piece]]:
    """What is read, and what is a file, each in order."""
    shown: list[_Shown] = []
    files: list[Piece] = []
    for found in _walk(root):
        if isinstance(found, _Shown) and len(shown) < MOST_TEXTS:
            shown.append(found)
        elif isinstance(found, _Shown):
            files += [piece for piece in (found.plain, *found.html) if piece]
        else:
            files.append(found)
    return shown, files


def _walk(piece: Piece) -> Iterator[_Shown | Piece]:
    if not piece.children:
        if _is_text(piece):
            yield _Shown(html=(piece,)) if piece.kind == "text/html" else _Shown(plain=piece)
        else:
            yield piece
    elif piece.kind == "multipart/alternative":
        yield from _alternatives(piece)
    else:
        for child in piece.children:
            yield from _walk(child)


def _alternatives(piece: Piece) -> Iterator[_Shown | Piece]:
    """The first plain text, and the HTML of the last alternative that has any: they say the same, as do the forms that
    nobody reads here. Files among them stay files."""
    plain: Piece | None = None
    html: tuple[Piece, ...] = ()
    files: list[Piece] = []
    for child in piece.children:
        found = list(_walk(child))
        shown = [each for each in found if isinstance(each, _Shown)]
        plain = plain or next((each.plain for each in shown if each.plain), None)
        html = tuple(one for each in shown for one in each.html) or html
        files += [each for each in found if isinstance(each, Piece) and each.kind not in OTHER_FORMS]
    if plain or html:
        yield _Shown(plain=plain, html=html)
    yield from files


def _is_text(piece: Piece) -> bool:
    if piece.kind not in ("text/plain", "text/html"):
        return False
    disposition, given = _disposition(piece)
    named = "filename" in given or "name" in piece.parameters
    leads = set(piece.number.split(".")) == {"1"}
    return disposition != "attachment" and (not named or (leads and disposition == "inline"))


def _disposition(piece: Piece) -> tuple[str, Mapping[str, str]]:
    value = piece.fields.first("content-disposition") or ""
    return value.partition(";")[0].strip().lower(), parameters(value)


def _texts(source: Octets, shown: Sequence[_Shown]) -> tuple[str, str]:
    """All plain text, and all HTML; a stretch that has only one of the two gives it for both, where both are needed."""
    plains, htmls = [], []
    left, marks = MOST_TEXT, 0
    some_html = any(each.html for each in shown)
    for each in shown:
        if left <= 0:
            break
        html = "\n".join(text_of(source, piece) for piece in each.html)[:left]
        plain = text_of(source, each.plain) if each.plain else ""
        left -= max(len(html), len(plain))
        if not plain.strip() and html:
            marks += html.count("<")
            plain = _read(html) if marks <= MOST_MARKS["<"] else without_markup(html)
        plains.append(plain)
        if some_html:
            htmls.append(html or _preformatted(plain))
    return "\n".join(text.strip("\n") for text in plains if text.strip()), "\n".join(filter(None, htmls))


def _read(html: str) -> str:
    if not html:
        return ""
    return without_markup(html) if costly(html) else to_text(safe(html))


def _preformatted(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<pre>{escaped}</pre>" if text.strip() else ""


def _original(text: str, whole: str, html: str, pictures: Mapping[str, int]) -> OriginalPart | None:
    """None where the text says it all."""
    shown = safe(html, pictures) if html and not costly(html) else ""
    quoted = whole if whole.strip() != text else ""
    if not shown and not quoted:
        return None
    cut = max(len(quoted), len(shown)) > MOST_ORIGINAL
    # HTML that was cut is no more what was made safe, so it goes through the same once more.
    return OriginalPart(
        text=quoted[:MOST_ORIGINAL] or None,
        html=(safe(shown[:MOST_ORIGINAL]) if len(shown) > MOST_ORIGINAL else shown) or None,
        cut=cut,
    )


def _media(source: Octets, piece: Piece, raw: str) -> Media:
    _, given = _disposition(piece)
    name = file_name(given.get("filename")) or file_name(piece.parameters.get("name")) or NAMES.get(piece.kind)
    return Media(
        source=f"{raw}#{piece.number}",
        kind=KINDS.get(piece.kind.partition("/")[0], MediaKind.FILE),
        media_type=piece.kind,
        name=name,
        size=size(source, piece),
        alt=words(piece.fields.first("content-description") or "")[:300].strip() or None,
    )
