"""A mail put together again from what a provider took apart, so that it is read as any other.

Everything but its header is in base64, so no content looks like a boundary. The same pieces give the same octets.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.families.mail.compose import file_name_field, in_base64

_UNWRITTEN = re.compile(r"content-.*|mime-version", re.I)
"""Fields that told how the mail was put together before."""
_NAME = re.compile(r"[!-9;-~]{1,200}")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}")
_BREAKS = re.compile(r"[\r\n\0]+")


@dataclass(frozen=True)
class Held:
    """A file of the mail."""

    name: str | None
    kind: str
    octets: bytes
    content_id: str | None = None


def assembled(fields: Iterable[tuple[str, str]], text: str, html: str, files: Sequence[Held]) -> bytes:
    """`fields` are those of the mail's own header."""
    kept = [(name, value) for name, value in fields if _NAME.fullmatch(name) and not _UNWRITTEN.fullmatch(name)]
    head = b"".join(_line(name, value) for name, value in kept)
    words = [_text("plain", text)] * bool(text) + [_text("html", html)] * bool(html)
    spoken = [_multipart("alternative", words)] if len(words) > 1 else words
    return head + _multipart("mixed", [*spoken, *map(_file, files)] or [_text("plain", "")])


def _line(name: str, value: str) -> bytes:
    return f"{name}: {_BREAKS.sub(' ', value)}\r\n".encode("utf-8", "replace")


def _multipart(kind: str, parts: Sequence[bytes]) -> bytes:
    line = f"--=_{kind}".encode()
    body = b"".join(line + b"\r\n" + part for part in parts)
    return _line("Content-Type", f'multipart/{kind}; boundary="=_{kind}"') + b"\r\n" + body + line + b"--\r\n"


def _text(kind: str, text: str) -> bytes:
    head = _line("Content-Type", f"text/{kind}; charset=utf-8")
    return _encoded(head, text.encode("utf-8", "replace"))


def _file(file: Held) -> bytes:
    kind = file.kind if _TYPE.fullmatch(file.kind) else "application/octet-stream"
    if kind.startswith("multipart/"):
        kind = "application/octet-stream"
    shown = "inline" if file.content_id else "attachment"
    named = f"; {file_name_field(file.name)}" if file.name else ""
    head = _line("Content-Type", kind) + _line("Content-Disposition", shown + named)
    return _encoded(head + (_line("Content-ID", f"<{file.content_id}>") if file.content_id else b""), file.octets)


def _encoded(head: bytes, octets: bytes) -> bytes:
    return head + _line("Content-Transfer-Encoding", "base64") + b"\r\n" + in_base64(octets)
