"""Where a text may be cut without tearing apart what a reader sees as one character.

An approximation of the extended grapheme clusters of UAX #29 (unicode.org/reports/tr29, read 2026-11) that errs on the
side of not cutting: line ends, combining marks, emoji sequences and flags, Hangul syllables, Indic conjuncts.
"""

import unicodedata

ZWNJ, ZWJ = "\u200c", "\u200d"
_MARKS = frozenset({"Mn", "Mc", "Me"})
_VIRAMA = 9
"""The canonical combining class of signs that join an Indic consonant to the next."""


def boundary(text: str, at: int, start: int = 0) -> bool:
    """Whether a cut before `text[at]` tears nothing, given that `start` is where a piece begins."""
    if at <= start or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before < "\u0300" and after < "\u0300":
        return not (before == "\r" and after == "\n")
    if _extends(after) or (before == ZWJ and not after.isspace()):
        return False
    if _flag(before) and _flag(after):
        return _flags_before(text, at, start) % 2 == 0
    return not (_surrogates(before, after) or _hangul(before, after) or _conjunct(before, after))


def last_boundary(text: str, start: int, stop: int) -> int:
    """The largest boundary in (start, stop]; `stop` itself when one character alone is longer than that."""
    return next((at for at in range(stop, start, -1) if boundary(text, at, start)), stop)


def _extends(character: str) -> bool:
    return (
        character in (ZWNJ, ZWJ)
        or unicodedata.category(character) in _MARKS
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags of subdivision flags
        or "\uff9e" <= character <= "\uff9f"  # half-width voiced sound marks
    )


def _flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, at: int, start: int) -> int:
    first = at
    while first > start and _flag(text[first - 1]):
        first -= 1
    return at - first


def _surrogates(before: str, after: str) -> bool:
    return "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"


def _hangul(before: str, after: str) -> bool:
    leading = "\u1100" <= before <= "\u115f" or "\ua960" <= before <= "\ua97c"
    if "\u1100" <= after <= "\u115f" or "\ua960" <= after <= "\ua97c" or "\uac00" <= after <= "\ud7a3":
        return leading
    # Vowels and trailing consonants stand for themselves only where nothing precedes them.
    return "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7fb"


def _conjunct(before: str, after: str) -> bool:
    return unicodedata.combining(before) == _VIRAMA and unicodedata.category(after) == "Lo"
