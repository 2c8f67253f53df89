"""A subject without the prefixes mail programs put before it, and what they say."""

import re

from connectors.families.mail.quoting_words import FORWARD_PREFIXES, REPLY_PREFIXES

LONGEST = 300
"""Characters kept of a subject."""
MOST_PREFIXES = 20
_PREFIX = re.compile(r"\s{0,9}([^\W\d_]{1,10})\s{0,3}(?:\[\d{1,4}\]|\(\d{1,4}\))?\s{0,3}[:：]", re.UNICODE)


def read_subject(subject: str | None) -> tuple[str | None, bool]:
    """The subject as the first mail had it, and whether it says that this one forwards another."""
    rest, forwards = (subject or "").strip(), False
    for n in range(MOST_PREFIXES):
        found = _PREFIX.match(rest)
        word = found[1].casefold() if found else ""
        if not found or word not in REPLY_PREFIXES + FORWARD_PREFIXES:
            break
        forwards = forwards or (n == 0 and word in FORWARD_PREFIXES)
        rest = rest[found.end() :].strip()
    return rest[:LONGEST].strip() or None, forwards
