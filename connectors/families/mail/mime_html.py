"""HTML of strangers: made safe to show, and read as text.

What is shown has no scripts, styles, forms or frames, and loads nothing: pictures stay only where the mail itself
carries them. Text is read from the safe form, whose markup is well-formed, so that Python's parser meets no trap.
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import unquote

import nh3

MOST = 512 << 10
"""Characters of HTML that are looked at."""
MOST_MARKS = {"<": 20_000, "&": 50_000}
MOST_DEEP = 200
"""More of these, or elements within elements, than anybody writes, and the text is read without its markup: the time
that setting them right takes grows with the square of their depth."""
MOST_QUOTES = 12
SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
"""Blocks that an empty line follows."""
BLOCKS = SPACED | {"caption", "center", "dd", "div", "dl", "dt", "figcaption", "figure", "li", "tr"}
TAGS = BLOCKS | {
    *("a", "abbr", "b", "br", "code", "col", "colgroup", "del", "em", "font", "hr", "i", "img", "ins", "kbd", "q", "s"),
    *("small", "span", "strike", "strong", "sub", "sup", "tbody", "td", "tfoot", "th", "thead", "tt", "u"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "blockquote": {"type"},
    "ol": {"start"},
    "*": {"dir", "lang"},
}
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})(?![^<>]{0,500}/>)")
_UNCLOSED = {"area", "base", "br", "col", "dd", "dt", "hr", "img", "input", "li", "link", "meta", "p", "td", "th", "tr"}
_OWN = re.compile(r"attachment:\d{1,4}")
_REMOVED = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "head"}


def safe(html: str, pictures: Mapping[str, int] = {}) -> str:
    """The HTML as it may be shown to anybody. `pictures` gives the number of the file that has a Content-ID: it is
    `attachment:<number>` then, and no other picture has a source."""

    def only_own(tag: str, attribute: str, value: str) -> str | None:
        if tag != "img" or attribute != "src":
            return value
        if _OWN.fullmatch(value):
            return value
        scheme, _, id_ = value.strip().partition(":")
        number = pictures.get(unquote(id_)) if scheme.lower() == "cid" else None
        return None if number is None else f"attachment:{number}"

    return nh3.clean(
        html[:MOST],
        tags=set(TAGS),
        clean_content_tags=_REMOVED,
        attributes=_ATTRIBUTES,
        attribute_filter=only_own,
        url_schemes={"http", "https", "mailto", "tel", "cid", "attachment"},
        link_rel="noopener noreferrer nofollow",
    )


def costly(html: str) -> bool:
    """Whether there is more markup than is worth its time."""
    if any(html.count(mark, 0, MOST) > most for mark, most in MOST_MARKS.items()):
        return True
    depth = 0
    for found in _TAG.finditer(html, 0, MOST):
        if found[2].lower() not in _UNCLOSED:
            depth = max(0, depth - 1) if found[1] else depth + 1
            if depth > MOST_DEEP:
                return True
    return False


def to_text(cleaned: str) -> str:
    """What a reader of `safe` HTML sees, as lines of text: quotations marked by `>`, links and pictures named."""
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    return reader.text()


def without_markup(html: str) -> str:
    """What stands outside of tags, for HTML that is not worth more."""
    pieces = html[:MOST].split("<")
    return " ".join(" ".join([pieces[0], *(piece.partition(">")[2] for piece in pieces[1:])]).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quoted = 0
        self._preformatted = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "br":
            self._break()
        elif tag == "hr":
            self._ends()
            self._lines.append(self._mark() + "_" * 32)
        elif tag == "img":
            self._line.append(f"[{given['alt']}]" if (given.get("alt") or "").strip() else "")
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self._line)))
        elif tag in ("td", "th"):
            self._line.append(" ")
        if tag in BLOCKS:
            self._ends(spaced=tag in SPACED)
            if tag == "li":
                self._line.append("- ")
        self._quoted += tag == "blockquote"
        self._preformatted += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            href, since = self._links.pop()
            label = "".join(self._line[since:]).strip() if since <= len(self._line) else href
            address = href.removeprefix("mailto:").removeprefix("tel:")
            if address and not href.startswith("cid:") and label.rstrip("/") != address.rstrip("/"):
                self._line.append(f" ({address})" if label else address)
        if tag in BLOCKS:
            self._ends(spaced=tag in SPACED)
        self._quoted -= tag == "blockquote"
        self._preformatted -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if self._preformatted:
            first, *others = data.split("\n")
            self._line.append(first)
            for line in others:
                self._break()
                self._line.append(line)
            return
        self._line.append(data.replace("\n", " "))

    def text(self) -> str:
        self._ends()
        return "\n".join(self._lines).strip("\n")

    def _mark(self) -> str:
        depth = min(self._quoted, MOST_QUOTES)
        return ">" * depth + " " if depth else ""

    def _break(self) -> None:
        line = "".join(self._line).replace("\xa0", " ")
        line = line.rstrip() if self._preformatted else " ".join(line.split())
        self._lines.append((self._mark() + line).rstrip())
        self._line = []
        self._links = [(href, 0) for href, _ in self._links[-20:]]

    def _ends(self, *, spaced: bool = False) -> None:
        """The end of a block: of the line, and where blocks of its kind stand apart, an empty one after it."""
        if "".join(self._line).strip():
            self._break()
        else:
            self._line = []
        if spaced and self._lines and self._lines[-1].strip("> "):
            self._lines.append(self._mark().rstrip())
