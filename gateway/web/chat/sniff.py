"""What a file is, by its first octets. Source: https://mimesniff.spec.whatwg.org and the formats' own (read 2026-11).

Only what customers send, and only as sure as its beginning makes one: what is served is served as an attachment anyway.
"""

import codecs
import re
from collections.abc import Sequence

ENOUGH = 4096
"""Octets to look at."""
ANY = "application/octet-stream"
MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"#!AMR", "audio/amr"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
WITHIN = {
    "application/zip": re.compile(r"application/(?:vnd\.(?:openxmlformats|oasis).*|epub\+zip|zip|java-archive)"),
    "audio/ogg": re.compile(r"(?:audio|video)/ogg"),
    "video/webm": re.compile(r"(?:audio|video)/(?:webm|x-matroska)"),
    "video/mp4": re.compile(r"(?:audio|video)/mp4|audio/x-m4a"),
    "text/plain": re.compile(r"text/(?:plain|csv|markdown)"),
}
"""What may rightly be told of a file that begins like this: the container does not say which it is."""


def sniffed(begun: bytes, declared: str) -> str:
    """The media type of a file that begins so; `declared` only where the beginning agrees with it."""
    found = _found(begun)
    told = declared.partition(";")[0].strip().lower()
    within = WITHIN.get(found)
    return told if within is not None and within.fullmatch(told) else found


def _found(begun: bytes) -> str:
    if begun[:4] == b"RIFF":
        return RIFF.get(begun[8:12], ANY)
    if begun[4:8] == b"ftyp":
        return BRANDS.get(begun[8:12], "video/mp4")
    if begun[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm"
    for magic, media_type in MAGIC:
        if begun.startswith(magic):
            return media_type
    return "text/plain" if _is_text(begun) else ANY


def _is_text(begun: bytes) -> bool:
    """UTF-8 without control characters, and nothing a browser might take for a page."""
    if any((octet < 32 and octet not in b"\t\n\r\f\x1b") or octet == 127 for octet in begun):
        return False
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(begun)
    except UnicodeDecodeError:
        return False
    return not text.lstrip("\ufeff \t\r\n").startswith("<")


def allowed(media_type: str, types: Sequence[str]) -> bool:
    return media_type in types or f"{media_type.partition('/')[0]}/*" in types
