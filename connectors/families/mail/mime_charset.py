"""Octets to text, whatever the mail says they are: names that lie, names nobody knows, octets that fit no name."""

import codecs
import re
from functools import lru_cache

WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-31j": "cp932",
    "cp-850": "cp850",
    "utf8": "utf-8",
    "utf-8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "iso-8859-8-i": "iso-8859-8",
}
"""What is really sent under a name: the larger set that contains it. Source: encoding.spec.whatwg.org (2026-11)."""
BARRED = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
"""Codecs of Python's that are no charset of a mail."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufeff]")
_NEWLINE = re.compile("\r\n?|\u2028|\u2029|\x0b|\x0c|\x85")


def decoded(octets: bytes, charset: str | None) -> str:
    """The text; what no reading fits becomes U+FFFD. Never raises."""
    codec = _codec((charset or "").strip().strip("\"'").lower())
    if codec is None or codec == "cp1252":
        # Western names are what programs write when they do not know. Other text is UTF-8 by chance almost never.
        return _strictly(octets, "utf-8") or octets.decode("cp1252", "replace")
    text = _strictly(octets, codec)
    if text is not None:
        return text
    return (_strictly(octets, "utf-8") if codec != "utf-8" else None) or octets.decode(codec, "replace")


def plain(text: str) -> str:
    """With `\\n` for every newline, and without what no text holds: control characters, half surrogates."""
    return _CONTROL.sub("", _NEWLINE.sub("\n", text))


def _strictly(octets: bytes, codec: str) -> str | None:
    try:
        return octets.decode(codec)
    except (UnicodeError, ValueError):
        return None


@lru_cache(maxsize=256)
def _codec(name: str) -> str | None:
    """Python's codec of a charset; None for what it is not wise to believe."""
    wider = WIDER.get(name, name)[:40]
    try:
        found = codecs.lookup(wider)
        "".encode(found.name)  # refuses what is no encoding of text, such as `zip`
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if found.name.replace("_", "-") in BARRED else WIDER.get(found.name, found.name)
