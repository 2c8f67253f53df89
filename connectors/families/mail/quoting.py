"""What is new in an answer: its text without what it quotes, and without the signature.

One pass over the lines, each looked at up to `LONGEST` characters. What might be the writer's own stays: answers
written between quoted lines, forwarded mail, a quotation at the top. If nothing would be left, nothing is taken away.
"""

import re
from collections.abc import Sequence

from connectors.families.mail.quoting_words import (
    FORWARDED,
    FROM,
    HEADERS,
    OPENERS,
    ORIGINAL,
    SENT_FROM,
    WROTE,
)

LONGEST = 1000
"""Characters of a line that are looked at."""
MOST_LINES = 10_000
"""Lines among which the beginning of older mail is looked for."""
WRAPPED = 3
"""Lines over which the sentence before a quotation may be broken."""
SIGNATURE = 20
"""Lines a signature may have."""
HEADER = 12
"""Lines among which the fields of an older mail's header stand."""
_DECORATED = re.compile(r"[\s*_|#-]{0,40}")
_RULE = re.compile(r"\s{0,20}(?:_{7,200}|-{7,200}|={7,200}|—{3,200})\s{0,20}")
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,253}")
_YEARLY = re.compile(r"\d{1,4}[./年-]\s?\d{1,2}|\b(?:19|20)\d\d\b|\d{1,2}:\d\d")


def new_text(text: str, *, forwards: bool = False) -> str:
    """The text without older mail and signature. `forwards`: the subject says that older mail is what it is about."""
    lines = text.split("\n")
    end = len(lines) if forwards else _history(lines)
    kept = "\n".join(_unsigned(lines[:end])).strip()
    return kept or "\n".join(lines[:end]).strip() or text.strip()


def _history(lines: Sequence[str]) -> int:
    """Where the older mail begins; the number of lines where none does."""
    tail = _last_own(lines)
    for n, line in enumerate(lines[:MOST_LINES]):
        short = line[:LONGEST].strip()
        if not short:
            continue
        if _marks_forwarded(short):
            return len(lines)
        if _marks_original(short) or _begins_header(lines, n):
            return _before_rule(lines, n)
        after = _attributes(lines, n)
        if after and _is_history(lines, after, tail):
            return n
        if short.startswith(">"):
            # Quoted without a word about whom: taken away only where nothing of the writer's follows.
            if n > tail and not any(_attributes(lines, n - back) for back in range(1, WRAPPED + 1) if n >= back):
                return n
            if n <= tail:
                return len(lines)
    return len(lines)


def _is_history(lines: Sequence[str], after: int, tail: int) -> bool:
    """After the sentence that attributes: quoted lines and nothing else, or text that is not marked at all."""
    first = next((line for line in lines[after : after + 4] if line.strip()), "")
    if first.startswith(">"):
        return tail < after
    return not any(line.startswith(">") for line in lines[after : after + 200])


def _last_own(lines: Sequence[str]) -> int:
    """The last line that is neither empty, quoted nor part of a signature; -1 where there is none."""
    end = len(lines)
    for n in range(len(lines) - 1, max(-1, len(lines) - 1 - SIGNATURE), -1):
        if lines[n].rstrip() == "--":
            end = n
    return next((n for n in range(end - 1, -1, -1) if lines[n].strip() and not lines[n].lstrip().startswith(">")), -1)


def _attributes(lines: Sequence[str], n: int) -> int:
    """The line after a sentence such as `On Monday, Ann wrote:` that begins at the nth; 0 where none does."""
    joined = ""
    for m in range(n, min(n + WRAPPED, len(lines))):
        line = lines[m][:LONGEST].strip()
        if not line or line.startswith(">") or len(joined) > LONGEST // 2:
            return 0
        if m > n and _opens(line):
            return 0  # what stands above it is the writer's own
        joined = f"{joined} {line}".strip()
        if joined.endswith((":", "：")):
            begins = m == n or _opens(joined) or _YEARLY.search(lines[n][:LONGEST])
            return m + 1 if begins and _says_who_and_when(joined) else 0
    return 0


def _opens(line: str) -> bool:
    """Whether a line begins as such sentences do, a date following."""
    return line.casefold().startswith(OPENERS) and any(map(str.isdigit, line[:80]))


def _says_who_and_when(sentence: str) -> bool:
    folded = sentence.casefold()
    if not any(verb in folded for verb in WROTE):
        return False
    dated = _YEARLY.search(folded) is not None
    return dated or _ADDRESS.search(folded) is not None


def _marks_original(line: str) -> bool:
    if line[0] not in "-_=*—":
        return False
    inner = line.strip("-_=*— \t").casefold()
    return inner in ORIGINAL


def _marks_forwarded(line: str) -> bool:
    inner = line.strip("-_=*—> \t:").casefold()
    return len(inner) < 60 and inner in FORWARDED


def _begins_header(lines: Sequence[str], n: int) -> bool:
    """Whether the header of an older mail begins here: its sender and at least two more fields, or three where another
    field comes first."""
    first = _field(lines[n])
    if first is None or first not in HEADERS:
        return False
    seen = {first}
    for line in lines[n + 1 : n + HEADER]:
        name = _field(line)
        if name is not None and name in HEADERS:
            seen.add(name)
        elif not line.strip() and len(seen) > 1:
            break
    return bool(seen & FROM) and len(seen) >= (3 if first in FROM else 4)


def _field(line: str) -> str | None:
    short = line[:120]
    name, colon, _ = short[_DECORATED.match(short).end() :].replace("：", ":").partition(":")  # type: ignore[union-attr]
    return name.strip(" *\t").casefold() if colon and len(name) < 30 else None


def _before_rule(lines: Sequence[str], n: int) -> int:
    """With the line drawn above the older mail."""
    above = n - 1
    while above > n - 3 and above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and _RULE.fullmatch(lines[above][:LONGEST]) else n


def _unsigned(lines: Sequence[str]) -> Sequence[str]:
    """Without the signature: from `-- ` on, and the line by which a telephone tells what it is."""
    end = len(lines)
    for n in range(end - 1, max(-1, end - 1 - SIGNATURE), -1):
        if lines[n].rstrip() == "--":
            end = n
    while end and not lines[end - 1].strip():
        end -= 1
    last = lines[end - 1].strip().casefold() if end else ""
    return lines[: end - 1] if last and len(last) < 100 and last.lstrip("*_> ").startswith(SENT_FROM) else lines[:end]
