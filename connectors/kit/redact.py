"""Takes secrets out of what is kept for people to read. Over-cautious on purpose: a lost word costs less than a key."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from connectors.kit.request import decode
from connectors.kit.secret import Secret

MOST = 2048
"""Characters kept of a body."""
STARS = "***"

_NAMED = (
    r"(?:[\w-]{0,40}(?:token|secret(?:_?key)?|passw(?:or)?d|api_?key|signature|assertion)"
    r"|pwd|key|sig|auth|authorization)"
)
_WORDS = ("bearer", "basic", "token", "secret", "passw", "key", "pwd", "sig", "auth", "assertion")
"""One of these stands in whatever a shape fits; most texts have none, and looking is a tenth of the work."""
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic)(\s+|%20|\+)[^\s\"'<>,;&]{4,}"), rf"\1\2{STARS}"),
    (re.compile(rf"(?i)\b({_NAMED}=)[^&\s\"'#;]+"), rf"\1{STARS}"),
    (re.compile(rf'(?i)("{_NAMED}"\s{{0,8}}:\s{{0,8}}")(?:[^"\\]|\\.)*'), rf"\1{STARS}"),
)


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """The text without the secrets' values (as they are, URL-encoded, JSON-escaped or in base64), without bearer and
    basic credentials, and without the values of `token=`-like fields."""
    return Redactor(tuple(secrets))(text)


def secrets_of(config: Any) -> list[Secret]:
    """Every Secret in a configuration, however deep in its structs, lists and mappings."""
    if isinstance(config, Secret):
        return [config]
    if isinstance(config, msgspec.Struct):
        return secrets_of([getattr(config, name) for name in config.__struct_fields__])
    if isinstance(config, Mapping):
        return secrets_of(list(config.values()))
    if isinstance(config, list | tuple | set | frozenset):
        return [secret for value in config for secret in secrets_of(value)]
    return []


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def without_field(body: bytes, name: str) -> bytes:
    """A JSON object with stars for one of its fields, however its name is spelled and as often as it comes; all else
    is as it was. Raises BadPayload for what is no object."""
    fields = decode(body, _fields)
    if name not in fields:
        return body
    return msgspec.json.encode(fields | {name: STARS})


class Redactor:
    """`redact` for one connector's secrets, prepared once."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret.reveal())}
        self._longest = max(map(len, forms), default=0)
        self._forms = _any_of(forms)
        self._words = tuple(forms)
        """To look first: most texts hold none of them, and finding that out takes a fifth of the pattern's time."""

    def __repr__(self) -> str:
        return "Redactor(***)"

    def __call__(self, text: str) -> str:
        return _without_shapes(self._forms.sub(STARS, text) if self._forms and self._held(text) else text)

    def body(self, body: bytes) -> str:
        """A body for people: at most `MOST` characters of text, or the size of what is not text."""
        # A secret that begins before the cut ends before this one, so none is halved and kept.
        start = body[: 4 * MOST + 4 * self._longest]
        text = _as_text(start, whole=len(start) == len(body))
        if text is None:
            return f"({len(body)} octets)"
        kept = _without_shapes(self._cut(text))
        return kept if len(body) <= MOST else f"{kept}… ({len(body)} octets)"

    def _held(self, text: str) -> bool:
        """Whether any secret stands in it."""
        return _any_in(self._words, text)

    def _cut(self, text: str) -> str:
        if not self._held(text):
            return text[:MOST]
        pieces: list[str] = []
        end = 0
        for found in self._forms.finditer(text) if self._forms else ():
            if found.start() >= MOST:
                break
            pieces += [text[end : found.start()], STARS]
            end = found.end()
        return "".join([*pieces, text[end : max(end, MOST)]])


def _without_shapes(text: str) -> str:
    folded = text.casefold()
    if not _any_in(_WORDS, folded):
        return text
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def _any_in(words: Sequence[str], text: str) -> bool:
    for word in words:  # noqa: SIM110 - `any` of a generator takes twice as long, twice for each body of the log
        if word in text:
            return True
    return False


def _any_of(forms: set[str]) -> re.Pattern[str] | None:
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(re.escape, longest_first))) if forms else None


def _forms(value: str) -> set[str]:
    encoded = {quote(value), quote(value, safe=""), quote_plus(value)}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in encoded}
    escaped = msgspec.json.encode(value).decode()[1:-1]
    return {value, escaped, base64.b64encode(value.encode()).decode().rstrip("="), *encoded, *lower}


def _as_text(body: bytes, *, whole: bool) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        if whole or error.reason != "unexpected end of data":
            return None
        text = body[: error.start].decode()
    return None if "\0" in text else text
