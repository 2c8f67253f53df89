"""What a part holds: its octets as they were before the transfer encoding, whole for text, in chunks for files.

Source: RFC 2045 §6 (encodings), RFC 3676 (format=flowed) (read 2026-11).
"""

import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator

from connectors.families.mail.mime import Octets, Piece
from connectors.families.mail.mime_charset import decoded, plain

CHUNK = 64 << 10
MOST_TEXT = 1 << 20
"""Octets of a part that are read as text."""
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OTHERS = bytes(octet for octet in range(256) if octet not in _ALPHABET)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_.:-]{1,40})", re.I)


def chunks(source: Octets, piece: Piece) -> Iterator[bytes]:
    """The decoded octets of a part, a bounded piece of it in memory at a time."""
    encoding = (piece.fields.first("content-transfer-encoding") or "").strip().lower()
    raw = (bytes(source[at : min(at + CHUNK, piece.end)]) for at in range(piece.start, piece.end, CHUNK))
    if encoding == "base64":
        return _from_base64(raw)
    if encoding == "quoted-printable":
        return _from_quoted(raw)
    return raw


def size(source: Octets, piece: Piece) -> int:
    """About how many octets the part holds: what base64 and line ends add is taken off, nothing is decoded."""
    encoding = (piece.fields.first("content-transfer-encoding") or "").strip().lower()
    octets = piece.end - piece.start
    if encoding != "base64":
        return octets
    last = bytes(source[max(piece.start, piece.end - 4) : piece.end]).strip()
    lines = octets // 78 * (2 if b"\r" in bytes(source[piece.start : piece.start + 100]) else 1)
    return max(0, (octets - lines) * 3 // 4 - last.count(b"="))


def start_of(source: Octets, piece: Piece, most: int = MOST_TEXT) -> bytes:
    """The first `most` decoded octets of a part."""
    got = bytearray()
    for chunk in chunks(source, piece):
        got += chunk
        if len(got) >= most:
            break
    return bytes(got[:most])


def text_of(source: Octets, piece: Piece) -> str:
    """A text part as text, its first `MOST_TEXT` octets."""
    octets = start_of(source, piece)
    charset = piece.parameters.get("charset")
    if charset is None and piece.kind == "text/html":
        told = _META.search(octets[:2048])
        charset = told[1].decode() if told else None
    text = plain(decoded(octets, charset))
    if piece.parameters.get("format", "").lower() == "flowed":
        return unflowed(text, delsp=piece.parameters.get("delsp", "").lower() == "yes")
    return text


def unflowed(text: str, *, delsp: bool = False) -> str:
    """The paragraphs of a text whose lines were broken for transport."""
    paragraphs: list[tuple[int, list[str]]] = []
    flows = False
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # stuffed, so that it begins with no mark of its own
        signs = content == "-- "
        goes_on = content.endswith(" ") and not signs
        piece = content[:-1] if goes_on and delsp else content
        if flows and paragraphs and paragraphs[-1][0] == depth and not signs:
            paragraphs[-1][1].append(piece)
        else:
            paragraphs.append((depth, [piece]))
        flows = goes_on
    return "\n".join((">" * depth + " " if depth else "") + "".join(pieces) for depth, pieces in paragraphs)


def _from_base64(raw: Iterator[bytes]) -> Iterator[bytes]:
    """Letters that are none are passed over, and so is what an end in the middle of a group leaves."""
    rest = b""
    for chunk in raw:
        rest += chunk.translate(None, _OTHERS)
        whole = len(rest) // 4 * 4
        if whole:
            yield a2b_base64(rest[:whole])
        rest = rest[whole:]
    if len(rest) > 1:
        yield a2b_base64(rest + b"=" * (4 - len(rest)))


def _from_quoted(raw: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in raw:
        rest += chunk
        cut = rest.rfind(b"\n") + 1 or (_between(rest) if len(rest) > CHUNK else 0)
        if cut:
            yield a2b_qp(rest[:cut])
        rest = rest[cut:]
    if rest:
        yield a2b_qp(rest)


def _between(rest: bytes) -> int:
    """Where a line without end may be cut: not within an escape."""
    escape = rest.rfind(b"=", len(rest) - 3)
    return escape if escape != -1 else len(rest)
